package facturx

import (
	"european-pay.eu/eupay/internal/paper/pdf"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// grid is the layout of the table of lines.
type grid struct {
	figures pdf.Style
	// name is the left edge of the names, which are width wide.
	name, width int
	columns     [6]column
	// table is the element of the table; titled is true once it has its titles, which later pages repeat.
	table  *pdf.Element
	titled bool
}

// column holds figures that end at right.
type column struct{ width, right int }

// entry is a printed line of the invoice or a discount.
type entry struct {
	id, name, description string
	// figures are quantity, prices without and with VAT, rate, net and gross.
	figures [6]string
}

const (
	columnGap = 7 * mm / 2
	// leastName is the minimum width of the names. If the figures are very long, they shrink instead.
	leastName = 42 * mm
	// wholeRow: a row lower than this fraction of a page is kept on one page.
	wholeRow = 4
)

var titles = [6]string{"Quantité", "PU HT", "PU TTC", "TVA", "Montant HT", "Montant TTC"}

// rowPad is the space above and below a row.
func (l *layout) rowPad() int { return l.either(4*pt, 2*pt) }

// lines draws the table and the sums together with its last row, so that the sums are never alone on a page.
func (l *layout) lines() {
	entries := l.entries()
	for size := plain.Size; ; size -= pt / 4 {
		if l.grid = l.measure(entries, pdf.Style{Size: size, Colour: ink}); l.grid.width >= leastName || size <= 5*pt {
			break
		}
	}
	sums := l.sums()
	if len(entries) > 0 { // keep the titles with the first row
		l.need(10*mm + min(l.names(entries[0]).height(), l.room()/wholeRow))
	}
	l.head()
	for i, e := range entries {
		below := 0
		if i == len(entries)-1 {
			below = sums.height()
		}
		l.entry(e, below)
	}
	l.grid = nil
	l.drawSums(sums)
}

// entries are the lines followed by the discounts.
func (l *layout) entries() []entry {
	out := make([]entry, 0, len(l.d.Lines)+len(l.d.Allowances))
	for _, n := range l.d.Lines {
		amount := quantity(n.Quantity)
		if u := unit(n.Unit); u != "" {
			amount += space + u
		}
		out = append(out, entry{
			n.ID, n.Name, n.Description,
			[6]string{amount, linePrice(n), euros(n.UnitGross), rate(n.Category, n.VATPerMill), euros(n.Net), euros(n.Gross)},
		})
	}
	for _, a := range l.d.Allowances {
		name := "Remise"
		if a.Reason != "" && a.Reason != name {
			name += space + ": " + a.Reason
		}
		out = append(out, entry{"", name, "", [6]string{"", "", "", rate(a.Category, a.VATPerMill), euros(-a.Net), euros(-a.Gross)}})
	}
	return out
}

// rate formats the rate of a line. An exemption is stated, because a rate of zero alone is not one.
func rate(c invoice.Category, r vat.Rate) string {
	switch c {
	case invoice.Exempt, invoice.Community, invoice.Export:
		return "Exonéré"
	case invoice.Reverse:
		return "Autoliq."
	case invoice.OutOfScope:
		return "Non soumis"
	}
	return percent(r)
}

// measure gives every column the width of its widest text, and the rest to the names.
func (l *layout) measure(entries []entry, s pdf.Style) *grid {
	g := &grid{figures: s, name: l.Width(label, "N°")}
	right := pageWidth - marginX
	for i := len(titles) - 1; i >= 0; i-- {
		width := l.Width(label, titles[i])
		for _, e := range entries {
			width = max(width, l.Width(s, e.figures[i]))
		}
		g.columns[i] = column{width, right}
		right -= width + columnGap
	}
	for _, e := range entries {
		g.name = max(g.name, l.Width(quiet, e.id))
	}
	g.name += marginX + columnGap/2
	g.width = right - g.name
	return g
}

// head writes the titles of the columns.
func (l *layout) head() {
	base := l.y + label.Size
	cell := l.titles()
	l.put(cell(), func() { l.Text(label, marginX, base, "N°") })
	l.put(cell(), func() { l.Text(label, l.grid.name, base, "Désignation") })
	for i, c := range l.grid.columns {
		l.put(cell(), func() { l.Right(label, c.right, base, titles[i]) })
	}
	l.y = base + 1.5*mm
	l.Line(accent, marginX, l.y, textWidth, pt)
	l.y += 2 * pt // also above a row continued from the previous page
}

// titles returns a function for the next title of the table; it returns nil on later pages.
func (l *layout) titles() func() *pdf.Element {
	if l.grid.titled {
		return func() *pdf.Element { return nil }
	}
	l.grid.table = l.root.Add(pdf.Table, "")
	l.grid.titled = true
	row := l.grid.table.Add(pdf.Row, "")
	return func() *pdf.Element { return row.Add(pdf.Title, pdf.OfColumn) }
}

// names is the text of the second column.
func (l *layout) names(e entry) block {
	name := strong
	if e.id == "" {
		name = plain // a discount
	}
	return block(nil).add(l.Canvas, name, l.grid.width, 0, e.name).add(l.Canvas, quiet, l.grid.width, pt, e.description)
}

// entry draws one row of the table. Its last part stays on the page of what follows.
func (l *layout) entry(e entry, below int) {
	b := l.names(e)
	if whole := b.height() + 2*l.rowPad(); whole <= l.room()/wholeRow {
		l.need(whole + below)
		l.need(whole)
	}
	l.y += l.rowPad()
	line := l.grid.table.Add(pdf.Row, "")
	id, names := line.Add(pdf.Cell, ""), line.Add(pdf.Cell, "")
	l.within, l.paragraph = nil, names
	for i, r := range b {
		left := r.height()
		if i == max(0, len(b)-3) {
			left = b[i:].height() + l.rowPad() + below
		}
		l.need(left)
		if i == 0 {
			base := l.y + plain.Size
			l.put(id, func() { l.Text(quiet, marginX, base, e.id) })
			for n, c := range l.grid.columns {
				l.put(line.Add(pdf.Cell, ""), func() { l.Right(l.grid.figures, c.right, base, e.figures[n]) })
			}
		}
		l.y = l.row(r, l.grid.name, l.y)
	}
	l.within = l.root
	l.y += l.rowPad()
	l.Line(rule, marginX, l.y, textWidth, pt/2)
}
