package e2e

import (
	"net/http"
	"testing"
)

func (m *merchant) cancel(t testing.TB, reference string) answer {
	t.Helper()
	return m.api.do(t, http.MethodPost, "/gateway/payments/"+reference+"/cancel", "")
}

// atBank creates a classic payment that the payer has authorised and the bank has not executed yet.
func (m *merchant) atBank(t testing.TB, connector string) payment {
	t.Helper()
	p := m.pays(t, object{"execution_type": "first_open_day"})
	m.w.bank().authorise(t, p.Reference, object{"connector": connector, "state": "pending"})
	eventually(t, "the bank has the payment", func() bool { return m.get(t, p.Reference).StatusDetail != "" })
	return p
}

func (m *merchant) toldOfCancel(t testing.TB, reference string) {
	t.Helper()
	if told := m.site.next(t, "payment.failed", reference).body.Data; told.Status != "cancelled" {
		t.Errorf("the webhook says %+v", told)
	}
}

func TestCancelBeforeThePayerArrives(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	p := m.pays(t, nil)
	if after := mustData[payment](t, m.cancel(t, p.Reference), http.StatusOK); after.Status != "cancelled" {
		t.Errorf("the payment is %+v", after)
	}
	m.toldOfCancel(t, p.Reference)
	if o := shared.bank().order(t, p.Reference); o.State != "rejected" {
		t.Errorf("the payer could still pay at the bank: %+v", o)
	}
	if again := mustData[payment](t, m.cancel(t, p.Reference), http.StatusOK); again.Status != "cancelled" {
		t.Errorf("the second cancellation says %+v", again)
	}
}

func TestABankCancelsAtOnce(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	p := m.atBank(t, "nowhere")
	if after := mustData[payment](t, m.cancel(t, p.Reference), http.StatusOK); after.Status != "cancelled" || after.AuthorisationURL != "" {
		t.Errorf("the payment is %+v", after)
	}
	m.toldOfCancel(t, p.Reference)
}

func thePayerApprovesACancellation(t *testing.T) {
	m := shared.newMerchant(t)
	p := m.atBank(t, "ask-twice")
	asked := mustData[payment](t, m.cancel(t, p.Reference), http.StatusOK)
	if asked.Status != "pending_sca" || asked.AuthorisationURL == "" {
		t.Fatalf("the payment is %+v", asked)
	}
	b := openTab(t)
	b.goTo(asked.AuthorisationURL)
	b.sees("#authorise")
	b.click("#authorise")
	b.lands("cancel", p, "cancelled")
	m.toldOfCancel(t, p.Reference)
}

func TestThePayerDeclinesACancellation(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	p := m.atBank(t, "ask-twice")
	if asked := mustData[payment](t, m.cancel(t, p.Reference), http.StatusOK); asked.AuthorisationURL == "" {
		t.Fatalf("the payment is %+v", asked)
	}
	shared.bank().act(t, "refuse", p.Reference, object{})
	shared.bank().act(t, "settle", p.Reference, object{"state": "done"})
	m.site.next(t, "payment.completed", p.Reference)
	if after := m.get(t, p.Reference); after.Status != "completed" {
		t.Errorf("the payment is %+v", after)
	}
}

func TestABankThatCannotCancel(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	p := m.atBank(t, "no-way-back")
	m.cancel(t, p.Reference).refused(t, http.StatusConflict, "CANCEL_NOT_SUPPORTED")
	if after := m.get(t, p.Reference); after.Status != "pending_sca" || after.CancelRequested {
		t.Errorf("the payment is %+v", after)
	}
	shared.bank().act(t, "settle", p.Reference, object{"state": "done"})
	m.site.next(t, "payment.completed", p.Reference)
	m.cancel(t, p.Reference).refused(t, http.StatusConflict, "INVALID_STATE")
}
