package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// Accounts looks up the bank accounts that customers have linked.
type Accounts interface {
	// Lookup returns the customer's account in the mode, or NOT_FOUND.
	Lookup(ctx context.Context, customerID string, livemode bool, accountID string) (payment.Party, error)
}

func (h *Handler) scanPay(ctx context.Context, r *request, c *paymentsv1.ScanPay) error {
	if c.GetCustomerId() == "" || c.GetAmountCents() <= 0 || c.GetMerchant().GetId() == "" {
		return fmt.Errorf("%w: a scan needs customer, amount and merchant", errUnreadable)
	}
	if _, err := h.engine.Provider(c.GetLivemode()); err != nil {
		return err
	}
	known, err := h.store.ByReference(ctx, c.GetReference())
	switch {
	case err == nil && known.CustomerID == c.GetCustomerId(): // redelivered: the account was checked the first time
		return h.recorded(ctx, r, known, store.NoMatch)
	case err == nil:
		return fmt.Errorf("%w: the reference belongs to another customer", errUnreadable)
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	payee, err := h.verifiedMerchant(ctx, c.GetMerchant(), c.GetLivemode())
	if err != nil {
		return err
	}
	payer, err := h.accounts.Lookup(ctx, c.GetCustomerId(), c.GetLivemode(), c.GetAccountId())
	if err != nil {
		return err
	}
	p, match, err := h.store.Scan(ctx, h.newScan(c, payee, payer), c.GetRequestId(),
		store.Idempotency{Key: c.GetIdempotencyKey(), Fingerprint: c.GetFingerprint()}, r.meta)
	if err != nil {
		return conflictOr(err)
	}
	return h.recorded(ctx, r, p, match)
}

// newScan returns the payment for a scanned code. A scan of a gateway payment is not marked as requested: the session of the
// gateway payment must be closed first.
func (h *Handler) newScan(c *paymentsv1.ScanPay, m *paymentsv1.Merchant, payer payment.Party) payment.Payment {
	p := h.newRequested(c.GetReference(), payment.KindPayment, m)
	p.MerchantID, p.Livemode = m.GetId(), c.GetLivemode()
	p.Amount, p.Currency, p.Description = money.Cents(c.GetAmountCents()), c.GetCurrency(), c.GetDescription()
	payer.Name = "" // the name is the bank's label for the account, not the holder's name
	p.ExecutionType, p.Beneficiary, p.Payer = "instant", payment.Beneficiary(m), payer
	p.ExpiresAt = p.RequestedAt.Add(h.engine.Config().ScanTTL)
	p.Origin, p.CustomerID, p.CodeRequest = payment.OriginQR, c.GetCustomerId(), c.GetRequestId()
	p.Metadata = codeMetadata(c)
	if c.GetGatewayReference() != "" {
		p.Origin, p.GatewayReference, p.RequestedAt = payment.OriginScan, c.GetGatewayReference(), nil
	}
	return p
}

// codeMetadata returns the content of the code, so that webhooks and reads tell the merchant which code was paid.
func codeMetadata(c *paymentsv1.ScanPay) string {
	type code struct {
		GatewayReference string `json:"gateway_reference,omitempty"`
		RequestID        string `json:"request_id"`
		Label            string `json:"label,omitempty"`
	}
	text, err := json.Marshal(map[string]code{"qr": {c.GetGatewayReference(), c.GetRequestId(), c.GetLabel()}})
	if err != nil { // cannot happen: the struct holds only strings
		panic(err)
	}
	return string(text)
}

// confirmReceived replies once the payment is held. Closing the session continues in the background if it takes longer.
func (h *Handler) confirmReceived(ctx context.Context, r *request, c *paymentsv1.ConfirmReceived) error {
	if c.GetActor() == "" {
		return fmt.Errorf("%w: a confirmation needs an actor", errUnreadable)
	}
	if _, err := h.engine.Provider(c.GetLivemode()); err != nil {
		return err
	}
	p, m, err := h.loadAllowed(ctx, c.GetMerchantId(), c.GetMerchantVersion(), c.GetLivemode(), c.GetReference())
	switch {
	case err != nil:
		return err
	case p.Kind != payment.KindPayment:
		return notARefund(p)
	case p.AwaitingConfirmation():
		return h.settle(ctx, r, p, payment.SettlementReport{MoneyReceived: true, Actor: c.GetActor(), Note: c.GetNote()}, c.GetAmountCents())
	case !m.EPCEnabled:
		distrusted.WithLabelValues("not_enabled").Inc()
		return errs.NothingToConfirm()
	}
	received := payment.Received{By: c.GetActor(), Note: c.GetNote()}
	if c.GetReceivedAt() != nil {
		at := c.GetReceivedAt().AsTime()
		received.At = &at
	}
	err = h.store.Receive(ctx, c.GetMerchantId(), c.GetLivemode(), c.GetReference(), money.Cents(c.GetAmountCents()), received,
		h.engine.NewDueAt(), r.meta)
	if err != nil {
		return conflictOr(err)
	}
	h.ack(r.msg)
	r.free() // the bank may be slow, and new commands must not wait for it
	p, err = h.store.Get(ctx, c.GetMerchantId(), c.GetLivemode(), c.GetReference())
	if err == nil && h.acquireBankSlot(p.Livemode) {
		defer h.releaseBankSlot(p.Livemode)
		p, err = h.engine.Receive(ctx, p)
	}
	var refused *errs.Error
	switch {
	case errors.As(err, &refused):
		h.replyRefused(r, refused)
	case err != nil: // the sweeper retries
		h.log.WarnContext(ctx, "confirmation not completed, the sweeper retries", "reference", c.GetReference(), "error", err)
	default:
		h.sendReply(r.reply, readyReply(p, store.NoMatch))
	}
	return nil
}
