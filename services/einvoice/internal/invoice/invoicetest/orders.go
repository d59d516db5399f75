package invoicetest

import (
	"fmt"
	"strings"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

func number(series, n string) string { return series + "-2026-AB12CD-" + n }

func issue(n string, s invoice.Settings, o invoice.Order) invoice.Document {
	d, err := invoice.New(number("INV", n), Issued, s, o)
	if err != nil {
		panic(fmt.Sprintf("invoice %s: %v", n, err))
	}
	return d
}

func credit(n string, of invoice.Document, earlier []invoice.Document, amount money.Cents, reason string) invoice.Document {
	d, err := invoice.Credit(number("CN", n), Issued.Add(1), of, earlier, amount, reason)
	if err != nil {
		panic(fmt.Sprintf("credit note %s: %v", n, err))
	}
	return d
}

func creditLines(n string, of invoice.Document, earlier []invoice.Document, items ...invoice.CreditItem) invoice.Document {
	d, err := invoice.CreditLines(number("CN", n), Issued.Add(1), of, earlier, items, "Retour")
	if err != nil {
		panic(fmt.Sprintf("credit note %s: %v", n, err))
	}
	return d
}

func b2b() invoice.Order {
	return invoice.Order{
		Customer: Business(), Notes: "Livraison au 2e étage.\nMerci de votre confiance.", Reference: "ERP-INV-2026-001", Due: "2026-12-05",
		Items: []invoice.Item{
			{Name: "Étagère", Description: "Chêne massif, 180 cm", Quantity: 3 * invoice.One, UnitPrice: 199_99, VATPerMill: 200},
			{Name: "Atlas", Quantity: 2 * invoice.One, UnitPrice: 49_90, VATPerMill: 55},
			{Name: "Papier au mètre", Quantity: 23_333, UnitPrice: 4_15, VATPerMill: 200},
		},
	}
}

// discounted is b2b with a discount on the whole.
func discounted() invoice.Order {
	o := b2b()
	o.Discount, o.Reference = 50_00, "ERP-INV-2026-017"
	return o
}

// deposit is paid in advance for what final sells.
func deposit() invoice.Order {
	it := Item("Acompte sur la pose", 1, 200_00, 100)
	it.Nature = invoice.Services
	return invoice.Order{Customer: Business(), Deposit: true, Items: []invoice.Item{Item("Acompte de 30 % sur la commande 4711", 1, 300_00, 200), it}}
}

// final deducts deposit.
func final() invoice.Order {
	paid := issue("000031", Settings(), deposit())
	it := Item("Pose", 1, 450_00, 100)
	it.Nature = invoice.Services
	return invoice.Order{
		Customer: Business(), Items: []invoice.Item{Item("Bibliothèque sur mesure", 1, 1000_00, 200), it},
		Deductions: []invoice.Deduction{invoice.Deduct(paid, nil)},
	}
}

// RebateOrder is what a rebate gives back.
func RebateOrder() invoice.Order {
	it := Item("Ristourne sur les prestations", 1, 20_00, 100)
	it.Nature = invoice.Services
	return invoice.Order{
		Customer: Business(), Items: []invoice.Item{Item("Ristourne annuelle sur le mobilier", 1, 240_00, 200), it}, Contract: "CTR-2026-12",
		Served: invoice.Period{From: "2026-01-01", To: "2026-12-31"},
	}
}

// rebate names two invoices of the period.
func rebate() invoice.Document {
	about := []invoice.Preceding{{Number: number("INV", "000003"), Issued: Issued}, {Number: number("INV", "000015"), Issued: Issued}}
	d, err := invoice.Rebate(number("CN", "000015"), Issued.Add(1), Settings(), RebateOrder(), about, "Ristourne annuelle")
	if err != nil {
		panic(fmt.Sprintf("rebate: %v", err))
	}
	return d
}

func sirenOnly() invoice.Order {
	return invoice.Order{
		Customer: invoice.Customer{Name: "Acme France SARL", SIREN: "987654324", ElectronicAddress: "987654324_COMPTA"},
		Items:    []invoice.Item{Item("Abonnement", 1, 1800_00, 200)},
	}
}

func fourRates() invoice.Order {
	return invoice.Order{
		Customer: Business(), Discount: 50_00,
		Items: []invoice.Item{
			Item("Lampe", 2, 89_99, 200), Item("Café", 7, 2_35, 100), Item("Roman", 3, 19_90, 55), Item("Journal", 5, 3_20, 21), Item("Stylo", 1, 1, 200),
		},
	}
}

func paid(m invoice.Method) invoice.Order {
	return invoice.Order{
		Customer: Private(), Items: []invoice.Item{Item("Lampe", 1, 89_99, 200)},
		PaidOn: "2026-11-20", Method: m, PaymentReference: "PAY-20261120-0123456789ABCDEF",
	}
}

func exempt() invoice.Order {
	lesson := Item("Cours particulier", 1, 40_00, 0)
	lesson.ExemptReason, lesson.ExemptCode, lesson.Nature = "Exonération de TVA, art. 261, 4-4° du CGI", "", invoice.Services
	return invoice.Order{Customer: Private(), Discount: 3_33, Items: []invoice.Item{lesson, Item("Timbres", 10, 1_39, 0), Item("Lampe", 1, 89_99, 200)}}
}

// hundredCents cannot have a net amount of one cent on each line: 83 cents must be distributed over a hundred lines.
func hundredCents() invoice.Order {
	o := invoice.Order{Customer: Private()}
	for i := range 100 {
		o.Items = append(o.Items, Item(fmt.Sprintf("Perle %d", i+1), 1, 1, 200))
	}
	return o
}

func odd() invoice.Order {
	name := "Œuvre d'été « à l'ancienne » <b>&amp; fils</b> \"n° 5\" – 5 € 寿司 초밥 ☺ "
	o := invoice.Order{
		Customer: Private(), Notes: "Ligne 1 <&>\r\nLigne 2 ]]> fin\n\tIndentée ? 日本語, Ελληνικά, 한국어, 中文, עברית", Reference: "réf. & <1>",
	}
	o.Customer.Name = "Zoë Ångström-Łukasiewicz & Ñuñez <zoe>"
	long := name + strings.Repeat("très long ", 20)
	o.Items = []invoice.Item{Item(name, 1, 12_50, 200), Item(string([]rune(long)[:200]), 1, 9_99, 55), Item(strings.Repeat("W", 200), 1, 1_00, 200)}
	o.Items[0].Description = strings.Repeat("Une description assez longue pour plusieurs lignes. ", 12)
	o.Notes = strings.ReplaceAll(o.Notes, "\t", "")
	return o
}

func mixed() invoice.Order {
	setUp := Item("Montage", 1, 60_00, 200)
	setUp.Nature = invoice.Services
	return invoice.Order{Customer: Business(), Discount: 7_77, Items: []invoice.Item{Item("Étagère", 1, 199_99, 200), setUp, Item("Atlas", 1, 49_90, 55)}}
}

// many has enough lines for more than one page.
func many() invoice.Order {
	o := invoice.Order{Customer: Business()}
	rates := vat.Rates[1:]
	for i := range 120 {
		o.Items = append(o.Items, Item(fmt.Sprintf("Article %03d", i+1), int64(i%7+1), money.Cents(i*37+199), rates[i%len(rates)]))
	}
	return o
}
