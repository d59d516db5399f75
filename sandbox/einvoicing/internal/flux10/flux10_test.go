package flux10

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
)

func both() map[string]string {
	return map[string]string{
		KindSales:    sample.Report("R-1", "IN", sample.SellerSIREN, sample.Sales()),
		KindPayments: sample.Report("R-1", "RE", sample.SellerSIREN, sample.Payments()),
	}
}

func check(text string) []document.Problem {
	r, problems := Read([]byte(text))
	if r != nil {
		problems = append(problems, r.Check()...)
	}
	return problems
}

func TestARightReportIsTaken(t *testing.T) {
	t.Parallel()
	for kind, text := range both() {
		r, _ := Read([]byte(text))
		if p := check(text); len(p) > 0 || r.Kind != kind || r.SIREN != sample.SellerSIREN || r.Start != "2026-11-21" || r.End != "2026-11-30" {
			t.Errorf("%s: %+v, %+v", kind, r, p)
		}
	}
}

func TestWhatIsWrongWithAReport(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ kind, old, new, rule string }{
		"type":              {KindSales, "<TypeCode>IN", "<TypeCode>MO", "TT-4"},
		"time":              {KindSales, "20261201080000", "20261201", "TT-3"},
		"sender's scheme":   {KindSales, `"0238"`, `"0002"`, "TG-3"},
		"sender's role":     {KindSales, "<RoleCode>WK", "<RoleCode>SE", "TG-3"},
		"issuer":            {KindSales, sample.SellerSIREN, "123456789", "TG-5"},
		"no scheme":         {KindSales, ` schemeId="0238"`, "", "XSD"},
		"long id":           {KindSales, "<Id>R-1", "<Id>" + strings.Repeat("R", 51), "TT-1"},
		"period of a day":   {KindSales, "<EndDate>20261130", "<EndDate>20261121", "PERIOD"},
		"out of the period": {KindSales, "<Date>20261122", "<Date>20261120", "PERIOD"},
		"category":          {KindSales, "TLB1", "TLB2", "TT-81"},
		"currency":          {KindSales, ">EUR<", ">USD<", "TT-78"},
		"rate":              {KindSales, "<TaxPercent>20", "<TaxPercent>19", "G1.24"},
		"rate twice":        {KindSales, "<TaxPercent>5.5", "<TaxPercent>20", "G1.52"},
		"net":               {KindSales, "<TaxExclusiveAmount>15.00", "<TaxExclusiveAmount>15.03", "G1.53"},
		"tax":               {KindSales, "<TaxTotal>2.28", "<TaxTotal>2.31", "G1.53"},
		"order":             {KindSales, "<Date>20261122</Date><TransactionsCurrency>EUR</TransactionsCurrency>", "<TransactionsCurrency>EUR</TransactionsCurrency><Date>20261122</Date>", "XSD"},
		"minus":             {KindPayments, "12.00", "-12.00", "G1.16"},
		"payment's rate":    {KindPayments, "<TaxPercent>20", "<TaxPercent>21", "G1.24"},
		"no parts":          {KindPayments, "SubTotals", "Subtotals", "XSD"},
		"neither":           {KindPayments, sample.Payments(), "", "G6"},
		"both":              {KindPayments, sample.Payments(), sample.Sales() + sample.Payments(), "G6"},
	} {
		text := both()[c.kind]
		problems := check(strings.ReplaceAll(text, c.old, c.new))
		if !slices.ContainsFunc(problems, func(p document.Problem) bool { return p.Rule == c.rule }) {
			t.Errorf("%s: no %s in %+v", name, c.rule, problems)
		}
	}
	if p := check(strings.Replace(both()[KindSales], "<TaxTotal>2.28", "<TaxTotal>2.30", 1)); len(p) > 0 {
		t.Errorf("within the tolerance: %+v", p)
	}
}

func TestTheOfficialSchemaAgrees(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("EINVOICE_RULES_DIR")
	if dir == "" {
		t.Skip("EINVOICE_RULES_DIR is not set: the structure is not compared with the official schema")
	}
	if _, err := exec.LookPath("xmllint"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("xmllint is not installed")
		}
		t.Skip("xmllint is not installed: the structure is not compared with the official schema")
	}
	for kind, text := range both() {
		for _, cut := range []string{
			"", "<Name>EU Pay</Name>", "<TypeCode>IN</TypeCode>", "<Date>20261122</Date>", "<TaxTotal>2.28</TaxTotal>", "<CurrencyCode>EUR</CurrencyCode>",
			"<TransactionsCount>3</TransactionsCount>", "<TaxPercent>20</TaxPercent>", `schemeId="0002"`, "<EndDate>20261130</EndDate>", "<RoleCode>SE</RoleCode>",
		} {
			spoilt := strings.Replace(text, cut, "", 1)
			name := filepath.Join(t.TempDir(), "report.xml")
			if err := os.WriteFile(name, []byte(spoilt), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command("xmllint", "--nonet", "--noout", "--schema", filepath.Join(dir, "flux10-xsd", "ereporting.xsd"), name).CombinedOutput()
			r, problems := Read([]byte(spoilt))
			if (err == nil) != (r != nil) {
				t.Errorf("%s without %s: we say %+v, the schema\n%s", kind, cut, problems, out)
			}
		}
	}
}
