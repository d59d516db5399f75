package catalogfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/sheet"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/qr/internal/catalog"
)

const (
	// MaxBytes is the maximum size of a file.
	MaxBytes = 10 << 20
	// MaxLines is the maximum of its lines beside the head.
	MaxLines = 5000
	// maxCells is the maximum of a line: spreadsheets leave empty cells behind.
	maxCells = 1000
	// maxProblems is how many problems are noted: a file that is wrong in every line is refused all the same.
	maxProblems = 100
)

// refuse refuses the whole file.
func refuse(format string, args ...any) error {
	return errs.Invalid(errs.Field{Field: "body", Message: fmt.Sprintf(format, args...)})
}

// reader reads the lines of one file.
type reader struct {
	csv *csv.Reader
	// at is where each column stands in a line; -1: nowhere.
	at       [columnCount]int
	entries  []catalog.Entry
	problems []catalog.Problem
}

// Read reads a file: UTF-8 with or without a byte order mark, with commas, semicolons or tabs between the cells, which RFC 4180 quotes. Its error
// refuses the whole file; problems are of single cells.
func Read(file []byte) ([]catalog.Entry, []catalog.Problem, error) {
	if len(file) > MaxBytes {
		return nil, nil, errs.New(errs.PayloadTooLarge, "The file is larger than %d MiB.", MaxBytes>>20)
	}
	file = bytes.TrimPrefix(file, []byte("\ufeff"))
	switch {
	case len(bytes.TrimSpace(file)) == 0:
		return nil, nil, refuse("The file is empty.")
	case bytes.IndexByte(file, 0) >= 0:
		return nil, nil, refuse("The file is no text in UTF-8: save it as CSV in UTF-8.")
	case !utf8.Valid(file):
		return nil, nil, refuse("The file is not in UTF-8: save it as \"CSV UTF-8\".")
	}
	comma := separator(file)
	if tooWide(file, byte(comma)) {
		return nil, nil, refuse("A line of the file has more than %d cells.", maxCells)
	}
	r := &reader{csv: csv.NewReader(bytes.NewReader(file))}
	r.csv.Comma, r.csv.ReuseRecord = comma, true
	if err := r.head(); err != nil {
		return nil, nil, err
	}
	for {
		cells, err := r.csv.Read()
		if errors.Is(err, io.EOF) {
			return r.entries, r.problems, nil
		}
		if err != nil {
			return nil, nil, unreadable(err)
		}
		if len(r.entries) == MaxLines {
			return nil, nil, refuse("The file has more than %d lines. Divide it.", MaxLines)
		}
		line, _ := r.csv.FieldPos(0)
		r.entries = append(r.entries, r.entry(line, cells))
	}
}

// unreadable says where a file is no CSV.
func unreadable(err error) error {
	var e *csv.ParseError
	if !errors.As(err, &e) {
		return fmt.Errorf("read CSV: %w", err)
	}
	switch {
	case errors.Is(e.Err, csv.ErrFieldCount):
		return refuse("Line %d does not have as many cells as the first line.", e.Line)
	default:
		return refuse("Line %d has a quotation mark where there can be none: a cell with one is quoted, and it is doubled.", e.Line)
	}
}

// separator is the sign that the first line has most of.
func separator(file []byte) rune {
	first, _, _ := bytes.Cut(file, []byte("\n"))
	best := ','
	for _, r := range ";\t" {
		if bytes.Count(first, []byte(string(r))) > bytes.Count(first, []byte(string(best))) {
			best = r
		}
	}
	return best
}

// tooWide reports whether a line has so many cells that its reader would need much more memory than the file.
func tooWide(file []byte, comma byte) bool {
	quoted, cells := false, 1
	for _, b := range file {
		switch {
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '\n':
			cells = 1
		case b == comma:
			if cells++; cells > maxCells {
				return true
			}
		}
	}
	return false
}

// head finds the columns by their names.
func (r *reader) head() error {
	for i := range r.at {
		r.at[i] = -1
	}
	cells, err := r.csv.Read()
	if err != nil {
		return unreadable(err)
	}
	var unknown []string
	for i, cell := range cells {
		switch c, ok := columnOf(sheet.Plain(cell)); {
		case !ok && strings.TrimSpace(cell) == "": // spreadsheets leave empty columns behind
		case !ok:
			unknown = append(unknown, strconv.Quote(shorten(cell)))
		case r.at[c] >= 0:
			return refuse("Two columns are %s.", names[c])
		default:
			r.at[c] = i
		}
	}
	if len(unknown) > 0 {
		return refuse("Unknown columns: %s. The columns are %s.", strings.Join(unknown[:min(len(unknown), 10)], ", "), strings.Join(names[:], ", "))
	}
	if r.at[colName] < 0 && r.at[colID] < 0 && r.at[colSKU] < 0 && r.at[colEAN] < 0 {
		return refuse("The first line must name the columns: %s.", strings.Join(names[:], ", "))
	}
	return nil
}

// shorten keeps a problem readable.
func shorten(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// cell returns a cell of a line, and whether the file has its column.
func (r *reader) cell(cells []string, c column) (string, bool) {
	if r.at[c] < 0 {
		return "", false
	}
	return strings.TrimSpace(sheet.Plain(cells[r.at[c]])), true
}

// text is a cell whose emptiness means something; nil: the file does not have the column.
func (r *reader) text(cells []string, c column) *string {
	s, ok := r.cell(cells, c)
	if !ok {
		return nil
	}
	return &s
}

// entry reads a line.
func (r *reader) entry(line int, cells []string) catalog.Entry {
	id, _ := r.cell(cells, colID)
	variantID, _ := r.cell(cells, colVariantID)
	variant, _ := r.cell(cells, colVariant)
	e := catalog.Entry{Line: line, ID: strings.ToLower(id), VariantID: strings.ToLower(variantID), OfVariant: variant != "" || variantID != ""}
	stock, low := number(r, line, cells, colStock), number(r, line, cells, colLowStock)
	if _, ok := r.cell(cells, colLowStock); ok && low == nil {
		low = new(int32) // an empty cell ends the alert
	}
	price, available := r.price(line, cells), r.choice(line, cells)
	if e.OfVariant {
		e.Of, _ = r.cell(cells, colName)
		if variant != "" {
			e.Variant.Name = &variant
		}
		e.Variant.SKU, e.Variant.EAN, e.Variant.LowStockAt = r.text(cells, colSKU), r.text(cells, colEAN), low
		e.Variant.Stock, e.Variant.Available = stock, available
		if r.at[colPrice] >= 0 {
			e.Variant.Price = &price
		}
		return e
	}
	f := &e.Product
	f.Description, f.Category = r.text(cells, colDescription), r.text(cells, colCategory)
	f.Name = r.text(cells, colName)
	f.SKU, f.EAN, f.LowStockAt = r.text(cells, colSKU), r.text(cells, colEAN), low
	f.Price, f.VATPerMill, f.Stock, f.Available = price, r.rate(line, cells), stock, available
	return e
}

func (r *reader) wrong(line int, c column, text string) {
	if len(r.problems) < maxProblems {
		r.problems = append(r.problems, catalog.Problem{Line: line, Column: names[c], Message: names[c] + " " + text + "."})
	}
}

// number reads a whole number; nil for an empty cell.
func number(r *reader, line int, cells []string, c column) *int32 {
	text, _ := r.cell(cells, c)
	if text == "" {
		return nil
	}
	n, err := strconv.ParseInt(unspaced(text), 10, 32)
	if err != nil {
		r.wrong(line, c, "must be a whole number")
		return nil
	}
	v := int32(n)
	return &v
}

// price reads an amount with a decimal comma or point; nil for an empty cell.
func (r *reader) price(line int, cells []string) *money.Cents {
	text, _ := r.cell(cells, colPrice)
	if text == "" {
		return nil
	}
	cents, err := money.Parse(decimal(strings.TrimSuffix(unspaced(text), "€")))
	if err != nil {
		r.wrong(line, colPrice, "must be an amount such as 12.50 or 12,50")
		return nil
	}
	return &cents
}

func (r *reader) rate(line int, cells []string) *vat.Rate {
	text, _ := r.cell(cells, colVAT)
	if text == "" {
		return nil
	}
	rate, err := vat.Parse(decimal(strings.TrimSuffix(unspaced(text), "%")))
	if err != nil {
		r.wrong(line, colVAT, "must be 20, 10, 5.5 or 2.1")
		return nil
	}
	return &rate
}

// choices are how people write that something is so, or not.
var choices = map[string]bool{
	"true": true, "yes": true, "1": true, "oui": true, "vrai": true, "x": true, "false": false, "no": false, "0": false, "non": false, "faux": false,
}

func (r *reader) choice(line int, cells []string) *bool {
	text, _ := r.cell(cells, colAvailable)
	if text == "" {
		return nil
	}
	is, ok := choices[strings.ToLower(text)]
	if !ok {
		r.wrong(line, colAvailable, "must be true or false")
		return nil
	}
	return &is
}

// unspaced removes the spaces between groups of digits, whichever kind they are.
func unspaced(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

// decimal has a point for the comma. A text with both has no sure meaning, and stays wrong.
func decimal(s string) string {
	if strings.Count(s, ",") == 1 && !strings.Contains(s, ".") {
		return strings.Replace(s, ",", ".", 1)
	}
	return s
}
