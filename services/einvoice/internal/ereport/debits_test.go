package ereport

import (
	"testing"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// A merchant that takes or leaves the option in the middle of a day has both sums on that day.
func TestServicesOnDebitsAreReportedApart(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.standIn() // it compares the report with its XML
	f.sell("2026-11-03", invoice.ReportServices, 200, 1000, 200)
	f.sell("2026-11-03", invoice.ReportServices, 100, 500, 50)
	on := f.sell("2026-11-03", invoice.ReportServices, 200, 333, 67)
	f.exec(`update sale_parts set on_debits = true where source = $1`, on)
	f.sell("2026-11-03", invoice.ReportGoods, 200, 100, 20)
	f.at("2026-11-12 12:00")
	f.round()
	f.sendAll()
	f.wantStates("2026-11-01 1 sent")
	var days []platform.SalesDay
	if err := f.pool.QueryRow(t.Context(), `select data -> 'Days' from reports`).Scan(&days); err != nil {
		t.Fatal(err)
	}
	equal(t, days, []platform.SalesDay{
		{Date: "2026-11-03", Category: "TLB1", Count: 1, Net: 100, Tax: 20, Rates: []platform.SalesRate{{VATPerMill: 200, Net: 100, Tax: 20}}},
		{Date: "2026-11-03", Category: "TPS1", Count: 2, Net: 1500, Tax: 250, Rates: []platform.SalesRate{
			{VATPerMill: 200, Net: 1000, Tax: 200}, {VATPerMill: 100, Net: 500, Tax: 50},
		}},
		{Date: "2026-11-03", Category: "TPS1", DueCode: "5", Count: 1, Net: 333, Tax: 67, Rates: []platform.SalesRate{{VATPerMill: 200, Net: 333, Tax: 67}}},
	})
}
