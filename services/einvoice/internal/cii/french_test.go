package cii_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"european-pay.eu/eupay/services/einvoice/internal/cii"
	"european-pay.eu/eupay/services/einvoice/internal/cii/ciitest"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

// spoiled is a good document with one fault, and the rule that has to see it. The first old is replaced, or each when it
// begins with a star.
type spoiled struct{ rule, document, old, by string }

var noted = `<ram:IncludedNote>
      <ram:Content>%</ram:Content>
      <ram:SubjectCode>PMT</ram:SubjectCode>
    </ram:IncludedNote>`

func note(subject, text string) string {
	return strings.NewReplacer("%", text, "PMT", subject).Replace(noted) + "\n    <ram:IncludedNote>"
}

const firstNote = "<ram:IncludedNote>"

var everyRule = []spoiled{
	{"XML", "b2c", "</rsm:CrossIndustryInvoice>", ""},
	{"XML", "b2c", "*rsm:CrossIndustryInvoice", "rsm:Invoice"},
	{"BR-FR-01", "b2c", "INV-2026-AB12CD", "INV-2026-AB12CD-" + strings.Repeat("0", 30)},
	{"BR-FR-01", "credit-full", "<ram:IssuerAssignedID>", "<ram:IssuerAssignedID>" + strings.Repeat("0", 30)},
	{"BR-FR-02", "b2c", "INV-2026", "INV 2026"},
	{"BR-FR-02", "credit-full", "<ram:IssuerAssignedID>", "<ram:IssuerAssignedID>#"},
	{"BR-FR-03", "b2c", "20261121", "20260230"},
	{"BR-FR-03", "b2c", "20261121", "2026-11-21"},
	{"BR-FR-03", "b2c", "20261121", "19991121"},
	{"BR-FR-03", "b2c", `format="102"`, `format="203"`},
	{"BR-FR-04", "b2c", "<ram:TypeCode>380<", "<ram:TypeCode>383<"},
	{"BR-FR-05", "b2c", ">PMT<", ">AAI<"},
	{"BR-FR-05", "b2c", ">PMD<", ">AAI<"},
	{"BR-FR-05", "b2c", ">AAB<", ">AAI<"},
	{"BR-FR-06", "b2c", firstNote, note("PMT", "40")},
	{"BR-FR-06", "b2c", firstNote, note("TXD", "1") + "</ram:IncludedNote>" + note("TXD", "2")},
	{"BR-FR-08", "b2c", "<ram:ID>B1<", "<ram:ID>B3<"},
	{"BR-FR-09", "b2b", `"0009">12345678`, `"0009">22345678`},
	{"BR-FR-09", "b2b", `"0009">12345678`, `"0009">1234567`},
	{"BR-FR-09", "b2b", `"0009">98765432`, `"0009">88765432`},
	{"BR-FR-10", "b2c", `"0002">12345678`, `"0060">12345678`},
	{"BR-FR-11", "b2b", `"0002">98765432`, `"0060">98765432`},
	{"BR-FR-12", "b2c", `<ram:URIID schemeID="EM">dominique@example.org</ram:URIID>`, ""},
	{"BR-FR-13", "b2c", `<ram:URIID schemeID="0225">123456782</ram:URIID>`, ""},
	{"BR-FR-15", "b2c", "<ram:CategoryCode>S<", "<ram:CategoryCode>L<"},
	{"BR-FR-16", "b2c", "Percent>5.5<", "Percent>6<"},
	{"BR-FR-20", "b2c", ">B2C<", ">B2G<"},
	{"BR-FR-21", "b2b", `"0225">987654324`, `"0225">123456782`},
	{"BR-FR-21", "b2b", `"0225">987654324`, `"0002">987654324`},
	{"BR-FR-23", "b2b", `"0225">987654324`, `"0225">987654324/1`},
	{"BR-FR-25", "b2c", `"EM">dominique@`, `"EM">` + strings.Repeat("d", 125) + "@"},
	{"BR-FR-31", "b2c", firstNote, note("BAR", "B2C")},
	{"BR-FR-32", "b2b", `"0002">98765432`, `"0002">98765432x`},
	{"BR-FR-DEC-01", "b2c", "<ram:GrandTotalAmount>19.90", "<ram:GrandTotalAmount>19.900"},
	{"BR-FR-DEC-01", "b2c", "<ram:GrandTotalAmount>19.90", "<ram:GrandTotalAmount>1.99e1"},
	{"BR-FR-DEC-02", "b2c", `"C62">1`, `"C62">1.00000`},
	{"BR-FR-DEC-03", "b2c", "*ChargeAmount>18.86", "ChargeAmount>18.8600000"},
	{"BR-FR-DEC-03", "b2c", "*ChargeAmount>18.86", "ChargeAmount>-18.86"},
	{"BR-FR-DEC-04", "b2c", "Percent>5.5", "Percent>05.500"},
	{"BR-FR-CO-04", "annulled", "*ram:InvoiceReferencedDocument>", "ram:Nothing>"},
	{"BR-FR-CO-05", "credit-full", "*ram:InvoiceReferencedDocument>", "ram:Nothing>"},
	{"BR-FR-CO-05", "credit-full", "*qdt:DateTimeString", "qdt:Nothing"},
	{"BR-FR-CO-07", "b2b", "20261205", "20261120"},
	{"BR-FR-CO-09", "paid-card", "<ram:TotalPrepaidAmount>", "<ram:TotalPrepaidAmount>1"},
	{"BR-FR-CO-09", "paid-card", "<ram:DuePayableAmount>", "<ram:DuePayableAmount>1"},
	{"BR-FR-CO-09", "paid-card", "*ram:DueDateDateTime>", "ram:Nothing>"},
	{"BR-FR-CO-10", "b2b", ` schemeID="0009"`, ""},
	{"BR-FR-CO-12", "b2c", "Code>EUR", "Code>USD"},
	{"BR-CO-10", "b2c", "MonetarySummation>\n        <ram:LineTotalAmount>18", "MonetarySummation>\n        <ram:LineTotalAmount>19"},
	{"BR-CO-11", "discount-four-rates", "<ram:AllowanceTotalAmount>", "<ram:AllowanceTotalAmount>1"},
	{"BR-CO-12", "b2c", "<ram:TaxBasisTotalAmount>", "<ram:ChargeTotalAmount>1.00</ram:ChargeTotalAmount><ram:TaxBasisTotalAmount>"},
	{"BR-CO-13", "b2c", "<ram:TaxBasisTotalAmount>", "<ram:TaxBasisTotalAmount>1"},
	{"BR-CO-14", "b2c", `<ram:TaxTotalAmount currencyID="EUR">`, `<ram:TaxTotalAmount currencyID="EUR">1`},
	{"BR-CO-15", "b2c", "<ram:GrandTotalAmount>19.90", "<ram:GrandTotalAmount>19.91"},
	{"BR-CO-15", "b2c", `currencyID="EUR"`, `currencyID="USD"`},
	{"BR-CO-16", "b2c", "<ram:DuePayableAmount>19.90", "<ram:DuePayableAmount>19.91"},
	{"BR-CO-25", "b2c", "*ram:SpecifiedTradePaymentTerms>", "ram:Nothing>"},
	{"BR-S-01", "b2c", "<ram:CategoryCode>S<", "<ram:CategoryCode>Z<"},
	{"BR-Z-01", "b2c", "<ram:CategoryCode>S<", "<ram:CategoryCode>Z<"},
	{"BR-S-05", "zero-rated", "*<ram:CategoryCode>Z<", "<ram:CategoryCode>S<"},
	{"BR-S-08", "b2c", "<ram:BasisAmount>18.86", "<ram:BasisAmount>18.87"},
	{"BR-E-08", "exempt", "<ram:BasisAmount>52.65", "<ram:BasisAmount>52.64"},
	{"BR-Z-08", "zero-rated", "<ram:BasisAmount>13.90", "<ram:BasisAmount>13.91"},
	{"BR-AE-02", "reverse-charge", `"VA">FR11`, `"XX">FR11`},
	{"BR-AE-10", "reverse-charge", "*ram:ExemptionReason", "ram:Nothing"},
	{"BR-IC-02", "eu-goods", `"VA">BE`, `"XX">BE`},
	{"BR-IC-05", "eu-goods", "*Percent>0<", "Percent>20<"},
	{"BR-IC-11", "eu-goods", "*ram:OccurrenceDateTime>", "ram:Nothing>"},
	{"BR-IC-12", "eu-goods", "*ram:ShipToTradeParty>", "ram:Nothing>"},
	{"BR-G-02", "export", `"VA">FR11`, `"XX">FR11`},
	{"BR-G-10", "export", "*ram:ExemptionReason", "ram:Nothing"},
	{"BR-O-02", "out-of-scope", `"FC">FR11`, `"VA">FR11`},
	{"BR-O-05", "out-of-scope", "<ram:CategoryCode>O</ram:CategoryCode>", "<ram:CategoryCode>O</ram:CategoryCode><ram:RateApplicablePercent>0</ram:RateApplicablePercent>"},
	{"BR-O-11", "eu-both", "*<ram:CategoryCode>AE<", "<ram:CategoryCode>O<"},
	{"BR-29", "references", "20261031", "20260930"},
	{"BR-57", "references", "Marseille</ram:CityName>\n          <ram:CountryID>FR", "Marseille</ram:CityName>\n          <ram:CountryID>"},
	{"BR-FR-03", "references", "20261118", "20261131"},
	{"LINE", "large-quantity", "*>100<", ">99<"},
	{"LINE", "large-quantity", `*BasisQuantity unitCode="C62"`, `BasisQuantity unitCode="KGM"`},
	{"BR-E-10", "exempt", "*ram:ExemptionReason>", "ram:Nothing>"},
	{"BR-Z-10", "zero-rated", "<ram:BasisAmount>", "<ram:ExemptionReason>why</ram:ExemptionReason><ram:BasisAmount>"},
	{"BR-S-10", "b2c", "<ram:BasisAmount>", "<ram:ExemptionReason>why</ram:ExemptionReason><ram:BasisAmount>"},
	{"PROFILE", "b2c", "urn:cen.eu:en16931:2017", "urn:factur-x.eu:1p0:minimum"},
	{"LUHN", "b2b", "*123456782", "123456783"},
	{"LUHN", "b2b", "*12345678200010", "12345678200011"},
	{"VAT-KEY", "b2b", "FR11123456782", "FR12123456782"},
	{"VAT-KEY", "b2b", "FR14987654324", "FR14123456782"},
	{"SIGN", "credit-full", "MonetarySummation>\n          <ram:LineTotalAmount>", "MonetarySummation>\n          <ram:LineTotalAmount>-"},
	{"SIGN", "credit-full", "<ram:DuePayableAmount>", "<ram:DuePayableAmount>-"},
	{"SIGN", "credit-full", `"C62">`, `"C62">-`},
	{"LINE", "b2c", `"C62">1`, `"C62">2`},
	{"LINE", "b2c", "*ChargeAmount>18.86", "ChargeAmount>18.84"},
	{"VAT-CENT", "b2c", "<ram:CalculatedAmount>1.04", "<ram:CalculatedAmount>1.06"},
	{"RATE-SPELLING", "b2c", "Percent>5.5<", "Percent>5.50<"},
	{"SELF", "annulled", "<ram:IssuerAssignedID>INV-2026-AB12CD-000003", "<ram:IssuerAssignedID>CN-2026-AB12CD-000006"},
	{"UNKNOWN", "b2c", "ram:ApplicableHeaderTradeDelivery", "ram:AdditionalReferencedDocument"},
	{"UNKNOWN", "b2b", `"0009">98765432`, `"0224">98765432`},
}

func (s spoiled) xml(tb testing.TB) []byte {
	tb.Helper()
	good := cii.Write(invoicetest.Find(s.document))
	old, everywhere := strings.CutPrefix(s.old, "*")
	n := 1
	if everywhere {
		n = -1
	}
	bad := bytes.Replace(good, []byte(old), []byte(s.by), n)
	if bytes.Equal(good, bad) {
		tb.Fatalf("%s: %s has no %q", s.rule, s.document, old)
	}
	return bad
}

func TestEverySpoiledDocumentIsRefusedByItsRule(t *testing.T) {
	for _, s := range everyRule {
		t.Run(s.rule+" "+s.document, func(t *testing.T) {
			found := ciitest.Check(s.xml(t))
			for _, p := range found {
				if p.Rule == s.rule {
					return
				}
			}
			t.Errorf("%q for %q: found only %v", s.by, s.old, found)
		})
	}
}

// The official examples are not French, but their sums are right.
func TestTheSumsOfTheOfficialExamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(rulesDir(t), "examples", "*.xml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range files {
		doc, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range ciitest.Check(doc) {
			if strings.HasPrefix(p.Rule, "BR-CO-") || strings.HasSuffix(p.Rule, "-08") && !strings.HasPrefix(p.Rule, "BR-FR") {
				t.Errorf("%s: %s: %s", filepath.Base(file), p.Rule, p.Text)
			}
		}
	}
	doc, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	bad := bytes.Replace(doc, []byte("<ram:GrandTotalAmount>"), []byte("<ram:GrandTotalAmount>1"), 1)
	if !refused(ciitest.Check(bad), "BR-CO-15") {
		t.Error("an example with another total is accepted")
	}
}

func refused(problems []ciitest.Problem, rule string) bool {
	for _, p := range problems {
		if p.Rule == rule {
			return true
		}
	}
	return false
}

func TestDocumentsBesideEachOther(t *testing.T) {
	write := func(name string) []byte { return cii.Write(invoicetest.Find(name)) }
	invoiced, partial, rest := write("b2b"), write("credit-partial"), write("credit-rest")
	if found := ciitest.CheckAll(invoiced, partial, rest); len(found) != 0 {
		t.Errorf("%v", found)
	}
	other := bytes.ReplaceAll(partial, []byte("CN-2026-AB12CD-000001"), []byte("CN-2026-AB12CD-000099"))
	for rule, docs := range map[string][][]byte{
		ciitest.RuleTwice:    {invoiced, partial, partial},
		ciitest.RuleDangling: {partial},
		ciitest.RuleExceeds:  {invoiced, partial, rest, other},
	} {
		if found := ciitest.CheckAll(docs...); !refused(found, rule) {
			t.Errorf("%s: found %v", rule, found)
		}
	}
	earlier := bytes.Replace(invoiced, []byte("20261121"), []byte("20261120"), 1)
	if found := ciitest.CheckAll(earlier, partial); !refused(found, ciitest.RuleDangling) {
		t.Errorf("the day of the invoice is another: found %v", found)
	}
}

func TestAllGoldenDocumentsBesideEachOther(t *testing.T) {
	var docs [][]byte
	for _, c := range invoicetest.All() {
		docs = append(docs, cii.Write(c.Document))
	}
	for _, p := range ciitest.CheckAll(docs...) {
		t.Errorf("%s: %s", p.Rule, p.Text)
	}
}
