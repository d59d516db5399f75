package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

type scan struct {
	MerchantName, Type, GatewayReference string
	Amount                               *json.Number
	FixedAmount                          bool
	Label, ExpiresAt                     *string
}

func scans(t testing.TB, c caller, qrData string) answer {
	t.Helper()
	return c.do(t, http.MethodPost, "/qr/scan", object{"qrData": qrData}.json())
}

func TestAMerchantsCodeIsMadeAndScanned(t *testing.T) {
	t.Parallel()
	m, customer := shared.newMerchant(t), shared.newCustomer(t)
	type code struct {
		QRData, DeepLinkData string
		ExpiresAt            *string
	}
	fixed := must[code](t, m.portal.do(t, http.MethodPost, "/qr/generate", `{"amount":9.99,"label":"Payment to My Shop","expiresInMinutes":30}`), http.StatusOK)
	got := must[scan](t, scans(t, customer, fixed.QRData), http.StatusOK)
	if got.MerchantName != m.Name || !got.FixedAmount || got.Amount == nil || *got.Amount != "9.99" || got.Label == nil || *got.Label != "Payment to My Shop" ||
		got.ExpiresAt == nil || fixed.ExpiresAt == nil || *got.ExpiresAt != *fixed.ExpiresAt || got.Type != "powens_qr_payment_request" {
		t.Errorf("scanned %+v of %+v", got, fixed)
	}
	open := must[code](t, m.portal.do(t, http.MethodPost, "/qr/generate", `{}`), http.StatusOK)
	for _, scanned := range []string{open.QRData, open.DeepLinkData, strings.Replace(open.QRData, "https://www.", "https://", 1)} {
		if got := must[scan](t, scans(t, customer, scanned), http.StatusOK); got.FixedAmount || got.Amount != nil || got.ExpiresAt != nil || got.Label != nil {
			t.Errorf("scanned %+v", got)
		}
	}
	scans(t, customer, open.QRData[:len(open.QRData)-1]).refused(t, http.StatusBadRequest, "QR_INVALID")
}

func TestAScanThatTheProviderRefusesIs422(t *testing.T) {
	t.Parallel()
	m, customer := shared.newMerchant(t), shared.newCustomer(t)
	code := must[struct{ QRData string }](t, m.portal.do(t, http.MethodPost, "/qr/generate", `{"amount":9.99,"label":"Tea fault:error:400"}`), http.StatusOK)
	customer.links(t)
	in := object{"qrData": code.QRData, "accountId": customer.accounts(t)[0].ID}
	said := customer.do(t, http.MethodPost, "/qr/pay", in.json()).refused(t, http.StatusUnprocessableEntity, "PAYMENT_REFUSED")
	list := must[struct{ Data []payment }](t, m.api.do(t, http.MethodGet, payments+"?status_detail=refused_by_provider", ""), http.StatusOK).Data
	if len(list) != 1 || list[0].Status != "failed" || !strings.Contains(said.Message, list[0].Reference) {
		t.Errorf("recorded as %+v, told %q", list, said.Message)
	}
}

func TestTheCodeOfAPaymentIsScannedUntilItIsPaid(t *testing.T) {
	t.Parallel()
	m, customer := shared.newMerchant(t), shared.newCustomer(t)
	p := mustData[struct {
		Reference string
		Amount    json.Number
		Code      struct{ QRData string } `json:"qr_data"`
	}](t, m.api.do(t, http.MethodPost, "/gateway/payments", m.order(nil)), http.StatusCreated)
	code := p.Code.QRData
	got := must[scan](t, scans(t, customer, code), http.StatusOK)
	if got.Type != "gateway_qr_payment" || got.GatewayReference != p.Reference || got.MerchantName != m.Name || !got.FixedAmount || got.Amount == nil || *got.Amount != p.Amount {
		t.Errorf("scanned %+v of %+v", got, p)
	}
	shared.bank().authorise(t, p.Reference, object{})
	m.site.next(t, "payment.completed", p.Reference)
	if f := scans(t, customer, code).refused(t, http.StatusConflict, "INVALID_STATE"); !strings.Contains(f.Message, "already paid") {
		t.Errorf("got %q", f.Message)
	}
}
