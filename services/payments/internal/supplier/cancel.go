package supplier

import (
	"context"
	"errors"

	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// CancelSupplierPayment implements SuppliersService.
func (s *Server) CancelSupplierPayment(ctx context.Context, r *paymentsv1.CancelSupplierPaymentRequest) (*paymentsv1.CancelSupplierPaymentResponse, error) {
	p, url, err := s.room.Cancel(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetReference())
	if err != nil {
		return nil, err
	}
	return &paymentsv1.CancelSupplierPaymentResponse{Payment: p.Proto(), AuthorisationUrl: url}, nil
}

// Cancel asks the bank to cancel a payment of a merchant. If the bank wants the merchant's approval, its page is returned. A cancellation without
// an answer is repeated until there is one. Errors: NOT_FOUND, INVALID_STATE and CANCEL_NOT_SUPPORTED, in words for who pays.
func (r *Room) Cancel(ctx context.Context, merchantID string, livemode bool, reference string) (payment.Payment, string, error) {
	known, err := r.Store.ByReference(ctx, reference)
	if errors.Is(err, store.ErrNotFound) || err == nil && (known.Kind != payment.KindSupplier || known.MerchantID != merchantID || known.Livemode != livemode) {
		return payment.Payment{}, "", errs.NotFound("Payment")
	}
	if err != nil {
		return payment.Payment{}, "", err
	}
	after, url, err := r.Engine.Cancel(ctx, known)
	switch {
	case errs.Is(err, errs.CancelNotSupported):
		return payment.Payment{}, "", errs.New(errs.CancelNotSupported, "Your bank cannot cancel this payment from here. Decline it there, or wait for its end.")
	case errs.Is(err, errs.InvalidState) && after.Status.Final():
		return payment.Payment{}, "", errs.New(errs.InvalidState, "The payment is %s and can no longer be cancelled.", after.Status)
	case errs.Is(err, errs.InvalidState):
		return payment.Payment{}, "", errs.New(errs.InvalidState, "Your bank is executing the payment, so it cannot be cancelled. Wait for its end.")
	}
	return after, url, err
}
