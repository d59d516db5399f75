package e2e

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/sandbox/bank"
	eupay "european-pay.eu/eupay/sdk/go"
)

// banks waits for the list, which is read when the system has started.
func (m *merchant) banks(t *testing.T, p eupay.BankListParams) []eupay.Bank {
	t.Helper()
	var list *eupay.Page[eupay.Bank]
	eventually(t, "the banks are known", func() bool {
		var err error
		list, err = m.client.Banks.List(t.Context(), p)
		return err == nil
	})
	return list.Data
}

func TestABankIsChosenBeforeThePayment(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	all := m.banks(t, eupay.BankListParams{Country: "FR", Amount: 2999})
	if len(all) < 5 || !slices.IsSortedFunc(all, func(a, b eupay.Bank) int { return strings.Compare(a.Name, b.Name) }) {
		t.Fatalf("the banks are %+v", all)
	}
	resp, err := http.Get(all[0].LogoURL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the picture of a bank: %s", resp.Status)
	}
	at := func(id string) eupay.PaymentParams {
		return eupay.PaymentParams{Amount: 2999, Description: "Order", Bank: id, ExecutionType: eupay.ExecuteInstant}
	}
	for _, b := range m.banks(t, eupay.BankListParams{ExecutionType: eupay.ExecuteInstant}) {
		if b.ID == bank.Snail {
			t.Error("a bank without instant transfers is offered for one")
		}
	}
	var refused *eupay.Error
	if _, err := m.client.Payments.Create(t.Context(), at(bank.Snail)); !errors.As(err, &refused) || refused.Code != eupay.ErrBankIncompatible || !strings.Contains(refused.Message, "instant") {
		t.Errorf("a bank that makes no instant transfers: %v", err)
	}
	if _, err := m.client.Payments.Create(t.Context(), at("5a0d0b01-0009-5b0c-8000-000000000009")); !errors.Is(err, eupay.ErrValidation) {
		t.Errorf("a bank that does not exist: %v", err)
	}
	p, err := m.client.Payments.Create(t.Context(), at(bank.Shrug))
	if err != nil || p.Bank != bank.Shrug || p.Settlement != eupay.Untracked {
		t.Fatalf("%+v %v", p, err)
	}
	m.w.bank().authorise(t, p.Reference, nil)
	if event := m.site.next(t, "payment.completed", p.Reference); !strings.Contains(string(event.raw), `"settlement":"untracked"`) {
		t.Errorf("the webhook says %s", event.raw)
	}
}

// Nobody chose the bank in advance; the payer did at the provider.
func TestThePayersBankIsLearned(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	m.banks(t, eupay.BankListParams{})
	p := m.pays(t, nil)
	if p.Bank != "" || p.Settlement != "" {
		t.Errorf("a bank before anybody chose it: %+v", p)
	}
	m.w.bank().authorise(t, p.Reference, object{"connector": "nowhere"})
	m.site.next(t, "payment.completed", p.Reference)
	if now, err := m.client.Payments.Get(t.Context(), p.Reference); err != nil || now.Bank != bank.Nowhere || now.Settlement != eupay.Tracked {
		t.Errorf("%+v %v", now, err)
	}
}
