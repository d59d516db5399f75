package einvoiceapi

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

// endpoints with a body that each takes.
var endpoints = map[string]string{
	"GET /einvoice/enrollment": "", "GET /einvoice/directory/732829320": "", "POST " + invoices: documented, "GET " + invoices: "", "GET " + one: "", "GET " + one + "/pdf": "",
	"POST " + one + "/submit": "", "POST " + one + "/mark-paid": `{"payment_method":"cash"}`, "POST " + one + "/cancel": "", "POST " + one + "/credit-note": "",
	"POST " + rebates:       rebate,
	"GET " + one + "/trail": "", "GET /einvoice/sales": "", "POST /einvoice/sales": salesBody,
}

var portalOnly = map[string]string{
	"POST /einvoice/enroll": settingsBody, "GET /einvoice/enrollment/onboarding-link": "", "GET /einvoice/settings": "",
	"PATCH /einvoice/settings": `{"footer":"x"}`, "GET /einvoice/reports": "",
}

const settingsBody = `{"legal_name":"My Store SAS","siret":"12345678200010","vat_number":"FR32123456782",
	"address":{"street":"1 rue de la Paix","post_code":"75002","city":"Paris","country":"FR"},"activity":"goods","vat_regime":"monthly","term_days":30}`

// refused expects the code, and that the service was not called.
func (f *fixture) refused(t *testing.T, who as, endpoint, body string, code errs.Code) {
	t.Helper()
	before := f.platform.called()
	method, path, _ := strings.Cut(endpoint, " ")
	r := f.call(t, who, method, path, body)
	if r.status != code.HTTPStatus() || r.str("code") != string(code) || f.platform.called() != before {
		t.Errorf("%s answers %d %s, want %s", endpoint, r.status, r.text, code)
	}
}

func TestTheOrderOfTheChecks(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for endpoint := range endpoints {
		body := ""
		if strings.HasPrefix(endpoint, "POST") {
			body = `{"nonsense":1}`
		}
		f.refused(t, nil, endpoint, body, errs.MissingCredentials)
		f.refused(t, keyed("pk_test_nobody", secret), endpoint, body, errs.InvalidAPIKey)
		f.refused(t, keyed(public, "sk_test_wrong"), endpoint, body, errs.InvalidSecret)
		f.refused(t, f.payer, endpoint, body, errs.InsufficientScope)
		if body != "" {
			f.refused(t, f.reader, endpoint, body, errs.InsufficientScope)
			f.refused(t, f.key, endpoint, body, errs.ValidationError)
		}
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.platform.set(func() {
		f.platform.enrollment = &einvoicev1.Enrollment{Enrolled: true, Settings: &einvoicev1.Settings{Activity: "goods", VatRegime: "monthly"}}
	})
	for endpoint, body := range endpoints {
		for role, who := range f.people {
			if role == rights.RoleAccountant && strings.HasPrefix(endpoint, "POST") {
				f.refused(t, who, endpoint, body, errs.Forbidden)
			} else if method, path, _ := strings.Cut(endpoint, " "); f.call(t, who, method, path, body).status >= 300 {
				t.Errorf("%s is refused to %s", endpoint, role)
			}
		}
	}
	shared := []string{"GET /einvoice/settings", "GET /einvoice/reports"}
	for endpoint, body := range portalOnly {
		f.refused(t, nil, endpoint, body, errs.Unauthenticated)
		f.refused(t, f.key, endpoint, body, errs.Unauthenticated)
		for role, who := range f.people {
			if role != rights.RoleMerchant && !slices.Contains(shared, endpoint) {
				f.refused(t, who, endpoint, body, errs.Forbidden)
			} else if method, path, _ := strings.Cut(endpoint, " "); f.call(t, who, method, path, body).status >= 300 {
				t.Errorf("%s is refused to %s", endpoint, role)
			}
		}
	}
}

func TestAnotherMerchantsInvoiceIsNotFound(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.must(t, 201, nil, "POST", "/auth/register", `{"email":"other@example.com","password":"`+password+`","name":"Other","iban":"`+iban+`"}`)
	other := as{"Authorization", "Bearer " + r.str("token")}
	for endpoint, body := range endpoints {
		if method, path, _ := strings.Cut(endpoint, " "); strings.Contains(path, invoiceID) {
			absent := strings.Replace(path, invoiceID, "INV-2026-ZZZZZZ-000009", 1)
			want := f.must(t, 404, f.key, method, absent, body)
			for name, r := range map[string]reply{
				"another merchant": f.must(t, 404, other, method, path, body), "live mode": f.must(t, 404, f.live, method, path, body),
				"a user in live mode": f.must(t, 404, f.people[rights.RoleMerchant], method, path+"?livemode=true", body),
			} {
				if r.text != want.text {
					t.Errorf("%s of %s answers %s, an absent one %s", endpoint, name, r.text, want.text)
				}
			}
		}
	}
	before := f.platform.called()
	for _, id := range []string{"a%2Fb", "..", strings.Repeat("a", 65), "%C3%A9", "a%20b"} {
		f.must(t, 404, f.key, "GET", invoices+"/"+id, "")
	}
	if f.platform.called() != before {
		t.Error("the service was asked for what can be no invoice")
	}
}

func TestTheKeyDeterminesTheMode(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for _, c := range []struct {
		who   as
		query string
		live  bool
	}{
		{f.key, "", false},
		{f.key, "?livemode=false", false},
		{f.live, "", true},
		{f.live, "?livemode=true", true},
		{f.people[rights.RoleMerchant], "", false},
		{f.people[rights.RoleMerchant], "?livemode=true", true},
	} {
		f.must(t, 200, c.who, "GET", invoices+c.query, "")
		if f.platform.asked().(*einvoicev1.ListInvoicesRequest).GetLivemode() != c.live {
			t.Errorf("%q asks for the other mode", c.query)
		}
	}
}

func TestAMerchantEnrols(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.people[rights.RoleMerchant]
	if err := f.accounts.Merchants.SetLogo(t.Context(), audit.ByUser(""), f.merchant.ID, []byte("png")); err != nil {
		t.Fatal(err)
	}
	r := f.must(t, 200, owner, "POST", "/einvoice/enroll", settingsBody)
	if strings.TrimSpace(r.text) != `{"enrolled":true,"mandate_status":"pending_kyb","ready":false}` {
		t.Errorf("got %s", r.text)
	}
	want := &einvoicev1.EnrollRequest{MerchantId: f.merchant.ID, Logo: []byte("png"), Settings: &einvoicev1.Settings{
		LegalName: "My Store SAS", Siret: "12345678200010", VatNumber: "FR32123456782", Email: "owner@example.com", Iban: iban,
		Address:  &einvoicev1.Address{Street: "1 rue de la Paix", PostCode: "75002", City: "Paris", Country: "FR"},
		Activity: "goods", VatRegime: "monthly", PaymentTermDays: 30,
	}}
	if !proto.Equal(f.platform.asked(), want) {
		t.Errorf("asked %v", f.platform.asked())
	}
	r = f.must(t, 200, owner, "GET", "/einvoice/enrollment/onboarding-link?livemode=true", "")
	if strings.TrimSpace(r.text) != `{"url":"https://kyb.example/x?a=1&b=2","expires_at":"2026-06-17T13:00:00.000Z"}` {
		t.Errorf("got %s", r.text)
	}
	for body, field := range map[string]string{`{"siret":7}`: "siret", `{"term_days":1.5}`: "term_days", `{"regime":"x"}`: "regime", `{"footer":"a\nb"}`: "footer"} {
		if r := f.must(t, 400, owner, "POST", "/einvoice/enroll", body); r.fields() != field {
			t.Errorf("%s: got %s", body, r.text)
		}
	}
}

func TestOneSettingIsChangedAndTheOthersStay(t *testing.T) {
	t.Parallel()
	f := setup(t)
	had := &einvoicev1.Settings{
		LegalName: "My Store SAS", Siret: "12345678200010", Activity: "goods", VatRegime: "monthly", VatOnDebits: true, PaymentTermDays: 30,
		Address: &einvoicev1.Address{City: "Paris", Country: "FR"}, Footer: "Merci", LatePenalties: "a", RecoveryFee: "b", EarlyDiscount: "c",
	}
	f.platform.set(func() { f.platform.enrollment = &einvoicev1.Enrollment{Enrolled: true, Settings: had} })
	owner := f.people[rights.RoleMerchant]
	r := f.must(t, 200, owner, "PATCH", "/einvoice/settings", `{"footer":"","consumer_mediator":"CM2C","vat_on_debits":false,"term_days":0,"vat_regime":"quarterly"}`)
	want := proto.Clone(had).(*einvoicev1.Settings)
	want.Footer, want.ConsumerMediator, want.VatOnDebits, want.PaymentTermDays, want.VatRegime = "", "CM2C", false, 0, "quarterly"
	if !proto.Equal(f.platform.asked(), &einvoicev1.UpdateSettingsRequest{MerchantId: f.merchant.ID, Settings: want}) {
		t.Errorf("asked %v", f.platform.asked())
	}
	if !strings.Contains(r.text, `"vat_regime":"quarterly","vat_on_debits":false`) || !strings.Contains(r.text, `"penalties":"a","recovery":"b","discount":"c","footer":"","consumer_mediator":"CM2C"`) {
		t.Errorf("got %s", r.text)
	}
	if r := f.must(t, 400, owner, "PATCH", "/einvoice/settings", `{}`); r.fields() != "body" {
		t.Errorf("got %s", r.text)
	}
	if r := f.must(t, 200, f.people[rights.RoleAccountant], "GET", "/einvoice/reports", ""); !strings.Contains(r.text, `"number":2,"status":"sent","platform_id":"rpt_1"`) {
		t.Errorf("got %s", r.text)
	}
}

func TestAHookIsForwardedUnchanged(t *testing.T) {
	t.Parallel()
	f := setup(t)
	const body = `{ "event_id":"evt_1",  "event_type":"invoice.status_updated" }`
	for path, live := range map[string]bool{"/webhooks/seqino": true, "/webhooks/seqino/test": false} {
		r := f.must(t, 204, nil, "POST", path, body, "X-Seqino-Signature", signature, "Cookie", "session=1", "Authorization", "Bearer x")
		asked := f.platform.asked().(*einvoicev1.HandlePlatformHookRequest)
		if string(asked.GetBody()) != body || asked.GetLivemode() != live || asked.GetHeaders()["x-seqino-signature"] != signature || r.text != "" {
			t.Errorf("asked %v", asked)
		}
		if asked.GetHeaders()["cookie"] != "" || asked.GetHeaders()["authorization"] != "" {
			t.Errorf("a secret was handed on: %v", asked.GetHeaders())
		}
		if r := f.must(t, 401, nil, "POST", path, body, "X-Seqino-Signature", "bad"); r.str("code") != "INVALID_SIGNATURE" {
			t.Errorf("got %s", r.text)
		}
	}
	before := f.platform.called()
	f.must(t, 413, nil, "POST", "/webhooks/seqino", strings.Repeat("a", maxHook+1), "X-Seqino-Signature", signature)
	if f.platform.called() != before {
		t.Error("a body that is too large was handed on")
	}
}

func TestHooksAreLimited(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.must(t, 204, nil, "POST", "/webhooks/seqino", "{}", "X-Seqino-Signature", signature)
	for range hooksPerMinute - 1 { // as many more requests would
		if _, err := f.limiter.Allow(t.Context(), ratelimit.IPKey("seqino", netip.MustParseAddr("127.0.0.1")), hooksPerMinute); err != nil {
			t.Fatal(err)
		}
	}
	if r := f.must(t, 429, nil, "POST", "/webhooks/seqino/test", "{}", "X-Seqino-Signature", signature); r.json["retry_after"] == nil {
		t.Errorf("got %s", r.text)
	}
}
