package table

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// teller stands for the bank: what it gave back, and what is on its way, by reference.
type teller struct {
	done, open map[string]int64
}

func (b *teller) sum() (n int64) {
	for _, cents := range b.done {
		n += cents
	}
	return n
}

func (b *teller) all() int64 {
	n := b.sum()
	for _, cents := range b.open {
		n += cents
	}
	return n
}

// hears takes what the payments service was asked for; the same reference again is the same refund.
func (b *teller) hears(t *testing.T, asked []*paymentsv1.RefundOrderPayment, took bool) {
	t.Helper()
	for _, c := range asked {
		if _, known := b.done[c.GetReference()]; took && !known {
			b.open[c.GetReference()] = c.GetAmountCents()
		}
	}
}

// story is one order with its lines at several rates, and all that happens to it.
type story struct {
	*fixture
	t        *testing.T
	r        *rand.Rand
	bank     *teller
	order    *qrv1.Order
	products []string
	back     map[string]int32
}

const shelf = 100

func (f *fixture) story(t *testing.T, r *rand.Rand) *story {
	t.Helper()
	s := &story{fixture: f, t: t, r: r, bank: &teller{done: map[string]int64{}, open: map[string]int64{}}, back: map[string]int32{}}
	var items []*qrv1.OrderItem
	for range 1 + r.IntN(3) {
		id := f.product(t, f.merchant, "P", 1+r.Int64N(2000), shelf)
		s.products = append(s.products, id)
		items = append(items, item(id, 1+r.Int32N(4)))
	}
	req := f.paidRequest(items...)
	req.PaymentReference, req.Livemode = payRef, true
	s.order = f.mustPlace(t, req)
	for _, l := range s.order.GetLines() { // one line is a set menu of two rates
		if r.IntN(2) == 0 {
			continue
		}
		drinks := money.Cents(r.Int64N(l.GetTotalCents() + 1))
		split := vat.Sum([]vat.Share{vat.Whole(drinks, vat.Standard), vat.Whole(money.Cents(l.GetTotalCents())-drinks, vat.Intermediate)})
		if _, err := f.pool.Exec(t.Context(), `update order_lines set taxes = $3 where order_id = $1 and position = $2`, s.order.GetId(), l.GetPosition(), split); err != nil {
			t.Fatal(err)
		}
	}
	f.apply(t, payment("completed", s.order, payRef))
	return s
}

// step is anything that can happen.
func (s *story) step() {
	s.t.Helper()
	s.clock.Advance(10 * time.Minute)
	switch s.r.IntN(8) {
	case 0, 1, 2:
		s.cancelSome()
	case 3:
		if list := s.cancellationsOf(s.t, s.order); len(list) > 0 {
			_, _ = s.fixture.refundAgain(s.t, s.order, list[s.r.IntN(len(list))].GetId())
		}
	case 4:
		code := []errs.Code{"", "", errs.Unavailable, errs.InvalidState}[s.r.IntN(4)]
		s.office.answers(code)
		s.bank.hears(s.t, given(s.t, s.office.heard(s.t)), code == "")
	case 5:
		s.decide(s.r.IntN(3) == 0)
	case 6:
		if left := s.order.GetTotalCents() - s.bank.all() - s.asked(); left > 0 {
			s.gives(fmt.Sprintf("REF-20260617-%016X", s.r.Int64()), 1+s.r.Int64N(left))
		}
	case 7:
		to := []Status{Preparing, Ready, Served, Cancelled}[s.r.IntN(4)]
		before := s.fixture.order(s.t, s.order.GetId())
		_, err := s.SetOrderStatus(s.t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: s.merchant, Id: s.order.GetId(), Status: string(to), Refund: to == Cancelled && s.r.IntN(2) == 0})
		if err == nil && to == Cancelled && before.GetStatus() == "received" {
			for _, l := range before.GetLines() {
				s.back[l.GetProductId()] += l.GetQuantity() - l.GetCancelledQuantity()
			}
		}
	}
}

// asked is what is wanted of the bank and has not reached it.
func (s *story) asked() (n int64) {
	s.t.Helper()
	if err := s.pool.QueryRow(s.t.Context(), `select coalesce(sum(amount_cents), 0)::bigint from order_refunds where order_id = $1 and status = 'requested'`, s.order.GetId()).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *story) cancelSome() {
	s.t.Helper()
	req := s.cancels(s.order)
	if s.r.IntN(4) > 0 {
		l := s.order.GetLines()[s.r.IntN(len(s.order.GetLines()))]
		req = s.cancels(s.order, l.GetPosition(), 1+s.r.Int32N(l.GetQuantity()))
	}
	if s.r.IntN(3) == 0 {
		req.Refund = proto.Bool(s.r.IntN(2) == 0)
	}
	if s.r.IntN(3) == 0 {
		req.Restock = proto.Bool(s.r.IntN(2) == 0)
	}
	req.IdempotencyKey = fmt.Sprint(s.r.Int64())
	res, err := s.cancelOrder(s.t, req)
	if err != nil {
		if code := errs.From(err).Code; code != errs.InvalidState && code != errs.RefundExceeds {
			s.t.Fatal(err)
		}
		return
	}
	if again := s.mustCancel(s.t, req); !again.GetReplayed() || again.GetCancellation().GetId() != res.GetCancellation().GetId() {
		s.t.Fatalf("repeated: %v", again)
	}
	for _, l := range res.GetCancellation().GetLines() {
		if res.GetCancellation().GetRestocked() {
			s.back[s.order.GetLines()[l.GetPosition()].GetProductId()] += l.GetQuantity()
		}
	}
}

// gives is a refund of which the money has left.
func (s *story) gives(reference string, cents int64) {
	s.bank.done[reference] = cents
	delete(s.bank.open, reference)
	e := changed("payment.refunded", s.merchant, true, refundedEvent(s.order, reference, cents, s.bank.sum()))
	s.apply(s.t, e, e) // twice
}

// decide ends a refund that is on its way.
func (s *story) decide(fails bool) {
	open := sortedKeys(s.bank.open)
	switch {
	case len(open) == 0:
	case fails:
		delete(s.bank.open, open[0])
		s.apply(s.t, refundFailure(s.order, open[0]))
	default:
		s.gives(open[0], s.bank.open[open[0]])
	}
}

func sortedKeys(m map[string]int64) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// settle lets everything come to its end.
func (s *story) settle() {
	s.t.Helper()
	s.office.answers("")
	for range 2 {
		s.clock.Advance(time.Hour)
		s.bank.hears(s.t, given(s.t, s.office.heard(s.t)), true)
	}
	for len(s.bank.open) > 0 {
		s.decide(false)
	}
}

// journalled is what the journal says of a kind of entries, as positive amounts by rate.
func (s *story) journalled(kind string) []vat.Share {
	s.t.Helper()
	bodies, err := readAll(s.t.Context(), s.pool, pgx.RowTo[string], `select body from journal where order_id = $1 and kind = $2`, s.order.GetId(), kind)
	if err != nil {
		s.t.Fatal(err)
	}
	var sum []vat.Share
	for _, text := range bodies {
		var b struct{ Taxes []vat.Share }
		if err := json.Unmarshal([]byte(text), &b); err != nil {
			s.t.Fatal(err)
		}
		sum = vat.Minus(sum, b.Taxes)
	}
	return sum
}

func (s *story) check() {
	s.t.Helper()
	o, err := readOrder(s.t.Context(), s.pool, s.order.GetId())
	if err != nil {
		s.t.Fatal(err)
	}
	if n := s.bank.sum(); n > int64(o.Totals.Total) || n != int64(o.Refunded) || len(s.bank.open) > 0 {
		s.t.Fatalf("%d were given back of %d, the order says %d", n, o.Totals.Total, o.Refunded)
	}
	var amount int64
	for _, c := range s.cancellationsOf(s.t, s.order) {
		amount += c.GetAmountCents()
	}
	gone := o.gone()
	if taxed, _ := vat.Total(gone.Taxes); amount != int64(gone.Amount) || taxed != gone.Amount {
		s.t.Fatalf("cancelled are %d, the lines say %v", amount, gone)
	}
	if o.left() == 0 && !slices.Equal(gone.Taxes, o.taxes()) {
		s.t.Fatalf("all is cancelled, and %v of %v is gone", gone.Taxes, o.taxes())
	}
	if got := s.journalled("cancelled"); !slices.Equal(got, gone.Taxes) {
		s.t.Fatalf("the journal has %v cancelled, the lines %v", got, gone.Taxes)
	}
	back := s.journalled("refunded")
	if gross, _ := vat.Total(back); int64(gross) != s.bank.sum() {
		s.t.Fatalf("the journal has %v refunded, the bank %d", back, s.bank.sum())
	}
	for _, left := range vat.Minus(o.taxes(), back) {
		if left.Gross < 0 || left.VAT < 0 {
			s.t.Fatalf("%v was refunded of %v", back, o.taxes())
		}
	}
	if gross, _ := vat.Total(back); gross == o.Totals.Total && !slices.Equal(back, o.taxes()) {
		s.t.Fatalf("all was refunded: %v of %v", back, o.taxes())
	}
	for i, l := range o.Lines {
		if n := s.stock(s.t, l.ProductID); n != shelf-int(l.Quantity)+int(s.back[s.products[i]]) {
			s.t.Fatalf("%d in stock of %s, %d came back of %d", n, l.ProductID, s.back[l.ProductID], l.Quantity)
		}
	}
}

// TestMoneyStockAndTaxesAgreeWhateverIsCancelled: cancellations of pieces with and without refunds, repeated, refunds that fail, are asked for again
// or come from elsewhere, in any order.
func TestMoneyStockAndTaxesAgreeWhateverIsCancelled(t *testing.T) {
	t.Parallel()
	f := setup(t)
	offer := &qrv1.Offer{Name: "Uneven", Type: "percentage", Value: 733} // so that pieces cost no whole cents
	if _, err := f.CreateOffer(t.Context(), &qrv1.CreateOfferRequest{MerchantId: f.merchant, Offer: offer}); err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(30) {
		s := f.story(t, rand.New(rand.NewPCG(seed, 6)))
		for range 14 {
			s.step()
		}
		s.settle()
		s.check()
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
}
