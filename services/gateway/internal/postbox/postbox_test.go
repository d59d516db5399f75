package postbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/testclock"
	"european-pay.eu/eupay/internal/mail"
	"european-pay.eu/eupay/services/gateway/internal/postbox"
	"european-pay.eu/eupay/services/gateway/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a mail server that gives the answers that the test sets.
type server struct {
	mu     sync.Mutex
	answer error
	sent   []string
}

func (s *server) Send(_ context.Context, m mail.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answer == nil {
		s.sent = append(s.sent, m.To+" "+m.Subject)
	}
	return s.answer
}

type fixture struct {
	*postbox.Worker
	server *server
	clock  *testclock.Clock
}

func setup(t *testing.T) *fixture {
	t.Helper()
	pool, _ := pgtest.New(t, "gateway", migrations.FS)
	f := &fixture{server: &server{}, clock: testclock.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))}
	f.Worker = &postbox.Worker{Pool: pool, Sender: f.server, Now: f.clock.Now, Log: slog.New(slog.DiscardHandler), Write: write}
	return f
}

func write(_ context.Context, _ pgx.Tx, m postbox.Mail) (mail.Message, error) {
	if m.Kind == "void" {
		return mail.Message{}, postbox.ErrVoid
	}
	return mail.Message{Subject: m.Kind + " " + m.Detail["n"]}, nil
}

func (f *fixture) add(t *testing.T, kind string, n int, failure error) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), f.Pool, func(tx pgx.Tx) error {
		err := postbox.Add(t.Context(), tx, postbox.Mail{Kind: kind, To: "jane@example.com", CreatedAt: f.clock.Now(), Detail: map[string]string{"n": fmt.Sprint(n)}})
		return errors.Join(err, failure)
	})
	if !errors.Is(err, failure) {
		t.Fatal(err)
	}
}

func (f *fixture) send(t *testing.T) []string {
	t.Helper()
	f.server.sent = nil
	if err := f.SendDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f.server.sent
}

func TestAMailIsSentOnceAndOnlyWithItsCause(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.add(t, "hello", 1, nil)
	f.add(t, "hello", 2, errors.New("the cause fails"))
	if got := f.send(t); len(got) != 1 || got[0] != "jane@example.com hello 1" {
		t.Errorf("sent %q", got)
	}
	f.clock.Advance(24 * time.Hour)
	if got := f.send(t); len(got) != 0 {
		t.Errorf("sent again: %q", got)
	}
}

func TestAMailOutlivesAMailServerThatIsDown(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.add(t, "hello", 1, nil)
	f.server.answer = errors.New("connection refused")
	for range 20 {
		f.send(t)
		f.clock.Advance(time.Hour)
	}
	f.server.answer = nil
	if got := f.send(t); len(got) != 1 {
		t.Errorf("sent %q", got)
	}
}

func TestAMailThatFailedIsNotTriedAgainAtOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.add(t, "hello", 1, nil)
	f.server.answer = errors.New("connection refused")
	f.send(t)
	f.server.answer = nil
	f.clock.Advance(59 * time.Second)
	if got := f.send(t); len(got) != 0 {
		t.Errorf("sent %q", got)
	}
	f.clock.Advance(time.Second)
	if got := f.send(t); len(got) != 1 {
		t.Errorf("sent %q", got)
	}
}

func TestARefusedRecipientAndAVoidMailEnd(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.add(t, "hello", 1, nil)
	f.add(t, "void", 2, nil)
	f.server.answer = fmt.Errorf("%w: no such mailbox", mail.ErrRefused)
	f.send(t)
	f.server.answer = nil
	f.clock.Advance(24 * time.Hour)
	if got := f.send(t); len(got) != 0 {
		t.Errorf("sent %q", got)
	}
	if got := outcomes(t, f.Pool); got != "refused void" {
		t.Errorf("ended as %q", got)
	}
}

func outcomes(t *testing.T, pool *pgxpool.Pool) (list string) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), `select string_agg(outcome, ' ' order by detail->>'n') from mails`).Scan(&list); err != nil {
		t.Fatal(err)
	}
	return list
}

// Nothing is kept of somebody who is no user: neither once the mail is sent nor when it never can be.
func TestAMailThatIsToBeForgottenIs(t *testing.T) {
	t.Parallel()
	f := setup(t)
	add := func(n string) {
		t.Helper()
		m := postbox.Mail{Kind: "ticket", To: "ada@example.com", Forget: true, CreatedAt: f.clock.Now(), Detail: map[string]string{"n": n}}
		if err := postbox.Add(t.Context(), f.Pool, m); err != nil {
			t.Fatal(err)
		}
	}
	kept := func() (n int) {
		t.Helper()
		if err := f.Pool.QueryRow(t.Context(), `select count(*) from mails where recipient <> '' or detail <> '{}'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	add("1")
	if got := f.send(t); len(got) != 1 || got[0] != "ada@example.com ticket 1" || kept() != 0 {
		t.Errorf("sent %q, kept %d", got, kept())
	}
	add("2")
	f.server.answer = errors.New("connection refused")
	f.send(t)
	f.clock.Advance(23 * time.Hour)
	if err := postbox.Purge(t.Context(), f.Pool, f.clock.Now()); err != nil || kept() != 1 {
		t.Errorf("given up too early: %v", err)
	}
	f.clock.Advance(2 * time.Hour)
	if err := postbox.Purge(t.Context(), f.Pool, f.clock.Now()); err != nil || kept() != 0 {
		t.Errorf("kept %d: %v", kept(), err)
	}
	f.server.answer = nil
	if got := f.send(t); len(got) != 0 {
		t.Errorf("what was given up is sent: %q", got)
	}
}

// The language that the request asked for counts; without one it is that of the merchant's country.
func TestTheLanguageOfAMail(t *testing.T) {
	t.Parallel()
	f := setup(t)
	const french, other, guest, shop = "018f0000-0000-7000-8000-000000000001", "018f0000-0000-7000-8000-000000000002",
		"018f0000-0000-7000-8000-000000000004", "018f0000-0000-7000-8000-000000000005"
	if _, err := f.Pool.Exec(t.Context(), `with m as (insert into merchants (id, name, siren, iban, email, created_at, updated_at) values
			($1, 'A', '732829320', '', 'a@example.com', now(), now()), ($2, 'B', '', 'DE02120300000000202051', 'b@example.com', now(), now()), ($3, 'C', '', 'FR7630006000011234567890189', 'c@example.com', now(), now()))
		insert into users (id, email, password_hash, role, merchant_id, created_at) values
			($1, 'a@example.com', 'x', 'merchant', $1, now()), ($2, 'b@example.com', 'x', 'merchant', $2, now()),
			($3, 'c@example.com', 'x', 'merchant', $3, now()), ($4, 'd@example.com', 'x', 'customer', null, now())`, french, other, shop, guest); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ user, to, asked, want string }{
		{french, "a@example.com", "", "fr"},
		{french, "a@example.com", "en", "en"},
		{other, "b@example.com", "", "en"},
		{other, "b@example.com", "fr", "fr"},
		{shop, "c@example.com", "", "fr"},
		{"", "a@example.com", "", "fr"},
		{"", "d@example.com", "", "en"},
		{guest, "d@example.com", "", "en"},
		{"", "nobody@example.com", "", "en"},
	} {
		if err := postbox.Add(t.Context(), f.Pool, postbox.Mail{Kind: "hello", To: c.to, UserID: c.user, Language: c.asked, CreatedAt: f.clock.Now()}); err != nil {
			t.Fatal(err)
		}
		var got string
		if err := f.Pool.QueryRow(t.Context(), `delete from mails returning language`).Scan(&got); err != nil || got != c.want {
			t.Errorf("%+v: got %q, %v", c, got, err)
		}
	}
}

// Several workers, as after a change of leaders, send no mail twice.
func TestWorkersShareTheMails(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for n := range 30 {
		f.add(t, "hello", n, nil)
	}
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if err := f.SendDue(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	seen := map[string]bool{}
	for _, s := range f.server.sent {
		seen[s] = true
	}
	if len(f.server.sent) != 30 || len(seen) != 30 {
		t.Errorf("sent %d mails, %d different ones", len(f.server.sent), len(seen))
	}
}

// Without a mail server nothing is lost, and the metrics show it.
func TestMailsWaitForAMailServer(t *testing.T) {
	f := setup(t)
	f.add(t, "hello", 1, nil)
	f.Sender = nil
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	for queued(t) != 1 {
		if t.Context().Err() != nil {
			t.Fatal("the gauge never says so")
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	f.Sender = f.server
	if got := f.send(t); len(got) != 1 {
		t.Errorf("sent %q", got)
	}
}

func queued(t *testing.T) float64 {
	t.Helper()
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "eupay_gateway_mails_queued" {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	return -1
}
