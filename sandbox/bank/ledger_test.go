package bank

import (
	"strings"
	"testing"
	"time"
)

const businessIBAN = "FR1420041010050500013M02606"

func ledgerBank(t *testing.T, dir string, now func() time.Time) *Bank {
	t.Helper()
	b, err := New(Config{ClientID: "client", ClientSecret: "secret", Dir: dir, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// pay books a transfer of these cents to the business account, as if it had been executed.
func pay(b *Bank, cents int64) {
	b.transfer(Line{IBAN: businessIBAN, Cents: cents, Text: "VIR SEPA Order 7 PAY-20260617-0123456789ABCDEF", Name: "Ada", Other: "FR7630006000011234567890189"})
}

func TestWhatIsPaidIsBookedAsTold(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 17, 23, 30, 0, 0, time.UTC)
	b := ledgerBank(t, "", func() time.Time { return now })
	t.Cleanup(func() { _ = b.Close() })
	pay(b, 1)
	if n := len(b.BankLines(businessIBAN)); n != 0 {
		t.Fatalf("an account that nobody has connected has %d lines", n)
	}
	x, _ := b.links.add(connection{User: 1, Connector: connectors[0].UUID, Created: now, Nonce: "n", Own: businessIBAN})
	if a := x.accounts()[0]; a.IBAN != businessIBAN || a.Name != "Business account" {
		t.Errorf("%+v", a)
	}
	for name, c := range map[string]struct {
		rule    Booking
		pays    int
		lines   int
		cents   int64
		visible int
	}{
		"at once": {Booking{}, 1, 1, 1000, 1}, "twice": {Booking{Twice: true}, 1, 2, 2000, 2}, "never": {Booking{Never: true}, 1, 0, 0, 0},
		"late": {Booking{DelayMS: 1000}, 1, 1, 1000, 0}, "in a batch": {Booking{Batch: 3}, 3, 1, 3000, 1}, "in parts": {Booking{Split: 3}, 1, 3, 1000, 3},
	} {
		b.ledger.clear()
		b.SetBooking(c.rule)
		for range c.pays {
			pay(b, 1000)
		}
		var cents int64
		for _, l := range b.BankLines(businessIBAN) {
			cents += l.Cents
			if l.Date != "2026-06-18" { // in Paris
				t.Errorf("%s: booked on %s", name, l.Date)
			}
		}
		if n, seen := len(b.BankLines(businessIBAN)), len(b.ledger.of(businessIBAN, time.Time{}, now)); n != c.lines || cents != c.cents || seen != c.visible {
			t.Errorf("%s: %d lines of %d cents, %d visible", name, n, cents, seen)
		}
	}
	b.ledger.clear()
	b.SetBooking(Booking{Mangle: true, Anonymous: true})
	pay(b, 1000)
	if l := b.BankLines(businessIBAN)[0]; strings.Contains(l.Text, "PAY-") || !strings.Contains(strings.ReplaceAll(l.Text, "\n", ""), "PAY202606170123456789ABCDEF") || l.Other != "" {
		t.Errorf("%+v", l)
	}
}

func TestLinesSurviveARestart(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Now()
	b := ledgerBank(t, dir, func() time.Time { return now })
	id, err := b.BookLine(Line{IBAN: businessIBAN, Cents: -500, Text: "FEE"})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.ChangeLine(id, func(l *Line) { l.Deleted = true }); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = ledgerBank(t, dir, func() time.Time { return now })
	t.Cleanup(func() { _ = b.Close() })
	list := b.BankLines(businessIBAN)
	if len(list) != 1 || list[0].ID != id || !list[0].Deleted || list[0].Cents != -500 {
		t.Errorf("%+v", list)
	}
	if again, err := b.BookLine(Line{IBAN: businessIBAN, Cents: 1}); err != nil || again == id {
		t.Errorf("%d %v", again, err)
	}
	if _, err := b.BookLine(Line{IBAN: "FR00", Cents: 1}); err == nil {
		t.Error("an account number that is none is accepted")
	}
}
