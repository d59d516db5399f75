package invoice

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/refuse"
)

// CreditItem is what to credit of one line of an invoice: a quantity or an amount, not both.
type CreditItem struct {
	// Line is the number of the invoice's line, from 1 (BT-126).
	Line int
	// Quantity that comes back. It is worth its share of what is left of the line, so the last unit takes exactly the rest.
	Quantity Quantity
	// Amount, including VAT, of what the line costs after the discount on the whole.
	Amount money.Cents
}

// LineTooMuch is the error for a credit that exceeds what is left of a line.
type LineTooMuch struct {
	// Line is its number, from 1.
	Line int
	// Left is the amount that may still be credited, including VAT. Units is how many have not come back.
	Left  money.Cents
	Units Quantity
}

// Error implements error.
func (t LineTooMuch) Error() string {
	return fmt.Sprintf("more than the %s EUR and %s units that are left of line %d", t.Left, t.Units, t.Line)
}

// portion is what a credit note gives back of a line: gross, including VAT, and the tax in it.
type portion struct {
	CreditItem
	gross, tax money.Cents
}

// remainder is what is left to credit of a line: what it costs after the discount, including VAT, and its units.
type remainder struct {
	gross money.Cents
	units Quantity
}

// CreditLines is Credit for named lines: the VAT comes back at the rates of what is credited. All credit notes together never
// exceed what was invoiced, neither by line nor by rate. It returns LineTooMuch if an item exceeds what is left of its line, and
// an errs.Error if the items or the reason are invalid.
func CreditLines(number string, issued Date, of Document, earlier []Document, items []CreditItem, reason string) (Document, error) {
	d, err := creditNote(number, issued, of, reason)
	if err != nil {
		return Document{}, err
	}
	portions, err := portionsOf(of, earlier, items)
	if err != nil {
		return Document{}, err
	}
	whole := cells(of)
	shares := make([]money.Cents, len(whole))
	for i, c := range whole {
		for _, p := range portions {
			if of.Lines[p.Line-1].cell() == c.key() {
				shares[i] += p.gross
			}
		}
	}
	for i, tax := range creditTaxes(whole, credited(earlier), shares) {
		if shares[i] > 0 {
			shareTax(of, portions, whole[i], tax)
			d.addVAT(of, whole[i], shares[i]-tax, tax)
		}
	}
	for i, p := range portions {
		d.Lines = append(d.Lines, creditLine(of, p, strconv.Itoa(i+1)))
	}
	d.Process = process(d.Lines, false)
	d.sum(false)
	return d, nil
}

// portionsOf validates the items and returns what each gives back, in the order of the invoice's lines.
func portionsOf(of Document, earlier []Document, items []CreditItem) ([]portion, error) {
	var p problems
	p.creditItems(items, len(of.Lines))
	if err := p.Err(); err != nil {
		return nil, err
	}
	left := remainders(of, earlier)
	var list []portion
	for i, it := range items {
		rest := left[it.Line-1]
		gross := it.Amount
		if it.Quantity > 0 && it.Quantity <= rest.units {
			gross = money.Cents(money.MulDivHalfAway(int64(rest.gross), int64(it.Quantity), int64(rest.units)))
		}
		if it.Quantity > rest.units || gross > rest.gross || rest.gross == 0 {
			return nil, LineTooMuch{it.Line, rest.gross, rest.units}
		}
		if gross == 0 {
			p.Add(refuse.At("items", i)+".quantity", "must be worth at least one cent")
		}
		list = append(list, portion{CreditItem: it, gross: gross})
	}
	slices.SortFunc(list, func(a, b portion) int { return cmp.Compare(a.Line, b.Line) })
	return list, p.Err()
}

// creditItems validates the items of a credit note for an invoice with that many lines.
func (p *problems) creditItems(items []CreditItem, lines int) {
	p.If(len(items) == 0, "items", "must have at least one item")
	if len(items) > maxItems {
		p.Add("items", "must have at most %d items", maxItems)
		return
	}
	seen := map[int]bool{}
	for i, it := range items {
		at := refuse.At("items", i)
		p.If(it.Line < 1 || it.Line > lines, at+".line", "must be the number of a line of the invoice, from 1 to %d", lines)
		p.If(seen[it.Line], at+".line", "names a line for the second time")
		seen[it.Line] = true
		switch {
		case (it.Quantity != 0) == (it.Amount != 0):
			p.Add(at, "must have either quantity or amount")
		case it.Quantity < 0 || it.Quantity > maxQuantity:
			p.Add(at+".quantity", "must be above 0 and at most %s", maxQuantity)
		case it.Amount < 0:
			p.Add(at+".amount", "must be above 0")
		}
	}
}

// remainders returns what is left to credit of each line. A credit note without named lines is taken from the lines of each cell
// in proportion to what was left of them, so the lines of a cell always add up to what is left of it.
func remainders(of Document, earlier []Document) []remainder {
	left := make([]remainder, len(of.Lines))
	for i, l := range of.Lines {
		left[i].units = l.Quantity
	}
	for _, c := range cells(of) {
		take(of, left, c.key(), -c.Gross, func(i int) money.Cents { return of.Lines[i].Gross })
	}
	for _, note := range earlier {
		for _, l := range note.Lines {
			if i := of.lineIndex(l.Credits); i >= 0 {
				left[i].gross -= l.Gross
				left[i].units -= l.Returned
				continue
			}
			take(of, left, l.cell(), l.Gross, func(i int) money.Cents { return left[i].gross })
		}
	}
	return left
}

// take deducts an amount from the lines of a cell, in proportion to their weights. A negative amount is added to them.
func take(of Document, left []remainder, cell cell, amount money.Cents, weight func(line int) money.Cents) {
	var own []int
	var weights []money.Cents
	for i, l := range of.Lines {
		if l.cell() == cell {
			own, weights = append(own, i), append(weights, weight(i))
		}
	}
	sign := money.Cents(1)
	if amount < 0 {
		sign = -1
	}
	for i, share := range money.Apportion(sign*amount, weights) {
		left[own[i]].gross -= sign * share
	}
}

// lineIndex returns the index of the line with that ID; -1 if there is none.
func (d *Document) lineIndex(id string) int {
	if n, err := strconv.Atoi(id); err == nil && n >= 1 && n <= len(d.Lines) {
		return n - 1
	}
	return -1
}

// shareTax distributes the tax of a cell over its portions.
func shareTax(of Document, portions []portion, c cell, tax money.Cents) {
	var own []*portion
	var grosses []money.Cents
	for i := range portions {
		if p := &portions[i]; of.Lines[p.Line-1].cell() == c.key() {
			own, grosses = append(own, p), append(grosses, p.gross)
		}
	}
	for i, t := range money.Apportion(tax, grosses) {
		own[i].tax = t
	}
}

// creditLine returns the line of a credit note for a portion. A quantity keeps the unit and, where it can, the price; an amount
// is one piece.
func creditLine(of Document, p portion, id string) Line {
	from := of.Lines[p.Line-1]
	l := Line{
		ID: id, Name: from.Name, Description: fmt.Sprintf("Ligne %d de la facture %s", p.Line, of.Number), Nature: from.Nature,
		Quantity: p.Quantity, Unit: from.Unit, Net: p.gross - p.tax, Gross: p.gross, UnitGross: from.UnitGross,
		Category: from.Category, VATPerMill: from.VATPerMill, Credits: from.ID, Returned: p.Quantity,
	}
	if p.Quantity == 0 {
		l.Quantity, l.Unit, l.Description = One, unitPiece, fmt.Sprintf("Réduction sur la ligne %d de la facture %s", p.Line, of.Number)
	}
	if lineGross(l.Quantity, l.UnitGross) != l.Gross { // after a discount, or an amount
		l.UnitGross = max(1, money.Cents(money.MulDivHalfAway(int64(l.Gross), int64(One), int64(l.Quantity))))
	}
	l.priced()
	return l
}
