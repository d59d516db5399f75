package ledger

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/vat"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// apply delivers events as the consumer does.
func (f *fixture) apply(list ...consume.Event) {
	f.t.Helper()
	f.must(pgx.BeginFunc(context.Background(), f.Pool, func(tx pgx.Tx) error { return f.Apply(context.Background(), tx, list) }))
}

// paymentEvent is an event about a payment of the fixture's merchant.
func (f *fixture) paymentEvent(what string, p *paymentsv1.Payment) consume.Event {
	f.t.Helper()
	p.MerchantId, p.Livemode = f.who.MerchantID, f.who.Livemode
	if p.GetCurrency() == "" {
		p.Currency = "EUR"
	}
	if p.GetCompletedAt() == nil {
		p.CompletedAt = timestamppb.New(f.clock.now())
	}
	data, err := proto.Marshal(&eventsv1.PaymentChanged{Payment: p})
	f.must(err)
	return consume.Event{Event: events.Event{ID: events.NewID(), Type: what, Data: data}}
}

func (f *fixture) paid(reference string, amount money.Cents, order string) consume.Event {
	f.t.Helper()
	return f.paymentEvent("payment.completed", &paymentsv1.Payment{Reference: reference, Kind: "payment", AmountCents: int64(amount), OrderId: order})
}

func (f *fixture) gaveBack(reference, of string, amount money.Cents) consume.Event {
	f.t.Helper()
	return f.paymentEvent("refund.completed", &paymentsv1.Payment{Reference: reference, Kind: "refund", OriginalReference: of, AmountCents: int64(amount)})
}

// ordered is the first event of an order eaten at a table, with lines of rate and amount.
func (f *fixture) ordered(id string, lines ...[2]int64) consume.Event {
	f.t.Helper()
	o := &eventsv1.OrderChanged{
		OrderId: id, MerchantId: f.who.MerchantID, Livemode: f.who.Livemode, OrderType: "dine_in", Currency: "EUR", PaymentStatus: "pending",
	}
	for _, l := range lines {
		o.Items = append(o.Items, &eventsv1.OrderedItem{VatRatePerMille: new(int32(l[0])), TotalCents: l[1]})
	}
	data, err := proto.Marshal(o)
	f.must(err)
	return consume.Event{Event: events.Event{ID: events.NewID(), Type: "order.awaiting_payment", Data: data}}
}

// seller enrols a merchant whose payments are sales at 20 %, goods, and makes it the fixture's.
func (f *fixture) seller(merchant string, change func(*invoice.Settings)) {
	f.t.Helper()
	f.enrol(merchant, true, platform.MandateActive, func(s *invoice.Settings) {
		rate := vat.Standard
		s.SalesRate, s.SalesNature = &rate, invoice.Goods
		if change != nil {
			change(s)
		}
	})
	f.who.MerchantID = merchant
}

// reported are the sums of e-reported sales of the fixture's merchant, by day, category and rate: net and VAT.
func (f *fixture) reported() map[string]string {
	f.t.Helper()
	return pairs[string, string](f, `select sold_on || ' ' || category || ' ' || rate, sum(net_cents) || '+' || sum(tax_cents) from (
			select sold_on, category, rate, net_cents, tax_cents from sale_parts where merchant_id = $1
			union all select sold_on, category, rate, net_cents, tax_cents from consumer_parts where merchant_id = $1) p
		group by 1, sold_on, category, rate having sum(net_cents) <> 0 or sum(tax_cents) <> 0`, f.who.MerchantID)
}

// pairs reads rows of two columns.
func pairs[K comparable, V any](f *fixture, sql string, args ...any) map[K]V {
	f.t.Helper()
	rows, err := f.Pool.Query(context.Background(), sql, args...)
	f.must(err)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct {
		Key   K
		Value V
	}])
	f.must(err)
	found := make(map[K]V, len(list))
	for _, p := range list {
		found[p.Key] = p.Value
	}
	return found
}

func (f *fixture) reports(want map[string]string) {
	f.t.Helper()
	if got := f.reported(); fmt.Sprint(got) != fmt.Sprint(want) {
		f.t.Fatalf("reported %v\n    want %v", got, want)
	}
}

func TestAPaymentWithoutAnInvoiceIsReported(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.seller("shop", nil)
	f.apply(f.paid("PAY-1", 1200, ""), f.paid("PAY-1", 1200, ""))
	f.reports(map[string]string{"2026-11-21 TLB1 200": "1000+200"})
	f.clock.advance(24 * time.Hour)
	f.apply(f.gaveBack("REF-1", "PAY-1", 600))
	f.apply(f.gaveBack("REF-1", "PAY-1", 600))
	f.reports(map[string]string{"2026-11-21 TLB1 200": "1000+200", "2026-11-22 TLB1 200": "-500+-100"})
	f.clock.set(time.Date(2026, 11, 30, 23, 30, 0, 0, time.UTC)) // the next day in France
	f.apply(f.paid("PAY-2", 120, ""))
	if got := f.reported()["2026-12-01 TLB1 200"]; got != "100+20" {
		t.Errorf("a payment after midnight in France: %q", got)
	}
	if n := f.number(`select count(*) from report_periods where merchant_id = 'shop' and kind = 'payments'`); n != 0 {
		t.Errorf("payments of goods are in %d reports", n)
	}
}

func TestAnOrderIsReportedWithItsOwnVAT(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.seller("bistro", func(s *invoice.Settings) { s.SalesRate, s.SalesNature = nil, "" })
	want := map[string]string{"2026-11-21 TPS1 100": "1000+100", "2026-11-21 TPS1 200": "500+100"}
	f.apply(f.ordered("o1", [2]int64{100, 1100}, [2]int64{200, 600}), f.paid("PAY-1", 1700, "o1"))
	f.reports(want)
	// The other way round, and with a tip that the order does not have.
	f.clock.advance(24 * time.Hour)
	f.apply(f.paid("PAY-2", 1700, "o2"))
	if n := f.number(`select count(*) from consumer_sales where unknown`); n != 1 {
		t.Errorf("%d payments are of unknown VAT, want 1", n)
	}
	f.apply(f.ordered("o2", [2]int64{100, 1100}, [2]int64{200, 600}))
	want["2026-11-22 TPS1 100"], want["2026-11-22 TPS1 200"] = "1000+100", "500+100"
	f.reports(want)
	if n := f.number(`select count(*) from consumer_sales where unknown`); n != 0 {
		t.Errorf("%d payments are of unknown VAT, want none", n)
	}
	if n := f.number(`select sum(net_cents + tax_cents) from consumer_parts where reportable`); n != 3400 {
		t.Errorf("payments of services in reports: %d cents", n)
	}
}

func TestWhatIsNoSaleIsNotReported(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.seller("quiet", func(s *invoice.Settings) { s.SalesRate, s.SalesNature = nil, "" })
	f.apply(f.paid("PAY-1", 1200, ""))
	f.reports(map[string]string{})
	f.seller("till", func(s *invoice.Settings) { s.SalesByTill = true })
	f.apply(f.paid("PAY-2", 1200, ""))
	f.reports(map[string]string{})
	f.seller("dollars", nil)
	f.apply(f.paymentEvent("payment.completed", &paymentsv1.Payment{Reference: "PAY-3", Kind: "payment", AmountCents: 1200, Currency: "USD"}))
	f.who.MerchantID = "stranger"
	f.apply(f.paid("PAY-4", 1200, ""), f.gaveBack("REF-4", "PAY-4", 600))
	f.seller("billed", nil)
	o := business(1200)
	o.PaymentReference = "PAY-5"
	f.create(o)
	f.apply(f.paid("PAY-5", 1500, "")) // what is too much is to be given back, it is no sale
	f.reports(map[string]string{})
	if n := f.number(`select count(*) from consumer_sales`); n != 1 {
		t.Errorf("%d payments are recorded as sales, want that of unknown VAT", n)
	}
}

func TestASaleThatIsInvoicedLaterIsNotReportedTwice(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.seller("shop", nil)
	f.apply(f.paid("PAY-1", 12000, ""), f.paid("PAY-2", 12000, ""), f.paid("PAY-3", 12000, ""))
	f.clock.advance(15 * 24 * time.Hour)
	o := business(12000)
	o.PaymentReference = "PAY-1"
	if r := f.create(o); r.Status != StatusPaid || r.Document.Process != "M2" {
		t.Errorf("the invoice is %s, process %s", r.Status, r.Document.Process)
	}
	f.reports(map[string]string{"2026-11-21 TLB1 200": "20000+4000"})
	// A consumer's invoice takes the sale's place on the sale's day, at its own rates.
	o = invoice.Order{Customer: invoicetest.Private(), PaymentReference: "PAY-2", Items: []invoice.Item{invoicetest.Item("Roman", 1, 12000, 55)}}
	r := f.create(o)
	f.reports(map[string]string{"2026-11-21 TLB1 200": "10000+2000", "2026-11-21 TLB1 55": "11374+626"})
	// One guest of four wants an invoice of his share.
	o = invoice.Order{Customer: invoicetest.Private(), PaymentReference: "PAY-3", Items: []invoice.Item{invoicetest.Item("Repas", 1, 3000, 200)}}
	f.create(o)
	f.reports(map[string]string{"2026-11-21 TLB1 200": "10000+2000", "2026-11-21 TLB1 55": "11374+626"})
	// What is credited was given back once, whether the refund came through EU Pay or not.
	f.apply(f.gaveBack("REF-2", "PAY-2", 12000))
	f.must2(f.Credit(t.Context(), f.who, r.Number, CreditNote{}, Idempotency{}))
	f.reports(map[string]string{"2026-11-21 TLB1 200": "10000+2000", "2026-11-21 TLB1 55": "11374+626", "2026-12-06 TLB1 55": "-11374+-626"})
}

func (f *fixture) must2(_ Corrected, err error) {
	f.t.Helper()
	f.must(err)
}

// history is one random payment with what becomes of it.
type history struct {
	reference          string
	amount, refunded   money.Cents
	invoiced, credited money.Cents
	rate               vat.Rate
	invoices           []Record
	refunds            int
}

// expected is the turnover that is left of it: what was given back is in a credit note, in a refund, or in both.
func (h *history) expected() money.Cents { return h.amount - max(h.refunded, h.credited) }

// TestReportsAndInvoicesAreTheTurnover plays random payments, orders, refunds, later invoices and credit notes, in random order and some events
// twice, and wants at every rate: reports without invoices + invoices = turnover, to the cent; and that every change of a day is reported.
func TestReportsAndInvoicesAreTheTurnover(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for seed := range uint64(4) {
		f.seller(fmt.Sprintf("random%d", seed), nil)
		play(t, f, rand.New(rand.NewPCG(seed, 14)))
	}
}

func play(t *testing.T, f *fixture, r *rand.Rand) {
	t.Helper()
	var all []*history
	for step := range 50 {
		before, versions := f.reported(), f.versions()
		f.clock.advance(time.Duration(r.IntN(20)) * time.Hour)
		if len(all) == 0 || r.IntN(3) == 0 {
			all = append(all, f.newSale(r, len(all)))
		} else {
			f.happens(r, all[r.IntN(len(all))])
		}
		after := f.reported()
		for what := range before {
			if after[what] == "" {
				after[what] = "0"
			}
		}
		for what, sums := range after {
			if day := what[:10]; before[what] != sums && f.versionOf(day) <= versions[day] {
				t.Fatalf("%s, step %d: %s became %s, and its period is not reported again", f.who.MerchantID, step, what, sums)
			}
		}
		f.agrees(fmt.Sprintf("%s, step %d", f.who.MerchantID, step), all)
	}
}

// newSale is a payment alone or of an order, at one rate; its events come in any order, and some twice.
func (f *fixture) newSale(r *rand.Rand, n int) *history {
	h := &history{reference: fmt.Sprintf("PAY-%s-%d", f.who.MerchantID, n), amount: money.Cents(1 + r.IntN(20_000)), rate: vat.Standard}
	if r.IntN(2) == 0 {
		f.apply(f.paid(h.reference, h.amount, ""))
		return h
	}
	h.rate = vat.Rates[r.IntN(len(vat.Rates))]
	order := "order-" + h.reference
	list := []consume.Event{f.paid(h.reference, h.amount, order), f.ordered(order, [2]int64{int64(h.rate), int64(h.amount)})}
	if r.IntN(2) == 0 {
		slices.Reverse(list)
	}
	if r.IntN(2) == 0 {
		f.apply(list...)
		f.apply(list[r.IntN(2)])
		return h
	}
	f.apply(list[0])
	f.apply(list[1])
	return h
}

// happens lets something happen to a payment.
func (f *fixture) happens(r *rand.Rand, h *history) {
	rest := h.amount - h.invoiced
	switch r.IntN(4) {
	case 0, 1:
		// A refund of what no invoice has.
		if most := rest - max(0, h.refunded-h.credited); most > 0 && h.invoiced == 0 {
			h.refund(f, money.Cents(1+r.IntN(int(most))))
		}
	case 2:
		if rest-h.refunded <= 0 {
			return
		}
		o := invoice.Order{Customer: invoicetest.Private(), PaymentReference: h.reference}
		if r.IntN(2) == 0 {
			o.Customer = invoicetest.Business()
		}
		item := invoicetest.Item("Vente", 1, money.Cents(1+r.IntN(int(rest-h.refunded))), h.rate)
		o.Items = []invoice.Item{item}
		h.invoices = append(h.invoices, f.create(o))
		h.invoiced += item.UnitPrice
	default:
		if len(h.invoices) != 1 {
			return
		}
		of := f.read(h.invoices[0].ID)
		if most := of.Total - of.Credited; most > 0 && of.Paid == of.Total && h.refunded == h.credited {
			amount := money.Cents(1 + r.IntN(int(most)))
			f.must2(f.Credit(f.t.Context(), f.who, of.Number, CreditNote{Amount: &amount}, Idempotency{}))
			h.credited += amount
			if r.IntN(2) == 0 {
				h.refund(f, amount) // the money of the credit note
			} else {
				h.refunded = h.credited // by other means
			}
		}
	}
}

func (h *history) refund(f *fixture, amount money.Cents) {
	h.refunds++
	e := f.gaveBack(fmt.Sprintf("REF-%s-%d", h.reference, h.refunds), h.reference, amount)
	f.apply(e)
	f.apply(e)
	h.refunded += amount
}

// agrees wants the sums of reports and of businesses' invoices at each rate to be the turnover.
func (f *fixture) agrees(when string, all []*history) {
	f.t.Helper()
	want := map[vat.Rate]money.Cents{}
	for _, h := range all {
		want[h.rate] += h.expected()
	}
	got := pairs[vat.Rate, money.Cents](f, `select rate, sum(net_cents + tax_cents)::bigint from (
			select rate, net_cents, tax_cents from sale_parts where merchant_id = $1
			union all select rate, net_cents, tax_cents from consumer_parts where merchant_id = $1) p group by rate`, f.who.MerchantID)
	documents, err := readAll(context.Background(), f.Pool, `where i.merchant_id = $1 and i.audience = 'B2B'`, f.who.MerchantID)
	f.must(err)
	for _, d := range documents {
		list, err := invoice.Revenues(d.Document, nil)
		f.must(err)
		for _, s := range list {
			got[s.VATPerMill] += s.Net + s.Tax
		}
	}
	for _, rate := range vat.Rates {
		if got[rate] != want[rate] {
			f.t.Fatalf("%s: reports and invoices at %s are %s, the turnover is %s", when, rate, got[rate], want[rate])
		}
	}
}

// versions are those of the periods of sales, by each of their days.
func (f *fixture) versions() map[string]int64 {
	f.t.Helper()
	return pairs[string, int64](f, `select d::date::text, version from report_periods, generate_series(start_on, end_on, interval '1 day') d
		where merchant_id = $1 and kind = 'sales'`, f.who.MerchantID)
}

func (f *fixture) versionOf(day string) int64 { return f.versions()[day] }
