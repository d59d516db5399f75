package pdf

import (
	"bytes"
	"fmt"
	"slices"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/xmltree"
)

// invoiceName is the required name of the embedded invoice.
const invoiceName = "factur-x.xml"

// Read extracts the invoice from a Factur-X PDF of the profile EN 16931, and reports the problems of the PDF.
func Read(b []byte) ([]byte, []document.Problem) {
	c := &checker{}
	f, err := open(b)
	if err != nil {
		c.add("PDF", "file", "%v", err)
		return nil, c.problems
	}
	c.f = f
	c.objects()
	catalog := f.dict(f.trailer["Root"])
	if f.name(catalog["Type"]) != "Catalog" {
		c.add("PDF", "Root", "the PDF has no catalog")
		return nil, c.problems
	}
	if len(f.list(f.trailer["ID"])) != 2 {
		c.add("PDF/A", "ID", "the trailer has no ID")
	}
	if len(f.list(catalog["OutputIntents"])) == 0 {
		c.add("PDF/A", "OutputIntents", "the catalog has no output intent")
	}
	c.metadata(catalog)
	return c.attachment(catalog), c.problems
}

type checker struct {
	f        *file
	problems []document.Problem
	visited  int
}

func (c *checker) add(rule, field, format string, args ...any) {
	c.problems = append(c.problems, document.Problem{Rule: rule, Field: field, Message: fmt.Sprintf(format, args...)})
}

// objects parses each object once: it must be where the table says, and each font must be embedded.
func (c *checker) objects() {
	for n := range c.f.offsets {
		x, err := c.f.load(n)
		if err != nil {
			c.add("PDF", "xref", "%v", err)
			continue
		}
		d, _ := x.(dict)
		switch c.f.name(d["Type"]) {
		case "FontDescriptor":
			if d["FontFile"] == nil && d["FontFile2"] == nil && d["FontFile3"] == nil {
				c.add("PDF/A", "FontFile", "the font %s is not embedded", c.f.name(d["FontName"]))
			}
		case "Font":
			subtype := c.f.name(d["Subtype"])
			if d["FontDescriptor"] == nil && subtype != "Type0" && subtype != "Type3" {
				c.add("PDF/A", "FontDescriptor", "the font %s is not embedded", c.f.name(d["BaseFont"]))
			}
		}
	}
}

// attachment finds factur-x.xml among the embedded files and checks its relation to the document.
func (c *checker) attachment(catalog dict) []byte {
	f := c.f
	spec := c.embedded(f.dict(f.dict(catalog["Names"])["EmbeddedFiles"]))
	if spec == nil {
		c.add("BR-HYBRID-06", "EmbeddedFiles", "there is no embedded file %s", invoiceName)
		return nil
	}
	d := f.dict(spec)
	if f.name(d["Type"]) != "Filespec" || f.text(d["F"]) != invoiceName || f.text(d["UF"]) != invoiceName {
		c.add("BR-HYBRID-06", "Filespec", "Type must be Filespec, F and UF %s", invoiceName)
	}
	if r := f.name(d["AFRelationship"]); !slices.Contains([]string{"Alternative", "Source", "Data"}, r) {
		c.add("BR-HYBRID-11", "AFRelationship", "%q is not Alternative, Source or Data", r)
	}
	if !slices.ContainsFunc(f.list(catalog["AF"]), func(x any) bool { return x == spec }) {
		c.add("BR-HYBRID-10", "AF", "the catalog does not name the file as associated")
	}
	file := f.dict(f.dict(d["EF"])["F"])
	if f.name(file["Type"]) != "EmbeddedFile" || f.name(file["Subtype"]) != "text/xml" {
		c.add("BR-HYBRID-07", "EmbeddedFile", "Type must be EmbeddedFile, Subtype text/xml")
	}
	data, err := f.data(f.dict(d["EF"])["F"])
	if err != nil {
		c.add("PDF", "EmbeddedFile", "%v", err)
		return nil
	}
	return data
}

// embedded searches the name tree; the result is the reference in it.
func (c *checker) embedded(node dict) any {
	if c.visited++; c.visited > 100 { // a cyclic tree
		return nil
	}
	names := c.f.list(node["Names"])
	for i := 0; i+1 < len(names); i += 2 {
		if c.f.text(names[i]) == invoiceName || c.f.text(c.f.dict(names[i+1])["UF"]) == invoiceName {
			return names[i+1]
		}
	}
	for _, kid := range c.f.list(node["Kids"]) {
		if found := c.embedded(c.f.dict(kid)); found != nil {
			return found
		}
	}
	return nil
}

const (
	nsFacturX   = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
	nsPDFAID    = "http://www.aiim.org/pdfa/ns/id/"
	nsRDF       = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	nsExtension = "http://www.aiim.org/pdfa/ns/extension/"
	nsSchema    = "http://www.aiim.org/pdfa/ns/schema#"
)

// metadata checks the XMP: PDF/A-3, the properties of Factur-X and their description.
func (c *checker) metadata(catalog dict) {
	raw, err := c.f.data(catalog["Metadata"])
	if err != nil {
		c.add("BR-HYBRID-03", "Metadata", "%v", err)
		return
	}
	root, err := xmltree.Parse(withoutPackets(raw))
	if err != nil {
		c.add("BR-HYBRID-03", "Metadata", "%v", err)
		return
	}
	has := map[string]string{}
	described := false
	collect(root, has, &described)
	want := map[string]string{
		nsPDFAID + "part": "3", nsFacturX + "DocumentType": "INVOICE", nsFacturX + "DocumentFileName": invoiceName,
		nsFacturX + "Version": "1.0", nsFacturX + "ConformanceLevel": "EN 16931",
	}
	for property, value := range want {
		if has[property] != value {
			c.add("BR-HYBRID-04", property, "is %q, must be %q", has[property], value)
		}
	}
	if level := has[nsPDFAID+"conformance"]; !slices.Contains([]string{"A", "B", "U"}, level) {
		c.add("BR-HYBRID-02", "pdfaid:conformance", "%q is not A, B or U", level)
	}
	if !described {
		c.add("BR-HYBRID-05", "pdfaExtension", "the properties of Factur-X are not described")
	}
}

// withoutPackets removes what surrounds the element: a byte order mark and padding.
func withoutPackets(b []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\ufeff")))
}

// collect gathers the properties, which are elements or attributes of rdf:Description.
func collect(n *xmltree.Node, into map[string]string, described *bool) {
	for _, child := range n.Children {
		if n.Name.Space == nsRDF && n.Name.Local == "Description" && child.Name.Space != nsExtension {
			into[child.Name.Space+child.Name.Local] = child.Value()
		}
		if child.Name.Space == nsSchema && child.Name.Local == "namespaceURI" && child.Value() == nsFacturX {
			*described = true
		}
		collect(child, into, described)
	}
	if n.Name.Space == nsRDF && n.Name.Local == "Description" {
		for _, a := range n.Attrs {
			into[a.Name.Space+a.Name.Local] = a.Value
		}
	}
}
