package reading

import (
	"bytes"
	"compress/zlib"
	"io"
	"regexp"
)

// The limits of a PDF that is searched.
const (
	// MaxPDF limits the file.
	MaxPDF = 20 << 20
	// maxStreams limits the streams that are looked at, each of which costs at most what headLength needs.
	maxStreams = 20_000
	headLength = 4 << 10
)

// IsPDF reports whether a file is a PDF.
func IsPDF(file []byte) bool { return bytes.HasPrefix(file, []byte("%PDF-")) }

var (
	streamForm = regexp.MustCompile(`stream\r?\n`)
	rootForm   = regexp.MustCompile(`<([A-Za-z_][\w.-]*:)?CrossIndustryInvoice[\s>]`)
)

// Attached returns the XML of a Factur-X. It does not follow the tables of the PDF, which every program writes in another way and
// which may be damaged or lie: it looks at each stream that is plain or compressed with zlib, as attachments are, and takes the one
// whose content is a CII. Two different ones could be shown to one reader and paid by another: they are refused.
func Attached(pdf []byte) ([]byte, error) {
	if len(pdf) > MaxPDF {
		return nil, unreadable("The PDF is larger than %d MiB.", MaxPDF>>20)
	}
	starts := streamForm.FindAllIndex(pdf, maxStreams)
	if len(starts) == maxStreams {
		return nil, unreadable("The PDF has more than %d streams.", maxStreams)
	}
	var found []byte
	for _, at := range starts {
		if at[0] >= 3 && string(pdf[at[0]-3:at[0]]) == "end" {
			continue
		}
		xml, err := invoiceIn(pdf[at[1]:])
		switch {
		case err != nil:
			return nil, err
		case xml == nil || bytes.Equal(xml, found):
		case found != nil:
			return nil, unreadable("The PDF has two different invoices attached.")
		default:
			found = xml
		}
	}
	if found == nil {
		return nil, unreadable("The PDF has no invoice attached that can be read (factur-x.xml).")
	}
	return found, nil
}

// invoiceIn returns the CII at the start of data, plain or compressed; nil if there is none.
func invoiceIn(data []byte) ([]byte, error) {
	head := data[:min(len(data), headLength)]
	if rootForm.Match(head) && bytes.HasPrefix(bytes.TrimPrefix(head, []byte("\ufeff")), []byte("<")) {
		end := bytes.Index(data, []byte("endstream"))
		if end < 0 {
			return nil, nil
		}
		return bytes.TrimRight(data[:end], "\r\n"), nil
	}
	unpacked, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, nil //nolint:nilerr // it is not compressed like an attachment
	}
	head, _ = io.ReadAll(io.LimitReader(unpacked, headLength)) // what is damaged later is found below
	if !rootForm.Match(head) {
		return nil, nil
	}
	rest, err := io.ReadAll(io.LimitReader(unpacked, MaxXML))
	if err != nil {
		return nil, unreadable("The invoice that is attached to the PDF is damaged.")
	}
	if len(head)+len(rest) > MaxXML {
		return nil, unreadable("The document is larger than %d MiB.", MaxXML>>20)
	}
	return append(head, rest...), nil
}
