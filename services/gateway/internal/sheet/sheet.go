// Package sheet writes tables that people open in a spreadsheet.
package sheet

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
)

// ContentType is that of the tables.
const ContentType = "text/csv; charset=utf-8"

// Write writes rows as RFC 4180 says. No cell becomes a formula: a ' stands before what a spreadsheet would take for one.
func Write(b *bytes.Buffer, rows [][]string) error {
	w := csv.NewWriter(b)
	w.UseCRLF = true
	for _, row := range rows {
		for i := range row {
			row[i] = inert(row[i])
		}
		if err := w.Write(row); err != nil {
			return fmt.Errorf("write row: %w", err)
		}
	}
	w.Flush()
	return w.Error()
}

// What a spreadsheet begins to compute at, also in its wide form; what it takes for the end of a cell where that is not a comma; and what
// it skips before a cell begins.
const (
	formulas   = "=+-@\t\r＝＋－＠"
	separators = ";|\t\r\n"
	skipped    = " \""
)

// inert makes a text that somebody else chose, such as an address or a name, one that a spreadsheet only shows.
func inert(cell string) string {
	var b strings.Builder
	begins := true
	for _, r := range cell {
		if begins && strings.ContainsRune(formulas, r) {
			b.WriteByte('\'')
		}
		b.WriteRune(r)
		begins = strings.ContainsRune(separators, r) || begins && strings.ContainsRune(skipped, r)
	}
	return b.String()
}
