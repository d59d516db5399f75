package delivery

import (
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/services/webhooks/migrations"
)

const (
	workingID  = "00000000-0000-0000-0000-00000000000a"
	disabledID = "00000000-0000-0000-0000-00000000000b"
)

// finishedDeliveries records n deliveries each for a working and a disabled endpoint: exhausted, missed and delivered in turn, each a
// second after the one before; every 50th is a test.
func finishedDeliveries(t *testing.T, db *pgxpool.Pool, n int) {
	t.Helper()
	for id, enabled := range map[string]bool{workingID: true, disabledID: false} {
		_, err := db.Exec(t.Context(), `with e as (
				insert into endpoints (id, merchant_id, livemode, url, description, event_types, enabled, key_id, secret, created_at, updated_at)
				values ($1, 'm_1', false, 'https://shop.example.com/', '', '{}', $2, 'k', '\x00', $3, $3)
			)
			insert into deliveries (id, endpoint_id, merchant_id, livemode, event_id, event_type, reference, sequence, body, status, attempt_count,
				created_at, next_attempt_at, claimable_at, finished_at)
			select gen_random_uuid(), $1, 'm_1', false, gen_random_uuid(), case when i % 50 = 0 then 'webhook_endpoint.test' else 'payment.completed' end,
				'PAY-' || i, 1, '', (array['exhausted', 'missed', 'delivered'])[i % 3 + 1], 5, at, at, at, at
			from generate_series(1, $4::int) i, lateral (select $3::timestamptz - ($4::int - i + 1) * interval '1 second' as at) t`, id, enabled, start, n)
		if err != nil {
			t.Fatal(err)
		}
	}
}

func resender(t *testing.T, db *pgxpool.Pool, now time.Time) *Engine {
	t.Helper()
	return NewEngine(Config{Timeout: time.Second, Workers: 1, PerEndpoint: 1}, Deps{
		DB: db, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler), Background: t.Context(),
	})
}

var undelivered = Match{Merchant: "m_1", Statuses: []string{Exhausted, Missed}, EndpointID: workingID}

func numberOf(t *testing.T, db *pgxpool.Pool, query string, args ...any) (n int64) {
	t.Helper()
	if err := db.QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestAResendContinuesWhereADeadProcessStopped: what it had sent again and has failed once more is not sent a second time.
func TestAResendContinuesWhereADeadProcessStopped(t *testing.T) {
	t.Parallel()
	db, _ := pgtest.New(t, "webhooks", migrations.Files)
	finishedDeliveries(t, db, 6000)
	want := numberOf(t, db, `select count(*) from deliveries where endpoint_id = $1 and status <> 'delivered' and event_type = 'payment.completed'`, workingID)
	dead := resender(t, db, start)
	id, err := openResend(t.Context(), db, undelivered, start)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if n, more, err := dead.continueResend(t.Context(), id, resendBatch); n != resendBatch || !more || err != nil {
			t.Fatalf("%d, %v, %v", n, more, err)
		}
	}
	var newest, oldest time.Time
	if err := db.QueryRow(t.Context(), `select max(created_at) filter (where finished_at is null), min(created_at) filter (where finished_at is not null and
		endpoint_id = $1 and status <> 'delivered' and event_type = 'payment.completed') from deliveries`, workingID).Scan(&newest, &oldest); err != nil || newest.After(oldest) {
		t.Errorf("the oldest do not come first: %v, %v, %v", newest, oldest, err)
	}
	if err := resender(t, db, start.Add(resendIdle-1)).ResendNow(t.Context()); err != nil || numberOf(t, db, `select count from resends`) != 2*resendBatch {
		t.Errorf("somebody else continues what is being continued, %v", err)
	}
	later := start.Add(time.Minute)
	if _, err := db.Exec(t.Context(), `update deliveries set status = 'exhausted', finished_at = $1, lease_owner = null where finished_at is null`, later); err != nil {
		t.Fatal(err)
	}
	if err := resender(t, db, later).ResendNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	open := numberOf(t, db, `select count(*) from deliveries where finished_at is null and attempts_before = 5`)
	if counted := numberOf(t, db, `select count from resends where finished_at is not null`); open != want-2*resendBatch || counted != want {
		t.Errorf("%d are sent again by the next process and %d in all, want %d and %d", open, counted, want-2*resendBatch, want)
	}
	// The caller asks again and hears that nothing is left. A question after that starts a new resend.
	for asked, n := range []int64{0, 2 * resendBatch} {
		if got, more, err := resender(t, db, later).Resend(t.Context(), undelivered); got != n || more || err != nil {
			t.Errorf("asked for the %d. time: %d, %v, %v", asked+1, got, more, err)
		}
	}
}

func TestSeveralProcessesShareAResend(t *testing.T) {
	t.Parallel()
	db, _ := pgtest.New(t, "webhooks", migrations.Files)
	finishedDeliveries(t, db, 3000)
	want := numberOf(t, db, `select count(*) from deliveries where endpoint_id = $1 and status <> 'delivered' and event_type = 'payment.completed'`, workingID)
	var (
		running sync.WaitGroup
		total   atomic.Int64
	)
	for range 3 {
		running.Go(func() {
			n, _, err := resender(t, db, start).Resend(t.Context(), undelivered)
			if err != nil {
				t.Error(err)
			}
			total.Add(n)
		})
		running.Go(func() {
			if err := resender(t, db, start.Add(resendIdle)).ResendNow(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	counted := numberOf(t, db, `select sum(count)::bigint from resends`)
	if open := numberOf(t, db, `select count(*) from deliveries where finished_at is null`); open != want || counted != want || total.Load() > want {
		t.Errorf("%d are sent again, %d were counted, callers were told of %d, want %d", open, counted, total.Load(), want)
	}
}

// TestABatchIsReopenedWithItsProgressOrNotAtAll: otherwise the next process would reopen it again.
func TestABatchIsReopenedWithItsProgressOrNotAtAll(t *testing.T) {
	t.Parallel()
	db, _ := pgtest.New(t, "webhooks", migrations.Files)
	finishedDeliveries(t, db, 300)
	for _, sql := range []string{
		`create function fail() returns trigger language plpgsql as $$ begin raise 'power cut'; end $$`,
		`create trigger fail before update of last_id on resends for each row execute function fail()`,
	} {
		if _, err := db.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := resender(t, db, start).Resend(t.Context(), undelivered); err == nil || !strings.Contains(err.Error(), "power cut") {
		t.Fatal(err)
	}
	if open := numberOf(t, db, `select count(*) from deliveries where finished_at is null`); open != 0 {
		t.Errorf("%d are sent again", open)
	}
}

func TestAnAnswerThatWasNotHeardIsGivenForAnHour(t *testing.T) {
	t.Parallel()
	db, _ := pgtest.New(t, "webhooks", migrations.Files)
	finishedDeliveries(t, db, 30)
	id, err := openResend(t.Context(), db, undelivered, start)
	if err != nil {
		t.Fatal(err)
	}
	if err := resender(t, db, start.Add(resendIdle)).ResendNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again, err := openResend(t.Context(), db, undelivered, start.Add(askedAgain)); err != nil || again != id {
		t.Errorf("after an hour a new one begins, %v", err)
	}
	if again, err := openResend(t.Context(), db, undelivered, start.Add(3*askedAgain)); err != nil || again == id {
		t.Errorf("an hour after the last question it is continued, %v", err)
	}
	other := undelivered
	other.EventType = "payment.failed"
	if again, err := openResend(t.Context(), db, other, start); err != nil || again == id {
		t.Errorf("another question continues it, %v", err)
	}
}

// TestAMillionDeliveriesAreSentAgain says what that takes, where big tables are asked for.
func TestAMillionDeliveriesAreSentAgain(t *testing.T) {
	t.Parallel()
	if os.Getenv("EUPAY_BIG") != "1" {
		t.Skip("A MILLION DELIVERIES ARE NOT SENT AGAIN: it takes minutes. make bench-big does, with EUPAY_BIG=1")
	}
	db, _ := pgtest.New(t, "webhooks", migrations.Files)
	finishedDeliveries(t, db, 1_500_000)
	if _, err := db.Exec(t.Context(), `vacuum analyze deliveries`); err != nil {
		t.Fatal(err)
	}
	m := Match{Merchant: "m_1", Statuses: []string{Exhausted, Missed}, EndpointID: workingID}
	begin := time.Now()
	total, err := CountMatching(t.Context(), db, m)
	if err != nil || total.Rows != 980_000 {
		t.Fatalf("%v match, %v", total, err)
	}
	t.Logf("%d counted in %v", total.Rows, time.Since(begin))
	begin = time.Now()
	if n, more, err := resender(t, db, start).Resend(t.Context(), m); n != 10_000 || !more || err != nil {
		t.Fatalf("%d, %v, %v", n, more, err)
	}
	t.Logf("the caller has its answer after %v", time.Since(begin))
	if err := resender(t, db, start.Add(resendIdle)).ResendNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("all are under way after %v", time.Since(begin))
	if open := numberOf(t, db, `select count(*) from deliveries where finished_at is null`); open != total.Rows {
		t.Errorf("%d are sent again", open)
	}
	begin = time.Now()
	if n, more, err := resender(t, db, start).Resend(t.Context(), m); n != 0 || more || err != nil {
		t.Errorf("asked again: %d, %v, %v", n, more, err)
	}
	found, err := claim(t.Context(), db, calm, shares{all: 6144, unknown: 64}, held(uuid.NewString(), start), start)
	if err != nil || len(found.jobs) != 64 {
		t.Errorf("%d claimed, %v", len(found.jobs), err)
	}
	t.Logf("the first 64 are claimed after %v more", time.Since(begin))
}
