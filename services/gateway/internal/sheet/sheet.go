// Package sheet writes tables of texts that people open in a spreadsheet.
package sheet

import (
	"bytes"

	"european-pay.eu/eupay/internal/sheet"
)

// ContentType is that of the tables.
const ContentType = "text/csv; charset=utf-8"

// Write writes rows as RFC 4180 says. No cell becomes a formula: a ' stands before what a spreadsheet would take for one.
func Write(b *bytes.Buffer, rows [][]string) error {
	w := sheet.NewCSV(b, sheet.Comma)
	for _, row := range rows {
		cells := make([]sheet.Cell, len(row))
		for i := range row {
			cells[i] = sheet.Text(row[i])
		}
		if err := w.Row(cells...); err != nil {
			return err
		}
	}
	return nil
}
