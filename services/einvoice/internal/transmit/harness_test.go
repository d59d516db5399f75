package transmit

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/testclock"
	"european-pay.eu/eupay/services/einvoice/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sender does what the test says and remembers what it was given.
type sender struct {
	mu   sync.Mutex
	does func(ctx context.Context, t Transmission) error
	got  []Transmission
}

func (s *sender) Send(ctx context.Context, t Transmission) error {
	s.mu.Lock()
	s.got = append(s.got, t)
	does := s.does
	s.mu.Unlock()
	if does == nil {
		return nil
	}
	return does(ctx, t)
}

func (s *sender) then(does func(ctx context.Context, t Transmission) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.does = does
}

func (s *sender) fails(err error) {
	s.then(func(context.Context, Transmission) error { return err })
}

func (s *sender) sent() []Transmission {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Transmission(nil), s.got...)
}

type fixture struct {
	t      testing.TB
	pool   *pgxpool.Pool
	clock  *testclock.Clock
	sender *sender
	*Engine
}

func setup(t testing.TB) *fixture {
	t.Helper()
	pool, _ := pgtest.New(t, "einvoice", migrations.FS)
	f := &fixture{t: t, pool: pool, clock: testclock.New(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)), sender: &sender{}}
	f.Engine = f.engine(Config{})
	return f
}

// engine is another one on the same table. It looks only when it is woken.
func (f *fixture) engine(cfg Config) *Engine {
	if cfg.Every == 0 {
		cfg.Every = time.Hour
	}
	senders := map[Kind]Sender{Document: f.sender, Collection: f.sender, Report: f.sender}
	return New(f.pool, senders, cfg, f.clock.Now, slog.New(slog.DiscardHandler))
}

// run runs an engine until the function that it returns is called, which returns when everything has ended.
func run(t testing.TB, e *Engine) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	e.Wake(true)
	e.Wake(false)
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	if _, err := f.pool.Exec(context.Background(), sql, args...); err != nil {
		f.t.Fatal(err)
	}
}

// add records a transmission of live mode that is due now.
func (f *fixture) add(merchant string) uuid.UUID {
	f.t.Helper()
	return f.addIn(merchant, true, 0)
}

func (f *fixture) addIn(merchant string, livemode bool, hold time.Duration) uuid.UUID {
	f.t.Helper()
	t := Transmission{ID: uuid.New(), Kind: Document, Subject: uuid.New(), MerchantID: merchant, Livemode: livemode}
	if err := Add(context.Background(), f.pool, t, f.clock.Now(), hold); err != nil {
		f.t.Fatal(err)
	}
	return t.Subject
}

type row struct {
	state    string
	due      *time.Time
	lease    *uuid.UUID
	attempts int
	problem  string
}

func (f *fixture) row(subject uuid.UUID) row {
	f.t.Helper()
	var r row
	err := f.pool.QueryRow(context.Background(), `select state, due_at, lease, attempts, last_error from transmissions where subject = $1`, subject).
		Scan(&r.state, &r.due, &r.lease, &r.attempts, &r.problem)
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

func (f *fixture) wants(subject uuid.UUID, state string, attempts int) row {
	f.t.Helper()
	r := f.row(subject)
	if r.state != state || r.attempts != attempts || r.lease != nil {
		f.t.Errorf("it is %s after %d attempts (lease %v), want %s after %d", r.state, r.attempts, r.lease, state, attempts)
	}
	return r
}

// do sends one with Do and says whether it was tried.
func (f *fixture) do(subject uuid.UUID) bool {
	f.t.Helper()
	tried, err := f.Do(context.Background(), Document, subject, true)
	if err != nil {
		f.t.Fatal(err)
	}
	return tried
}

// pass starts what is due, as workers do when they look, and waits until it is done.
func (f *fixture) pass(e *Engine, livemode bool) {
	f.t.Helper()
	m := e.modes[livemode]
	if _, err := m.loop.Once(context.Background()); err != nil {
		f.t.Fatal(err)
	}
}

// holding makes the sender tell that it began, and go on when it is let.
func (s *sender) holding() (began chan Transmission, letGo chan error) {
	began, letGo = make(chan Transmission, 100), make(chan error)
	s.then(func(ctx context.Context, t Transmission) error {
		began <- t
		select {
		case err := <-letGo:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	return began, letGo
}
