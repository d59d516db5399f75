package export

import (
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

// booked makes the FEC of November with some accounts and returns its balances.
func (r *rig) booked(a Accounts, from, to invoice.Date) map[string]money.Cents {
	r.t.Helper()
	x, err := r.check(Request{Who: r.who, Kind: string(FEC), From: string(from), To: string(to), Company: company, Accounts: a})
	if err == nil {
		_, err = r.record(r.t.Context(), x, "", nil)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	r.makes()
	_, raw := r.read(x)
	return balances(r.t, raw)
}

func in(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, time.UTC) }

// sellInAdvance invents the life of a deposit, and returns what is left of it as an advance at the end.
func (r *rig) sellInAdvance(rnd *rand.Rand, from invoice.Date) (left money.Cents) {
	item := func(n invoice.Nature, most int) invoice.Item {
		it := invoicetest.Item("Chose", 1, money.Cents(1+rnd.IntN(most)), 200)
		if it.Nature = n; n == invoice.Services {
			it.VATPerMill = 100
		}
		return it
	}
	order := invoice.Order{Customer: invoicetest.Private(), Items: []invoice.Item{item(invoice.Goods, 90_000), item(invoice.Services, 90_000)}}
	early := order
	early.Deposit, early.Items = true, []invoice.Item{item(invoice.Goods, int(order.Items[0].UnitPrice)), item(invoice.Services, int(order.Items[1].UnitPrice))}
	deposit := r.issues(early, in(1+rnd.IntN(8), 9))
	advance := deposit.doc.Issued >= from
	left = deposit.doc.Totals.Net
	var notes []invoice.Document
	if rnd.IntN(3) == 0 {
		notes = append(notes, r.credits(deposit, notes, 1+money.Cents(rnd.Int64N(int64(deposit.doc.Totals.Gross-1))), in(10, 9)))
		left -= notes[0].Totals.Net
	}
	if rnd.IntN(4) > 0 {
		order.Deductions = []invoice.Deduction{invoice.Deduct(deposit.doc, notes)}
		final := r.issues(order, in(15, 9))
		switch rnd.IntN(4) {
		case 0: // cancelled by a document, or without one: the deposit is an advance again
			if rnd.IntN(2) == 0 {
				r.annuls(final, in(20, 9))
			} else {
				r.withdraws(final, in(20, 9))
			}
		case 1: // what was paid in advance is given back after all
			left = 0
			if part := order.Deductions[0].Gross() / 2; part > 0 {
				note := r.credits(deposit, notes, part, in(20, 9))
				r.exec(`update invoices set after_final = true where number = $1 and merchant_id = $2`, note.Number, r.who.MerchantID)
			}
		default:
			left = 0
		}
	}
	if !advance {
		return 0
	}
	return left
}

// TestDepositsAreAdvancesUntilTheirFinalInvoice: whatever happens to deposits, advances have what was paid for nothing yet; sales and advances
// together are what sales were before there were any, and neither customers nor VAT change; and two halves of a month are the month.
func TestDepositsAreAdvancesUntilTheirFinalInvoice(t *testing.T) {
	t.Parallel()
	r := setup(t)
	const from = invoice.Date("2026-11-04")
	for seed := range uint64(8) {
		r.who = Who{MerchantID: uuid.NewString()}
		rnd := rand.New(rand.NewPCG(seed, 7))
		var left money.Cents
		for range 6 {
			left += r.sellInAdvance(rnd, from)
		}
		with := Accounts{AdvancesFrom: from}
		got, plain := r.booked(with, "2026-11-01", "2026-11-30"), r.booked(Accounts{}, "2026-11-01", "2026-11-30")
		if got["419100"] != -left {
			t.Errorf("seed %d: advances have %s, want %s", seed, got["419100"], -left)
		}
		if _, there := plain["419100"]; there {
			t.Errorf("seed %d: deposits of before the first day are advances", seed)
		}
		halves := r.booked(with, "2026-11-01", "2026-11-14")
		for account, of := range r.booked(with, "2026-11-15", "2026-11-30") {
			halves[account] += of
		}
		maps.DeleteFunc(halves, func(_ string, c money.Cents) bool { return c == 0 })
		whole := maps.Clone(got)
		maps.DeleteFunc(whole, func(_ string, c money.Cents) bool { return c == 0 })
		if !maps.Equal(halves, whole) {
			t.Errorf("seed %d: the halves have %v and the month %v", seed, halves, whole)
		}
		if got["707000"]+got["706000"]+got["419100"] != plain["707000"]+plain["706000"] {
			t.Errorf("seed %d: sales and advances %v are not the sales of before %v", seed, got, plain)
		}
		for _, account := range []string{"411000", "44571200", "44571100"} {
			if got[account] != plain[account] {
				t.Errorf("seed %d: %s has %s and had %s", seed, account, got[account], plain[account])
			}
		}
	}
}

// TestTheAccountsOfTheBooksAreSetOnce: they count for exports without accounts, and one that an export names comes first.
func TestTheAccountsOfTheBooksAreSetOnce(t *testing.T) {
	t.Parallel()
	r := setup(t)
	if a, err := r.AccountsOf(t.Context(), r.who); err != nil || a != defaults {
		t.Fatalf("%+v, %v", a, err)
	}
	set, err := r.SetAccounts(t.Context(), r.who, Accounts{Bank: "512100", AdvancesFrom: "2026-12-01"})
	if err != nil || set.Bank != "512100" || set.Cash != "530000" || set.AdvancesFrom != "2026-12-01" {
		t.Fatalf("%+v, %v", set, err)
	}
	request := Request{Who: r.who, Kind: "fec", From: "2026-11-01", To: "2026-11-30", Company: company, Accounts: Accounts{Cash: "531000"}}
	x, _, err := r.Create(t.Context(), request, "k")
	if err != nil || x.Accounts.Bank != "512100" || x.Accounts.Cash != "531000" || x.Accounts.AdvancesFrom != "2026-12-01" || x.Accounts.Goods != "707000" {
		t.Fatalf("%+v, %v", x.Accounts, err)
	}
	if _, err := r.SetAccounts(t.Context(), r.who, Accounts{}); err != nil {
		t.Fatal(err)
	}
	if same, replayed, err := r.Create(t.Context(), request, "k"); err != nil || !replayed || same.ID != x.ID || same.Accounts.Bank != "512100" {
		t.Errorf("the same request after a change: %+v, %v", same, err)
	}
	if other, err := r.AccountsOf(t.Context(), Who{r.who.MerchantID, true}); err != nil || other != defaults {
		t.Errorf("the other mode: %+v, %v", other, err)
	}
	for what, wrong := range map[string]Accounts{"a word": {Bank: "bank"}, "no day": {AdvancesFrom: "2026-02-30"}, "too long": {VAT: "445710000000000000"}} {
		if _, err := r.SetAccounts(t.Context(), r.who, wrong); !errs.Is(err, errs.ValidationError) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, _, err := r.Create(t.Context(), Request{Who: r.who, Kind: "sales", From: "2026-11-01", To: "2026-11-30"}, ""); err != nil {
		t.Errorf("they are of a FEC alone: %v", err)
	}
}
