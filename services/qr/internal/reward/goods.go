package reward

import (
	"context"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// goods are what earns of a payment. A tip is given to the staff: it buys nothing.
type goods struct {
	cents int64
	pay   *paymentsv1.Payment
	// of is the part of a bill that the payment pays; nil if it pays none.
	of *part
}

// part is a part of a bill.
type part struct {
	ID, Bill string
	Cents    int64
	// Chosen says that its payer named the pieces.
	Chosen bool
}

func goodsOf(ctx context.Context, tx pgx.Tx, pay *paymentsv1.Payment) (goods, error) {
	if !paysOrder(pay) {
		return goods{cents: pay.GetAmountCents(), pay: pay}, nil
	}
	p, err := partOf(ctx, tx, pay)
	if err != nil || p == nil {
		return goods{cents: pay.GetAmountCents(), pay: pay}, err
	}
	return goods{p.Cents, pay, p}, nil
}

// paysOrder reports whether a payment is that of an order, or of a part of a bill.
func paysOrder(pay *paymentsv1.Payment) bool {
	return pay.GetOrigin() == "order" && isID(pay.GetOrderId()) && isID(pay.GetMerchantId())
}

// lines returns what was bought; nil if nobody can say. What a part of a bill pays for costs what the part costs.
func (g goods) lines(ctx context.Context, tx pgx.Tx) ([]line, error) {
	switch {
	case !paysOrder(g.pay):
		return nil, nil
	case g.of == nil:
		return linesOf(ctx, tx, g.pay)
	}
	list, err := linesOfPart(ctx, tx, g.of)
	return spread(g.cents, list), err
}

// spread has lines cost cents together, in proportion. It returns nil if they cost nothing.
func spread(cents int64, lines []line) []line {
	weights, total := make([]money.Cents, len(lines)), int64(0)
	for i, l := range lines {
		weights[i] = money.Cents(l.Cents)
		total += l.Cents
	}
	if total == 0 {
		return nil
	}
	for i, share := range money.Apportion(money.Cents(cents), weights) {
		lines[i].Cents = int64(share)
	}
	return lines
}
