package sale

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// natureOf returns what an order sells. Food and drink that are eaten at the table are a service, what is taken away are goods (CJEU, C-231/94 and
// C-497/09).
func natureOf(o *eventsv1.OrderChanged) invoice.Nature {
	if o.GetOrderType() == dineIn {
		return invoice.Services
	}
	return invoice.Goods
}

// requested records what a refund that was asked for with the order gives back at each rate. It returns false if there is none, or it is recorded
// already. The refund itself may have come before.
func (b Book) requested(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, o *eventsv1.OrderChanged) (bool, error) {
	var parts []Part
	for _, s := range o.GetRequestedRefund().GetTaxes() {
		if s.GetGrossCents() > 0 {
			parts = append(parts, Part{Nature: natureOf(o), VATPerMill: vat.Rate(s.GetVatRatePerMille()), Amount: money.Cents(s.GetGrossCents())})
		}
	}
	if len(parts) == 0 || o.GetRequestedRefund().GetReference() == "" {
		return false, nil
	}
	return insertRefundSplit(ctx, tx, e, o.GetRequestedRefund().GetReference(), merge(parts), b.instant())
}

// shares returns how much of a refund comes from each part of what is left: first at what the order says that it gives back, as far as that is
// left, then the rest in proportion.
func (f facts) shares(r refund, amount money.Cents, left []Part) []money.Cents {
	rest, shares := slices.Clone(left), make([]money.Cents, len(left))
	amount = min(amount, sum(left))
	said := f.rated(r.parts)
	for i, share := range money.Apportion(min(amount, sum(said)), amounts(said)) {
		at := slices.IndexFunc(rest, func(p Part) bool { return p.Nature == said[i].Nature && p.VATPerMill == said[i].VATPerMill })
		if at < 0 {
			continue
		}
		here := min(share, rest[at].Amount)
		shares[at] += here
		rest[at].Amount -= here
		amount -= here
	}
	for i, share := range spread(amount, rest) {
		shares[i] += share
	}
	return shares
}

// spread splits an amount over parts in proportion, and over a tip only what the rest does not have: a bill gives its goods back first.
func spread(amount money.Cents, parts []Part) []money.Cents {
	bought, tips := amounts(parts), make([]money.Cents, len(parts))
	total := sum(parts)
	for i, p := range parts {
		if p.Nature == tip {
			bought[i], tips[i] = 0, p.Amount
			total -= p.Amount
		}
	}
	shares := money.Apportion(min(amount, total), bought)
	for i, share := range money.Apportion(max(0, amount-total), tips) {
		shares[i] += share
	}
	return shares
}

// rated returns parts at the rates that the merchant reports.
func (f facts) rated(parts []Part) []Part {
	if f.untaxed {
		parts = slices.Clone(parts)
		for i := range parts {
			parts[i].VATPerMill = 0
		}
	}
	return merge(parts)
}
