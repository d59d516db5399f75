package e2e

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/sdk/go/webhook"
)

// copied is a file of eupayctl gdpr export.
type copied struct {
	text     string
	Services map[string]map[string]struct{ Rows []map[string]any }
}

func (p copied) rows(service, table string) []map[string]any {
	return p.Services[service][table].Rows
}

func (o operator) copies(t *testing.T, by ...string) (p copied) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "person.json")
	o.lines(t, append([]string{"gdpr", "export", file}, by...)...)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p.text = string(text)
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// calls the tool and returns what it says.
func (o operator) calls(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), o.program, append(args, "--run-dir", o.dir)...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "EUPAY_") })
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// refuses calls the tool, which must fail, and returns what it says.
func (o operator) refuses(t *testing.T, args ...string) string {
	t.Helper()
	says, err := o.calls(t, args...)
	if err == nil {
		t.Fatalf("%q succeeds: %s", args, says)
	}
	return says
}

// jane is a customer of the app who has done everything at one merchant.
type jane struct {
	email        string
	app          caller
	m            *merchant
	paid         payment
	order        placed
	subscription *eupay.Subscription
	invoice      string
}

func newJane(t *testing.T) *jane {
	t.Helper()
	m, app := shared.mayInvoice(t), shared.newCustomer(t)
	j := &jane{email: "customer-" + strings.ReplaceAll(app.ip, ".", "-") + "@example.com", app: app, m: m}
	if _, err := m.office.WebhookEndpoints.Update(t.Context(), m.endpoint, eupay.EndpointChange{EventTypes: &[]string{"*"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := m.client.Rewards.SetProgram(t.Context(), eupay.RewardProgramParams{PointsPerEuro: 100}); err != nil {
		t.Fatal(err)
	}
	n := m.sells(t, "3.50", 9)
	body := object{
		"items": []object{{"productId": n.product, "quantity": 1, "notes": "Extra hot for Jane"}}, "orderType": "dine_in", "payNow": true, "customerName": "Jane Doe",
	}
	j.order = must[placed](t, shared.caller().do(t, http.MethodPost, n.path, body.json()), http.StatusCreated)
	app.paysWithTheApp(t, j.order.Payment.Code.QRData, nil)
	j.paid = m.paid(t, object{"metadata": object{"reward_member": strings.ToUpper(j.email)}, "customer": object{"first_name": "Jane", "last_name": "Doe", "email": j.email}})
	m.told(t, "reward.earned", j.paid.Reference)
	j.invoice = m.invoices(t, object{"customer_name": "Jane Doe", "customer_email": j.email}).ID
	m.banks(t, eupay.BankListParams{})
	j.subscription = m.subscribe(t, eupay.SubscriptionParams{
		Collect: eupay.CollectLinks, Reference: "MEMBER-JANE", Count: 2, Metadata: map[string]any{"customer_email": j.email},
	})
	due := m.site.next(t, "subscription.occurrence.due", "MEMBER-JANE")
	link := about[webhook.Occurrence](t, due).PaymentLinkURL
	begun, err := shared.caller().client("", "").Payers.PayLink(t.Context(), path.Base(link), eupay.LinkPaymentParams{IdempotencyKey: uuid.NewString()})
	if err != nil {
		t.Fatal(err)
	}
	shared.bank().authorise(t, begun.Reference, nil)
	m.site.next(t, "subscription.occurrence.paid", "MEMBER-JANE")
	eventually(t, "the kitchen has the order", func() bool { return m.orderStatus(t, j.order.Order.ID) == "received" })
	return j
}

// ends closes what is open of Jane.
func (j *jane) ends(t *testing.T) {
	t.Helper()
	for _, status := range []string{"preparing", "ready", "served"} {
		if a := j.m.portal.do(t, http.MethodPost, "/table-order/orders/"+j.order.Order.ID+"/status", object{"status": status}.json()); a.status != http.StatusOK {
			t.Fatalf("%s: %s", status, a.raw)
		}
	}
	if _, err := j.m.client.Subscriptions.Cancel(t.Context(), j.subscription.ID, eupay.CancelSubscriptionParams{}); err != nil {
		t.Fatal(err)
	}
}

// books are what the merchant's API says of the money, and the invoice's file.
func (j *jane) books(t *testing.T) (list []string) {
	t.Helper()
	for p, err := range j.m.client.Payments.All(t.Context(), eupay.PaymentListParams{}) {
		if err != nil {
			t.Fatal(err)
		}
		p.Metadata, p.SuccessURL, p.CancelURL = nil, "", ""
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, string(text))
	}
	pdf := j.m.api.do(t, http.MethodGet, "/einvoice/invoices/"+j.invoice+"/pdf", "")
	return append(list, string(pdf.raw))
}

// TestAPersonGetsACopyAndIsErased: everything is found by the address alone; what no duty keeps goes; books, refunds and invoices stay as they are.
func TestAPersonGetsACopyAndIsErased(t *testing.T) {
	t.Parallel()
	o, j := newOperator(t, shared), newJane(t)
	upper := strings.ToUpper(j.email)
	before := o.copies(t, "--email", upper)
	for _, of := range [][2]string{
		{"payments", "payments"},
		{"payments", "subscriptions"},
		{"payments", "bank_accounts"},
		{"qr", "orders"},
		{"qr", "reward_members"},
		{"einvoice", "invoices"},
		{"webhooks", "events"},
		{"gateway", "users"},
		{"gateway", "sessions"},
	} {
		if len(before.rows(of[0], of[1])) == 0 {
			t.Errorf("the copy lacks %s of %s: %s", of[1], of[0], before.text)
		}
	}
	if says := o.refuses(t, "gdpr", "erase", "--email", j.email, "--run", "--by", "Ann"); !strings.Contains(says, j.subscription.ID) || !strings.Contains(says, j.order.Order.ID) {
		t.Errorf("what is open is not named: %s", says)
	}
	if says := o.refuses(t, "gdpr", "erase", "--email", j.m.Email); !strings.Contains(says, "owner of merchant "+j.m.ID) {
		t.Errorf("a merchant's owner is refused so: %s", says)
	}
	j.ends(t)
	books := j.books(t)
	eventually(t, "Jane is erased when her webhooks are delivered", func() bool {
		says, err := o.calls(t, "gdpr", "erase", "--email", j.email, "--run", "--by", "Ann")
		if err != nil && !strings.Contains(says, "webhooks: open: delivery") {
			t.Fatalf("%v: %s", err, says)
		}
		return err == nil
	})

	after := o.copies(t, "--payment", j.paid.Reference)
	if p := after.rows("payments", "payments"); len(p) != 1 || p[0]["metadata"] != "" || p[0]["amount_cents"] != 2999.0 || p[0]["payer_iban"] == nil {
		t.Errorf("the payment is %v", p)
	}
	order := o.copies(t, "--payment", j.order.Payment.Reference)
	if rows := order.rows("qr", "orders"); len(rows) != 1 || rows[0]["customer_name"] != "" || strings.Contains(order.text, "Extra hot") {
		t.Errorf("the order is %v", rows)
	}
	subscription := o.copies(t, "--payment", j.subscription.ID)
	if rows := subscription.rows("payments", "subscriptions"); len(rows) != 1 || rows[0]["metadata"] != "" || rows[0]["amount_cents"] != 2990.0 {
		t.Errorf("the subscription is %v", rows)
	}
	for _, text := range []string{after.text, order.text, subscription.text} {
		if strings.Contains(strings.ToLower(text), j.email) {
			t.Errorf("the address is still there: %s", text)
		}
	}
	left := o.copies(t, "--email", j.email)
	services := slices.Sorted(maps.Keys(left.Services))
	if !slices.Equal(services, []string{"einvoice", "webhooks"}) || len(left.rows("einvoice", "invoices")) != 1 {
		t.Errorf("by the address more is found than the invoice and its webhooks, in %q", services)
	}
	if now := j.books(t); !slices.Equal(now, books) {
		t.Errorf("the books were\n%s\nand are\n%s", strings.Join(books, "\n"), strings.Join(now, "\n"))
	}
	j.m.refund(t, j.paid, `{"amount":10}`)
	checkBooks(t, j.m, j.paid, 1000)
	if a := j.app.do(t, http.MethodGet, "/customer/payments", ""); a.status != http.StatusUnauthorized {
		t.Errorf("the account still answers %d", a.status)
	}
	for _, account := range order.rows("payments", "bank_accounts") { // until the sweeper has taken the consent back
		if account["state"] != "removing" {
			t.Errorf("a linked account is %v", account)
		}
	}
	o.lines(t, "gdpr", "erase", "--email", j.email, "--run", "--by", "Ann") // once more changes nothing
}
