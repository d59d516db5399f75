package pdf

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
)

func TestTheInvoiceIsFound(t *testing.T) {
	t.Parallel()
	want := sample.XML(sample.Invoice())
	got, problems := Read(sample.PDF(want))
	if len(problems) > 0 || !bytes.Equal(got, want) {
		t.Errorf("%d bytes of %d, %+v", len(got), len(want), problems)
	}
}

func TestTheSampleIsAPDFToOthers(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("qpdf"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("qpdf is not installed")
		}
		t.Skip("qpdf is not installed: the sample is not checked by another reader")
	}
	name := filepath.Join(t.TempDir(), "sample.pdf")
	if err := os.WriteFile(name, sample.PDF(sample.XML(sample.Invoice())), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("qpdf", "--check", name).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// updated appends an update that replaces the catalog by one with more in it.
func updated(b []byte, catalog string) []byte {
	start := bytes.LastIndex(b, []byte("startxref\n"))
	var old int
	for _, c := range b[start+len("startxref\n"):] {
		if c < '0' || c > '9' {
			break
		}
		old = old*10 + int(c-'0')
	}
	out := bytes.NewBuffer(slices.Clone(b))
	at := out.Len()
	out.WriteString("1 0 obj\n" + catalog + "\nendobj\n")
	table := out.Len()
	out.WriteString("xref\n1 1\n" + pad(at) + " 00000 n \ntrailer\n<< /Size 8 /Root 1 0 R /ID [ <00> <02> ] /Prev " + itoa(old) + " >>\nstartxref\n" + itoa(table) + "\n%%EOF\n")
	return out.Bytes()
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

func pad(n int) string { return "0000000000"[len(itoa(n)):] + itoa(n) }

func TestAnUpdateReplacesWhatWasBefore(t *testing.T) {
	t.Parallel()
	b := sample.PDF(sample.XML(sample.Invoice()))
	catalog := "<</Type/Catalog/Pages 2 0 R/Metadata 4 0 R/OutputIntents[5 0 R]/AF[7 0 R]/Names<</EmbeddedFiles<</Kids[<</Names[(factur-x.xml)7 0 R]>>]>>>>>>"
	if xml, problems := Read(updated(b, catalog)); len(problems) > 0 || len(xml) == 0 {
		t.Errorf("%+v", problems)
	}
	if xml, _ := Read(updated(b, "<< /Type /Catalog /Pages 2 0 R >>")); xml != nil {
		t.Error("the catalog before the update was read")
	}
}

func TestWhatIsWrongWithThePDF(t *testing.T) {
	t.Parallel()
	xml := sample.XML(sample.Invoice())
	for name, c := range map[string]struct{ old, new, rule string }{
		"file name":      {"/F (factur-x.xml)", "/F (facturx.xml)", "BR-HYBRID-06"},
		"no attachment":  {"/EmbeddedFiles", "/Embedded", "BR-HYBRID-06"},
		"relationship":   {"/Alternative", "/Supplement", "BR-HYBRID-11"},
		"not associated": {"/AF [ 7 0 R ]", "/AF [ 6 0 R ]", "BR-HYBRID-10"},
		"no metadata":    {"/Metadata 4 0 R", "", "BR-HYBRID-03"},
		"PDF/A-1":        {"<pdfaid:part>3", "<pdfaid:part>1", "BR-HYBRID-04"},
		"conformance":    {"conformance>B", "conformance>X", "BR-HYBRID-02"},
		"profile":        {">EN 16931<", ">EN16931<", "BR-HYBRID-04"},
		"namespace":      {"invoice:1p0#\"><fx", "invoice:1p0\"><fx", "BR-HYBRID-04"},
		"not described":  {"1p0#</pdfaSchema", "1p1#</pdfaSchema", "BR-HYBRID-05"},
		"no intent":      {"/OutputIntents [ 5 0 R ]", "", "PDF/A"},
		"no id":          {"/ID [ <00> <01> ]", "", "PDF/A"},
		"font":           {"/Type /OutputIntent", "/Type /FontDescriptor /FontName /Arial", "PDF/A"},
		"encrypted":      {"/ID [", "/Encrypt 5 0 R /ID [", "PDF"},
		"no root":        {"/Root 1 0 R", "/Root 3 0 R", "PDF"},
	} {
		_, problems := Read(sample.PDF(xml, c.old, c.new))
		if !slices.ContainsFunc(problems, func(p document.Problem) bool { return p.Rule == c.rule }) {
			t.Errorf("%s: %+v", name, problems)
		}
	}
}

func TestABrokenPDFIsRefused(t *testing.T) {
	t.Parallel()
	b := sample.PDF(sample.XML(sample.Invoice()))
	for n := 0; n < len(b); n += 61 {
		if _, problems := Read(b[:n]); len(problems) == 0 {
			t.Errorf("%d of %d bytes were taken", n, len(b))
		}
	}
	moved := bytes.Replace(b, []byte("%PDF-1.7\n"), []byte("%PDF-1.7\n\n"), 1)
	if _, problems := Read(moved); len(problems) == 0 {
		t.Error("a table that is one byte off was taken")
	}
	if _, problems := Read([]byte("<xml/>")); len(problems) == 0 {
		t.Error("XML was taken")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(sample.PDF(sample.XML(sample.Invoice())))
	f.Add([]byte("%PDF-1.7\nxref\n0 1\ntrailer << /A [ ( \\101 ) <4> ] >>\nstartxref\n9\n"))
	f.Fuzz(func(_ *testing.T, b []byte) { Read(b) })
}

// The file in testdata was written by the product: a table with an update, embedded fonts and all that PDF/A-3 wants.
func TestWhatTheProductWritesIsTaken(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(filepath.Join("testdata", "b2b.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	if xml, problems := Read(b); len(problems) > 0 || !bytes.Contains(xml, []byte("CrossIndustryInvoice")) {
		t.Errorf("%d bytes, %+v", len(xml), problems)
	}
}
