package export

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/einvoice/internal/fec"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

// fact is something that happened, and what it changes in sum.
type fact struct {
	at time.Time
	do func()
}

// story is a random month of a merchant, and its sums as one would add them up by hand.
type story struct {
	facts []fact
	// invoiced is what all documents are worth together, by rate of VAT.
	invoiced                             money.Cents
	tax                                  map[vat.Rate]money.Cents
	paid, refunded, cash, settled, count money.Cents
	// Standing orders: what was seen on the account, what the payer's bank says, and what of the former was taken back.
	standing, executed, undone money.Cents
}

// tell invents a month in which invoices are paid before and after they are issued, credited, cancelled and refunded in parts.
func (r *rig) tell(rnd *rand.Rand) *story {
	s := &story{tax: map[vat.Rate]money.Cents{}}
	day := func(from int) int { return from + rnd.IntN(max(1, 29-from)) }
	then := func(day int) time.Time {
		return time.Date(2026, 11, day, 8, 0, 0, 0, time.UTC).Add(time.Duration(rnd.IntN(14*3600)) * time.Second)
	}
	for n := range 8 {
		order := invoice.Order{Customer: invoicetest.Private()}
		if rnd.IntN(2) == 0 {
			order.Customer = invoicetest.Business()
		}
		for range 1 + rnd.IntN(3) {
			item := invoicetest.Item("Chose", 1+rnd.Int64N(3), money.Cents(1+rnd.IntN(50_000)), vat.Rates[rnd.IntN(len(vat.Rates))])
			item.Nature = []invoice.Nature{invoice.Goods, invoice.Services}[rnd.IntN(2)]
			order.Items = append(order.Items, item)
		}
		probe, err := invoice.New("INV-2026-AB12CD-999999", "2026-11-02", invoicetest.Settings(), order)
		if err != nil {
			r.t.Fatal(err)
		}
		r.sell(s, rnd, n, order, probe.Totals.Gross, day, then)
	}
	for n := range 4 {
		r.repeat(s, rnd, fmt.Sprintf("SUB-%02d/1", n), then(1+rnd.IntN(20)))
	}
	slices.SortStableFunc(s.facts, func(a, b fact) int { return a.at.Compare(b.at) })
	return s
}

// repeat invents the life of an occurrence of a standing order: its proof may be taken back at once or later, and come again.
func (r *rig) repeat(s *story, rnd *rand.Rand, reference string, at time.Time) {
	amount := money.Cents(1 + rnd.IntN(9000))
	if rnd.IntN(3) == 0 {
		s.executed += amount
		s.happens(at, func() { r.repeats(reference, amount, byBank, at) })
		return
	}
	for change := range 1 + rnd.IntN(3) {
		part, when := amount, at
		if change%2 == 1 {
			part = -amount
			s.undone += amount
		} else {
			s.standing += amount
		}
		s.happens(when, func() { r.repeats(reference, part, "settlement", when) })
		at = at.Add(time.Duration(rnd.IntN(3)) * 30 * time.Hour)
	}
}

func (s *story) happens(at time.Time, do func()) { s.facts = append(s.facts, fact{at, do}) }

// counts adds what a document changes.
func (s *story) counts(of []invoice.Revenue) {
	for _, v := range of {
		s.invoiced += v.Net + v.Tax
		s.tax[v.VATPerMill] += v.Tax
	}
}

// sell invents the life of one invoice.
func (r *rig) sell(s *story, rnd *rand.Rand, n int, order invoice.Order, total money.Cents, day func(int) int, then func(int) time.Time) {
	born := day(1)
	made, invoice380 := then(born), new(issued)
	s.happens(made, func() {
		*invoice380 = r.issues(order, made)
		s.counts(mustRevenues(r.t, invoice380.doc, nil))
	})
	after := func(at time.Time) time.Time { // not before the invoice
		if at.Before(made) {
			return made.Add(time.Second)
		}
		return at
	}
	switch rnd.IntN(4) {
	case 0: // cancelled: without a document, or by one
		at, by := after(then(day(born))), rnd.IntN(2) == 0
		s.happens(at, func() {
			if by {
				r.annuls(*invoice380, at)
			} else {
				r.withdraws(*invoice380, at)
			}
			s.counts(invoice.Withdrawn(invoice380.doc))
		})
	case 1: // paid in cash
		at := after(then(day(born)))
		s.cash += total
		s.happens(at, func() { r.receives(*invoice380, nil, total, at) })
	default: // paid with a payment that may come before the invoice and may be more than it
		r.settle(s, rnd, n, invoice380, total, then(day(1)), after, day)
	}
}

func (r *rig) settle(
	s *story, rnd *rand.Rand, n int, of *issued, total money.Cents, came time.Time, after func(time.Time) time.Time, day func(int) int,
) {
	brought := total + money.Cents(rnd.IntN(2)*rnd.IntN(5000))
	var row *paymentsv1.JournalRow
	s.paid += brought
	s.count++
	s.happens(came, func() { row = r.pays(fmt.Sprintf("PAY-%02d", n), brought, came) })
	linked := after(came.Add(time.Second))
	s.happens(linked, func() { r.receives(*of, row, total, linked) })
	left, back := brought, came
	var notes []invoice.Document
	for k := range rnd.IntN(3) {
		part := 1 + money.Cents(rnd.Int64N(int64(left)))
		if left -= part; left == 0 {
			break
		}
		back = back.Add(time.Duration(1+rnd.IntN(30)) * time.Hour)
		at := back
		s.refunded += part
		s.happens(at, func() { r.givesBack(fmt.Sprintf("REF-%02d-%d", n, k), row, part, at) })
		if noted := min(part, total/4); noted > 0 {
			on := after(at.Add(time.Minute))
			s.happens(on, func() {
				notes = append(notes, r.credits(*of, notes, noted, on))
				s.counts(mustRevenues(r.t, notes[len(notes)-1], nil))
			})
		}
	}
	if seen := day(came.Day()); rnd.IntN(2) == 0 {
		s.settled += brought
		at := time.Date(2026, 11, seen, 0, 0, 0, 0, time.UTC)
		noticed := time.Date(2026, 11, seen, 22, 30, 0, 0, time.UTC) // payments come earlier
		s.happens(noticed, func() {
			for _, p := range r.payments.rows {
				if p.GetReference() == fmt.Sprintf("PAY-%02d", n) {
					p.SettledAt = timestamppb.New(at)
				}
			}
		})
	}
}

func mustRevenues(t testing.TB, d invoice.Document, original *invoice.Document) []invoice.Revenue {
	t.Helper()
	of, err := invoice.Revenues(d, original)
	if err != nil {
		t.Fatal(err)
	}
	return of
}

// balances are those of a file of entries, VAT by its rate.
func balances(t testing.TB, raw []byte) map[string]money.Cents {
	t.Helper()
	report, err := fec.Check(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return report.Balances
}

// TestTheBooksOfAnyMonthAddUp: the entries have the sums of what happened; two halves of a month are the month; and a half that is over says the
// same whenever it is exported.
func TestTheBooksOfAnyMonthAddUp(t *testing.T) {
	t.Parallel()
	r := setup(t)
	r.clock.Advance(time.Date(2026, 11, 16, 12, 0, 0, 0, time.UTC).Sub(r.clock.Now()))
	for seed := range uint64(15) {
		r.who, r.payments.rows = Who{MerchantID: uuid.NewString()}, nil
		s := r.tell(rand.New(rand.NewPCG(seed, 1)))
		half := time.Date(2026, 11, 15, 23, 0, 0, 0, time.UTC) // midnight in France
		now := r.clock.Now()
		r.until(s, half)
		_, early := r.file(FEC, "2026-11-01", "2026-11-15")
		r.until(s, now.AddDate(1, 0, 0))
		r.clock.Advance(30 * 24 * time.Hour)
		_, first := r.file(FEC, "2026-11-01", "2026-11-15")
		_, second := r.file(FEC, "2026-11-16", "2026-11-30")
		x, whole := r.file(FEC, "2026-11-01", "2026-11-30")
		if !bytes.Equal(early, first) {
			t.Errorf("seed %d: the first half was\n%s\nand is\n%s", seed, early, first)
		}
		got, one, two := balances(t, whole), balances(t, first), balances(t, second)
		for account := range got {
			if got[account] != one[account]+two[account] {
				t.Errorf("seed %d: %s has %s in the halves and %s in the month", seed, account, one[account]+two[account], got[account])
			}
		}
		r.checkSums(s, seed, x, got)
		r.clock.Advance(-30 * 24 * time.Hour)
		if t.Failed() {
			return
		}
	}
}

// until lets happen what is before a time and has not happened.
func (r *rig) until(s *story, end time.Time) {
	for len(s.facts) > 0 && s.facts[0].at.Before(end) {
		s.facts[0].do()
		s.facts = s.facts[1:]
	}
}

func (r *rig) checkSums(s *story, seed uint64, x Export, got map[string]money.Cents) {
	r.t.Helper()
	for account, want := range map[string]money.Cents{"511000": s.paid - s.refunded - s.settled + s.executed, "512000": s.settled + s.standing - s.undone, "530000": s.cash} {
		if got[account] != want {
			r.t.Errorf("seed %d: %s has %s, want %s", seed, account, got[account], want)
		}
	}
	// What customers owe, and what belongs to no invoice: what was invoiced, less what came.
	came, left := s.paid+s.cash+s.standing+s.executed, s.refunded+s.undone
	if owed := got["411000"] + got["471000"]; owed != s.invoiced-came+left {
		r.t.Errorf("seed %d: customers and the suspense account have %s, want %s", seed, owed, s.invoiced-came+left)
	}
	var tax money.Cents
	for rate, of := range s.tax {
		tax += of
		if account := fmt.Sprintf("44571%03d", rate); -got[account] != of {
			r.t.Errorf("seed %d: %s has %s, want %s", seed, account, got[account], -of)
		}
	}
	if *x.Totals.Debit != *x.Totals.Credit {
		r.t.Errorf("seed %d: %s and %s", seed, *x.Totals.Debit, *x.Totals.Credit)
	}
	for _, kind := range []Kind{Sales, Invoices} {
		if table, _ := r.file(kind, "2026-11-01", "2026-11-30"); *table.Totals.Total != s.invoiced || *table.Totals.VAT != tax {
			r.t.Errorf("seed %d: %s has %s with VAT %s, want %s with %s", seed, kind, *table.Totals.Total, *table.Totals.VAT, s.invoiced, tax)
		}
	}
	if table, _ := r.file(Receipts, "2026-11-01", "2026-11-30"); *table.Totals.Received != came || *table.Totals.PaidOut != left {
		r.t.Errorf("seed %d: receipts have %s and %s, want %s and %s", seed, *table.Totals.Received, *table.Totals.PaidOut, came, left)
	}
}

// TestThePaymentOfAnInvoiceIsBookedWhereItBelongs: on the day of the payment, or when the invoice came later.
func TestThePaymentOfAnInvoiceIsBookedWhereItBelongs(t *testing.T) {
	t.Parallel()
	r := setup(t)
	order := invoice.Order{Customer: invoicetest.Business(), Items: []invoice.Item{invoicetest.Item("x", 1, 120_00, 200)}}
	i := r.issues(order, noon(11, 2))
	p := r.pays("PAY-1", 130_00, noon(11, 3)) // ten too much
	r.receives(i, p, 120_00, noon(11, 3).Add(time.Minute))
	r.givesBack("REF-1", p, 15_00, noon(11, 4)) // the ten, and five of the invoice
	early := r.pays("PAY-2", 120_00, noon(11, 5))
	r.repeats("SUB-1/1", 10_00, "settlement", noon(11, 5))
	r.repeats("SUB-1/1", -10_00, "settlement", noon(11, 5))
	r.repeats("SUB-1/2", 10_00, byBank, noon(11, 5))
	j := r.issues(order, noon(11, 6))
	r.receives(j, early, 120_00, noon(11, 6).Add(time.Minute))
	_, raw := r.file(FEC, "2026-11-01", "2026-11-30")
	var got []string
	for _, line := range strings.Split(strings.TrimSpace(string(raw)), "\r\n")[1:] {
		c := strings.Split(line, "\t")
		got = append(got, strings.Join([]string{c[2], c[3][6:], c[4], c[6], c[11], c[12]}, " "))
	}
	want := []string{
		"VE000001 02 411000 987654324 120,00 0,00", "VE000001 02 707000  0,00 100,00", "VE000001 02 44571200  0,00 20,00",
		"BQ000001 03 511000  130,00 0,00", "BQ000001 03 411000 987654324 0,00 120,00", "BQ000001 03 471000  0,00 10,00",
		"BQ000002 04 471000  10,00 0,00", "BQ000002 04 411000 987654324 5,00 0,00", "BQ000002 04 511000  0,00 15,00",
		"BQ000003 05 511000  120,00 0,00", "BQ000003 05 471000  0,00 120,00",
		"BQ000004 05 512000  10,00 0,00", "BQ000004 05 471000  0,00 10,00", "BQ000005 05 471000  10,00 0,00", "BQ000005 05 512000  0,00 10,00",
		"BQ000006 05 511000  10,00 0,00", "BQ000006 05 471000  0,00 10,00",
		"VE000002 06 411000 987654324 120,00 0,00", "VE000002 06 707000  0,00 100,00", "VE000002 06 44571200  0,00 20,00",
		"OD000001 06 471000  120,00 0,00", "OD000001 06 411000 987654324 0,00 120,00",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
