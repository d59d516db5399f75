package engine

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/vaulttest"
	"european-pay.eu/eupay/internal/run/config"
	sandbox "european-pay.eu/eupay/sandbox/bank"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
	"european-pay.eu/eupay/services/payments/migrations"
)

// rig runs the engine against the sandbox bank over HTTP. Its process can die at every call to the bank and after every commit.
type rig struct {
	*Engine
	t     testing.TB
	store *store.Store
	pool  *pgxpool.Pool
	clock time.Time
	bank  *sandbox.Bank

	// steps counts the points at which the process can die; at the dieAt-th it does, when that is not 0.
	steps, dieAt int
	// between is called at each call of the bank, before and after; nil: nothing happens there.
	between func()
	n       int
}

// died is the panic value of a process that dies.
type died struct{}

func newRig(t testing.TB) *rig {
	t.Helper()
	pool, _ := pgtest.New(t, "payments", migrations.FS)
	r := &rig{t: t, pool: pool, clock: time.Date(2026, 6, 17, 12, 20, 20, 0, time.UTC)}
	now := func() time.Time { return r.clock }
	log := slog.New(slog.DiscardHandler)
	srv := httptest.NewUnstartedServer(nil)
	var err error
	r.bank, err = sandbox.New(sandbox.Config{
		ClientID: "client", ClientSecret: "secret", RequireIdentities: true, Log: log, Now: now, BaseURL: "http://" + srv.Listener.Addr().String(),
	})
	if err != nil {
		t.Fatal(err)
	}
	srv.Config.Handler = r.bank.Handler()
	srv.Start()
	t.Cleanup(srv.Close)
	client := powens.New(powens.Config{
		BaseURL: srv.URL, ClientID: "client", ClientSecret: "secret", RedirectURI: "https://eupay.example/return", CallTimeout: 5 * time.Second,
	}, time.Now, log)
	t.Cleanup(client.Close)
	r.store = store.New(pool, vaulttest.New(t), now, r.step)
	var cfg Config
	if err := config.Parse(&cfg, nil); err != nil {
		t.Fatal(err)
	}
	r.Engine = New(cfg, r.store, noBanks{}, nil, watched{client, r}, now, log)
	return r
}

// step is a point at which the process may die.
func (r *rig) step() {
	r.steps++
	if r.steps == r.dieAt {
		panic(died{})
	}
}

// process runs fn and survives its death, as the others do.
func (r *rig) process(fn func()) (dead bool) {
	defer func() {
		if e := recover(); e != nil {
			if _, ok := e.(died); !ok {
				panic(e)
			}
			dead = true
		}
	}()
	fn()
	return false
}

func (r *rig) interlude() {
	if r.between != nil {
		r.between()
	}
	r.step()
}

// watched is a provider that calls a hook before and after each call.
type watched struct {
	Provider
	rig *rig
}

func (w watched) CreatePayment(ctx context.Context, c powens.CreateRequest) (powens.Payment, error) {
	w.rig.interlude()
	defer w.rig.interlude()
	return w.Provider.CreatePayment(ctx, c)
}

func (w watched) GetPayment(ctx context.Context, id string) (powens.Payment, error) {
	w.rig.interlude()
	defer w.rig.interlude()
	return w.Provider.GetPayment(ctx, id)
}

func (w watched) CancelPayment(ctx context.Context, id, state string) (powens.Cancellation, error) {
	w.rig.interlude()
	defer w.rig.interlude()
	return w.Provider.CancelPayment(ctx, id, state)
}

var shop = uuid.NewString()

func (r *rig) reference() string {
	r.n++
	return fmt.Sprintf("PAY-20260617-%016X", r.n)
}

// gateway is a merchant's payment; opened: it has its session at the bank.
func (r *rig) gateway(opened bool, change ...func(*payment.Payment)) payment.Payment {
	r.t.Helper()
	now, due := r.clock, r.NewDueAt()
	draft := payment.Payment{
		Reference: r.reference(), Kind: payment.KindPayment, MerchantID: shop, Amount: 2999, Currency: "EUR",
		Description: "Order 1042", ExecutionType: "instant", MerchantName: "Shop",
		Beneficiary: payment.Party{Name: "Shop", IBAN: "FR1420041010050500013M02606", Kind: payment.Corporate, Legal: "SARL", SIREN: "732829320"},
		RequestedAt: &now, DueAt: &due, ExpiresAt: now.Add(r.cfg.SessionTTL),
	}
	for _, c := range change {
		c(&draft)
	}
	p, _, err := r.store.Create(r.t.Context(), draft, store.Idempotency{}, store.Meta{})
	if err != nil {
		r.t.Fatal(err)
	}
	if opened {
		return r.Request(r.t.Context(), p)
	}
	return p
}

const customerIBAN = "FR7630006000011234567890189"

// scanOf is the scan of a payment as the command handler records it.
func (r *rig) scanOf(g payment.Payment, customer string) payment.Payment {
	due := r.NewDueAt()
	return payment.Payment{
		Reference: r.reference(), Kind: payment.KindPayment, MerchantID: g.MerchantID, Amount: g.Amount, Currency: g.Currency,
		Description: "scan", ExecutionType: "instant", Payer: payment.Party{Name: "Camille Payer", IBAN: customerIBAN},
		Origin: payment.OriginScan, CustomerID: customer, GatewayReference: g.Reference, DueAt: &due, ExpiresAt: r.clock.Add(r.cfg.ScanTTL),
		Beneficiary: g.Beneficiary,
	}
}

// scan records a scan; what Touch does with it comes later.
func (r *rig) scan(g payment.Payment, customer string) (payment.Payment, error) {
	s, _, err := r.store.Scan(r.t.Context(), r.scanOf(g, customer), "request-"+g.Reference, store.Idempotency{}, store.Meta{})
	return s, err
}

func (r *rig) mustScan(g payment.Payment, customer string) payment.Payment {
	r.t.Helper()
	s, err := r.scan(g, customer)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.Process(r.t.Context(), s)
}

func (r *rig) load(reference string) payment.Payment {
	r.t.Helper()
	p, err := r.store.ByReference(context.Background(), reference)
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

// sweepAll processes every payment that is due now.
func (r *rig) sweepAll() {
	r.t.Helper()
	due, err := r.store.ClaimDue(context.Background(), 100, r.cfg.Lease)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, p := range due {
		r.process(func() { r.Process(context.Background(), p) })
	}
}

// settle sweeps, and lets time pass, until nothing is due before limit from now.
func (r *rig) settle(limit time.Duration) {
	r.t.Helper()
	until := r.clock.Add(limit)
	for range 1000 {
		r.sweepAll()
		var next *time.Time
		if err := r.pool.QueryRow(context.Background(), `select min(due_at) from payments`).Scan(&next); err != nil {
			r.t.Fatal(err)
		}
		if next == nil || next.After(until) {
			return
		}
		if next.After(r.clock) {
			r.clock = *next
		}
		r.bank.Tick()
	}
	r.t.Fatal("it never settles")
}

// own returns the bank's payment with the engine's reference.
func (r *rig) own(p payment.Payment) int64 {
	r.t.Helper()
	all := r.bank.ByReference(p.Reference)
	if len(all) != 1 {
		r.t.Fatalf("the bank has %d payments of %s", len(all), p.Reference)
	}
	return all[0].ID
}

func (r *rig) authorise(p payment.Payment) {
	r.t.Helper()
	if err := r.bank.Authorise(r.own(p)); err != nil {
		r.t.Fatal(err)
	}
}

// moved counts the transfers of the references in the bank's books.
func (r *rig) moved(references ...string) (n int) {
	for _, reference := range references {
		for _, p := range r.bank.ByReference(reference) {
			if p.State == sandbox.StateDone || p.State == sandbox.StateAccepted {
				n++
			}
		}
	}
	return n
}

// announced lists the events of a payment, oldest first.
func (r *rig) announced(reference string) (types []string) {
	r.t.Helper()
	rows, err := r.pool.Query(context.Background(), `select event_type from outbox where position(convert_to($1, 'UTF8') in data) > 0 order by id`, reference)
	if err != nil {
		r.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			r.t.Fatal(err)
		}
		types = append(types, one)
	}
	return types
}
