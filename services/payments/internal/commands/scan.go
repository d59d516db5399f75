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

// Accounts knows the bank accounts that customers linked.
type Accounts interface {
	// Lookup returns the account of the customer in the mode, else NOT_FOUND.
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
	case err == nil && known.CustomerID == c.GetCustomerId(): // delivered again: the account counted then
		return h.recorded(ctx, r, known, store.NoMatch)
	case err == nil:
		return fmt.Errorf("%w: the reference is somebody else's", errUnreadable)
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	payee, err := h.payee(ctx, c.GetMerchant(), c.GetLivemode())
	if err != nil {
		return err
	}
	payer, err := h.accounts.Lookup(ctx, c.GetCustomerId(), c.GetLivemode(), c.GetAccountId())
	if err != nil {
		return err
	}
	p, match, err := h.store.Scan(ctx, h.newScan(c, payee, payer), c.GetRequestId(), r.meta)
	if err != nil {
		return conflictOr(err)
	}
	return h.recorded(ctx, r, p, match)
}

// newScan is the payment of what was scanned. A gateway payment's own session is still to be closed, so its scan is not
// requested yet.
func (h *Handler) newScan(c *paymentsv1.ScanPay, m *paymentsv1.Merchant, payer payment.Party) payment.Payment {
	p := h.fresh(c.GetReference(), payment.KindPayment, m)
	p.MerchantID, p.Livemode = m.GetId(), c.GetLivemode()
	p.Amount, p.Currency, p.Description = money.Cents(c.GetAmountCents()), c.GetCurrency(), c.GetDescription()
	payer.Name = "" // the bank's word for the account, which is nobody's name
	p.ExecutionType, p.Beneficiary, p.Payer = "instant", beneficiary(m), payer
	p.ExpiresAt = p.RequestedAt.Add(h.engine.Config().ScanTTL)
	p.Origin, p.CustomerID, p.CodeRequest = payment.OriginQR, c.GetCustomerId(), c.GetRequestId()
	p.Metadata = codeMetadata(c)
	if c.GetGatewayReference() != "" {
		p.Origin, p.GatewayReference, p.RequestedAt = payment.OriginScan, c.GetGatewayReference(), nil
	}
	return p
}

// codeMetadata is what the code said, so that the merchant knows by webhook and read which of its codes was paid.
func codeMetadata(c *paymentsv1.ScanPay) string {
	type code struct {
		GatewayReference string `json:"gateway_reference,omitempty"`
		RequestID        string `json:"request_id"`
		Label            string `json:"label,omitempty"`
	}
	text, err := json.Marshal(map[string]code{"qr": {c.GetGatewayReference(), c.GetRequestId(), c.GetLabel()}})
	if err != nil { // a struct of texts
		panic(err)
	}
	return string(text)
}

// confirmReceived is done once the payment is held; what is left of closing its session goes on without the sender.
func (h *Handler) confirmReceived(ctx context.Context, r *request, c *paymentsv1.ConfirmReceived) error {
	if c.GetActor() == "" {
		return fmt.Errorf("%w: nobody confirms", errUnreadable)
	}
	if _, err := h.engine.Provider(c.GetLivemode()); err != nil {
		return err
	}
	p, m, err := h.allowed(ctx, c.GetMerchantId(), c.GetMerchantVersion(), c.GetLivemode(), c.GetReference())
	switch {
	case err != nil:
		return err
	case p.Kind != payment.KindPayment:
		return notARefund(p)
	case p.Undecided():
		return h.settle(ctx, r, p, payment.Word{Came: true, Actor: c.GetActor(), Note: c.GetNote()}, c.GetAmountCents())
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
	r.free() // the bank may take its time, and new commands must not wait for it
	p, err = h.store.Get(ctx, c.GetMerchantId(), c.GetLivemode(), c.GetReference())
	if err == nil && h.ask(p.Livemode) {
		defer h.asked(p.Livemode)
		p, err = h.engine.Receive(ctx, p)
	}
	var refused *errs.Error
	switch {
	case errors.As(err, &refused):
		h.refuse(r, refused)
	case err != nil: // the sweeper goes on
		h.log.Warn("confirmation not carried on, it is due", "reference", c.GetReference(), "error", err)
	default:
		h.answer(r.reply, readyReply(p, store.NoMatch))
	}
	return nil
}
