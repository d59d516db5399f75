package invoicetest

import (
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Overseas returns the settings of a shop in an overseas department.
func Overseas(postCode, city string) invoice.Settings {
	s := Settings()
	s.Address = invoice.Address{Street: "1 rue de la Mer", PostCode: postCode, City: city, Country: "FR"}
	return s
}

// Belgian returns an invented business customer in another country of the EU.
func Belgian() invoice.Customer {
	return invoice.Customer{
		Name: "Boekhandel Voorbeeld NV", Email: "facturen@voorbeeld.example", VATNumber: "BE0123456749",
		Address: invoice.Address{Street: "Voorbeeldstraat 1", PostCode: "1000", City: "Brussel", Country: "BE"},
	}
}

// Swiss returns an invented business customer outside of the EU.
func Swiss() invoice.Customer {
	return invoice.Customer{
		Name: "Beispiel AG", Email: "rechnungen@beispiel.example", VATNumber: "CHE123456789", Business: true,
		Address: invoice.Address{Street: "Beispielweg 1", PostCode: "3000", City: "Bern", Country: "CH"},
	}
}

// zeroRated returns the invoice as it was issued before a rate of 0 needed a reason.
func zeroRated(d invoice.Document) invoice.Document {
	d.VAT[0].Category, d.VAT[0].Reason, d.VAT[0].ReasonCode = invoice.ZeroRated, "", ""
	for i := range d.Lines {
		d.Lines[i].Category = invoice.ZeroRated
	}
	return d
}

// referenced has everything that the law and a buyer may want to see.
func referenced() invoice.Order {
	hours := Item("Conseil", 1, 96_00, 200)
	hours.Quantity, hours.Unit, hours.Nature = 125_000, "hour", invoice.Services
	return invoice.Order{
		Customer: Business(), Reference: "ERP-7", BuyerReference: "SERVICE-42", PurchaseOrder: "BC-2026-118", Contract: "MARCHE-9",
		Delivered: "2026-11-18", Served: invoice.Period{From: "2026-10-01", To: "2026-10-31"},
		DeliveryAddress: invoice.Address{Street: "Quai 4", PostCode: "13002", City: "Marseille"}, Items: []invoice.Item{hours, kilos()},
	}
}

func kilos() invoice.Item {
	it := Item("Café en grains", 1, 21_10, 55)
	it.Quantity, it.Unit = 27_500, "kg"
	return it
}

// large has quantities for which a price of six decimals is not exact.
func large() invoice.Order {
	return invoice.Order{Customer: Business(), Items: []invoice.Item{Item("Vis", 1_000_000, 1, 200), Item("Rondelle", 123_457, 7, 55), Item("Écrou", 9_999, 3, 100)}}
}

func letting() invoice.Order {
	it := Item("Loyer", 1, 850_00, 0)
	it.ExemptCode, it.Nature = "VATEX-FR-CGI261D-2", invoice.Services
	return invoice.Order{Customer: Business(), Items: []invoice.Item{it}}
}

func reverse() invoice.Order {
	it := Item("Gros œuvre", 1, 12_000_00, 0)
	it.ExemptCode, it.Nature = "VATEX-FR-AE", invoice.Services
	return invoice.Order{Customer: Business(), Items: []invoice.Item{it, Item("Lampe", 1, 89_99, 200)}}
}

// abroad sells one of each nature without VAT; why follows from the customer.
func abroad(c invoice.Customer, natures ...invoice.Nature) invoice.Order {
	o := invoice.Order{Customer: c}
	for _, n := range natures {
		o.Items = append(o.Items, invoice.Item{Name: "Article", Quantity: 3 * invoice.One, UnitPrice: 33_33, Nature: n})
	}
	return o
}

func reunion() invoice.Order {
	return invoice.Order{Customer: Private(), Discount: 5_00, Items: []invoice.Item{
		Item("Lampe", 1, 89_99, 85), Item("Roman", 3, 19_90, 21), Item("Journal", 5, 3_20, 10_105), Item("Poulet", 2, 14_90, 10_175),
	}}
}
