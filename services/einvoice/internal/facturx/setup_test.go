package facturx

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

var testXML = []byte("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rsm:CrossIndustryInvoice xmlns:rsm=\"urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100\">" +
	strings.Repeat("<a>é</a>", 500) + "</rsm:CrossIndustryInvoice>\n")

// sample is an invoice between two businesses with two rates, a discount, and a transfer to come.
func sample() invoice.Document {
	return invoice.Document{
		Number: "INV-2026-AB12CD-000001", Issued: "2026-11-21", Due: "2026-12-21", Type: invoice.TypeInvoice, Process: "M1", Audience: invoice.B2B,
		BuyerReference: "ERP-INV-2026-001",
		Notes: []invoice.Note{
			{Subject: invoice.NoteGeneral, Text: "Merci de votre confiance.\nLivraison effectuée le 20 novembre 2026."},
			{Subject: invoice.NoteRecovery, Text: "Indemnité forfaitaire pour frais de recouvrement en cas de retard de paiement : 40 €."},
			{Subject: invoice.NotePenalties, Text: "En cas de retard, pénalités au taux de trois fois l’intérêt légal."},
			{Subject: invoice.NoteDiscount, Text: "Pas d’escompte pour paiement anticipé."},
			{Subject: invoice.NoteTaxPayments, Text: "Option pour le paiement de la taxe d’après les débits."},
		},
		Seller: invoice.Party{
			Name: "Café Noisette SAS", TradingName: "Café Noisette", LegalInfo: "SAS au capital de 10 000 €, RCS Paris 732 829 320", SIREN: "732829320", SIRET: "73282932000074",
			VATNumber: "FR44732829320", Electronic: invoice.ElectronicAddress{Scheme: "0225", Value: "732829320"}, Email: "compta@cafe-noisette.example", Phone: "+33 1 23 45 67 89",
			Address: invoice.Address{Street: "12 rue de l’Œuvre", More: "Bâtiment B", PostCode: "75011", City: "Paris", Country: "FR"},
		},
		Buyer: invoice.Party{
			Name: "Acme Corp SARL", SIREN: "552100554", SIRET: "55210055400013", VATNumber: "FR83552100554", Electronic: invoice.ElectronicAddress{Scheme: "0225", Value: "552100554_55210055400013"},
			Email: "billing@acme.example", Address: invoice.Address{Street: "3 avenue des Frères-Lumière", PostCode: "69008", City: "Lyon", Country: "FR"},
		},
		Payment: invoice.Payment{Means: "58", IBAN: "FR7630006000011234567890189", BIC: "AGRIFRPP", Reference: "INV-2026-AB12CD-000001", Terms: "Paiement à 30 jours date de facture."},
		Lines: []invoice.Line{
			{ID: "1", Name: "Conseil en transformation", Description: "Atelier de cadrage et rapport écrit, deux journées sur site", Quantity: 20_000, Unit: "DAY", NetPrice: 625_000_000, Net: 125_000, Gross: 150_000, UnitGross: 75_000, Category: invoice.Standard, Rate: 200},
			{ID: "2", Name: "Café en grains, 1 kg", Quantity: 125_000, Unit: "C62", NetPrice: 18_957_346, Net: 23_697, Gross: 25_000, UnitGross: 2_000, Category: invoice.Standard, Rate: 55},
		},
		Allowances: []invoice.Allowance{
			{Net: 4_167, Gross: 5_000, Reason: "Remise", Category: invoice.Standard, Rate: 200},
		},
		VAT:    []invoice.VAT{{Category: invoice.Standard, Rate: 200, Base: 120_833, Tax: 24_167}, {Category: invoice.Standard, Rate: 55, Base: 23_697, Tax: 1_303}},
		Totals: invoice.Totals{LineNet: 148_697, Allowances: 4_167, Net: 144_530, Tax: 25_470, Gross: 170_000, Due: 170_000},
	}
}

// many is an invoice of n lines.
func many(n int) invoice.Document {
	d := sample()
	d.Allowances, d.Lines = nil, nil
	for i := range n {
		id := decimal(money.Cents(100 * (i + 1)).String())
		d.Lines = append(d.Lines, invoice.Line{ID: strings.Split(id, ",")[0], Name: "Article " + strings.Split(id, ",")[0] + " du catalogue", Quantity: invoice.One,
			Unit: "C62", NetPrice: 10_000_000, Net: 1_000, Gross: 1_200, Category: invoice.Standard, Rate: 200})
		if i%7 == 0 {
			d.Lines[i].Description = "Une description qui dit ce que l’article est, en quels matériaux, et pourquoi il vaut la peine d’en prendre deux au lieu d’un seul"
		}
	}
	total := money.Cents(1_000 * n)
	d.VAT = []invoice.VAT{{Category: invoice.Standard, Rate: 200, Base: total, Tax: total / 5}}
	d.Totals = invoice.Totals{LineNet: total, Net: total, Tax: total / 5, Gross: total + total/5, Due: total + total/5}
	return d
}

// credit is a credit note for a part of the sample.
func credit() invoice.Document {
	d := sample()
	d.Number, d.Type, d.Preceding = "CN-2026-AB12CD-000001", invoice.TypeCreditNote, &invoice.Preceding{Number: "INV-2026-AB12CD-000001", Issued: "2026-11-21"}
	d.Issued, d.Due, d.Allowances, d.Lines = "2026-11-25", "", nil, d.Lines[:1]
	d.VAT, d.Totals = []invoice.VAT{{Category: invoice.Standard, Rate: 200, Base: 125_000, Tax: 25_000}}, invoice.Totals{LineNet: 125_000, Net: 125_000, Tax: 25_000, Gross: 150_000, Due: 150_000}
	d.Notes[0].Text = "Motif : article défectueux."
	return d
}

// franchise is a paid invoice to a private buyer from a seller who is exempt.
func franchise() invoice.Document {
	d := sample()
	d.Process, d.Audience, d.Due, d.BuyerReference = "B2", invoice.B2C, "2026-11-20", ""
	d.Buyer = invoice.Party{Name: "Élodie Lefèvre", Email: "elodie@example.org", Electronic: invoice.ElectronicAddress{Scheme: "EM", Value: "elodie@example.org"}, Address: invoice.Address{Country: "FR"}}
	d.Payment = invoice.Payment{Means: "48", Reference: "PAY-8F2A"}
	d.Lines = d.Lines[1:]
	d.Lines[0].Category, d.Lines[0].Rate, d.Lines[0].Net, d.Lines[0].NetPrice = invoice.Exempt, 0, 25_000, 20_000_000
	d.Allowances = nil
	d.VAT = []invoice.VAT{{Category: invoice.Exempt, Base: 25_000, Reason: "TVA non applicable, art. 293 B du CGI", ReasonCode: "VATEX-FR-FRANCHISE"}}
	d.Totals = invoice.Totals{LineNet: 25_000, Net: 25_000, Gross: 25_000, Prepaid: 25_000}
	return d
}

// long has names that are longer than any line, letters of other scripts, and what no font has.
func long() invoice.Document {
	d := sample()
	d.Seller.TradingName = ""
	d.Seller.Name = "Société coopérative d’intérêt collectif des producteurs et transformateurs de noisettes, châtaignes et autres fruits à coque du Sud-Ouest et de la Méditerranée"
	d.Buyer.Name = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft mbH & Co. KG"
	d.Buyer.Address.City = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"
	d.BuyerReference = "REF/" + strings.Repeat("0123456789", 5)
	d.Lines[0].Name = "Żółć, Ŝtrangĝa, Ελληνικά, Български 🎁 漢字 e\u0301te\u0301 " + strings.Repeat("interminable", 12)
	d.Lines[0].Description = strings.Repeat("Une phrase qui ne veut pas finir et qui continue encore. ", 20)
	d.Lines[1].Quantity, d.Lines[1].NetPrice, d.Lines[1].Net, d.Lines[1].Gross = 9_999_999_999_999, 999_999_999_999_999, 99_999_999_999, 99_999_999_999
	return d
}

func all() map[string]invoice.Document {
	corrected := sample()
	corrected.Type, corrected.Preceding = invoice.TypeCorrected, &invoice.Preceding{Number: "INV-2026-AB12CD-000001", Issued: "2026-11-21"}
	return map[string]invoice.Document{"sample": sample(), "many": many(60), "credit": credit(), "franchise": franchise(), "long": long(), "corrected": corrected}
}

// picture is a round logo.
func roundel(t testing.TB, w, h int) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			if dx, dy := (2*x-w)*h, (2*y-h)*w; dx*dx+dy*dy < w*h*w*h {
				m.Set(x, y, color.NRGBA{30, 90, uint8(100 + 100*x/w), 255})
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// tool runs a program; without it the test is skipped, but not in CI.
func tool(t testing.TB, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed", name)
		}
		t.Skipf("%s is not installed: this test needs it and proves nothing without", name)
	}
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

func render(t testing.TB, d invoice.Document, look Look) []byte {
	t.Helper()
	out, err := Render(d, testXML, look)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func look(t testing.TB) Look {
	t.Helper()
	return Look{Logo: roundel(t, 400, 160), PayURL: "https://pay.example.org/i/8f2a7c", Footer: "Café Noisette – ouvert tous les jours de 8 h à 19 h"}
}
