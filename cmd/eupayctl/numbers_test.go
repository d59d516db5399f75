package main

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	einvoice "european-pay.eu/eupay/services/einvoice/migrations"
	qr "european-pay.eu/eupay/services/qr/migrations"
)

const shop = "0b259210-0000-7000-8000-000000000001"

func tell(t *testing.T, b *bus.Bus, kind string, livemode bool, data proto.Message) {
	t.Helper()
	raw, err := proto.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	e := events.Event{ID: events.NewID(), Type: kind, Source: "einvoice", Merchant: shop, Livemode: livemode, Time: time.Now(), Data: raw}
	if _, err := b.JS.PublishMsg(t.Context(), e.Message(e.Subject())); err != nil {
		t.Fatal(err)
	}
}

func issued(number, credit string) *eventsv1.InvoiceChanged {
	return &eventsv1.InvoiceChanged{Invoice: &einvoicev1.Invoice{Number: number}, CreditNoteNumber: credit}
}

// TestARestoredDatabaseGivesNoNumberOutAgain raises what the stream knows better, by merchant, mode, series and year, and lowers nothing.
func TestARestoredDatabaseGivesNoNumberOutAgain(t *testing.T) {
	b := broker(t)
	pool, url := pgtest.New(t, "einvoice", einvoice.FS)
	t.Setenv("EUPAY_DATABASE_URL", url)
	if _, err := pool.Exec(t.Context(), `insert into counters values ($1, true, 'INV', 2026, 5), ($1, false, 'INV', 2026, 90)`, shop); err != nil {
		t.Fatal(err)
	}
	tell(t, b, "invoice.created", true, issued("INV-2026-AB12CD-000007", ""))
	tell(t, b, "invoice.paid", true, issued("INV-2026-AB12CD-000006", ""))
	tell(t, b, "invoice.credited", true, issued("INV-2026-AB12CD-000001", "CN-2026-AB12CD-000002"))
	tell(t, b, "invoice.created", false, issued("INV-2026-AB12CD-000041", ""))
	const behind = `"series":"INV","year":2026,"recorded":5,"given":7,"raised":`
	told := ok(t, "numbers", "raise", "--since", "1h", "-o", "json")
	contains(t, told, behind+"false", `"series":"CN","year":2026,"recorded":0,"given":2`)
	last := func(series string, livemode bool) (n int64) {
		t.Helper()
		if err := pool.QueryRow(t.Context(), `select coalesce(max(last), 0) from counters where series = $1 and livemode = $2`, series, livemode).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if last("INV", true) != 5 {
		t.Error("it is raised without --run")
	}
	contains(t, ok(t, "numbers", "raise", "--since", "1h", "--run", "-o", "json"), behind+"true")
	if inv, cn, test := last("INV", true), last("CN", true), last("INV", false); inv != 7 || cn != 2 || test != 90 {
		t.Errorf("the counters stand at %d, %d and %d", inv, cn, test)
	}
	if told = ok(t, "numbers", "raise", "--since", "1h", "--run", "-o", "json"); told != "" {
		t.Errorf("the second run says %s", told)
	}
	tell(t, b, "order.created", true, &eventsv1.OrderChanged{Number: 12})
	got := eupayctl(t, "numbers", "raise", "--since", "1h", "--run")
	if got.code == 0 {
		t.Errorf("without the schema of qr it says %+v", got)
	}
	contains(t, got.err, "no counters for order")
}

func TestOrdersAreNumberedOnAfterARestore(t *testing.T) {
	b := broker(t)
	pool, url := pgtest.New(t, "qr", qr.FS)
	t.Setenv("EUPAY_DATABASE_URL", url)
	tell(t, b, "order.created", false, &eventsv1.OrderChanged{Number: 11})
	tell(t, b, "order.created", true, &eventsv1.OrderChanged{Number: 12})
	contains(t, ok(t, "numbers", "raise", "--since", "1h", "--run"), "order", "12")
	var last int64
	if err := pool.QueryRow(t.Context(), `select last from order_counters where merchant_id = $1`, shop).Scan(&last); err != nil || last != 12 {
		t.Errorf("the counter stands at %d, %v", last, err)
	}
}
