// Package sheet writes tables that people open in a spreadsheet, as CSV or as XLSX. It keeps one row in memory, however long the table is. No
// text that somebody else chose, such as a description, becomes a formula.
package sheet

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"european-pay.eu/eupay/internal/money"
)

// Cell is a cell of a table. Make it with Text, Amount, Day or Number.
type Cell struct {
	kind   kind
	text   string
	amount money.Cents
	day    time.Time
	number int64
}

type kind int

const (
	text kind = iota
	amount
	day
	number
)

// Text is a text of any origin.
func Text(s string) Cell { return Cell{kind: text, text: s} }

// Amount is an amount in euros.
func Amount(c money.Cents) Cell { return Cell{kind: amount, amount: c} }

// Day is a day of the calendar; the zero time is an empty cell. The time of the day does not matter.
func Day(t time.Time) Cell { return Cell{kind: day, day: t} }

// Number is an integer.
func Number(n int64) Cell { return Cell{kind: number, number: n} }

// Writer writes a table row by row.
type Writer interface {
	// Row writes a row.
	Row(cells ...Cell) error
	// Close completes the file. It does not close what the file is written to.
	Close() error
}

// Dialect is a form of CSV.
type Dialect int

const (
	// Comma is RFC 4180 with points in amounts.
	Comma Dialect = iota
	// Semicolon opens in a French Excel with a double click: semicolons between cells, commas in amounts, and a byte order mark that says UTF-8.
	Semicolon
)

const byteOrderMark = "\ufeff"

type csvWriter struct {
	to        io.Writer
	line      strings.Builder
	separator byte
	semicolon bool
	begun     bool
}

// NewCSV returns a writer of CSV in UTF-8.
func NewCSV(to io.Writer, d Dialect) Writer {
	w := &csvWriter{to: to, separator: ',', semicolon: d == Semicolon}
	if w.semicolon {
		w.separator = ';'
	}
	return w
}

// Row implements Writer.
func (w *csvWriter) Row(cells ...Cell) error {
	w.line.Reset()
	if w.semicolon && !w.begun {
		w.line.WriteString(byteOrderMark)
	}
	w.begun = true
	for i, c := range cells {
		if i > 0 {
			w.line.WriteByte(w.separator)
		}
		w.line.WriteString(w.quoted(c, w.plain(c)))
	}
	w.line.WriteString("\r\n")
	if _, err := io.WriteString(w.to, w.line.String()); err != nil {
		return fmt.Errorf("write row: %w", err)
	}
	return nil
}

func (w *csvWriter) plain(c Cell) string {
	switch c.kind {
	case amount:
		if w.semicolon {
			return strings.Replace(c.amount.String(), ".", ",", 1)
		}
		return c.amount.String()
	case day:
		if c.day.IsZero() {
			return ""
		}
		return c.day.Format(time.DateOnly)
	case number:
		return fmt.Sprint(c.number)
	default:
		return Inert(visible(c.text))
	}
}

// quoted also quotes what only the other dialect has to, so that a text is the same in both.
func (w *csvWriter) quoted(c Cell, s string) string {
	if c.kind != text || !strings.ContainsAny(s, ",;\"\r\n\t") && strings.TrimSpace(s) == s {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// Close implements Writer.
func (w *csvWriter) Close() error {
	if !w.begun {
		return errors.New("the table has no head")
	}
	return nil
}

// visible removes what no file of text should hold: NUL and other control characters except those that a quoted cell may have.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// What a spreadsheet begins to compute at, also in its wide form; what it takes for the end of a cell where that is not a comma; and what
// it skips before a cell begins.
const (
	formulas   = "=+-@\t\r＝＋－＠"
	separators = ";|\t\r\n"
	skipped    = " \""
)

// Inert makes a text that somebody else chose, such as an address or a name, one that a spreadsheet only shows: a ' stands before what it would
// take for a formula, and before a ' that stands there already, so that Plain brings back each text.
func Inert(cell string) string {
	var b strings.Builder
	begins := true
	for i, r := range cell {
		if begins && computes(cell[i:]) {
			b.WriteByte('\'')
		}
		b.WriteRune(r)
		begins = strings.ContainsRune(separators, r) || begins && strings.ContainsRune(skipped, r)
	}
	return b.String()
}

// Plain takes away the ' that Inert adds, from a cell of a file that comes back.
func Plain(cell string) string {
	var b strings.Builder
	begins, marked := true, false
	for i, r := range cell {
		if begins && r == '\'' && !marked {
			if marked = computes(cell[i+1:]); marked {
				continue
			}
		}
		marked = false
		b.WriteRune(r)
		begins = strings.ContainsRune(separators, r) || begins && strings.ContainsRune(skipped, r)
	}
	return b.String()
}

// computes reports whether a formula begins, behind any number of '.
func computes(s string) bool {
	r, size := utf8.DecodeRuneInString(strings.TrimLeft(s, "'"))
	return size > 0 && strings.ContainsRune(formulas, r)
}
