package facturx

import (
	"bytes"
	"encoding/xml"
	"strings"

	"european-pay.eu/eupay/internal/paper/pdf"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Attachment is the name of the embedded XML (Factur-X 1.0, BR-HYBRID-10 and following).
const Attachment = "factur-x.xml"

const producer = "EU Pay"

// description is the file's metadata, in the Info dictionary and, identically, in its XMP.
type description struct {
	title, author string
	// day of the document. The current date is not used.
	day invoice.Date
}

func describe(d invoice.Document) description {
	return description{title: titleOf(d) + " " + shownText(d.Number), author: shownText(d.Seller.Name), day: d.Issued}
}

// date in PDF syntax (7.9.4).
func (d description) date() string { return "(D:" + d.day.Compact() + "000000+00'00')" }

func (d description) info() string {
	return "<</Title" + pdf.Literal(d.title) + "/Author" + pdf.Literal(d.author) + "/Creator" + pdf.Literal(producer) + "/Producer" +
		pdf.Literal(producer) + "/CreationDate" + d.date() + "/ModDate" + d.date() + ">>"
}

// xmp is the file's metadata (ISO 16684-1): PDF/A-3B, and the properties of Factur-X with the description of their schema, which
// PDF/A requires (ISO 19005-3, 6.6.2.3).
func (d description) xmp() []byte {
	return []byte(strings.NewReplacer("$title", escape(d.title), "$author", escape(d.author), "$producer", producer,
		"$date", string(d.day)+"T00:00:00+00:00", "$file", Attachment, "$fx", namespace).Replace(packet))
}

const namespace = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"

func escape(text string) string {
	var b bytes.Buffer
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		return "" // writing to a buffer never fails
	}
	return b.String()
}

// packet begins with a marker that programs search for; the four characters in it are U+FEFF in UTF-8.
const packet = "<?xpacket begin=\"\uFEFF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>" + `
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
   <pdfaid:part>3</pdfaid:part>
   <pdfaid:conformance>B</pdfaid:conformance>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
   <dc:format>application/pdf</dc:format>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">$title</rdf:li></rdf:Alt></dc:title>
   <dc:creator><rdf:Seq><rdf:li>$author</rdf:li></rdf:Seq></dc:creator>
   <dc:language><rdf:Bag><rdf:li>fr-FR</rdf:li></rdf:Bag></dc:language>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">
   <pdf:Producer>$producer</pdf:Producer>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
   <xmp:CreatorTool>$producer</xmp:CreatorTool>
   <xmp:CreateDate>$date</xmp:CreateDate>
   <xmp:ModifyDate>$date</xmp:ModifyDate>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:fx="$fx">
   <fx:DocumentType>INVOICE</fx:DocumentType>
   <fx:DocumentFileName>$file</fx:DocumentFileName>
   <fx:Version>1.0</fx:Version>
   <fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
    xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
   <pdfaExtension:schemas>
    <rdf:Bag>
     <rdf:li rdf:parseType="Resource">
      <pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>
      <pdfaSchema:namespaceURI>$fx</pdfaSchema:namespaceURI>
      <pdfaSchema:prefix>fx</pdfaSchema:prefix>
      <pdfaSchema:property>
       <rdf:Seq>
        <rdf:li rdf:parseType="Resource">
         <pdfaProperty:name>DocumentFileName</pdfaProperty:name>
         <pdfaProperty:valueType>Text</pdfaProperty:valueType>
         <pdfaProperty:category>external</pdfaProperty:category>
         <pdfaProperty:description>The name of the embedded XML document</pdfaProperty:description>
        </rdf:li>
        <rdf:li rdf:parseType="Resource">
         <pdfaProperty:name>DocumentType</pdfaProperty:name>
         <pdfaProperty:valueType>Text</pdfaProperty:valueType>
         <pdfaProperty:category>external</pdfaProperty:category>
         <pdfaProperty:description>The type of the hybrid document in capital letters, e.g. INVOICE or ORDER</pdfaProperty:description>
        </rdf:li>
        <rdf:li rdf:parseType="Resource">
         <pdfaProperty:name>Version</pdfaProperty:name>
         <pdfaProperty:valueType>Text</pdfaProperty:valueType>
         <pdfaProperty:category>external</pdfaProperty:category>
         <pdfaProperty:description>The actual version of the standard applying to the embedded XML document</pdfaProperty:description>
        </rdf:li>
        <rdf:li rdf:parseType="Resource">
         <pdfaProperty:name>ConformanceLevel</pdfaProperty:name>
         <pdfaProperty:valueType>Text</pdfaProperty:valueType>
         <pdfaProperty:category>external</pdfaProperty:category>
         <pdfaProperty:description>The conformance level of the embedded XML document</pdfaProperty:description>
        </rdf:li>
       </rdf:Seq>
      </pdfaSchema:property>
     </rdf:li>
    </rdf:Bag>
   </pdfaExtension:schemas>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>`
