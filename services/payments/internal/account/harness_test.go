package account

import (
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/testclock"
	"european-pay.eu/eupay/internal/vault"
	"european-pay.eu/eupay/sandbox/bank"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	returnURL = "https://eupay.example/api/v1/customer/accounts/return"
	appLink   = "eupay://accounts"
)

// rig runs linked accounts on a real database and the sandbox bank over HTTP. There is no live provider.
type rig struct {
	*Accounts
	t      *testing.T
	pool   *pgxpool.Pool
	bank   *bank.Bank
	clock  *testclock.Clock
	client *http.Client
}

func setup(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, clock: testclock.New(time.Now().UTC())}
	var handler http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { handler.ServeHTTP(w, q) }))
	t.Cleanup(srv.Close)
	var err error
	r.bank, err = bank.New(bank.Config{ClientID: "client", ClientSecret: "secret", BaseURL: srv.URL})
	r.must(err)
	t.Cleanup(func() { r.must(r.bank.Close()) })
	handler = r.bank.Handler()
	quiet := slog.New(slog.DiscardHandler)
	provider := powens.New(powens.Config{
		BaseURL: srv.URL, ClientID: "client", ClientSecret: "secret", RedirectURI: "https://eupay.example/return", CallTimeout: 10 * time.Second,
	}, time.Now, quiet)
	t.Cleanup(provider.Close)
	r.pool, _ = pgtest.New(t, "payments", migrations.FS)
	keys, err := vault.New("connections", strings.Repeat("07", 32))
	r.must(err)
	r.Accounts = New(Deps{Pool: r.pool, Vault: keys, Test: provider, ReturnURL: returnURL, Now: r.clock.Now, Log: quiet})
	r.client = &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return r
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// wants fails the test unless err has the code.
func (r *rig) wants(code errs.Code, err error, what string) {
	r.t.Helper()
	if !errs.Is(err, code) {
		r.t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func (r *rig) start(customer string) string {
	r.t.Helper()
	v, err := r.Start(r.t.Context(), customer, false, appLink)
	r.must(err)
	return v.URL
}

// visit clicks through the provider's page as a customer of that bank, and brings back what the page returned.
func (r *rig) visit(address, slug string) Return {
	r.t.Helper()
	return r.click(address, []url.Values{{"bank": {slug}}, {"answer": {"login"}, "login": {"ada"}, "password": {"x"}}, {"answer": {"consent"}}})
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

func (r *rig) click(address string, forms []url.Values) Return {
	r.t.Helper()
	resp, err := r.client.Get(address)
	r.must(err)
	body := r.read(resp)
	for _, form := range forms {
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

// link links the accounts of a bank and returns what the customer has then.
func (r *rig) link(customer, slug string) []Account {
	r.t.Helper()
	r.complete(r.visit(r.start(customer), slug))
	return r.list(customer)
}

func (r *rig) complete(back Return) {
	r.t.Helper()
	o, err := r.Complete(r.t.Context(), back)
	r.must(err)
	if !o.Linked || o.ReturnURL != appLink {
		r.t.Errorf("%+v", o)
	}
	if o.Code == "" { // somebody came back before
		return
	}
	id, customerID := r.visitOf(back)
	r.must(r.Confirm(r.t.Context(), customerID, false, id, o.Code))
}

// visitOf is the visit that a return ends, and whose it is.
func (r *rig) visitOf(back Return) (id, customerID string) {
	r.t.Helper()
	visitID, err := r.consents.Verify(back.State)
	r.must(err)
	v, err := r.consents.Visit(r.t.Context(), visitID)
	r.must(err)
	return visitID.String(), v.Owner.ID
}

func (r *rig) list(customer string) []Account {
	r.t.Helper()
	list, err := r.List(r.t.Context(), customer, false)
	r.must(err)
	return list
}

func (r *rig) count(query string) int {
	r.t.Helper()
	rows, err := r.pool.Query(r.t.Context(), query)
	r.must(err)
	n, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
	r.must(err)
	return n
}

func (r *rig) connections() int64 { return r.bank.Stats()["connections"] }

func customer() string { return uuid.NewString() }
