package ledger

import (
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/migrations"
)

// again executes the statement of a migration that begins like this.
func (f *fixture) again(file, begins string) {
	f.t.Helper()
	text, err := migrations.FS.ReadFile(file)
	f.must(err)
	_, rest, found := strings.Cut(string(text), begins)
	statement, _, ended := strings.Cut(rest, ";\n")
	if !found || !ended {
		f.t.Fatalf("%s has no %q", file, begins)
	}
	f.exec(begins + statement)
}

// What the version before did not report is reported after the upgrade, once, and after its payment; and sales on debits are known.
func TestTheUpgradeReportsEarlierRefunds(t *testing.T) {
	t.Parallel()
	const file = "0201_debits_and_refunds.sql"
	f := setup(t)
	f.enrol("debits", true, platform.MandateActive, func(s *invoice.Settings) { s.VATOnDebits = true })
	r := f.create(business(90_00))
	f.pay(r, 90_00)
	_, err := f.credit(r, CreditNote{Amount: cents(30_00)})
	f.must(err)
	f.exec(`delete from transmissions where kind = 'collection' and subject in (select id from invoices)`) // as the version before
	f.collect()
	f.told(r, 30_00)
	f.again(file, "insert into transmissions")
	f.again(file, "insert into transmissions")
	f.clock.advance(20 * time.Minute)
	f.collect()
	f.told(r, 20_00)

	f.who = Who{"debits", true}
	f.create(private(90_00))
	f.exec(`update sale_parts set on_debits = false`)
	f.exec(`update sale_parts set sold_on = current_date`)
	f.again(file, "update sale_parts")
	if n := f.number(`select count(*) from sale_parts where on_debits and category = 'TPS1'`); n != 1 || f.number(`select count(*) from sale_parts where on_debits`) != 1 {
		t.Errorf("%d sales on debits", n)
	}
}
