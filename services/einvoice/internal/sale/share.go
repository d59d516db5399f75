package sale

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/vat"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// tip is the nature of what is no sale: a tip is given to the staff, apart from the price, and is in no report.
const tip invoice.Nature = "tip"

func readShare(ev consume.Event, now time.Time) (Event, error) {
	var b eventsv1.BillChanged
	if err := proto.Unmarshal(ev.Data, &b); err != nil || b.GetShare() == nil {
		return Event{}, err
	}
	return Event{Share: &b, At: now}, nil
}

// share records what a part of a bill pays at each rate. Bills are of tables: what is eaten there is a service.
func (b Book) share(ctx context.Context, tx pgx.Tx, c *eventsv1.BillChanged) error {
	return b.ordered(ctx, tx, c.GetMerchantId(), c.GetLivemode(), c.GetShare().GetShareId(), partsOfShare(c), nil)
}

// partsOfShare are the parts of the whole payment, its tip included. They are nil if one is negative.
func partsOfShare(c *eventsv1.BillChanged) []Part {
	if c.GetCurrency() != currency {
		return nil
	}
	parts := []Part{{Nature: tip, Amount: money.Cents(c.GetShare().GetTipCents())}}
	for _, t := range c.GetShare().GetTaxes() {
		parts = append(parts, Part{Nature: invoice.Services, VATPerMill: vat.Rate(t.GetVatRatePerMille()), Amount: money.Cents(t.GetGrossCents())})
	}
	if slices.ContainsFunc(parts, func(p Part) bool { return p.Amount < 0 }) {
		return nil
	}
	return slices.DeleteFunc(parts, func(p Part) bool { return p.Amount == 0 })
}
