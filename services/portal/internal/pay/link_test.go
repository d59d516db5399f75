package pay_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
)

func linkSays(more string) string {
	return `{"success":true,"data":{"merchant_name":"My <b>Store","currency":"EUR","description":"Bicycle","livemode":true,` + more + `}}`
}

func TestThePageOfALinkSaysHowItStands(t *testing.T) {
	w := setup(t)
	for name, c := range map[string]struct{ more, has, hasn string }{
		"fixed":   {`"status":"active","amount":29.99`, `action="/l/7Fq2mXc9Tb"`, `name="amount"`},
		"open":    {`"status":"active","minimum_amount":5,"maximum_amount":10`, `name="amount"`, "Already paid"},
		"paid":    {`"status":"paid","amount":5,"payment":{"reference":"` + ref + `","status":"completed","amount":5}`, "/pay/result?reference=" + ref, `name="key"`},
		"expired": {`"status":"expired","amount":5`, "has expired", `name="key"`},
		"revoked": {`"status":"revoked","amount":5`, "was withdrawn", `name="key"`},
		"taken":   {`"status":"taken","amount":5`, "Look again", `name="key"`},
	} {
		w.answers(200, linkSays(c.more))
		p := w.get("/l/7Fq2mXc9Tb", desk)
		if p.status != 200 || !strings.Contains(p.text, c.has) || strings.Contains(p.text, c.hasn) || strings.Contains(p.text, "<b>Store") {
			t.Errorf("%s: %d %s", name, p.status, p.text)
		}
		if p.header.Get("Cache-Control") != "no-store" || p.header.Get("X-Robots-Tag") != "noindex" {
			t.Errorf("%s: may be kept", name)
		}
	}
	w.refuses(eupay.ErrNotFound, 404)
	if p := w.get("/l/1111111111", desk); p.status != 404 || !strings.Contains(p.text, "no payment link") {
		t.Errorf("no link: %d %s", p.status, p.text)
	}
	w.refuses(eupay.ErrRateLimitExceeded, 429)
	if p := w.get("/l/1111111111", desk); p.status != 429 {
		t.Errorf("too many: %d", p.status)
	}
}

// pays sends the form of a link.
func (w *world) pays(form url.Values) page {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+"/l/7Fq2mXc9Tb", strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return w.open(req)
}

func TestThePayerOfALinkIsLedToTheBank(t *testing.T) {
	w := setup(t)
	w.answers(201, `{"success":true,"data":{"reference":"`+ref+`","amount":12.5,"currency":"EUR","status":"pending_sca","livemode":true,"payment_url":"https://bank.example/2"}}`)
	p := w.pays(url.Values{"amount": {"12,50"}, "key": {"k1"}, "bank": {"5a0d0b01-0001-5b0c-8000-000000000001"}})
	if p.status != 200 || !strings.Contains(p.text, "https://bank.example/2") {
		t.Errorf("%d %s", p.status, p.text)
	}
	if asked := w.asked[len(w.asked)-1]; !strings.Contains(asked, "/links/7Fq2mXc9Tb/pay k1") || !strings.Contains(asked, `"amount":12.5`) || !strings.Contains(asked, `"bank":"5a0d0b01`) {
		t.Errorf("asked %s", asked)
	}
	w.answers(201, `{"success":true,"data":{"reference":"`+ref+`","amount":12.5,"currency":"EUR","status":"pending","livemode":true,"payment_url":"javascript:alert(1)"}}`)
	if p := w.pays(url.Values{"key": {"k1"}}); p.status != http.StatusSeeOther || p.header.Get("Location") != "/pay/result?reference="+ref {
		t.Errorf("without a page: %d %s", p.status, p.header.Get("Location"))
	}
}

const listOfBanks = `{"success":true,"data":[
	{"id":"5a0d0b01-0001-5b0c-8000-000000000001","name":"Bank <i>of Nowhere","logo_url":"https://connection.example/1.webp","countries":["FR"],"cancellable":true,"stable":true,
		"transfers":[{"execution_type":"instant","minimum_amount":1,"maximum_amount":500,"settlement":"tracked","trusted_beneficiary_required":false}]},
	{"id":"5a0d0b01-0002-5b0c-8000-000000000002","name":"Piggy","logo_url":"javascript:alert(1)","countries":["FR"],"cancellable":true,"stable":false,"incompatible":"Too little.",
		"transfers":[{"execution_type":"instant","minimum_amount":20,"settlement":"tracked","trusted_beneficiary_required":false}]},
	{"id":"5a0d0b01-0005-5b0c-8000-000000000005","name":"Snail","logo_url":"","countries":["FR"],"cancellable":true,"stable":true,"incompatible":"Snail makes no instant transfers.","transfers":[]}],
	"pagination":{"page":1,"limit":8,"total":9,"pages":2}}`

// offersBanks holds that a page offers the banks that can pay, and says of the others why they cannot.
func offersBanks(t *testing.T, p page) {
	t.Helper()
	for _, has := range []string{
		`value="5a0d0b01-0001-5b0c-8000-000000000001">`, `src="https://connection.example/1.webp"`, "Bank &lt;i&gt;of Nowhere", "From €1.00 · Usually up to €500.00",
		`value="5a0d0b01-0002-5b0c-8000-000000000002" disabled>`, "Takes payments from €20.00.", `value="5a0d0b01-0005-5b0c-8000-000000000005" disabled>`, "Makes no instant transfers", "There are more banks",
	} {
		if !strings.Contains(p.text, has) {
			t.Errorf("no %s in %s", has, p.text)
		}
	}
	if policy := p.header.Get("Content-Security-Policy"); !strings.Contains(policy, "img-src 'self' data: blob: https://connection.example;") {
		t.Errorf("the policy is %s", policy)
	}
}

func TestPayersChooseABankThatCanPay(t *testing.T) {
	w := setup(t)
	w.answersAt("/banks", listOfBanks)
	w.answers(200, linkSays(`"status":"active","amount":5`))
	offersBanks(t, w.get("/l/7Fq2mXc9Tb?bank_search=ban", desk))
	w.answers(200, preview(func(m map[string]any) {
		m["type"], m["gatewayReference"], m["status"], m["paymentUrl"], m["amount"], m["fixedAmount"] = "powens_qr_payment_request", nil, nil, nil, nil, false
	}))
	offersBanks(t, w.get("/pay?data=abc&bank_search=ban", desk))
	if asked := w.asked[len(w.asked)-1]; !strings.Contains(asked, "incompatible=true") || !strings.Contains(asked, "qrData=abc") || !strings.Contains(asked, "search=ban") {
		t.Errorf("asked %s", asked)
	}
	if p := w.get("/pay?data=abc", desk); strings.Contains(p.text, `name="bank"`) {
		t.Error("banks that nobody searched for are shown")
	}
	w.answersAt("/banks", `nothing`)
	if p := w.get("/pay?data=abc&bank_search=ban", desk); p.status != 200 || !strings.Contains(p.text, "not known right now") || !strings.Contains(p.text, "Pay with your bank") {
		t.Errorf("without banks: %d %s", p.status, p.text)
	}
}

// The bank cannot make the payment: the payer reads why on the page, and has not left it.
func TestABankThatCannotPayIsRefusedBeforeTheBank(t *testing.T) {
	w := setup(t)
	w.answers(200, preview(func(m map[string]any) { m["type"], m["gatewayReference"] = "powens_qr_payment_request", "" }))
	w.answersAt("/banks", listOfBanks)
	w.refusesAt("/checkout", eupay.ErrBankIncompatible, 422)
	p := w.post(url.Values{"data": {"abc"}, "key": {"k"}, "bank": {"5a0d0b01-0001-5b0c-8000-000000000001"}, "bank_search": {"ban"}})
	if p.status != 422 || !strings.Contains(p.text, "The API says why.") || !strings.Contains(p.text, `value="5a0d0b01-0001-5b0c-8000-000000000001" checked>`) {
		t.Errorf("%d %s", p.status, p.text)
	}
	if asked := strings.Join(w.asked, "\n"); !strings.Contains(asked, `"bank":"5a0d0b01-0001-5b0c-8000-000000000001"`) {
		t.Error(asked)
	}
}
