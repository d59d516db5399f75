package e2e

import (
	"errors"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
)

// TestAnInvoiceOfASupplierIsPaidInOneStep goes the whole way: the invoice comes, the merchant pays it and authorises that at its own bank,
// and the supplier's platform is told. Nothing of it is among what the merchant takes.
func TestAnInvoiceOfASupplierIsPaidInOneStep(t *testing.T) {
	t.Parallel()
	m, other := shared.mayInvoice(t), shared.mayInvoice(t)
	in := m.receives(t, "F-2026-71")
	var e *eupay.Error
	if _, err := m.client.Received.Pay(t.Context(), in.ID, eupay.PayParams{}); !errors.As(err, &e) || !strings.Contains(err.Error(), "confirm_iban") {
		t.Errorf("an unknown account is paid without a look: %v", err)
	}
	if _, err := other.client.Received.Pay(t.Context(), in.ID, eupay.PayParams{ConfirmIBAN: "0189"}); !errors.Is(err, eupay.ErrNotFound) {
		t.Errorf("another merchant pays it: %v", err)
	}
	p, err := m.client.Received.Pay(t.Context(), in.ID, eupay.PayParams{ConfirmIBAN: "0189"})
	if err != nil || p.Status != eupay.PaymentPendingSCA || p.PaymentURL == "" || p.Amount != 12000 {
		t.Fatalf("%+v, %v", p, err)
	}
	again, err := m.client.Received.Pay(t.Context(), in.ID, eupay.PayParams{ConfirmIBAN: "0189"})
	if err != nil || again.Reference != p.Reference || !again.Replayed {
		t.Fatalf("%+v, %v", again, err)
	}
	books := m.w.bank().orders(t, p.Reference)
	if len(books) != 1 || books[0].Beneficiary != "FR7630006000011234567890189" || books[0].Cents != 12000 || books[0].Label != "F-2026-71" {
		t.Fatalf("the bank has %+v", books)
	}
	m.w.bank().authorise(t, p.Reference, object{})
	eventually(t, "the supplier is told that it was paid", func() bool {
		got, err := m.client.Received.Get(t.Context(), in.ID)
		return err == nil && got.Status == eupay.ReceivedPaymentSent && len(got.Answers) == 1 && got.Answers[0].State == "sent" &&
			got.Payments[0].Status == eupay.PaymentCompleted
	})
	if _, err := m.client.Received.Pay(t.Context(), in.ID, eupay.PayParams{ConfirmIBAN: "0189"}); !errors.Is(err, eupay.ErrInvalidState) {
		t.Errorf("paid twice: %v", err)
	}
	if _, err := m.client.Payments.Get(t.Context(), p.Reference); !errors.Is(err, eupay.ErrNotFound) {
		t.Errorf("it is a payment of the merchant: %v", err)
	}
	list, err := m.client.Payments.List(t.Context(), eupay.PaymentListParams{})
	if err != nil || len(list.Data) != 0 {
		t.Errorf("listed %+v, %v", list, err)
	}
}

// TestAnOpenPaymentToASupplierIsCancelledAndMadeAnew: the bank knows, and the invoice can be paid again.
func TestAnOpenPaymentToASupplierIsCancelledAndMadeAnew(t *testing.T) {
	t.Parallel()
	m, other := shared.mayInvoice(t), shared.mayInvoice(t)
	in := m.receives(t, "F-2026-72")
	first, err := m.client.Received.Pay(t.Context(), in.ID, eupay.PayParams{ConfirmIBAN: "0189"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.client.Received.CancelPayment(t.Context(), in.ID); !errors.Is(err, eupay.ErrNotFound) {
		t.Errorf("another merchant cancels it: %v", err)
	}
	p, err := m.client.Received.CancelPayment(t.Context(), in.ID)
	if err != nil || p.Status != eupay.PaymentCancelled || p.Reference != first.Reference || p.PaymentURL != "" {
		t.Fatalf("%+v, %v", p, err)
	}
	again, err := m.client.Received.Pay(t.Context(), in.ID, eupay.PayParams{ConfirmIBAN: "0189"})
	if err != nil || again.Reference == first.Reference || again.Status != eupay.PaymentPendingSCA {
		t.Fatalf("%+v, %v", again, err)
	}
	m.w.bank().authorise(t, again.Reference, object{})
	eventually(t, "it is paid", func() bool {
		got, err := m.client.Received.Get(t.Context(), in.ID)
		return err == nil && got.Status == eupay.ReceivedPaymentSent && got.Payments[0].Status == eupay.PaymentCompleted && got.Payments[1].Status == eupay.PaymentCancelled
	})
}
