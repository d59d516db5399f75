package sample

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"strings"
)

// xmp is the metadata of a Factur-X of the profile EN 16931.
const xmp = `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"><pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance></rdf:Description>
<rdf:Description rdf:about="" xmlns:fx="urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"><fx:DocumentType>INVOICE</fx:DocumentType>` +
	`<fx:DocumentFileName>factur-x.xml</fx:DocumentFileName><fx:Version>1.0</fx:Version><fx:ConformanceLevel>EN 16931</fx:ConformanceLevel></rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#">` +
	`<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource"><pdfaSchema:namespaceURI>urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#` +
	`</pdfaSchema:namespaceURI><pdfaSchema:prefix>fx</pdfaSchema:prefix></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>
</rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>`

// PDF embeds an invoice in the smallest PDF that a platform accepts. Each pair of swap is replaced in it before the offsets are
// computed.
func PDF(invoice []byte, swap ...string) []byte {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	if _, err := z.Write(invoice); err != nil { // writing to a Buffer never fails
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	replace := strings.NewReplacer(swap...)
	metadata := replace.Replace(xmp)
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R /Metadata 4 0 R /OutputIntents [ 5 0 R ] /AF [ 7 0 R ] " +
			"/Names << /EmbeddedFiles << /Names [ (factur-x.xml) 7 0 R ] >> >> >>",
		"<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 595 842 ] >>",
		fmt.Sprintf("<< /Type /Metadata /Subtype /XML /Length %d >>\nstream\n%s\nendstream", len(metadata), metadata),
		"<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB) >>",
		fmt.Sprintf("<< /Type /EmbeddedFile /Subtype /text#2Fxml /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream", packed.Len(), packed.String()),
		"<< /Type /Filespec /F (factur-x.xml) /UF <FEFF0066006100630074007500720058> /AFRelationship /Alternative /EF << /F 6 0 R >> >>",
	}
	objects[6] = strings.Replace(objects[6], "<FEFF0066006100630074007500720058>", utf16("factur-x.xml"), 1)
	var out bytes.Buffer
	out.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	table := "0000000000 65535 f \n"
	for n, o := range objects {
		if n != 5 {
			o = replace.Replace(o)
		}
		table += fmt.Sprintf("%010d 00000 n \n", out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", n+1, o)
	}
	start := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n%s", len(objects)+1, table)
	out.WriteString(replace.Replace(fmt.Sprintf("trailer\n<< /Size %d /Root 1 0 R /ID [ <00> <01> ] >>\n", len(objects)+1)))
	fmt.Fprintf(&out, "startxref\n%d\n%%%%EOF\n", start)
	return out.Bytes()
}

// utf16 encodes an ASCII text as a PDF text string.
func utf16(s string) string {
	var out strings.Builder
	out.WriteString("<FEFF")
	for _, c := range s {
		fmt.Fprintf(&out, "%04X", c)
	}
	return out.String() + ">"
}
