package sheet

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"european-pay.eu/eupay/internal/money"
)

// The parts of a workbook of one sheet besides its rows (ECMA-376, 12.3). Style 1 is an amount, 2 a day, 3 a head.
const (
	xmlHead      = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	contentTypes = xmlHead + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>` +
		`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>`
	rootRels = xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`
	bookRels = xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>` +
		`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>`
	book = xmlHead + `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" ` +
		`xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="%s" sheetId="1" r:id="rId1"/></sheets></workbook>`
	styles = xmlHead + `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` +
		`<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/></numFmts>` +
		`<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
		`<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
		`<xf numFmtId="4" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs></styleSheet>`
	sheetHead = xmlHead + `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` +
		`<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>` +
		`<sheetFormatPr baseColWidth="16" defaultRowHeight="15"/><sheetData>`
	sheetTail = `</sheetData></worksheet>`
)

// Limits of the format.
const (
	maxRows = 1 << 20
	maxCell = 32767
	maxName = 31
	// maxExact is the largest amount that Excel's floating-point numbers keep to the cent: they have 15 digits.
	maxExact = money.Cents(999_999_999_999_999)
)

// ErrTooLong is returned for more rows than a sheet can have.
var ErrTooLong = fmt.Errorf("a sheet has at most %d rows", maxRows)

// epoch is day 0 of the format (its day 60, 29 February 1900, never was).
var epoch = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)

type xlsxWriter struct {
	zip  *zip.Writer
	rows *bufio.Writer
	n    int
}

// NewXLSX returns a writer of a workbook with one sheet. Its first row is its head. Texts are texts, never formulas; amounts are numbers with two
// decimals; days are days.
func NewXLSX(to io.Writer, name string) (Writer, error) {
	z := zip.NewWriter(to)
	for _, part := range []struct{ path, content string }{
		{"[Content_Types].xml", contentTypes},
		{"_rels/.rels", rootRels},
		{"xl/_rels/workbook.xml.rels", bookRels},
		{"xl/workbook.xml", fmt.Sprintf(book, escaped(sheetName(name)))},
		{"xl/styles.xml", styles},
	} {
		w, err := z.Create(part.path)
		if err == nil {
			_, err = io.WriteString(w, part.content)
		}
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", part.path, err)
		}
	}
	w, err := z.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		return nil, fmt.Errorf("begin the sheet: %w", err)
	}
	x := &xlsxWriter{zip: z, rows: bufio.NewWriter(w)}
	_, err = x.rows.WriteString(sheetHead)
	return x, err
}

// Row implements Writer.
func (x *xlsxWriter) Row(cells ...Cell) error {
	if x.n++; x.n > maxRows {
		return ErrTooLong
	}
	fmt.Fprintf(x.rows, `<row r="%d">`, x.n)
	for i, c := range cells {
		x.cell(columnName(i)+strconv.Itoa(x.n), c)
	}
	if _, err := x.rows.WriteString(`</row>`); err != nil {
		return fmt.Errorf("write row: %w", err)
	}
	return nil
}

// cell writes a cell; a failure shows at the end of its row.
func (x *xlsxWriter) cell(at string, c Cell) {
	switch {
	case c.kind == amount && c.amount <= maxExact && c.amount >= -maxExact:
		fmt.Fprintf(x.rows, `<c r="%s" s="1"><v>%s</v></c>`, at, c.amount)
	case c.kind == amount:
		x.text(at, c.amount.String())
	case c.kind == day && c.day.IsZero(), c.kind == text && c.text == "":
	case c.kind == day:
		y, m, d := c.day.Date()
		days := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Sub(epoch) / (24 * time.Hour)
		fmt.Fprintf(x.rows, `<c r="%s" s="2"><v>%d</v></c>`, at, days)
	case c.kind == number:
		fmt.Fprintf(x.rows, `<c r="%s"><v>%d</v></c>`, at, c.number)
	default:
		x.text(at, c.text)
	}
}

func (x *xlsxWriter) text(at, s string) {
	style := ""
	if x.n == 1 {
		style = ` s="3"`
	}
	if r := []rune(s); len(r) > maxCell {
		s = string(r[:maxCell-1]) + "…"
	}
	fmt.Fprintf(x.rows, `<c r="%s"%s t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>`, at, style, escaped(s))
}

// Close implements Writer.
func (x *xlsxWriter) Close() error {
	if x.n == 0 {
		return errors.New("the table has no head")
	}
	if _, err := x.rows.WriteString(sheetTail); err != nil {
		return fmt.Errorf("end the sheet: %w", err)
	}
	if err := errors.Join(x.rows.Flush(), x.zip.Close()); err != nil {
		return fmt.Errorf("end the workbook: %w", err)
	}
	return nil
}

// escaped writes a text for XML. What looks like the format's own escape of a character (_x000D_) is escaped, so that it stays what it is.
func escaped(s string) string {
	var b strings.Builder
	// A strings.Builder does not fail.
	_ = xml.EscapeText(&b, []byte(strings.ReplaceAll(visible(s), "_x", "_x005F_x")))
	return b.String()
}

// sheetName makes a name one that the format allows.
func sheetName(s string) string {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\'`, r) {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > maxName {
		s = string(r[:maxName])
	}
	return s
}

// columnName is A for 0, Z for 25, AA for 26.
func columnName(i int) string {
	if i < 26 {
		return string(rune('A' + i))
	}
	return columnName(i/26-1) + string(rune('A'+i%26))
}
