package pdf

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
)

func says(problems []document.Problem, rule, field string) bool {
	return slices.ContainsFunc(problems, func(p document.Problem) bool { return p.Rule == rule && p.Field == field && p.Message != "" })
}

// Each rule of the hybrid, by the one thing that breaks it and at the place that it names.
func TestEachRuleOfTheFileRefuses(t *testing.T) {
	t.Parallel()
	xml := sample.XML(sample.Invoice())
	for name, c := range map[string]struct{ old, with, rule, field string }{
		"no catalog":           {"/Type /Catalog", "/Type /Pages", "PDF", "Root"},
		"no id":                {"/ID [ <00> <01> ]", "", "PDF/A", "ID"},
		"half an id":           {"/ID [ <00> <01> ]", "/ID [ <00> ]", "PDF/A", "ID"},
		"no intent":            {"/OutputIntents [ 5 0 R ]", "/OutputIntents [ ]", "PDF/A", "OutputIntents"},
		"a font's descriptor":  {"/Type /OutputIntent", "/Type /FontDescriptor /FontName /Arial", "PDF/A", "FontFile"},
		"a font":               {"/Type /OutputIntent", "/Type /Font /Subtype /TrueType /BaseFont /Arial", "PDF/A", "FontDescriptor"},
		"no names":             {"/Names <<", "/Nomes <<", "BR-HYBRID-06", "EmbeddedFiles"},
		"another name":         {"(factur-x.xml)", "(zugferd.xml)", "BR-HYBRID-06", "Filespec"},
		"no filespec":          {"/Type /Filespec", "/Type /File", "BR-HYBRID-06", "Filespec"},
		"no F":                 {"/F (factur-x.xml)", "", "BR-HYBRID-06", "Filespec"},
		"no UF":                {"/UF <", "/UG <", "BR-HYBRID-06", "Filespec"},
		"no relationship":      {"/AFRelationship /Alternative", "", "BR-HYBRID-11", "AFRelationship"},
		"another relationship": {"/Alternative", "/Unspecified", "BR-HYBRID-11", "AFRelationship"},
		"not associated":       {"/AF [ 7 0 R ]", "", "BR-HYBRID-10", "AF"},
		"metadata is no XML":   {"<x:xmpmeta", "<x:xmpmet", "BR-HYBRID-03", "Metadata"},
		"no metadata":          {"/Metadata 4 0 R", "/Metadata 5 0 R", "BR-HYBRID-03", "Metadata"},
		"part":                 {"<pdfaid:part>3", "<pdfaid:part>2", "BR-HYBRID-04", nsPDFAID + "part"},
		"kind":                 {">INVOICE<", ">ORDER<", "BR-HYBRID-04", nsFacturX + "DocumentType"},
		"file name":            {"FileName>factur-x.xml", "FileName>zugferd.xml", "BR-HYBRID-04", nsFacturX + "DocumentFileName"},
		"version":              {"Version>1.0", "Version>2.0", "BR-HYBRID-04", nsFacturX + "Version"},
		"profile":              {">EN 16931<", ">BASIC WL<", "BR-HYBRID-04", nsFacturX + "ConformanceLevel"},
		"conformance":          {"conformance>B", "conformance>C", "BR-HYBRID-02", "pdfaid:conformance"},
		"no conformance":       {"<pdfaid:conformance>B</pdfaid:conformance>", "", "BR-HYBRID-02", "pdfaid:conformance"},
		"two conformances":     {"conformance>B", "conformance>AB", "BR-HYBRID-02", "pdfaid:conformance"},
		"not described":        {"1p0#</pdfaSchema", "1p1#</pdfaSchema", "BR-HYBRID-05", "pdfaExtension"},
		"an embedded file":     {"/Type /EmbeddedFile", "/Type /File", "BR-HYBRID-07", "EmbeddedFile"},
		"its type":             {"/Subtype /text#2Fxml", "/Subtype /text#2Fplain", "BR-HYBRID-07", "EmbeddedFile"},
		"its filter":           {"/Filter /FlateDecode", "/Filter /LZWDecode", "PDF", "EmbeddedFile"},
		"two filters":          {"/Filter /FlateDecode", "/Filter [ /FlateDecode /FlateDecode ]", "PDF", "EmbeddedFile"},
		"no filter":            {"/EF << /F 6 0 R >>", "/EF << /F 5 0 R >>", "PDF", "EmbeddedFile"},
		"encrypted":            {"/ID [", "/Encrypt 5 0 R /ID [", "PDF", "file"},
	} {
		_, problems := Read(rebuilt(xml, c.old, c.with))
		if !says(problems, c.rule, c.field) {
			t.Errorf("%s: no %s at %s in %+v", name, c.rule, c.field, problems)
		}
	}
}

// rebuilt is the sample with a swap, also in the object of the embedded file, which the sample itself leaves alone. The table is
// written anew, so that the swap is all that is wrong.
func rebuilt(xml []byte, old, with string) []byte {
	b := sample.PDF(xml, old, with)
	at := bytes.Index(b, []byte("6 0 obj\n"))
	end := at + bytes.Index(b[at:], []byte("stream\n"))
	head := strings.Replace(string(b[at:end]), old, with, 1)
	if head == string(b[at:end]) {
		return b
	}
	out := slices.Concat(b[:at], []byte(head), b[end:])
	by := len(head) - (end - at)
	return renumbered(out, at, by)
}

// renumbered moves everything that the table says is behind a place.
func renumbered(b []byte, place, by int) []byte {
	start := bytes.LastIndex(b, []byte("xref\n0 "))
	for n := range 8 {
		entry := start + len("xref\n0 8\n") + 20*n
		var offset int
		if _, err := fmt.Sscanf(string(b[entry:entry+10]), "%d", &offset); err == nil && offset > place && b[entry+17] == 'n' {
			copy(b[entry:], fmt.Sprintf("%010d", offset+by))
		}
	}
	tail := bytes.LastIndex(b, []byte("startxref\n"))
	return append(b[:tail:tail], fmt.Sprintf("startxref\n%d\n%%%%EOF\n", start)...)
}

func TestWhatThePDFMayLeaveOrChoose(t *testing.T) {
	t.Parallel()
	xml := sample.XML(sample.Invoice())
	for name, c := range map[string][2]string{
		"other files beside it": {"/Names [ (factur-x.xml) 7 0 R ]", "/Names [ (a.txt) 5 0 R (b.txt) 5 0 R (factur-x.xml) 7 0 R (z.txt) 5 0 R ]"},
		"source":                {"/Alternative", "/Source"},
		"data":                  {"/Alternative", "/Data"},
		"conformance A":         {"conformance>B", "conformance>A"},
		"conformance U":         {"conformance>B", "conformance>U"},
		"a list of one":         {"/Filter /FlateDecode", "/Filter [ /FlateDecode ]"},
		"a composed font":       {"/Type /OutputIntent", "/Type /Font /Subtype /Type0"},
		"a drawn font":          {"/Type /OutputIntent", "/Type /Font /Subtype /Type3"},
		"an embedded font":      {"/Type /OutputIntent", "/Type /FontDescriptor /FontFile2 6 0 R"},
		"another one":           {"/Type /OutputIntent", "/Type /FontDescriptor /FontFile 6 0 R"},
		"a third one":           {"/Type /OutputIntent", "/Type /FontDescriptor /FontFile3 6 0 R"},
		"a described font":      {"/Type /OutputIntent", "/Type /Font /Subtype /TrueType /FontDescriptor 5 0 R"},
		"properties as attributes": {
			`<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"><pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance></rdf:Description>`,
			`<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" pdfaid:part="3" pdfaid:conformance="B"/>`,
		},
		"a comment in between": {"/UF <", "% comment\n/UF <"},
	} {
		got, problems := Read(rebuilt(xml, c[0], c[1]))
		if len(problems) > 0 || !bytes.Equal(got, xml) {
			t.Errorf("%s: %d bytes, %+v", name, len(got), problems)
		}
	}
}

// The table says to the byte where an object is, and a stream how long it is.
func TestPlacesAndLengthsAreRightToTheByte(t *testing.T) {
	t.Parallel()
	b := sample.PDF(sample.XML(sample.Invoice()))
	table := bytes.LastIndex(b, []byte("xref\n0 "))
	entry := table + len("xref\n0 8\n") + 20*3
	for name, spoil := range map[string]func([]byte) []byte{
		"a byte later":    func(b []byte) []byte { return put(b, entry+9, b[entry+9]+1) },
		"of another":      func(b []byte) []byte { return put(b, entry, b[entry-20:entry-10]...) },
		"outside":         func(b []byte) []byte { return put(b, entry, []byte("9999999999")...) },
		"a wrong letter":  func(b []byte) []byte { return put(b, entry+17, 'x') },
		"another number":  func(b []byte) []byte { return bytes.Replace(b, []byte("3 0 obj"), []byte("4 0 obj"), 1) },
		"no object":       func(b []byte) []byte { return bytes.Replace(b, []byte("3 0 obj"), []byte("3 0 obi"), 1) },
		"a short stream":  func(b []byte) []byte { return length(b, -1) },
		"a long stream":   func(b []byte) []byte { return length(b, 1) },
		"an endless one":  func(b []byte) []byte { return length(b, 1<<20) },
		"no startxref":    func(b []byte) []byte { return bytes.Replace(b, []byte("startxref"), []byte("startxxxx"), 1) },
		"startxref off":   func(b []byte) []byte { return bytes.Replace(b, []byte("startxref\n"), []byte("startxref\n9"), 1) },
		"no trailer":      func(b []byte) []byte { return bytes.Replace(b, []byte("trailer"), []byte("tralala"), 1) },
		"another version": func(b []byte) []byte { return bytes.Replace(b, []byte("%PDF-1."), []byte("%PDF-2."), 1) },
		"a table's count": func(b []byte) []byte { return bytes.Replace(b, []byte("xref\n0 8"), []byte("xref\n0 9"), 1) },
		"a loop of tables": func(b []byte) []byte {
			return bytes.Replace(b, []byte("/Root 1 0 R"), []byte("/Root 1 0 R /Prev -5"), 1)
		},
	} {
		if xml, problems := Read(spoil(slices.Clone(b))); len(problems) == 0 {
			t.Errorf("%s: taken, %d bytes", name, len(xml))
		}
	}
	loop := bytes.Replace(b, []byte("/Root 1 0 R"), fmt.Appendf(nil, "/Root 1 0 R /Prev %d", table), 1)
	if _, problems := Read(loop); len(problems) > 0 {
		t.Errorf("a table that names itself ends: %+v", problems)
	}
}

func put(b []byte, at int, with ...byte) []byte {
	copy(b[at:], with)
	return b
}

// length changes what the metadata's stream says of its length; the number keeps its digits where it can.
func length(b []byte, by int) []byte {
	at := bytes.Index(b, []byte("/Subtype /XML /Length "))
	var n int
	if _, err := fmt.Sscanf(string(b[at:]), "/Subtype /XML /Length %d", &n); err != nil {
		return nil
	}
	old, with := fmt.Sprintf("/XML /Length %d ", n), fmt.Sprintf("/XML /Length %d ", n+by)
	return renumbered(bytes.Replace(b, []byte(old), []byte(with), 1), at, len(with)-len(old))
}

// The forms that a value may have in a PDF.
func TestValuesInAllTheirForms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"(a(b)c)": "a(b)c", `(a\(b\)c)`: "a(b)c", `(\101\7\0611)`: "A\a11", `(a\nb\tc\\)`: "a\nb\tc\\", "(a\\\nb)": "ab", "<4142>": "AB", "<41 4>": "A@", "<>": "", "()": "",
		"<FEFF00E9>": "é", `(\q)`: "q", "%c\n(x)": "x",
	} {
		x, err := (&parser{b: []byte(text)}).object()
		if got, ok := x.(interface{ String() string }); err != nil || !ok || got.String() != want {
			t.Errorf("%s: %v %v, want %q", text, x, err, want)
		}
	}
	for text, want := range map[string]string{
		"12 0 R": "12 0 R", "12": "12", "-1.5": "-1.5", "true": "true", "/A#42c": "ABc", "/A#4": "A#4", "[1 2 0 R /X]": "[1 2 0 R X]", "<</A 1/B[2]>>": "map[A:1 B:[2]]", "12 0": "12",
	} {
		if x, err := (&parser{b: []byte(text)}).object(); err != nil || fmt.Sprint(x) != want {
			t.Errorf("%s: %v %v, want %s", text, x, err, want)
		}
	}
	for _, text := range []string{"", "<4", "<4x>", "(a", "[1", "<</A", "<<1 2>>", ")", "]", "(\\", strings.Repeat("[", 51)} {
		if x, err := (&parser{b: []byte(text)}).object(); err == nil {
			t.Errorf("%q: %v", text, x)
		}
	}
}
