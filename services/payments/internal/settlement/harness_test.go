package settlement

import (
	"context"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/testclock"
	"european-pay.eu/eupay/internal/kit/vaulttest"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/vault"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/sandbox/bank"
	"european-pay.eu/eupay/services/payments/internal/merchant"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
	"european-pay.eu/eupay/services/payments/internal/subscription"
	"european-pay.eu/eupay/services/payments/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	returnURL = "https://eupay.example/api/v1/settlement/accounts/return"
	ownIBAN   = "FR1420041010050500013M02606"
	adaIBAN   = "FR7630006000011234567890189"
	bobIBAN   = "DE89370400440532013000"
)

// rig runs settlement on a real database and the sandbox bank over HTTP. There is no live provider.
// standingOrders stand for the subscriptions: the ids of those of one amount, and what was seen of them.
type standingOrders struct {
	ids   []string
	cents money.Cents
	seen  map[string]string // by the credit
}

func (o *standingOrders) Observe(_ context.Context, _ pg.DB, c subscription.Credit) (subscription.Occurrence, bool, error) {
	for _, id := range o.ids {
		if strings.HasSuffix(id, c.Subscription) && c.Amount == o.cents {
			o.seen[c.Reference] = id
			return subscription.Occurrence{SubscriptionID: id}, true, nil
		}
	}
	return subscription.Occurrence{}, false, nil
}

func (o *standingOrders) Withdraw(_ context.Context, _ pg.DB, _ subscription.Owner, id, reference string) error {
	if o.seen[reference] == id {
		delete(o.seen, reference)
	}
	return nil
}

type rig struct {
	orders standingOrders
	*Settlement
	t      testing.TB
	pool   *pgxpool.Pool
	bank   *bank.Bank
	clock  *testclock.Clock
	powens *powens.Client
	store  *store.Store
	vault  *vault.Vault
	client *http.Client
	ibans  map[string]string // of merchants
}

// Get implements Merchants.
func (r *rig) Get(_ context.Context, id string, _ int64) (merchant.Merchant, error) {
	return merchant.Merchant{Profile: &paymentsv1.Merchant{Id: id, Iban: r.ibans[id]}}, nil
}

// noon is a Wednesday at noon in Paris.
var noon = time.Date(2026, 6, 17, 10, 0, 0, 0, time.UTC)

func setup(t testing.TB) *rig {
	t.Helper()
	r := &rig{t: t, clock: testclock.New(noon), ibans: map[string]string{}, vault: vaulttest.New(t), orders: standingOrders{seen: map[string]string{}}}
	var handler http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { handler.ServeHTTP(w, q) }))
	t.Cleanup(srv.Close)
	var err error
	r.bank, err = bank.New(bank.Config{ClientID: "client", ClientSecret: "secret", BaseURL: srv.URL, Now: r.clock.Now})
	r.must(err)
	t.Cleanup(func() { r.must(r.bank.Close()) })
	handler = r.bank.Handler()
	quiet := slog.New(slog.DiscardHandler)
	r.powens = powens.New(powens.Config{
		BaseURL: srv.URL, ClientID: "client", ClientSecret: "secret", RedirectURI: "https://eupay.example/return", CallTimeout: 10 * time.Second,
	}, r.clock.Now, quiet)
	t.Cleanup(r.powens.Close)
	r.pool, _ = pgtest.New(t, "payments", migrations.FS)
	r.restart(r.vault)
	r.client = &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return r
}

// restart makes the rooms anew, with other keys.
func (r *rig) restart(keys *vault.Vault) {
	r.vault = keys
	r.store = store.New(r.pool, r.vault, r.clock.Now, func() {})
	r.Settlement = New(Deps{
		Config: Config{Poll: time.Hour, InstantDays: 2, ClassicDays: 4, TextDays: 90, ConsentDays: 180},
		Pool:   r.pool, Vault: r.vault, Test: r.powens, Merchants: r, Payments: r.store, Occurrences: &r.orders,
		ReturnURL: returnURL, Wake: func() {}, Now: r.clock.Now, Log: slog.New(slog.DiscardHandler),
	})
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) ctx() context.Context { return r.t.Context() }

// wants fails the test unless err has the code.
func (r *rig) wants(code errs.Code, err error, what string) {
	r.t.Helper()
	if !errs.Is(err, code) {
		r.t.Errorf("%s: %v, want %s", what, err, code)
	}
}

// merchant registers a merchant with that account.
func (r *rig) merchant(iban string) string {
	id := uuid.NewString()
	r.ibans[id] = iban
	return id
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// visit clicks through the provider's page as somebody who logs in with that name, and brings back what the page returned.
func (r *rig) visit(address, login string) Return {
	r.t.Helper()
	forms := []url.Values{{"bank": {"meridian"}}, {"answer": {"login"}, "login": {login}, "password": {"x"}}, {"answer": {"consent"}}}
	if strings.Contains(address, "/reconnect?") {
		forms = forms[0:]
	}
	resp, err := r.client.Get(address)
	r.must(err)
	body := r.read(resp)
	for i, form := range forms {
		if i == 0 {
			form.Set("bank", regexp.MustCompile(`name="bank" value="([^"]*)"`).FindStringSubmatch(body)[1])
		}
		for _, m := range hidden.FindAllStringSubmatch(body, -1) {
			form.Set(m[1], html.UnescapeString(m[2]))
		}
		resp, err = r.client.PostForm(address, form)
		r.must(err)
		body = r.read(resp)
	}
	to, err := url.Parse(resp.Header.Get("Location"))
	r.must(err)
	if to.Scheme+"://"+to.Host+to.Path != returnURL {
		r.t.Fatalf("sent back to %q: %d %s", to, resp.StatusCode, body)
	}
	q := to.Query()
	return Return{State: q.Get("state"), ConnectionID: q.Get("connection_id"), Declined: q.Has("error")}
}

func (r *rig) read(resp *http.Response) string {
	r.t.Helper()
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	r.must(err)
	return string(body)
}

// connect connects the merchant's own account.
func (r *rig) connect(m string) Account {
	r.t.Helper()
	v, err := r.Start(r.ctx(), m, false, "")
	r.must(err)
	o, err := r.Complete(r.ctx(), r.visit(v.URL, r.ibans[m]))
	r.must(err)
	a, err := r.Confirm(r.ctx(), m, false, o.VisitID, o.Code)
	r.must(err)
	return a
}

var numbers atomic.Int64

// paid records a payment of the merchant that was completed now, and lets settlement hear of it.
func (r *rig) paid(m string, cents money.Cents, payer string, with ...func(*payment.Payment)) payment.Payment {
	r.t.Helper()
	p := r.executed(m, cents, payer, with...)
	r.hear(p.Reference)
	return p
}

// executed records a payment that was completed now.
func (r *rig) executed(m string, cents money.Cents, payer string, with ...func(*payment.Payment)) payment.Payment {
	r.t.Helper()
	at := r.clock.Now()
	n := numbers.Add(1)
	p := payment.Payment{
		Reference: fmt.Sprintf("PAY-20260617-%016X", 0xA000000000000000+uint64(n)), Kind: payment.KindPayment, MerchantID: m, Amount: cents, Currency: "EUR",
		Description: "Order", ExecutionType: "instant", MerchantName: "Shop",
		Beneficiary: payment.Party{Name: "Shop", IBAN: r.ibans[m], Kind: payment.Corporate}, RequestedAt: &at, DueAt: &at, ExpiresAt: at.Add(24 * time.Hour),
	}
	for _, fn := range with {
		fn(&p)
	}
	_, _, err := r.store.Create(r.ctx(), p, store.Idempotency{}, store.Meta{})
	r.must(err)
	done, err := r.store.Update(r.ctx(), p.Reference, store.Meta{}, func(p *payment.Payment) payment.Step {
		p.Payer = payment.Party{Name: "Payer", IBAN: payer}
		return payment.Changed(payment.Change{To: payment.Completed, Cause: payment.CauseProvider, Event: "payment.completed"})
	})
	r.must(err)
	return done
}

// hear lets settlement hear that payments were completed.
func (r *rig) hear(references ...string) {
	r.t.Helper()
	r.must(pgx.BeginFunc(r.ctx(), r.pool, func(tx pgx.Tx) error {
		list, err := r.expectable(r.ctx(), tx, `p.reference = any ($1)`, references)
		if err != nil {
			return err
		}
		return r.expect(r.ctx(), tx, list)
	}))
}

// book books a line on the merchant's account at its bank.
func (r *rig) book(m string, cents int64, text, from string) int64 {
	r.t.Helper()
	id, err := r.bank.BookLine(bank.Line{IBAN: r.ibans[m], Cents: cents, Text: text, Other: from, Name: "Somebody"})
	r.must(err)
	return id
}

// sync reads all accounts now and does everything that is due.
func (r *rig) sync() {
	r.t.Helper()
	_, err := r.pool.Exec(r.ctx(), `update receiving_accounts set due_at = $1 where state in ('connected', 'disconnected')`, r.clock.Now())
	r.must(err)
	r.must(r.Sweep(r.ctx()))
}

func (r *rig) payment(reference string) payment.Payment {
	r.t.Helper()
	p, err := r.store.ByReference(r.ctx(), reference)
	r.must(err)
	return p
}

// lines returns all lines of the merchant.
func (r *rig) lines(m string) []Line {
	r.t.Helper()
	list, _, err := r.Lines(r.ctx(), m, false, Filter{Page: 1, Limit: 1000})
	r.must(err)
	return list
}

// line returns the only line of the merchant.
func (r *rig) line(m string) Line {
	r.t.Helper()
	list := r.lines(m)
	if len(list) != 1 {
		r.t.Fatalf("%d lines: %+v", len(list), list)
	}
	return list[0]
}

func (r *rig) events(t string) (n int) {
	r.t.Helper()
	r.must(r.pool.QueryRow(r.ctx(), `select count(*) from outbox where event_type = $1`, t).Scan(&n))
	return n
}

// at moves the clock to a time that is later than now.
func (r *rig) at(t time.Time) { r.clock.Advance(t.Sub(r.clock.Now())) }
