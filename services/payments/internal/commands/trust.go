package commands

import (
	"context"
	"time"

	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/merchant"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// Merchants knows the merchants, whatever a command says of them.
type Merchants interface {
	// Get returns merchant.ErrBehind for one that has not arrived yet in the version or a newer one.
	Get(ctx context.Context, id string, version int64) (merchant.Merchant, error)
}

// behindWait is how soon a command is looked at again whose merchant has not arrived yet; longer each time, up to maxBehindWait.
const (
	behindWait    = 50 * time.Millisecond
	maxBehindWait = 5 * time.Second
)

// payee is who is paid by a command that claims it, as payments knows the merchant. A claim that disagrees about the account is refused and
// counted: its sender has not heard of a change, or is not who it should be.
func (h *Handler) payee(ctx context.Context, claimed *paymentsv1.Merchant, livemode bool) (*paymentsv1.Merchant, error) {
	m, err := h.merchants.Get(ctx, claimed.GetId(), claimed.GetVersion())
	if err != nil {
		return nil, err
	}
	if !m.Agrees(claimed) {
		distrusted.WithLabelValues("account").Inc()
		h.log.Error("a command names another account of its merchant than is known", "merchant", claimed.GetId(),
			"version", claimed.GetVersion(), "known", m.Profile.GetVersion())
		e := errs.New(errs.Unavailable, "The merchant's account is being changed. Repeat the request in a moment.")
		e.RetryAfter = time.Second
		return nil, e
	}
	if err := h.may(m, livemode); err != nil {
		return nil, err
	}
	return m.Profile, nil
}

// allowed is a payment of the merchant, with the merchant, whose money may move now as payments knows it.
func (h *Handler) allowed(ctx context.Context, id string, version int64, livemode bool, reference string) (payment.Payment, merchant.Merchant, error) {
	p, err := h.store.Get(ctx, id, livemode, reference)
	if err != nil {
		return payment.Payment{}, merchant.Merchant{}, conflictOr(err)
	}
	m, err := h.merchants.Get(ctx, id, version)
	if err != nil {
		return payment.Payment{}, merchant.Merchant{}, err
	}
	return p, m, h.may(m, livemode)
}

// may counts what its sender should have refused already.
func (h *Handler) may(m merchant.Merchant, livemode bool) error {
	err := m.May(livemode)
	if err != nil {
		distrusted.WithLabelValues("not_enabled").Inc()
	}
	return err
}
