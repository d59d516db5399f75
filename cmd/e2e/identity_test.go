package e2e

import (
	"net/http"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
)

// completes adds the legal data that live mode requires to the merchant's profile.
func (m *merchant) completes(t testing.TB) {
	t.Helper()
	if a := m.portal.do(t, http.MethodPatch, "/merchant", object{"legal_status": "SAS", "siren": "732829320"}.json()); a.status != http.StatusOK {
		t.Fatalf("the legal data is refused: %s", a.raw)
	}
}

func TestALivePaymentRequiresTheMerchantsLegalData(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	live := m.portalless().with(headers(m.newKey(t, eupay.APIKeyParams{Name: "live", Livemode: true}))...)
	order := object{"amount": 1, "description": "Déjà vu", "reference": "ORDER-7", "customer": object{"company": "ACME Corp.", "siren": "732829320"}}
	live.do(t, http.MethodPost, payments, order.json()).refused(t, http.StatusForbidden, "API_ACCESS_DISABLED")
	m.enableLive(t)
	p := mustData[payment](t, live.do(t, http.MethodPost, payments, order.json()), http.StatusCreated)
	if at := shared.live.ByReference(p.Reference); len(at) != 1 || at[0].Label != "Deja vu - ORDER-7" {
		t.Errorf("the bank shows %+v", at)
	}
}

func TestABankThatRequiresThePayersIdentityGetsItOrRefuses(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	order := object{"amount": 1, "description": "Order sandbox:identity"}
	m.api.do(t, http.MethodPost, payments, order.json())
	list := must[struct {
		Data []struct {
			FailureCode    string `json:"failure_code"`
			FailureMessage string `json:"failure_message"`
		}
	}](t, m.api.do(t, http.MethodGet, payments, ""), http.StatusOK)
	if len(list.Data) != 1 || list.Data[0].FailureCode != "payer_identity_required" || !strings.Contains(list.Data[0].FailureMessage, "customer") {
		t.Errorf("listed %+v", list)
	}
	order["customer"] = object{"first_name": "Germaine", "last_name": "Michu"}
	p := mustData[payment](t, m.api.do(t, http.MethodPost, payments, order.json()), http.StatusCreated)
	if p.Status != "pending_sca" || p.PaymentURL == "" {
		t.Errorf("the payment is %+v", p)
	}
}
