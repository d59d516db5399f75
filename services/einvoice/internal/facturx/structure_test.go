package facturx

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/paper/logo"
	"european-pay.eu/eupay/internal/paper/pdf"
	"european-pay.eu/eupay/services/einvoice/internal/cii"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

func TestEveryDocumentIsASoundPDFWithItsXMLAndFontsInside(t *testing.T) {
	for _, c := range all() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			pdf := render(t, c.Document, look(t))
			path := saved(t, pdf)
			if out := tool(t, "qpdf", "--check", path); strings.Contains(strings.ToLower(out), "warning") {
				t.Errorf("qpdf: %s", out)
			}
			for _, line := range strings.Split(strings.TrimSpace(tool(t, "pdffonts", path)), "\n")[2:] {
				if !regexp.MustCompile(`^[A-Z]{6}\+(DejaVuSansCondensed(-Bold)?|DroidSansFallback|NanumSquareR)\s+CID TrueType\s+Identity-H\s+yes yes yes`).MatchString(line) {
					t.Errorf("font: %s", line)
				}
			}
			want := cii.Write(c.Document)
			out := filepath.Join(t.TempDir(), "out.xml")
			tool(t, "pdfdetach", "-savefile", "factur-x.xml", "-o", out, path)
			if got, err := os.ReadFile(out); err != nil || !bytes.Equal(got, want) {
				t.Errorf("the embedded XML is not the one that was given (%v)", err)
			}
			if got, err := Extract(pdf); err != nil || !bytes.Equal(got, want) {
				t.Errorf("Extract: %v, or other bytes", err)
			}
		})
	}
}

func TestTheSameDocumentGivesTheSameBytes(t *testing.T) {
	for _, c := range all() {
		first := render(t, c.Document, look(t))
		logoCache = logo.NewMemory[*pdf.Image](keptLogos) // so that the logo is decoded again
		if !bytes.Equal(renderAnew(t, c.Document, look(t)), first) {
			t.Fatalf("%s: two renderings differ", c.Name)
		}
	}
}

func TestOtherContentHasAnotherIdentifier(t *testing.T) {
	id := func(n string) string {
		return string(regexp.MustCompile(`/ID\[<[0-9A-F]{32}><[0-9A-F]{32}>\]`).Find(render(t, invoicetest.Find(n), Look{})))
	}
	if a, b := id("b2b"), id("b2c"); a == "" || a == b {
		t.Errorf("identifiers %q and %q", a, b)
	}
}

// objects are the dictionaries of a PDF as qpdf reads them, by "obj:1 0 R" or "trailer".
func objects(t *testing.T, path string) map[string]map[string]any {
	t.Helper()
	var file struct {
		QPDF []json.RawMessage `json:"qpdf"`
	}
	var raw map[string]struct {
		Value  any `json:"value"`
		Stream struct {
			Dict map[string]any `json:"dict"`
		} `json:"stream"`
	}
	if err := json.Unmarshal([]byte(tool(t, "qpdf", "--json=2", "--json-key=qpdf", path)), &file); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(file.QPDF[1], &raw); err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]any{}
	for name, o := range raw {
		out[name] = o.Stream.Dict
		if d, ok := o.Value.(map[string]any); ok {
			out[name] = d
		}
	}
	return out
}

func TestTheStructureIsThatOfPDFA3AndFacturX(t *testing.T) {
	pdf := render(t, invoicetest.Find("b2b"), look(t))
	objects := objects(t, saved(t, pdf))
	get := func(o map[string]any, key string) map[string]any {
		t.Helper()
		switch v := o[key].(type) {
		case map[string]any:
			return v
		case string:
			return objects["obj:"+v]
		}
		t.Fatalf("no %s in %v", key, o)
		return nil
	}
	is := func(o map[string]any, key string, want any) {
		t.Helper()
		if got, _ := json.Marshal(o[key]); string(got) != want && o[key] != want {
			t.Errorf("%s is %s, want %v", key, got, want)
		}
	}
	trailer := objects["trailer"]
	if id, ok := trailer["/ID"].([]any); !ok || len(id) != 2 || id[0] != id[1] {
		t.Errorf("/ID is %v", trailer["/ID"])
	}
	catalog := get(trailer, "/Root")
	is(catalog, "/AF", `["6 0 R"]`)
	is(catalog, "/Lang", "u:fr-FR")
	is(get(get(catalog, "/Names"), "/EmbeddedFiles"), "/Names", `["u:factur-x.xml","6 0 R"]`)
	spec := objects["obj:6 0 R"]
	is(spec, "/Type", "/Filespec")
	is(spec, "/F", "u:factur-x.xml")
	is(spec, "/UF", "u:factur-x.xml")
	is(spec, "/AFRelationship", "/Alternative")
	embedded := get(get(spec, "/EF"), "/F")
	is(embedded, "/Subtype", "/text/xml")
	is(embedded, "/Type", "/EmbeddedFile")
	is(get(embedded, "/Params"), "/ModDate", "u:D:20261121000000+00'00'")
	intent := objects["obj:7 0 R"]
	is(catalog, "/OutputIntents", `["7 0 R"]`)
	is(intent, "/S", "/GTS_PDFA1")
	is(get(intent, "/DestOutputProfile"), "/N", `3`)
	info := get(trailer, "/Info")
	is(info, "/Title", "u:Facture INV-2026-AB12CD-000003")
	is(info, "/Author", "u:Librairie du Canal SAS")
	is(info, "/CreationDate", "u:D:20261121000000+00'00'")
	for name, o := range objects {
		for _, banned := range []string{"/JS", "/JavaScript", "/AA", "/OpenAction", "/Encrypt", "/SMask", "/LZWDecode", "/Launch"} {
			if _, ok := o[banned]; ok {
				t.Errorf("%s has %s", name, banned)
			}
		}
	}
}

// properties are the texts of an XML document by the path of their elements.
func properties(t *testing.T, file []byte) map[string][]string {
	t.Helper()
	out, path := map[string][]string{}, []string{}
	for d := xml.NewDecoder(bytes.NewReader(file)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		switch x := token.(type) {
		case xml.StartElement:
			path = append(path, x.Name.Space+"|"+x.Name.Local)
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			if text := strings.TrimSpace(string(x)); text != "" {
				key := path[len(path)-1]
				if strings.HasSuffix(key, "|li") {
					key = path[len(path)-3]
				}
				out[key] = append(out[key], text)
			}
		}
	}
}

func TestTheMetadataSayWhatPDFAAndFacturXWant(t *testing.T) {
	d := invoicetest.Find("b2b")
	d.Seller.Name = `Dupont & <Fils> "SAS"`
	pdf := render(t, d, Look{})
	start, end := bytes.Index(pdf, []byte("<?xpacket begin")), bytes.Index(pdf, []byte(`<?xpacket end="w"?>`))
	got := properties(t, pdf[start:end])
	const fx, schema, property = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#|", "http://www.aiim.org/pdfa/ns/schema#|", "http://www.aiim.org/pdfa/ns/property#|"
	for key, want := range map[string]string{
		"http://www.aiim.org/pdfa/ns/id/|part":        "3",
		"http://www.aiim.org/pdfa/ns/id/|conformance": "B",
		fx + "DocumentType":                           "INVOICE",
		fx + "DocumentFileName":                       "factur-x.xml",
		fx + "Version":                                "1.0",
		fx + "ConformanceLevel":                       "EN 16931",
		"http://purl.org/dc/elements/1.1/|title":      "Facture INV-2026-AB12CD-000003",
		"http://purl.org/dc/elements/1.1/|creator":    d.Seller.Name,
		"http://ns.adobe.com/xap/1.0/|CreateDate":     "2026-11-21T00:00:00+00:00",
		"http://ns.adobe.com/xap/1.0/|ModifyDate":     "2026-11-21T00:00:00+00:00",
		"http://ns.adobe.com/xap/1.0/|CreatorTool":    "EU Pay",
		"http://ns.adobe.com/pdf/1.3/|Producer":       "EU Pay",
		schema + "namespaceURI":                       "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#",
		schema + "prefix":                             "fx",
		property + "name":                             "DocumentFileName,DocumentType,Version,ConformanceLevel",
		property + "valueType":                        "Text,Text,Text,Text",
		property + "category":                         "external,external,external,external",
		"http://www.aiim.org/pdfa/ns/schema#|schema":  "Factur-X PDFA Extension Schema",
	} {
		if text := strings.Join(got[key], ","); text != want {
			t.Errorf("%s is %q, want %q", key, text, want)
		}
	}
}

func TestExtractRefusesWhatWasNotWrittenHere(t *testing.T) {
	pdf := render(t, invoicetest.Find("b2b"), Look{})
	changed := bytes.Clone(pdf)
	at := bytes.Index(changed, []byte("/Type/EmbeddedFile"))
	changed[at+bytes.Index(changed[at:], []byte("stream\n"))+40]++
	for name, file := range map[string][]byte{
		"nothing": nil, "a text": []byte("%PDF-1.7 hello"), "a part": pdf[:len(pdf)-10], "a changed attachment": changed,
		"a place far away": bytes.Replace(pdf, []byte("startxref\n"), []byte("startxref\n999999"), 1),
		"a huge size":      regexp.MustCompile(`Params<</Size \d+`).ReplaceAll(pdf, []byte("Params<</Size 9999999999")),
	} {
		if xml, err := Extract(file); !errors.Is(err, ErrNotOurs) || xml != nil {
			t.Errorf("%s: %d bytes, %v", name, len(xml), err)
		}
	}
}

func FuzzExtract(f *testing.F) {
	f.Add(render(f, invoicetest.Find("b2c"), Look{}))
	f.Fuzz(func(t *testing.T, file []byte) {
		if xml, err := Extract(file); err != nil && xml != nil {
			t.Error("an error and an XML")
		}
	})
}

func TestRenderWantsAnXML(t *testing.T) {
	if _, err := Render(invoicetest.Find("b2c"), nil, Look{}); !errors.Is(err, ErrNoXML) {
		t.Errorf("%v", err)
	}
}
