package reward

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// shared is the payment of a part of a bill, its tip included. The bill has a coffee for 4 euros and a cake for 6. cake: its payer chose the cake.
func (f *fixture) shared(who string, cents, tip int64, cake bool) *paymentsv1.Payment {
	f.t.Helper()
	merchant, share, bill := uuid.NewString(), uuid.NewString(), uuid.NewString()
	p, _, _ := f.ordered(merchant, who)
	order := p.GetOrderId()
	kind := "amount"
	if cake {
		kind = "items"
	}
	for _, x := range []struct {
		sql  string
		args []any
	}{
		{`insert into bills (id, merchant_id, livemode, table_id, table_name, token, status, sequence, created_at, updated_at)
			values ($1, $2, false, $1, 'T', $3, 'open', 1, now(), now())`, []any{bill, merchant, strings.ReplaceAll(bill, "-", "")}},
		{`update orders set bill_id = $2 where id = $1`, []any{order, bill}},
		{
			`insert into bill_shares (id, bill_id, merchant_id, livemode, kind, status, amount_cents, tip_cents, items, description, page, payment_reference,
			merchant_version, due_at, expires_at, created_at, updated_at)
			values ($1, $2, $3, false, $4, 'paid', $5, $6, case when $4 = 'items' then jsonb_build_array(
				jsonb_build_object('order_id', $7::text, 'position', 1, 'quantity', 1, 'cents', $5::bigint)) else '[]' end, '', '', '', 1, null, now(), now(), now())`,
			[]any{share, bill, merchant, kind, cents, tip, order},
		},
	} {
		if _, err := f.pool.Exec(f.t.Context(), x.sql, x.args...); err != nil {
			f.t.Fatal(err)
		}
	}
	p.OrderId, p.AmountCents = share, cents+tip
	return p
}

// TestATipEarnsNothing: the payment of a part of a bill has its tip in it, and points were given for it too.
func TestATipEarnsNothing(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for name, c := range map[string]struct {
		program *qrv1.RewardProgram
		cake    bool
		want    string
	}{
		"everything":           {&qrv1.RewardProgram{}, false, "earned +5, taken_back -2, taken_back -3"},
		"a minimum of goods":   {&qrv1.RewardProgram{MinimumCents: 600}, false, ""},
		"a category of a bill": {&qrv1.RewardProgram{Categories: []string{"sweets"}}, false, "earned +3, taken_back -2, taken_back -1"},
		"a piece of it":        {&qrv1.RewardProgram{Categories: []string{"sweets"}}, true, "earned +5, taken_back -2, taken_back -3"},
		"another piece":        {&qrv1.RewardProgram{Categories: []string{"drinks"}}, true, ""},
	} {
		p := f.shared("C-1", 500, 150, c.cake)
		c.program.Active, c.program.PointsPerEuroHundredths = true, 100
		f.program(t, p.GetMerchantId(), c.program)
		id := f.enrol(t, p.GetMerchantId(), "C-1")
		f.handle(t, paid(p))
		for _, refunded := range []int64{200, 500, 650} { // goods first, as in the bill
			p.AmountRefundedCents, p.Sequence = refunded, p.GetSequence()+1
			f.handle(t, paid(p))
		}
		if got := f.ledger(t, p.GetMerchantId(), id); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestATipEarnsNothingInTheDefaultProgram, whose points are for the amount of the payment.
func TestATipEarnsNothingInTheDefaultProgram(t *testing.T) {
	t.Parallel()
	f := setup(t)
	p := f.shared("", 500, 150, false)
	p.MetadataJson, p.CustomerId = nil, "c_1"
	f.handle(t, participates(p.GetMerchantId(), true, noon), paid(p))
	p.AmountRefundedCents, p.Sequence = 200, 4
	f.handle(t, paid(p))
	f.is("c_1", "+5 -2 = 3")
}
