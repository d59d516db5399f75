package flux10_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/services/einvoice/internal/ereport/flux10"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

var update = flag.Bool("update", false, "write the golden files anew")

func head() flux10.Head {
	return flux10.Head{
		Issued:     time.Date(2026, 12, 1, 2, 0, 5, 0, time.FixedZone("", 3600)),
		PlatformID: "0042", PlatformName: "SEQINO", Name: "Dupont & Fils <Librairie>",
	}
}

func reportHead(replace bool) platform.ReportHead {
	return platform.ReportHead{
		Ref: "01935f2e-7c1a-7000-8000-000000000001", SIREN: "123456782", Replace: replace,
		Period: platform.Period{Start: "2026-11-21", End: "2026-11-30"},
	}
}

// reports are one of each kind, by the name of their golden file.
func reports() map[string][]byte {
	return map[string][]byte{
		"sales": flux10.Sales(head(), platform.SalesReport{ReportHead: reportHead(false), Days: []platform.SalesDay{
			{Date: "2026-11-21", Category: "TLB1", Count: 12, Net: 9386, Tax: 1604, Rates: []platform.SalesRate{
				{VATPerMill: 200, Net: 7499, Tax: 1500}, {VATPerMill: 55, Net: 1887, Tax: 104},
			}},
			{Date: "2026-11-21", Category: "TNT1", Count: 1, Net: 5, Rates: []platform.SalesRate{{Net: 5}}},
			{Date: "2026-11-29", Category: "TPS1", DueCode: "5", Count: 1, Net: 100, Tax: 20, Rates: []platform.SalesRate{{VATPerMill: 200, Net: 100, Tax: 20}}},
			{Date: "2026-11-30", Category: "TPS1", Count: 1, Net: -100000001, Tax: -2100001, Rates: []platform.SalesRate{{VATPerMill: 21, Net: -100000001, Tax: -2100001}}},
		}}),
		"payments": flux10.Payments(head(), platform.PaymentsReport{ReportHead: reportHead(true), Days: []platform.PaymentsDay{
			{Date: "2026-11-22", Parts: []platform.RateAmount{{VATPerMill: 200, Amount: 6000}, {VATPerMill: 55, Amount: 99}}},
			{Date: "2026-11-24", Parts: []platform.RateAmount{{VATPerMill: 100, Amount: -1}}},
		}}),
		"abroad": flux10.Sales(head(), platform.SalesReport{ReportHead: reportHead(false)}, abroad()...),
		"abroad_paid": flux10.Payments(head(), platform.PaymentsReport{ReportHead: reportHead(false), Invoices: []platform.InvoicePayments{
			{Number: "INV-2026-AB12CD-000022", Issued: "2026-11-21", PaymentsDay: platform.PaymentsDay{Date: "2026-11-23", Parts: []platform.RateAmount{{VATPerMill: 200, Amount: 99_99}}}},
		}, Days: []platform.PaymentsDay{{Date: "2026-11-22", Parts: []platform.RateAmount{{VATPerMill: 200, Amount: 6000}}}}}),
		"sales_none":    flux10.Sales(head(), platform.SalesReport{ReportHead: reportHead(true)}),
		"payments_none": flux10.Payments(head(), platform.PaymentsReport{ReportHead: reportHead(true)}),
	}
}

// abroad are invoices to businesses abroad of every kind, and a credit note.
func abroad() []invoice.Document {
	var list []invoice.Document
	for _, name := range []string{"eu-goods", "eu-both", "export", "out-of-scope", "credit-eu-goods"} {
		list = append(list, invoicetest.Find(name))
	}
	list[2].Buyer.VATNumber = ""
	list[0].Period = &invoice.Period{From: "2026-10-01", To: "2026-10-31"}
	list[0].Allowances = []invoice.Allowance{{Net: 0, Reason: "Remise", Category: invoice.Community}}
	return list
}

func TestReportsAreAsBefore(t *testing.T) {
	t.Parallel()
	for name, got := range reports() {
		file := filepath.Join("testdata", name+".xml")
		if *update {
			if err := os.WriteFile(file, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is\n%s", name, got)
		}
	}
}

// The schema checks the order of elements, and that amounts are decimals; the checker is checked with spoiled reports.
func TestTheOfficialSchemaTakesReports(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("EINVOICE_RULES_DIR")
	if dir == "" {
		t.Skip("EINVOICE_RULES_DIR is not set: reports are NOT checked with the official schema of flux 10")
	}
	check := func(report []byte) ([]byte, error) {
		cmd := exec.CommandContext(t.Context(), "xmllint", "--nonet", "--noout", "--schema", filepath.Join(dir, "flux10-xsd", "ereporting.xsd"), "-")
		cmd.Stdin = bytes.NewReader(report)
		return cmd.CombinedOutput()
	}
	for name, report := range reports() {
		if out, err := check(report); err != nil {
			t.Errorf("%s: %s, %v", name, out, err)
		}
	}
	good := string(reports()["sales"])
	for what, spoiled := range map[string]string{
		"another order": strings.Replace(good, "<Date>20261121</Date>", "<Id>1</Id><Date>20261121</Date>", 1),
		"no decimal":    strings.Replace(good, ">15.00<", ">fifteen<", 1),
		"no amount":     strings.Replace(good, ">74.99<", "><", 1),
	} {
		if spoiled == good {
			t.Fatalf("%s: nothing was spoiled", what)
		}
		if _, err := check([]byte(spoiled)); err == nil {
			t.Errorf("the schema takes a report with %s", what)
		}
	}
}

// Whatever a merchant is called, its report can be read, and says so.
func TestAnyNameCanBeRead(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		`A & B <c> "d" 'e'`:    `A & B <c> "d" 'e'`,
		"]]><Report>":          "]]><Report>",
		"Zoé\u0000\u0008 \xff": "Zoé\uFFFD\uFFFD \uFFFD",
	} {
		h := head()
		h.Name = name
		var names []string
		d := xml.NewDecoder(bytes.NewReader(flux10.Sales(h, platform.SalesReport{ReportHead: reportHead(false)})))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if e, ok := token.(xml.StartElement); ok && e.Name.Local == "Name" {
				var text string
				if err := d.DecodeElement(&text, &e); err != nil {
					t.Fatal(err)
				}
				names = append(names, text)
			}
		}
		if len(names) != 2 || names[1] != want {
			t.Errorf("%q is read as %q", name, names)
		}
	}
}
