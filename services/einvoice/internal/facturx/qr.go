package facturx

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"rsc.io/qr/coding"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// code is a QR code.
type code = coding.Code

// quietModules is the white margin of a code (ISO/IEC 18004, 9.1).
const quietModules = 4

var errTooLong = errors.New("the text is too long for a QR code")

// transfer is the text by which a banking application fills in a SEPA transfer (EPC069-12, version 002, UTF-8). It asks
// for level M and at most version 13.
func transfer(d invoice.Document) string {
	reference := d.Payment.Reference
	if reference == "" {
		reference = d.Number
	}
	return strings.Join([]string{"BCD", "002", "1", "SCT", d.Payment.BIC, first(oneLine(d.Seller.Name), 70),
		strings.ReplaceAll(d.Payment.IBAN, " ", ""), "EUR" + d.Totals.Due.String(), "", "", first(oneLine(reference), 140)}, "\n")
}

// oneLine is a text of a field, which ends with its line.
func oneLine(text string) string { return strings.Join(strings.Fields(shownText(text)), " ") }

// first are the first n characters.
func first(text string, n int) string {
	runes := []rune(text)
	return string(runes[:min(n, len(runes))])
}

const (
	level   = coding.M
	highest = 13 // of EPC069-12; at 331 bytes enough for an address too
)

// plans are what depends on the version only.
var plans [highest + 1]struct {
	sync.Once
	plan *coding.Plan
	err  error
}

// encode returns the smallest code of the text.
func encode(text string) (*code, error) {
	data := coding.String(text)
	version := coding.Version(coding.MinVersion)
	for data.Bits(version) > version.DataBytes(level)*8 {
		if version++; version > highest {
			return nil, errTooLong
		}
	}
	p := &plans[version]
	p.Do(func() { p.plan, p.err = coding.NewPlan(version, level, 0) })
	if p.err != nil {
		return nil, fmt.Errorf("plan QR code: %w", p.err)
	}
	c, err := p.plan.Encode(data)
	if err != nil {
		return nil, fmt.Errorf("encode QR code: %w", err)
	}
	return c, nil
}

// code draws a code with its margin into a square: one path of whole modules, so that no seam shows between them.
func (c *canvas) code(q *code, x, y, side int) {
	p, module := c.page, side/(q.Size+2*quietModules)
	rest := side - module*q.Size // the same margin on both sides
	p.WriteString("q 0 g ")
	p.number(module)
	p.WriteString("0 0 ")
	p.number(module)
	p.number(x + rest/2)
	p.number(pageHeight - y - side + rest/2)
	p.WriteString("cm\n")
	for top := range q.Size {
		for left := 0; left < q.Size; left++ {
			start := left
			for left < q.Size && q.Black(left, top) {
				left++
			}
			if left > start {
				fmt.Fprintf(p, "%d %d %d 1 re\n", start, q.Size-1-top, left-start)
			}
		}
	}
	p.WriteString("f Q\n")
}

// ascii is a string of bytes (7.3.4.2), for addresses, which are ASCII.
func ascii(text string) string {
	return "(" + strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`, "\r", "", "\n", "").Replace(text) + ")"
}
