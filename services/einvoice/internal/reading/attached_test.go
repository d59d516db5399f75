package reading

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/paper/pdf"
	"european-pay.eu/eupay/services/einvoice/internal/cii"
	"european-pay.eu/eupay/services/einvoice/internal/facturx"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

// file is a PDF as far as Attached looks at it, with these streams.
func file(streams ...[]byte) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	for i, s := range streams {
		fmt.Fprintf(&b, "%d 0 obj\n<</Length %d>>\nstream\r\n%s\r\nendstream\nendobj\n", i+1, len(s), s)
	}
	return b.Bytes()
}

func TestTheXMLOfAFacturXIsFound(t *testing.T) {
	t.Parallel()
	d := invoicetest.Find("b2b")
	xml := cii.Write(d)
	ours, err := facturx.Render(d, xml, facturx.Look{})
	if err != nil {
		t.Fatal(err)
	}
	page := pdf.Deflate([]byte("BT /R 9 Tf ET"))
	for what, c := range map[string]struct{ file, want []byte }{
		"ours":       {ours, xml},
		"compressed": {file(page, pdf.Deflate(sampleCII)), sampleCII},
		"plain":      {file(page, bytes.TrimSpace(sampleCII)), bytes.TrimSpace(sampleCII)},
		"twice":      {file(pdf.Deflate(sampleCII), page, pdf.Deflate(sampleCII)), sampleCII},
	} {
		got, err := Attached(c.file)
		if err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%s: %d bytes, %v", what, len(got), err)
		}
	}
}

func TestPDFsWithoutOneInvoiceAreRefused(t *testing.T) {
	t.Parallel()
	bomb := append([]byte(`<rsm:CrossIndustryInvoice xmlns:rsm="`+nsCII+`">`), bytes.Repeat([]byte{' '}, MaxXML)...)
	other := bytes.Replace(sampleCII, []byte("120.00"), []byte("920.00"), 1)
	for reason, f := range map[string][]byte{
		"no invoice attached":       file(pdf.Deflate([]byte("BT ET"))),
		"two different invoices":    file(pdf.Deflate(sampleCII), pdf.Deflate(other)),
		"larger than 10 MiB":        file(pdf.Deflate(bomb)),
		"is damaged":                file(pdf.Deflate(sampleCII)[:len(pdf.Deflate(sampleCII))/2]),
		"more than 20000 streams":   []byte("%PDF-1.7\n" + strings.Repeat("stream\n", maxStreams)),
		"The PDF is larger than 20": bytes.Repeat([]byte{'x'}, MaxPDF+1),
	} {
		_, err := Attached(f)
		var no *Unreadable
		if !errors.As(err, &no) || !strings.Contains(no.Reason, reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}
