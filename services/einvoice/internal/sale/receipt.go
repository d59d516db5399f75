package sale

import (
	"cmp"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/vat"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// readReceipt decodes money at the counter. What gives back no payment that is known is left out.
func readReceipt(ev consume.Event) (Event, error) {
	var r eventsv1.TillReceipt
	if err := proto.Unmarshal(ev.Data, &r); err != nil {
		return Event{}, err
	}
	switch {
	case r.GetMerchantId() != ev.Merchant || r.GetLivemode() != ev.Livemode || !r.GetOccurredAt().IsValid():
		return Event{}, fmt.Errorf("receipt %d is not of its merchant", r.GetSequence())
	case paymentOf(&r) == "":
		return Event{}, nil
	}
	return Event{Receipt: &r, At: r.GetOccurredAt().AsTime()}, nil
}

// paymentOf is the payment that a receipt is, or that it gives back.
func paymentOf(r *eventsv1.TillReceipt) string {
	if r.GetAmountCents() < 0 {
		return r.GetPaymentReference()
	}
	return cmp.Or(r.GetReference(), r.GetPaymentReference())
}

// receipt records money at the counter as a payment is recorded, with what it sold at each rate as its own split.
func (b Book) receipt(ctx context.Context, tx pgx.Tx, ev Event) error {
	r := ev.Receipt
	p := &paymentsv1.Payment{
		Reference: r.GetReference(), MerchantId: r.GetMerchantId(), Livemode: r.GetLivemode(), AmountCents: r.GetAmountCents(),
		OriginalReference: r.GetPaymentReference(), OrderId: r.GetReference(),
	}
	if p.AmountCents < 0 {
		p.AmountCents = -p.AmountCents
		return b.refund(ctx, tx, Event{Refund: p, At: ev.At})
	}
	e, enrolled, err := enrolment(ctx, tx, r.GetMerchantId(), r.GetLivemode())
	if err != nil || !enrolled {
		return err
	}
	if parts := receiptParts(r); len(parts) > 0 {
		if _, err := insertOrder(ctx, tx, e, r.GetReference(), parts, b.instant()); err != nil {
			return err
		}
	}
	return b.payment(ctx, tx, Event{Payment: p, At: ev.At})
}

// receiptParts is what a receipt sold at each rate.
func receiptParts(r *eventsv1.TillReceipt) []Part {
	nature := invoice.Services
	if r.GetGoods() {
		nature = invoice.Goods
	}
	var parts []Part
	for _, t := range r.GetTaxes() {
		if t.GetGrossCents() > 0 {
			parts = append(parts, Part{Nature: nature, VATPerMill: vat.Rate(t.GetVatRatePerMille()), Amount: money.Cents(t.GetGrossCents())})
		}
	}
	return merge(parts)
}
