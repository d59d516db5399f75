package facturx

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"rsc.io/qr/coding"

	"european-pay.eu/eupay/internal/sepa"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// code is a QR code: its rows, a byte of 1 for each dark module.
type code [][]byte

// quietModules is the white margin of a code (ISO/IEC 18004, 9.1).
const quietModules = 4

var errTooLong = errors.New("the text is too long for a QR code")

// transfer is the text by which a banking application fills in a SEPA transfer (EPC069-12, version 002, UTF-8). It asks
// for level M and at most version 13. Name and reference are in the SEPA character set, since applications put them into the
// transfer as they are; a name without any letter of it stays as it is.
func transfer(d invoice.Document) string {
	reference := d.Payment.Reference
	if reference == "" {
		reference = d.Number
	}
	name, err := sepa.Name(oneLine(d.Seller.Name))
	if err != nil {
		name = first(oneLine(d.Seller.Name), sepa.MaxName)
	}
	return strings.Join([]string{
		"BCD", "002", "1", "SCT", d.Payment.BIC, name,
		strings.ReplaceAll(d.Payment.IBAN, " ", ""), "EUR" + d.Totals.Due.String(), "", "", sepa.Shorten(sepa.Text(oneLine(reference)), sepa.MaxLabel),
	}, "\n")
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

// masks of a QR code: patterns to turn its modules over by.
const masks = 8

// plan is what depends on the version only: how to draw with the first mask, and the modules that differ with each of the
// others.
type plan struct {
	sync.Once
	first  *coding.Plan
	turned [masks]code
	err    error
}

var plans [highest + 1]plan

func (p *plan) make(version coding.Version) {
	for mask := range coding.Mask(masks) {
		drawn, err := coding.NewPlan(version, level, mask)
		if err != nil {
			p.err = fmt.Errorf("plan QR code: %w", err)
			return
		}
		if mask == 0 {
			p.first = drawn
		}
		p.turned[mask] = newCode(len(drawn.Pixel), func(x, y int) bool { return (drawn.Pixel[y][x]^p.first.Pixel[y][x])&coding.Black != 0 })
	}
}

func newCode(size int, dark func(x, y int) bool) code {
	c, modules := make(code, size), make([]byte, size*size)
	for y := range c {
		c[y] = modules[y*size : (y+1)*size]
		for x := range c[y] {
			if dark(x, y) {
				c[y][x] = 1
			}
		}
	}
	return c
}

// encode returns the smallest code of the text, with the mask that ISO/IEC 18004 (7.8.3) prefers: with another one a camera
// may take a part of the text for the corners by which it finds a code.
func encode(text string) (code, error) {
	data := coding.String(text)
	version := coding.Version(coding.MinVersion)
	for data.Bits(version) > version.DataBytes(level)*8 {
		if version++; version > highest {
			return nil, errTooLong
		}
	}
	p := &plans[version]
	if p.Do(func() { p.make(version) }); p.err != nil {
		return nil, p.err
	}
	drawn, err := p.first.Encode(data)
	if err != nil {
		return nil, fmt.Errorf("encode QR code: %w", err)
	}
	first := newCode(drawn.Size, drawn.Black)
	best, least := first, first.penalty()
	for _, turned := range p.turned[1:] {
		c := newCode(drawn.Size, func(x, y int) bool { return first[y][x] != turned[y][x] })
		if points := c.penalty(); points < least {
			best, least = c, points
		}
	}
	return best, nil
}

// penalty counts what makes a code hard to find and to read (table 11).
func (c code) penalty() (points int) {
	size, dark := len(c), 0
	column := make([]byte, size)
	for i := range size {
		for y := range size {
			column[y] = c[y][i]
			dark += int(c[y][i])
			if i > 0 && y > 0 && c[y][i] == c[y-1][i] && c[y][i] == c[y][i-1] && c[y][i] == c[y-1][i-1] {
				points += 3
			}
		}
		points += linePenalty(c[i]) + linePenalty(column)
	}
	share := 100 * dark / (size * size)
	return points + 10*(max(share-50, 50-share)/5)
}

// linePenalty is for runs of five and more, and for what looks like the line through a corner: 1, 1, 3, 1, 1 with four
// light modules beside it.
func linePenalty(line []byte) (points int) {
	const corner, mask = 0b10111010000, 1<<11 - 1
	run, last := 1, 0
	for i, module := range line {
		if i > 0 && module == line[i-1] {
			run++
		} else {
			run = 1
		}
		if run == 5 {
			points += 3
		} else if run > 5 {
			points++
		}
		last = (last<<1 | int(module)) & mask
		if i >= 10 && (last == corner || last == 0b00001011101) {
			points += 40
		}
	}
	return points
}

// code draws a code with its margin into a square: one path of whole modules, so that no seam shows between them.
func (c *canvas) code(q code, x, y, side int) {
	p, size := c.page, len(q)
	module := side / (size + 2*quietModules)
	rest := side - module*size // the same margin on both sides
	p.WriteString("q 0 g ")
	p.number(module)
	p.WriteString("0 0 ")
	p.number(module)
	p.number(x + rest/2)
	p.number(pageHeight - y - side + rest/2)
	p.WriteString("cm\n")
	for top, line := range q {
		for left := 0; left < size; left++ {
			start := left
			for left < size && line[left] == 1 {
				left++
			}
			if left > start {
				fmt.Fprintf(p, "%d %d %d 1 re\n", start, size-1-top, left-start)
			}
		}
	}
	p.WriteString("f Q\n")
}

// ascii is a string of bytes (7.3.4.2), for addresses, which are ASCII.
func ascii(text string) string {
	return "(" + strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`, "\r", "", "\n", "").Replace(text) + ")"
}
