package cii_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"european-pay.eu/eupay/internal/kit/rounds"
	"european-pay.eu/eupay/services/einvoice/internal/cii"
	"european-pay.eu/eupay/services/einvoice/internal/cii/ciitest"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

var update = flag.Bool("update", false, "write the golden files again")

// init lets properties be checked with fewer draws than usual, unless -rapid.checks says how many.
// A check writes and reads whole documents.
func init() {
	rounds.Draws(40)
}

// rulesDir is the folder of the official rules, which are not part of the project.
func rulesDir(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("EINVOICE_RULES_DIR")
	if dir == "" {
		tb.Skip("NOT CHECKED against the official rules of e-invoices: EINVOICE_RULES_DIR does not say where they are")
	}
	return dir
}

func TestGoldenDocuments(t *testing.T) {
	for _, c := range invoicetest.All() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			got := cii.Write(c.Document)
			if again := cii.Write(c.Document); !bytes.Equal(got, again) {
				t.Error("the same document gave other bytes")
			}
			for _, p := range ciitest.Check(got) {
				t.Errorf("%s: %s", p.Rule, p.Text)
			}
			golden := filepath.Join("testdata", c.Name+".xml")
			if *update {
				if err := os.WriteFile(golden, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("not as in %s (%v); go test -update writes it again", golden, err)
			}
		})
	}
}

// The schema of Factur-X knows the order of elements and which there are.
func TestTheSchemaAcceptsEveryGoldenDocument(t *testing.T) {
	dir := rulesDir(t)
	for _, c := range invoicetest.All() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			if out, err := validate(t, dir, cii.Write(c.Document)); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

func TestTheSchemaRefusesAnotherOrder(t *testing.T) {
	dir := rulesDir(t)
	good := cii.Write(invoicetest.Find("b2b"))
	for _, name := range []string{"ram:PostcodeCode", "ram:LineID", "ram:IssueDateTime", "ram:GrandTotalAmount"} {
		bad := bytes.ReplaceAll(good, []byte(name+">"), []byte("ram:Unknown>"))
		if out, err := validate(t, dir, bad); err == nil {
			t.Errorf("without %s it is accepted: %s", name, out)
		}
	}
}

func validate(t *testing.T, dir string, doc []byte) ([]byte, error) {
	t.Helper()
	schema := filepath.Join(dir, "facturx-xsd", "FACTUR-X_EN16931.xsd")
	cmd := exec.CommandContext(t.Context(), "xmllint", "--nonet", "--noout", "--schema", schema, "-")
	cmd.Stdin = bytes.NewReader(doc)
	return cmd.CombinedOutput()
}

func BenchmarkWrite(b *testing.B) {
	for _, name := range []string{"b2c", "discount-four-rates", "many-lines"} {
		b.Run(name, func(b *testing.B) {
			d := invoicetest.Find(name)
			b.SetBytes(int64(len(cii.Write(d))))
			b.ReportAllocs()
			for b.Loop() {
				cii.Write(d)
			}
		})
	}
}
