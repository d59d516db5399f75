package ledger

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/vat"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

// dish is a line of an order: pieces that cost something at each rate.
type dish struct {
	pieces, gone int64
	taxes, back  map[vat.Rate]money.Cents
}

// meal is an order of the fixture's merchant that was paid with one payment.
type meal struct {
	f        *fixture
	id       string
	payment  string
	sequence int64
	dishes   []*dish
	refunds  int
}

func grossOf(taxes map[vat.Rate]money.Cents) (sum money.Cents) {
	for _, c := range taxes {
		sum += c
	}
	return sum
}

func (f *fixture) meal(dishes ...*dish) *meal {
	id := uuid.NewString()
	m := &meal{f: f, id: id, payment: "PAY-" + id[:8], dishes: dishes}
	for _, d := range dishes {
		d.back = map[vat.Rate]money.Cents{}
	}
	return m
}

// left is what is left of the order by rate.
func (m *meal) left() map[vat.Rate]money.Cents {
	left := map[vat.Rate]money.Cents{}
	for _, d := range m.dishes {
		for rate, c := range d.taxes {
			if c -= d.back[rate]; c != 0 {
				left[rate] += c
			}
		}
	}
	return left
}

func (m *meal) total() (sum money.Cents) {
	for _, d := range m.dishes {
		sum += grossOf(d.taxes)
	}
	return sum
}

// event is the order as it is now.
func (m *meal) event(what string, c *eventsv1.OrderCancellation, r *eventsv1.RequestedRefund) consume.Event {
	m.sequence++
	o := &eventsv1.OrderChanged{
		OrderId: m.id, MerchantId: m.f.who.MerchantID, Livemode: m.f.who.Livemode, OrderType: "dine_in", Currency: "EUR", PaymentStatus: "paid", Number: 7,
		PaymentReference: m.payment, Sequence: m.sequence, Cancellation: c, RequestedRefund: r,
	}
	for _, d := range m.dishes {
		item := &eventsv1.OrderedItem{TotalCents: int64(grossOf(d.taxes)), CancelledCents: int64(grossOf(d.back)), Taxes: taxesOf(d.taxes), CancelledTaxes: taxesOf(d.back)}
		item.VatRatePerMille = new(item.GetTaxes()[0].GetVatRatePerMille())
		o.Items = append(o.Items, item)
	}
	data, err := proto.Marshal(o)
	m.f.must(err)
	return consume.Event{Event: events.Event{ID: events.NewID(), Type: "order." + what, Data: data}}
}

func taxesOf(taxes map[vat.Rate]money.Cents) (list []*eventsv1.OrderedTax) {
	for _, rate := range slices.Sorted(maps.Keys(taxes)) {
		list = append(list, &eventsv1.OrderedTax{VatRatePerMille: int32(rate), GrossCents: int64(taxes[rate])})
	}
	return list
}

// cancel takes a piece out of a dish, and returns the event of that and of its refund.
func (m *meal) cancel(i int, refund bool) []consume.Event {
	d := m.dishes[i]
	gone := map[vat.Rate]money.Cents{}
	left := grossOf(d.taxes) - grossOf(d.back)
	d.gone++
	amount := money.Cents(money.MulDivHalfAway(int64(grossOf(d.taxes)), d.gone, d.pieces)) - grossOf(d.back)
	rates := slices.Sorted(maps.Keys(d.taxes))
	weights := make([]money.Cents, len(rates))
	for i, rate := range rates {
		weights[i] = d.taxes[rate] - d.back[rate]
	}
	for i, share := range money.Apportion(min(amount, left), weights) {
		if share > 0 {
			gone[rates[i]], d.back[rates[i]] = share, d.back[rates[i]]+share
		}
	}
	c := &eventsv1.OrderCancellation{CancellationId: uuid.NewString(), AmountCents: int64(amount)}
	if !refund {
		return []consume.Event{m.event("lines_cancelled", c, nil)}
	}
	m.refunds++
	reference := fmt.Sprintf("REF-%s-%d", m.id[:8], m.refunds)
	asked := &eventsv1.RequestedRefund{Reference: reference, AmountCents: int64(amount), Taxes: taxesOf(gone)}
	return []consume.Event{m.event("lines_cancelled", c, asked), m.f.gaveBack(reference, m.payment, amount)}
}

// invoiced issues the invoice of what a ticket said was left.
func (m *meal) invoiced(left map[vat.Rate]money.Cents, change func(*invoice.Order)) Record {
	o := invoice.Order{Customer: invoicetest.Private(), PaymentReference: m.payment, AutoCredit: true, Paid: m.total()}
	for _, rate := range slices.Sorted(maps.Keys(left)) {
		item := invoicetest.Item("Menu", 1, left[rate], rate)
		item.Nature = invoice.Services
		o.Items = append(o.Items, item)
	}
	if change != nil {
		change(&o)
	}
	return m.f.create(o)
}

// compared runs the comparisons that are due.
func (f *fixture) compared() {
	f.t.Helper()
	_, err := f.credits.Once(f.t.Context())
	f.must(err)
	if n := f.number(`select count(*) from auto_credits where due_at <= $1`, f.clock.now()); n > 0 {
		f.t.Fatalf("%d comparisons failed", n)
	}
}

// worth is what an invoice is worth after its credit notes, and what was received for it, by rate.
func (f *fixture) worth(id uuid.UUID) (worth, got map[vat.Rate]money.Cents) {
	f.t.Helper()
	worth, got = map[vat.Rate]money.Cents{}, map[vat.Rate]money.Cents{}
	tx, err := f.Pool.Begin(f.t.Context())
	f.must(err)
	defer tx.Rollback(f.t.Context())
	r := f.read(id)
	parts, err := worthOf(f.t.Context(), tx, &r)
	f.must(err)
	for _, p := range parts {
		if p.Amount != 0 {
			worth[p.VATPerMill] += p.Amount
		}
	}
	parts, err = received(f.t.Context(), tx, id)
	f.must(err)
	for _, p := range parts {
		if p.Amount != 0 {
			got[p.VATPerMill] += p.Amount
		}
	}
	return worth, got
}

// menu are dishes at three rates, one of them with two.
func menu() []*dish {
	return []*dish{
		{pieces: 3, taxes: map[vat.Rate]money.Cents{100: 1001}},
		{pieces: 2, taxes: map[vat.Rate]money.Cents{200: 733}},
		{pieces: 2, taxes: map[vat.Rate]money.Cents{55: 311, 200: 190}},
	}
}

func TestWhatIsCancelledOfAnInvoicedOrderIsCredited(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.seller("bistro", nil)
	m := f.meal(menu()...)
	f.apply(f.paid(m.payment, m.total(), m.id), m.event("received", nil, nil))
	r := m.invoiced(m.left(), nil)
	f.compared()
	f.is(r.ID, StatusPaid, SeqinoSubmitted)
	for range 2 {
		list := m.cancel(2, true)
		f.apply(list...)
		f.compared()
		f.apply(list...) // again changes nothing
		f.compared()
	}
	if worth, got := f.worth(r.ID); !maps.Equal(worth, m.left()) || !maps.Equal(got, worth) {
		t.Fatalf("the invoice is worth %v, and %v was received for it; want %v", worth, got, m.left())
	}
	notes := f.number(`select count(*) from invoices n join credit_refunds c on c.credit_note_id = n.id and c.status = 'made' and c.amount_cents = n.credit_cents
		where n.corrects = $1`, r.ID)
	if notes != 2 || f.is(r.ID, StatusPaid, SeqinoSubmitted).Credited != 501 {
		t.Errorf("%d credit notes with their refunds, want 2", notes)
	}
	for i, n := range []int{3, 2} {
		for range n {
			f.apply(m.cancel(i, i == 0)...) // the money of the last ones is not given back
		}
	}
	f.compared()
	f.is(r.ID, StatusRefunded, SeqinoSubmitted)
	if types, _ := f.announced(r.ID); types[len(types)-1] != "invoice.refunded" {
		t.Errorf("announced %v", types)
	}
}

// A history is what may happen to an order and its invoice in any order, seen late, twice, or not in the order in which it happened.
func TestAnInvoiceIsWorthWhatIsLeftOfItsOrder(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.seller("bistro", nil)
	rng := rand.New(rand.NewPCG(7, 52))
	for n := range 40 {
		m := f.meal(menu()...)
		first := []consume.Event{f.paid(m.payment, m.total(), m.id), m.event("received", nil, nil)}
		f.apply(first...)
		outside := n%3 == 0
		var late []consume.Event
		var r *Record
		var back money.Cents
		issueAt, pieces := rng.IntN(7), rng.Perm(7)
		for step := range 1 + rng.IntN(7) {
			seen := maps.Clone(m.left())
			late = append(late, m.cancel([]int{0, 0, 0, 1, 1, 2, 2}[pieces[step]], true)...)
			if outside && step == 1 {
				if back = min(money.Cents(rng.IntN(300)), grossOf(m.left())); back > 0 {
					late = append(late, f.gaveBack("REF-"+m.id, m.payment, back))
				}
			}
			if rng.IntN(2) == 0 {
				seen = m.left() // the ticket was read before or after
			}
			if step == issueAt && len(seen) > 0 {
				issued := m.invoiced(seen, func(o *invoice.Order) {
					if n%4 == 1 {
						o.PaidOn, o.Method = f.today(), invoice.MethodCash
					}
				})
				r = &issued
			}
			rng.Shuffle(len(late), func(i, j int) { late[i], late[j] = late[j], late[i] })
			some := rng.IntN(len(late) + 1)
			f.apply(late[:some]...)
			if late = late[some:]; rng.IntN(3) == 0 {
				f.compared()
			}
		}
		f.apply(late...)
		f.compared()
		f.clock.advance(2 * refundPatience)
		f.compared()
		f.apply(first...)
		f.compared()
		if r == nil {
			continue
		}
		worth, got := f.worth(r.ID)
		left := m.left()
		switch {
		case !maps.Equal(worth, got):
			t.Fatalf("history %d: worth %v, received %v", n, worth, got)
		case outside && grossOf(worth) != max(0, grossOf(left)-back):
			t.Fatalf("history %d: worth %v, want %v less %s", n, worth, left, back)
		case !outside && !maps.Equal(worth, left):
			t.Fatalf("history %d: worth %v, want %v", n, worth, left)
		}
		sold := pairs[int64, int64](f, `select rate, sum(cents)::bigint from (
				select rate, net_cents + tax_cents as cents from consumer_parts where payment_reference = $1
				union all select s.rate, s.net_cents + s.tax_cents from sale_parts s join invoices i on i.id = s.source where $2 in (i.id, i.corrects)) p
			group by rate having sum(cents) <> 0`, m.payment, r.ID)
		for rate, cents := range worth {
			if sold[int64(rate)] != int64(cents) {
				t.Fatalf("history %d: reported %v, want %v", n, sold, worth)
			}
		}
	}
	if n := f.number(`select count(*) from invoices where corrects is not null`); n < 20 {
		t.Errorf("only %d credit notes: the histories say little", n)
	}
}

// What the merchant credits by hand counts, and what is given back of a payment without an order too.
func TestAnInvoiceIsNeverWorthMoreThanWhatWasKept(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.seller("shop", nil)
	f.apply(f.paid("PAY-1", 120_00, ""), f.paid("PAY-2", 50_00, ""))
	follows := private(100_00)
	follows.PaymentReference, follows.AutoCredit = "PAY-1", true
	r := f.create(follows)
	alone := private(50_00)
	alone.PaymentReference = "PAY-2"
	other := f.create(alone)
	after := func(want money.Cents) {
		t.Helper()
		f.clock.advance(2 * refundPatience)
		f.compared()
		if got := f.read(r.ID).Credited; got != want {
			t.Fatalf("credited %s, want %s", got, want)
		}
	}
	f.apply(f.gaveBack("REF-1", "PAY-1", 20_00), f.gaveBack("REF-O", "PAY-2", 20_00)) // more was paid than invoiced
	after(0)
	_, err := f.credit(r, CreditNote{Amount: cents(30_00)})
	f.must(err)
	f.apply(f.gaveBack("REF-2", "PAY-1", 10_00))
	after(30_00)
	f.apply(f.gaveBack("REF-3", "PAY-1", 30_00))
	after(40_00)
	f.apply(f.gaveBack("REF-4", "PAY-1", 60_00))
	after(100_00)
	f.is(r.ID, StatusRefunded, SeqinoSubmitted)
	if got := f.read(other.ID).Credited; got != 0 {
		t.Errorf("an invoice that follows nothing was credited %s", got)
	}
}

// A refund that is announced before the cancellation it belongs to waits for the rates.
func TestARefundWaitsForItsRates(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.seller("bistro", nil)
	m := f.meal(menu()...)
	f.apply(f.paid(m.payment, m.total(), m.id), m.event("received", nil, nil))
	r := m.invoiced(m.left(), nil)
	list := m.cancel(0, true)
	f.apply(list[1])
	f.compared()
	if got := f.read(r.ID).Credited; got != 0 {
		t.Fatalf("credited %s before the rates are known", got)
	}
	f.apply(list[0])
	f.compared()
	if worth, _ := f.worth(r.ID); !maps.Equal(worth, m.left()) {
		t.Fatalf("worth %v, want %v", worth, m.left())
	}
	f.apply(f.gaveBack("REF-outside", m.payment, 1_00))
	f.compared()
	before := f.read(r.ID).Credited
	f.clock.advance(refundPatience + time.Second)
	f.compared()
	if got := f.read(r.ID).Credited; got != before+1_00 {
		t.Errorf("credited %s, want %s: nobody says more of a refund elsewhere", got, before+1_00)
	}
}

func TestComparisonsAtOnceCreditOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.seller("bistro", nil)
	m := f.meal(menu()...)
	f.apply(f.paid(m.payment, m.total(), m.id), m.event("received", nil, nil))
	r := m.invoiced(m.left(), nil)
	f.apply(m.cancel(1, true)...)
	of := tie{who: f.who, invoice: r.ID, payment: m.payment, paid: m.total()}
	together(4, func(int) {
		if err := f.compare(t.Context(), of); err != nil {
			t.Error(err)
		}
	})
	if worth, _ := f.worth(r.ID); !maps.Equal(worth, m.left()) {
		t.Fatalf("worth %v, want %v", worth, m.left())
	}
	if n := f.number(`select count(*) from invoices where corrects = $1`, r.ID); n != 1 {
		t.Errorf("%d credit notes, want 1", n)
	}
}
