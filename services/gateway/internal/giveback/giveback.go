// Package giveback makes the refunds that were asked for with credit notes and that the request itself did not make: its caller went away, the
// gateway died, or the payments service did not answer. The einvoice service has them, each under a reference of its own, so that asking again
// finds the refund that there is.
package giveback

import (
	"context"
	"log/slog"
	"time"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/paying"
)

const (
	// every is how long a due refund may go unnoticed.
	every  = 15 * time.Second
	atOnce = 4
	// within is the deadline of one refund, which the einvoice service leaves to us for a minute.
	within = 45 * time.Second
	grace  = 5 * time.Second
)

// Refunder makes refunds; paying.Sender implements it.
type Refunder interface {
	Refund(ctx context.Context, request string, pass gate.Pass, r paying.Refund) (paying.Outcome, error)
}

// Merchants returns merchants.
type Merchants interface {
	Get(ctx context.Context, id string) (merchant.Merchant, error)
}

// Deps of New.
type Deps struct {
	Wanted    einvoicev1.CreditRefundsServiceClient
	Merchants Merchants
	Refunds   Refunder
	Log       *slog.Logger
}

// New returns the loop that makes the refunds. Call its Run.
func New(d Deps) *due.Loop[*einvoicev1.WantedRefund] {
	return due.New(due.Config[*einvoicev1.WantedRefund]{
		What: "refunds of credit notes", Every: every, AtOnce: atOnce, Within: within, Grace: grace, Claim: d.claim, Do: d.do, Log: d.Log,
	})
}

func (d Deps) claim(ctx context.Context, limit int) ([]*einvoicev1.WantedRefund, error) {
	res, err := d.Wanted.ClaimCreditRefunds(ctx, &einvoicev1.ClaimCreditRefundsRequest{Limit: int32(limit)})
	return res.GetRefunds(), err
}

// do asks for a refund and records the outcome. Without one it is claimed again later.
func (d Deps) do(ctx context.Context, r *einvoicev1.WantedRefund) {
	err := d.refund(ctx, r)
	if err != nil && paying.Unsettled(err) {
		d.Log.WarnContext(ctx, "refund of a credit note", "credit_note", r.GetCreditNoteId(), "refund", r.GetRefundReference(), "error", err)
		return
	}
	if err != nil {
		d.Log.WarnContext(ctx, "the refund of a credit note is refused", "credit_note", r.GetCreditNoteId(), "code", errs.From(err).Code)
	}
	end := paying.EndOfCreditNote(r.GetMerchantId(), r.GetLivemode(), r.GetCreditNoteId(), err)
	if _, err := d.Wanted.EndCreditRefund(ctx, end); err != nil {
		d.Log.WarnContext(ctx, "record the refund of a credit note", "credit_note", r.GetCreditNoteId(), "error", err)
	}
}

// refund makes the refund. That it was allowed was checked before its credit note was issued; that its merchant may move money is checked again.
func (d Deps) refund(ctx context.Context, r *einvoicev1.WantedRefund) error {
	m, err := d.Merchants.Get(ctx, r.GetMerchantId())
	if err != nil {
		return err
	}
	pass, err := gate.ForMerchant(m, r.GetLivemode())
	if err != nil {
		return err
	}
	_, err = d.Refunds.Refund(ctx, "", pass,
		paying.OfCreditNote(r.GetCreditNoteId(), r.GetRefundReference(), r.GetPaymentReference(), money.Cents(r.GetAmountCents())))
	return err
}
