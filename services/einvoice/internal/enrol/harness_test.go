package enrol

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/testclock"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
	"european-pay.eu/eupay/services/einvoice/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errDown = errors.New("connection refused")

// fake is a platform: it has each client and each line's mandate once, and does before an answer what the test says.
type fake struct {
	platform.Platform
	mu       sync.Mutex
	clients  map[string]string            // by ref
	mandates map[string]*platform.Mandate // by client and SIREN
	status   platform.MandateStatus       // of new mandates
	requests []platform.MandateRequest
	calls    map[string]int
	before   func(ctx context.Context, call string) error
	after    func(call string) error // the answer is lost
}

func newFake() *fake {
	return &fake{
		clients: map[string]string{}, mandates: map[string]*platform.Mandate{}, calls: map[string]int{}, status: platform.MandatePending,
		before: func(context.Context, string) error { return nil }, after: func(string) error { return nil },
	}
}

func (p *fake) call(ctx context.Context, name string, do func() error) error {
	p.mu.Lock()
	p.calls[name]++
	before, after := p.before, p.after
	p.mu.Unlock()
	if err := before(ctx, name); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return errors.Join(do(), after(name))
}

func (p *fake) EnsureClient(ctx context.Context, c platform.Client) (id string, err error) {
	err = p.call(ctx, "client", func() error {
		if p.clients[c.Ref] == "" {
			p.clients[c.Ref] = fmt.Sprintf("cli_%d", len(p.clients)+1)
		}
		id = p.clients[c.Ref]
		return nil
	})
	return id, err
}

func (p *fake) EnsureMandate(ctx context.Context, clientID string, r platform.MandateRequest) (m platform.Mandate, err error) {
	err = p.call(ctx, "mandate", func() error {
		p.requests = append(p.requests, r)
		line := clientID + " " + r.SIREN
		old := p.mandates[line]
		if old == nil || old.Status == platform.MandateExpired || old.Status == platform.MandateFailed {
			p.mandates[line] = &platform.Mandate{ID: fmt.Sprintf("mdt_%d", len(p.requests)), Status: p.status}
		}
		m = *p.mandates[line]
		return nil
	})
	return m, err
}

func (p *fake) Mandate(ctx context.Context, _, id string) (m platform.Mandate, err error) {
	err = p.call(ctx, "read", func() error {
		for _, one := range p.mandates {
			if one.ID == id {
				m = *one
				return nil
			}
		}
		return platform.ErrNotFound
	})
	return m, err
}

func (p *fake) OnboardingLink(ctx context.Context, clientID string) (l platform.Link, err error) {
	err = p.call(ctx, "link", func() error {
		l.URL = "https://kyb.example/" + clientID
		return nil
	})
	return l, err
}

// becomes sets the status of all mandates.
func (p *fake) becomes(s platform.MandateStatus) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = s
	for _, m := range p.mandates {
		m.Status = s
	}
}

func (p *fake) first(before func(ctx context.Context, call string) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.before = before
}

func (p *fake) fails(err error) { p.first(func(context.Context, string) error { return err }) }

func (p *fake) count(call string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[call]
}

type fixture struct {
	t        testing.TB
	pool     *pgxpool.Pool
	platform *fake
	clock    *testclock.Clock
	mu       sync.Mutex
	woken    int
	*Enroller
}

func setup(t testing.TB) *fixture {
	t.Helper()
	pool, _ := pgtest.New(t, "einvoice", migrations.FS)
	f := &fixture{t: t, pool: pool, platform: newFake(), clock: testclock.New(time.Date(2026, 11, 20, 23, 30, 0, 0, time.UTC))}
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	f.Enroller = New(Deps{
		Pool: pool, Platforms: map[bool]platform.Platform{true: f.platform}, Zone: paris, Now: f.clock.Now, Wake: f.wake, Log: slog.New(slog.DiscardHandler),
	})
	return f
}

func (f *fixture) wake(livemode bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !livemode {
		f.t.Error("the wrong mode was woken")
	}
	f.woken++
}

func (f *fixture) wokenTimes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.woken
}

func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	if _, err := f.pool.Exec(context.Background(), sql, args...); err != nil {
		f.t.Fatal(err)
	}
}

// enrols enrols m_1 in live mode.
func (f *fixture) enrols() Enrolment {
	f.t.Helper()
	e, err := f.Enroll(context.Background(), "m_1", true, invoicetest.Settings(), nil)
	if err != nil {
		f.t.Fatal(err)
	}
	return e
}

func (f *fixture) read() Enrolment {
	f.t.Helper()
	e, err := Read(context.Background(), f.pool, "m_1", true)
	if err != nil {
		f.t.Fatal(err)
	}
	return e
}

// wants fails the test unless the status is recorded and the row is not leased.
func (f *fixture) wants(status platform.MandateStatus) Enrolment {
	f.t.Helper()
	e := f.read()
	var leased bool
	if err := f.pool.QueryRow(context.Background(), `select lease is not null from enrolments where merchant_id = 'm_1'`).Scan(&leased); err != nil {
		f.t.Fatal(err)
	}
	if e.status != status || leased {
		f.t.Errorf("it is %s (leased: %v), want %s", e.status, leased, status)
	}
	return e
}

// due is how long it takes until the sweeper asks.
func (f *fixture) due() time.Duration {
	f.t.Helper()
	var at time.Time
	if err := f.pool.QueryRow(context.Background(), `select due_at from enrolments where merchant_id = 'm_1' and livemode`).Scan(&at); err != nil {
		f.t.Fatal(err)
	}
	return at.Sub(f.clock.Now())
}

// sweep goes to the time when the platform is asked next, and asks.
func (f *fixture) sweepNext() time.Duration {
	f.t.Helper()
	d := f.due()
	f.clock.Advance(max(0, d))
	if n, err := f.loops[true].Once(context.Background()); err != nil || n != 1 {
		f.t.Fatalf("%d were due", n)
	}
	return d
}

// waiting adds a document of m_1 that waits for its mandate.
func (f *fixture) waiting() uuid.UUID {
	f.t.Helper()
	t := transmit.Transmission{ID: uuid.New(), Kind: transmit.Document, Subject: uuid.New(), MerchantID: "m_1", Livemode: true}
	if err := transmit.Add(context.Background(), f.pool, t, f.clock.Now(), 365*24*time.Hour); err != nil {
		f.t.Fatal(err)
	}
	return t.Subject
}

func (f *fixture) isDue(subject uuid.UUID) bool {
	f.t.Helper()
	var due bool
	err := f.pool.QueryRow(context.Background(), `select due_at <= $2 from transmissions where subject = $1`, subject, f.clock.Now()).Scan(&due)
	if err != nil {
		f.t.Fatal(err)
	}
	return due
}

func wantCode(t testing.TB, err error, code errs.Code) *errs.Error {
	t.Helper()
	if !errs.Is(err, code) {
		t.Fatalf("got %v, want %s", err, code)
	}
	return errs.From(err)
}

func picture(t testing.TB, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
