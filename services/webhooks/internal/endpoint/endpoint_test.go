package endpoint

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/services/webhooks/internal/secret"
	"european-pay.eu/eupay/services/webhooks/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2026, 6, 17, 12, 25, 30, 0, time.UTC)

func example() Endpoint {
	return Endpoint{
		ID: uuid.NewString(), Merchant: "m_1", URL: "https://shop.example.com/", EventTypes: []string{}, RateLimit: 25, Enabled: true,
		Secret: secret.Sealed{KeyID: "k", Data: []byte("sealed")}, CreatedAt: now, UpdatedAt: now,
	}
}

func TestFieldsAreCheckedOneByOne(t *testing.T) {
	t.Parallel()
	rules := Rules{Refused: netip.Addr.IsPrivate, RefusedPort: func(p uint16) bool { return p == 25 }}
	for name, c := range map[string]struct {
		change func(*Endpoint)
		want   string
	}{
		"nothing wrong":          {func(*Endpoint) {}, ""},
		"no rate limit":          {func(e *Endpoint) { e.RateLimit = 0 }, ""},
		"highest rate limit":     {func(e *Endpoint) { e.RateLimit = 1000 }, ""},
		"negative rate limit":    {func(e *Endpoint) { e.RateLimit = -1 }, "rate_limit"},
		"rate limit too high":    {func(e *Endpoint) { e.RateLimit = 1001 }, "rate_limit"},
		"zero byte":              {func(e *Endpoint) { e.Description = "a\x00b" }, "description"},
		"not UTF-8":              {func(e *Endpoint) { e.Description = "\xff" }, "description"},
		"everything wrong":       {func(e *Endpoint) { *e = Endpoint{Description: "\x00", EventTypes: []string{"x"}, RateLimit: -1} }, "url description event_types rate_limit"},
		"a private address":      {func(e *Endpoint) { e.URL = "https://10.0.0.1/" }, "url"},
		"a port that is refused": {func(e *Endpoint) { e.URL = "https://shop.example.com:25/" }, "url"},
	} {
		e := example()
		c.change(&e)
		var got []string
		for _, f := range rules.Check(e) {
			got = append(got, f.Field)
			if !strings.HasPrefix(f.Message, f.Field) {
				t.Errorf("%s: %s", name, f.Message)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: refused %v, want %s", name, got, c.want)
		}
	}
}

func TestAnIDIsAUUIDAsWeWriteIt(t *testing.T) {
	t.Parallel()
	id := uuid.NewString()
	for text, want := range map[string]bool{
		id: true, strings.ToUpper(id): true, "": false, "x": false, "{" + id + "}": false, "urn:uuid:" + id: false,
		strings.ReplaceAll(id, "-", ""): false, strings.Repeat("\x00", 36): false,
	} {
		if IsID(text) != want {
			t.Errorf("%q is an id: %t", text, !want)
		}
	}
}

// stored is a store with one endpoint that has a delivery of each status.
func stored(t *testing.T) (*Store, *pgxpool.Pool, Endpoint) {
	t.Helper()
	pool, _ := pgtest.New(t, "webhooks", migrations.Files)
	s, e := NewStore(pool), example()
	if err := s.Insert(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	_, err := pool.Exec(t.Context(), `insert into deliveries (id, endpoint_id, merchant_id, livemode, event_id, event_type, reference, sequence, body, status,
			created_at, next_attempt_at, claimable_at, lease_owner, finished_at)
		select gen_random_uuid(), $1, 'm_1', false, gen_random_uuid(), event_type, 'PAY-1', 1, '', status, $2, $2, $2,
			case when status = 'pending' then gen_random_uuid() end, case when status not in ('waiting', 'pending') then $2::timestamptz end
		from (values ('a', 'waiting'), ('b', 'pending'), ('c', 'delivered'), ('d', 'exhausted'), ('e', 'cancelled'), ('webhook_endpoint.test', 'pending'))
			as v (event_type, status)`, e.ID, now)
	if err != nil {
		t.Fatal(err)
	}
	return s, pool, e
}

// statuses of the deliveries by type.
func statuses(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	var got string
	err := pool.QueryRow(t.Context(), `select string_agg(event_type || '=' || status, ' ' order by event_type) from deliveries`).Scan(&got)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func enable(ctx context.Context, s *Store, e Endpoint, enabled bool) error {
	_, err := s.Change(ctx, e.Merchant, e.Livemode, e.ID, func(e *Endpoint) error {
		e.Enabled, e.UpdatedAt = enabled, e.UpdatedAt.Add(time.Second)
		return nil
	})
	return err
}

func TestDisablingEndsWhatIsOpenButATest(t *testing.T) {
	t.Parallel()
	s, pool, e := stored(t)
	const before = "a=waiting b=pending c=delivered d=exhausted e=cancelled webhook_endpoint.test=pending"
	if err := enable(t.Context(), s, e, true); err != nil || statuses(t, pool) != before {
		t.Errorf("still enabled: %s, %v", statuses(t, pool), err)
	}
	// A change that fails in the end changes nothing.
	refused := errs.New(errs.InvalidState, "no")
	_, err := s.Change(t.Context(), e.Merchant, e.Livemode, e.ID, func(e *Endpoint) error { e.Enabled = false; return refused })
	if !errs.Is(err, errs.InvalidState) || statuses(t, pool) != before {
		t.Errorf("refused: %s, %v", statuses(t, pool), err)
	}
	if err := enable(t.Context(), s, e, false); err != nil {
		t.Fatal(err)
	}
	if got := statuses(t, pool); got != "a=missed b=missed c=delivered d=exhausted e=cancelled webhook_endpoint.test=pending" {
		t.Error(got)
	}
	if err := s.Delete(t.Context(), e.Merchant, e.Livemode, e.ID, now); err != nil {
		t.Fatal(err)
	}
	if got := statuses(t, pool); got != "a=missed b=missed c=delivered d=exhausted e=cancelled webhook_endpoint.test=cancelled" {
		t.Error(got)
	}
}

func TestHealthIsDeletedWhenAnEndpointIsEnabledAgainOrDeleted(t *testing.T) {
	t.Parallel()
	s, pool, e := stored(t)
	ill := func() {
		t.Helper()
		if _, err := pool.Exec(t.Context(), `insert into endpoint_health (endpoint_id, failing_since, failures) values ($1, $2, 3)`, e.ID, now); err != nil {
			t.Fatal(err)
		}
	}
	state := func() string {
		t.Helper()
		got, err := s.Healths(t.Context(), []string{e.ID}, now)
		if err != nil {
			t.Fatal(err)
		}
		return got[e.ID].State
	}
	ill()
	for _, step := range []struct {
		enabled bool
		want    string
	}{{true, Failing}, {false, Failing}, {true, ""}} {
		if err := enable(t.Context(), s, e, step.enabled); err != nil || state() != step.want {
			t.Errorf("enabled %t: %q, %v", step.enabled, state(), err)
		}
	}
	ill()
	if err := s.Delete(t.Context(), e.Merchant, e.Livemode, e.ID, now); err != nil || state() != "" {
		t.Errorf("deleted: %q, %v", state(), err)
	}
}

func TestTheStateOfAnEndpointIsVisibleOnlyToItsMerchant(t *testing.T) {
	t.Parallel()
	s, _, e := stored(t)
	expect := func(want State) {
		t.Helper()
		if got, err := s.State(t.Context(), e.Merchant, e.Livemode, e.ID); got != want || err != nil {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
	expect(Active)
	if err := enable(t.Context(), s, e, false); err != nil {
		t.Fatal(err)
	}
	expect(Disabled)
	if err := s.Delete(t.Context(), e.Merchant, e.Livemode, e.ID, now); err != nil {
		t.Fatal(err)
	}
	expect(Deleted)
	for name, who := range map[string]struct {
		merchant, id string
		live         bool
	}{"another": {merchant: "m_2", id: e.ID}, "mode": {merchant: "m_1", id: e.ID, live: true}, "no id": {merchant: "m_1", id: "\x00"}} {
		if _, err := s.State(t.Context(), who.merchant, who.live, who.id); !errs.Is(err, errs.NotFoundCode) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDisablingWinsOverResultsThatAreWritten lets the results of attempts lock the same deliveries in the other order.
func TestDisablingWinsOverResultsThatAreWritten(t *testing.T) {
	t.Parallel()
	s, pool, e := stored(t)
	ctx := t.Context()
	tx, err := pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) // it has ended by then
	// The database must break off the other side, which is the one that gets impatient.
	if _, err := tx.Exec(ctx, `set local deadlock_timeout = '1h'`); err != nil {
		t.Fatal(err)
	}
	lock := func(order string) {
		t.Helper()
		_, err := tx.Exec(ctx, `select id from deliveries where id = (select id from deliveries where status in ('waiting', 'pending')
			and event_type <> 'webhook_endpoint.test' order by id `+order+` limit 1) for update`)
		if err != nil {
			t.Fatal(err)
		}
	}
	lock("desc")
	done := make(chan error, 1)
	go func() { done <- enable(ctx, s, e, false) }()
	for waiting := false; !waiting; {
		if err := pool.QueryRow(ctx, `select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')`).
			Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	lock("asc")
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := statuses(t, pool); !strings.HasPrefix(got, "a=missed b=missed") {
		t.Error(got)
	}
}
