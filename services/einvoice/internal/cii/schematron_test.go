package cii_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"european-pay.eu/eupay/services/einvoice/internal/cii"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

// ruleSet is one of the official schematrons.
type ruleSet struct {
	file string
	// examples: the official examples are clean under it.
	examples bool
	// warnings are not demands.
	warnings []string
	// leftOut is how many assertions cannot run.
	leftOut int
	spoiled []spoiled
}

var ruleSets = []ruleSet{
	{file: "EN16931-CII-1.3.16.sch", examples: true, spoiled: []spoiled{
		{"BR-CO-10", "b2c", "MonetarySummation>\n        <ram:LineTotalAmount>18", "MonetarySummation>\n        <ram:LineTotalAmount>19"},
		{"BR-CO-15", "b2c", "<ram:GrandTotalAmount>19.90", "<ram:GrandTotalAmount>19.91"},
		{"BR-CO-16", "b2c", "<ram:DuePayableAmount>19.90", "<ram:DuePayableAmount>19.91"},
		{"BR-S-08", "b2c", "<ram:BasisAmount>18.86", "<ram:BasisAmount>18.87"},
		{"BR-E-08", "exempt", "<ram:BasisAmount>52.65", "<ram:BasisAmount>54.66"},
		{"BR-IC-11", "eu-goods", "*ram:OccurrenceDateTime>", "ram:Nothing>"},
		{"BR-O-02", "out-of-scope", `"FC">FR11`, `"VA">FR11`},
		{"BR-E-10", "exempt", "*ram:ExemptionReason>", "ram:Nothing>"},
		{"BR-S-02", "b2c", `schemeID="VA"`, `schemeID="XX"`},
		{"BR-CL-23", "b2c", `"C62"`, `"pieces"`},
	}},
	// The warning is about the empty element that the schema wants. The 59 assertions need a file of code lists that is not
	// among the rules; the lists are those of EN 16931, whose schematron has them (BR-CL).
	{file: "FACTUR-X_EN16931-2.5.2.sch", warnings: []string{"PEPPOL-EN16931-R008"}, leftOut: 59, spoiled: []spoiled{
		{"BR-CO-13", "b2c", "<ram:TaxBasisTotalAmount>", "<ram:TaxBasisTotalAmount>1"},
		{"BR-S-08", "b2c", "<ram:BasisAmount>18.86", "<ram:BasisAmount>18.87"},
	}},
	{file: "BR-FR-Flux2-CII-1.4.0.03.sch", spoiled: []spoiled{
		{"BR-FR-02_BT-1", "b2c", "INV-2026", "INV 2026"},
		{"BR-FR-03_BT-2", "b2c", "20261121", "20260230"},
		{"BR-FR-05_BT-22_PMT", "b2c", ">PMT<", ">AAI<"},
		{"BR-FR-08_BT-23", "b2c", "<ram:ID>B1<", "<ram:ID>B3<"},
		{"BR-FR-09_BT-46", "b2b", `"0009">98765432`, `"0009">88765432`},
		{"BR-FR-16_BT-119", "b2c", "*Percent>5.5<", "Percent>6<"},
		{"BR-FR-21_BT-49", "b2b", `"0225">987654324`, `"0225">123456782`},
		{"BR-FR-DEC-03_BT-146", "b2c", "*ChargeAmount>18.86", "ChargeAmount>-18.86"},
		{"BR-FR-CO-04_BT-4", "annulled", "*ram:InvoiceReferencedDocument>", "ram:Nothing>"},
		{"BR-FR-CO-08_BT-23", "deposit", "<ram:ID>M1<", "<ram:ID>M4<"},
		{"BR-FR-CO-05_BT-3", "credit-deposit", "*ram:InvoiceReferencedDocument>", "ram:Nothing>"},
		{"BR-FR-CO-09_BT-23-1", "paid-card", "<ram:TotalPrepaidAmount>", "<ram:TotalPrepaidAmount>1"},
	}},
}

// These have a hundred lines each, which take the engine longer than all others together.
var tooLong = []string{"hundred-cents", "many-lines"}

// TestTheOfficialRules runs the official schematrons as they are. It needs Node with the package in schematron/, so it has
// a target of its own: make test-einvoice-rules.
func TestTheOfficialRules(t *testing.T) {
	if os.Getenv("EINVOICE_SCHEMATRON") == "" {
		t.Skip("the official schematrons have a target of their own: make test-einvoice-rules")
	}
	dir := rulesDir(t)
	for _, set := range ruleSets {
		t.Run(set.file, func(t *testing.T) {
			t.Parallel()
			set.check(t, dir)
		})
	}
}

// check writes the documents into files, runs the rules over all of them at once and looks at what each failed.
func (set ruleSet) check(t *testing.T, dir string) {
	t.Helper()
	work := t.TempDir()
	var clean, files []string
	write := func(name string, doc []byte) string {
		file := filepath.Join(work, name+".xml")
		if err := os.WriteFile(file, doc, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
		return file
	}
	for _, c := range invoicetest.All() {
		if !slices.Contains(tooLong, c.Name) {
			clean = append(clean, write(c.Name, cii.Write(c.Document)))
		}
	}
	if set.examples {
		example, err := os.ReadFile(filepath.Join(dir, "examples", "CII_example3.xml"))
		if err != nil {
			t.Fatal(err)
		}
		clean = append(clean, write("example", example))
		write("BR-CO-15 of the example", bytes.Replace(example, []byte("<ram:GrandTotalAmount>"), []byte("<ram:GrandTotalAmount>1"), 1))
	}
	for _, s := range set.spoiled {
		write(s.rule, s.xml(t))
	}
	found := schematron(t, filepath.Join(dir, set.file), files)
	if len(found.LeftOut) != set.leftOut {
		t.Errorf("%d assertions were left out, not %d: %v", len(found.LeftOut), set.leftOut, found.LeftOut)
	}
	for _, file := range clean {
		for _, f := range found.Failed[file] {
			if !slices.Contains(set.warnings, f.ID) {
				t.Errorf("%s: %s %s", filepath.Base(file), f.ID, f.Message)
			}
		}
	}
	for _, s := range set.spoiled {
		found.mustRefuse(t, filepath.Join(work, s.rule+".xml"), s.rule)
	}
	if set.examples {
		found.mustRefuse(t, filepath.Join(work, "BR-CO-15 of the example.xml"), "BR-CO-15")
	}
	t.Logf("%d documents are clean, %d spoiled ones refused, %d assertions left out: %v",
		len(clean), len(files)-len(clean), len(found.LeftOut), found.LeftOut)
}

type failure struct{ ID, Message string }

// verdict is what check.mjs prints.
type verdict struct {
	LeftOut []string `json:"left_out"`
	Failed  map[string][]failure
}

func (v verdict) mustRefuse(t *testing.T, file, rule string) {
	t.Helper()
	if !slices.ContainsFunc(v.Failed[file], func(f failure) bool { return f.ID == rule }) {
		t.Errorf("a document that was spoiled for %s is accepted, or only refused for %v", rule, v.Failed[file])
	}
}

func schematron(t *testing.T, rules string, files []string) verdict {
	t.Helper()
	// Large young generation: the engine makes much garbage, and collecting it takes half of the time otherwise.
	args := append([]string{"--max-semi-space-size=64", filepath.Join("schematron", "check.mjs"), rules}, files...)
	cmd := exec.CommandContext(t.Context(), "node", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	var v verdict
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if len(v.Failed) != len(files) {
		t.Fatalf("%d of %d documents were looked at", len(v.Failed), len(files))
	}
	return v
}
