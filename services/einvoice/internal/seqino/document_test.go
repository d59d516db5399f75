package seqino

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

var seller = invoice.Party{
	Name: "Boulangerie Martin SAS", TradingName: "Chez Martin", SIREN: "732829320", SIRET: "73282932000074", VATNumber: "FR44732829320",
	Electronic: invoice.ElectronicAddress{Scheme: invoice.SchemeElectronic, Value: "732829320"},
	Address:    invoice.Address{Street: "12 rue du Four", More: "Bâtiment B", PostCode: "75006", City: "Paris", Country: "FR"},
	Email:      "compta@martin.example",
}

// businessInvoice has everything that an invoice between businesses can have.
func businessInvoice() invoice.Document {
	return invoice.Document{
		Number: "INV-2026-AB12CD-000001", Issued: "2026-11-21", Due: "2026-12-21", Type: invoice.TypeInvoice, Process: "M1",
		Audience: invoice.B2B, BuyerReference: "PO <4711> & co",
		Notes:  []invoice.Note{{Subject: invoice.NoteRecovery, Text: "40 EUR"}, {Text: "Merci"}},
		Seller: seller,
		Buyer: invoice.Party{
			Name: "Acme SARL", SIREN: "552100554", VATNumber: "FR52552100554",
			Electronic: invoice.ElectronicAddress{Scheme: invoice.SchemeElectronic, Value: "552100554_ACHATS"},
			Address:    invoice.Address{Street: "1 place du Marché", PostCode: "69001", City: "Lyon", Country: "FR"},
		},
		Payment: invoice.Payment{Means: "30", IBAN: "FR7630006000011234567890189", BIC: "AGRIFRPP", Reference: "INV", Terms: "30 jours"},
		Lines: []invoice.Line{
			{
				ID: "1", Name: "Conseil", Nature: invoice.Services, Quantity: invoice.One, Unit: "C62", NetPrice: 1_500_000_000,
				Net: 150000, Gross: 180000, UnitGross: 180000, Category: invoice.Standard, VATPerMill: 200,
			},
			{
				ID: "2", Name: "Farine", Nature: invoice.Goods, Quantity: 3_333, Unit: "KGM", NetPrice: 1_234_567,
				Net: 41, Gross: 43, UnitGross: 130, Category: invoice.Standard, VATPerMill: 55,
			},
			{
				ID: "3", Name: "Formation", Nature: invoice.Services, Quantity: 25_000, Unit: "HUR", NetPrice: 10_100_000,
				Net: 2525, Gross: 2525, UnitGross: 1010, Category: invoice.Exempt,
			},
		},
		Allowances: []invoice.Allowance{{Net: 4167, Gross: 5000, Reason: "Remise", Category: invoice.Standard, VATPerMill: 200}},
		VAT: []invoice.VAT{
			{Category: invoice.Standard, VATPerMill: 200, Base: 145833, Tax: 29167},
			{Category: invoice.Standard, VATPerMill: 55, Base: 41, Tax: 2},
			{Category: invoice.Exempt, Base: 2525, Reason: "Formation professionnelle", ReasonCode: "VATEX-EU-132-1I"},
		},
		Totals: invoice.Totals{LineNet: 152566, Allowances: 4167, Net: 148399, Tax: 29169, Gross: 177568, Prepaid: 1, Due: 177567},
	}
}

// privateCreditNote has the least: a private buyer of whom only the name and the country are known.
func privateCreditNote() invoice.Document {
	return invoice.Document{
		Number: "CN-2026-AB12CD-000002", Issued: "2026-11-22", Type: invoice.TypeCreditNote, Process: "B1", Audience: invoice.B2C,
		Preceding: &invoice.Preceding{Number: "INV-2026-AB12CD-000001", Issued: "2026-11-21"},
		Seller:    seller,
		Buyer: invoice.Party{
			Name: "Zoé Durand", Electronic: invoice.ElectronicAddress{Scheme: invoice.SchemeEmail, Value: "zoe@example.org"},
			Address: invoice.Address{Country: "FR"},
		},
		Payment: invoice.Payment{Means: "ZZZ"},
		Lines: []invoice.Line{{
			ID: "1", Name: "Pain", Nature: invoice.Goods, Quantity: invoice.One, Unit: "C62", NetPrice: 948_000,
			Net: 95, Gross: 100, UnitGross: 100, Category: invoice.Standard, VATPerMill: 55,
		}},
		VAT:    []invoice.VAT{{Category: invoice.Standard, VATPerMill: 55, Base: 95, Tax: 5}},
		Totals: invoice.Totals{LineNet: 95, Net: 95, Tax: 5, Gross: 100, Due: 100},
	}
}

func submission1() platform.Submission {
	return platform.Submission{Ref: "0195f0c2-ref", Document: businessInvoice(), XML: []byte("<xml/>"), PDF: []byte("%PDF-1.7 invoice")}
}

// The golden files are written by hand after docs/einvoicing-platform.md, so they are not what the code happened to write.
func golden(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestADocumentIsEncodedAsInThePlatformsDocumentation(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]invoice.Document{"invoice_b2b.json": businessInvoice(), "credit_note_b2c.json": privateCreditNote()} {
		got, err := encodeDocument(platform.Submission{Ref: "0195f0c2-ref", Document: d, PDF: []byte("%PDF-")})
		if err != nil {
			t.Fatal(err)
		}
		if want := golden(t, name); string(got) != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
}

func TestInvalidSubmissionsAreNotSent(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*platform.Submission){
		"no ref":    func(s *platform.Submission) { s.Ref = "" },
		"long ref":  func(s *platform.Submission) { s.Ref = strings.Repeat("r", 101) },
		"no PDF":    func(s *platform.Submission) { s.PDF = nil },
		"large PDF": func(s *platform.Submission) { s.PDF = make([]byte, 20<<20+1) },
	} {
		s := submission1()
		s.DraftID = "draft_7"
		change(&s)
		r, err := talk(t).Submit(t.Context(), client1, s)
		var e *Error
		if !errors.As(err, &e) || e.Class != Unexpected || r.DraftID != "draft_7" {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}
