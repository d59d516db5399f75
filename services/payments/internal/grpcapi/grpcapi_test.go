package grpcapi

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/vaulttest"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
	"european-pay.eu/eupay/services/payments/migrations"
)

const reference = "PAY-20260617-0B25921FB72918ED"

func setup(t *testing.T) (s *Server, merchant string) {
	t.Helper()
	pool, _ := pgtest.New(t, "payments", migrations.FS)
	db := store.New(pool, vaulttest.New(t), time.Now, func() {})
	merchant = uuid.NewString()
	due := time.Now()
	_, _, err := db.Create(t.Context(), payment.Payment{
		Reference: reference, Kind: payment.KindPayment, MerchantID: merchant, Amount: 2999, Currency: "EUR", Description: "x",
		ExecutionType: "instant", Beneficiary: payment.Party{Kind: payment.Corporate}, DueAt: &due, ExpiresAt: due, Metadata: `{"a":1}`,
	}, store.Idempotency{}, store.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	return New(db, time.Now), merchant
}

func TestAPaymentIsSeenOnlyByItsMerchantInItsMode(t *testing.T) {
	t.Parallel()
	s, merchant := setup(t)
	got, err := s.GetPayment(t.Context(), &paymentsv1.GetPaymentRequest{MerchantId: merchant, Reference: reference})
	if err != nil || got.GetPayment().GetAmountCents() != 2999 || string(got.GetPayment().GetMetadataJson()) != `{"a":1}` {
		t.Fatalf("got %v, %v", got, err)
	}
	for name, r := range map[string]*paymentsv1.GetPaymentRequest{
		"another merchant": {MerchantId: uuid.NewString(), Reference: reference},
		"the other mode":   {MerchantId: merchant, Reference: reference, Livemode: true},
		"unknown":          {MerchantId: merchant, Reference: "PAY-20260617-0000000000000000"},
	} {
		if _, err := s.GetPayment(t.Context(), r); !errs.Is(err, errs.NotFoundCode) {
			t.Errorf("%s: payment answers %v", name, err)
		}
		h := &paymentsv1.ListHistoryRequest{MerchantId: r.GetMerchantId(), Reference: r.GetReference(), Livemode: r.GetLivemode()}
		if _, err := s.ListHistory(t.Context(), h); !errs.Is(err, errs.NotFoundCode) {
			t.Errorf("%s: history answers %v", name, err)
		}
		f := &paymentsv1.ListRefundsRequest{MerchantId: r.GetMerchantId(), Reference: r.GetReference(), Livemode: r.GetLivemode()}
		if _, err := s.ListRefunds(t.Context(), f); !errs.Is(err, errs.NotFoundCode) {
			t.Errorf("%s: refunds answer %v", name, err)
		}
	}
	list, err := s.ListPayments(t.Context(), &paymentsv1.ListPaymentsRequest{MerchantId: uuid.NewString(), Page: 1, Limit: 10})
	if err != nil || list.GetTotal() != 0 {
		t.Errorf("another merchant's list: %v, %v", list, err)
	}
}

func TestThePublicStatusNeedsOnlyTheReference(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	got, err := s.GetPaymentStatus(t.Context(), &paymentsv1.GetPaymentStatusRequest{Reference: reference})
	if err != nil || got.GetStatus() != "pending" || got.GetAmountCents() != 2999 {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := s.GetPaymentStatus(t.Context(), &paymentsv1.GetPaymentStatusRequest{Reference: "PAY-1"}); !errs.Is(err, errs.NotFoundCode) {
		t.Errorf("unknown: %v", err)
	}
}
