package commands

import (
	"context"
	"time"

	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/merchant"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// Merchants returns the merchants as payments knows them, whatever a command claims.
type Merchants interface {
	// Get returns merchant.ErrNotSynced if the merchant has not arrived yet in this or a newer version.
	Get(ctx context.Context, id string, version int64) (merchant.Merchant, error)
}

// syncWait is the first delay before a command is retried whose merchant has not arrived yet. The delay grows up to maxSyncWait.
const (
	syncWait    = 50 * time.Millisecond
	maxSyncWait = 5 * time.Second
)

// verifiedMerchant returns our copy of the merchant that the command claims to pay. A claim with another account is refused and
// counted: the sender has outdated data or is not who it should be.
func (h *Handler) verifiedMerchant(ctx context.Context, claimed *paymentsv1.Merchant, livemode bool) (*paymentsv1.Merchant, error) {
	m, err := h.merchants.Get(ctx, claimed.GetId(), claimed.GetVersion())
	if err != nil {
		return nil, err
	}
	if !m.SameAccount(claimed) {
		distrusted.WithLabelValues("account").Inc()
		h.log.ErrorContext(ctx, "command names a different account for its merchant", "merchant", claimed.GetId(),
			"version", claimed.GetVersion(), "known", m.Profile.GetVersion())
		e := errs.New(errs.Unavailable, "The merchant's bank account is being changed. Repeat the request in a moment.")
		e.RetryAfter = time.Second
		return nil, e
	}
	if err := h.checkAllowed(m, livemode); err != nil {
		return nil, err
	}
	return m.Profile, nil
}

// loadAllowed returns the payment and its merchant, provided that the merchant may move money.
func (h *Handler) loadAllowed(ctx context.Context, id string, version int64, livemode bool, reference string) (payment.Payment, merchant.Merchant, error) {
	p, err := h.store.Get(ctx, id, livemode, reference)
	if err != nil {
		return payment.Payment{}, merchant.Merchant{}, conflictOr(err)
	}
	m, err := h.merchants.Get(ctx, id, version)
	if err != nil {
		return payment.Payment{}, merchant.Merchant{}, err
	}
	return p, m, h.checkAllowed(m, livemode)
}

// checkAllowed returns an error if the merchant may not move money. It is counted, because the sender should have refused the
// request.
func (h *Handler) checkAllowed(m merchant.Merchant, livemode bool) error {
	err := m.CheckAllowed(livemode)
	if err != nil {
		distrusted.WithLabelValues("not_enabled").Inc()
	}
	return err
}
