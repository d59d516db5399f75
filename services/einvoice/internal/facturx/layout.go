package facturx

import (
	"cmp"
	"strings"

	"european-pay.eu/eupay/internal/paper/pdf"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// layout places an invoice on pages, from top to bottom.
type layout struct {
	*pdf.Canvas
	d    invoice.Document
	look Look
	// tight is true for a document that needs less space between its parts to be on one page.
	tight bool
	// y is the position of the next element; bottom is the lower edge of the drawing area.
	y, bottom int
	// grid is the current table: a new page repeats its titles.
	grid *grid
	foot block
	// root is the structure of the document; new paragraphs are added to within, and the last one is paragraph. Both are nil for what
	// every page repeats.
	root, within, paragraph *pdf.Element
}

func newLayout(d invoice.Document, look Look, tight bool) *layout {
	l := &layout{Canvas: pdf.NewCanvas(pageWidth, pageHeight), d: d, look: look, tight: tight}
	l.Image = readLogo(look.Logo)
	l.root = l.Structured()
	l.within = l.root
	l.foot = l.footer()
	l.bottom = pageHeight - marginFoot - l.foot.height() - 5*mm
	return l
}

// gap is a space between two parts of the page.
func (l *layout) gap(n int) int {
	if l.tight {
		return n * 40 / 100
	}
	return n
}

// either returns the first length, or the second one if space is short.
func (l *layout) either(roomy, tight int) int {
	if l.tight {
		return tight
	}
	return roomy
}

// titleOf returns the title of the document. "Facture rectificative" means nothing to a consumer whose invoice is annulled.
func titleOf(d invoice.Document) string {
	switch d.Type {
	case invoice.TypeCreditNote:
		return "Avoir"
	case invoice.TypeCorrected:
		if annuls(d) && d.Audience == invoice.B2C {
			return "Facture annulée"
		}
		return "Facture rectificative"
	case invoice.TypeInvoice:
		return "Facture"
	case invoice.TypeDeposit:
		return "Facture d’acompte"
	case invoice.TypeDepositCredit:
		return "Avoir d’acompte"
	case invoice.TypeRebate:
		return "Avoir de remise globale"
	}
	return "Facture (type " + string(d.Type) + ")"
}

// credit reports whether money goes back to the buyer.
func (l *layout) credit() bool { return l.d.Type.IsCredit() }

// annuls reports whether the document replaces an invoice with nothing.
func annuls(d invoice.Document) bool {
	return d.Type == invoice.TypeCorrected && d.Totals.Gross == 0
}

// asks reports whether the document asks for a payment, or records one: only then a day and a means of payment concern the buyer.
func (l *layout) asks() bool { return !l.credit() && !annuls(l.d) }

// paid reports whether the document was paid before it was issued (BT-23 ends in 2).
func (l *layout) paid() bool { return strings.HasSuffix(l.d.Process, "2") }

// settled returns the label for a paid document.
func (l *layout) settled() string {
	if l.credit() {
		return "Remboursé le"
	}
	return "Acquittée le"
}

// first draws the head of the first page: the seller, the title, and the dates.
func (l *layout) first() {
	l.NewPage()
	const half = textWidth * 52 / 100
	top := l.either(marginTop, 11*mm)
	left, right := top, top
	if l.Image != nil {
		w, h := l.Image.Within(56*mm, l.either(18*mm, 15*mm))
		logo := l.root.Add(pdf.Figure, l.Alternative("Logo"+space+": "+cmp.Or(l.d.Seller.TradingName, l.d.Seller.Name), marginX, top, w, h))
		l.put(logo, func() { l.Picture(marginX, top, w, h) })
		left += h
	} else {
		left = l.draw(l.letterhead(), marginX, top)
	}
	title := pdf.Style{Bold: true, Size: 22 * pt, Colour: accent}
	for text := strings.ToUpper(titleOf(l.d)); l.Width(title, text) > half && title.Size > 10*pt; {
		title.Size -= pt / 2
	}
	number := pdf.Style{Bold: true, Size: 10.5 * pt, Colour: ink}
	l.heading(title, number, &right)
	l.y = max(left, right) + l.gap(6*mm)
	l.facts()
}

// letterhead is the seller's name, used without a logo, on two lines if possible.
func (l *layout) letterhead() block {
	name := cmp.Or(l.d.Seller.TradingName, l.d.Seller.Name)
	for s := (pdf.Style{Bold: true, Size: 15 * pt, Colour: ink}); ; s.Size -= pt {
		if b := block(nil).add(l.Canvas, s, textWidth*45/100, 0, name); len(b) <= 2 || s.Size <= 10*pt {
			return b
		}
	}
}

// heading writes the title and the number at the right edge.
func (l *layout) heading(title, number pdf.Style, y *int) {
	const edge = pageWidth - marginX
	l.put(l.root.Add(pdf.Heading1, ""), func() { l.Right(title, edge, *y+title.Size*8/10, strings.ToUpper(titleOf(l.d))) })
	*y += title.Leading()
	l.put(l.root.Add(pdf.Paragraph, ""), func() { l.Right(number, edge, *y+number.Size, "N°"+space+shownText(l.d.Number)) })
	*y += number.Leading()
}

// fact is a value with a label above it.
type fact struct{ name, value string }

// facts are the band below the title.
func (l *layout) facts() {
	facts := []fact{{"Date d’émission", date(l.d.Issued)}}
	switch {
	case l.d.Due == "" || !l.asks():
	case l.paid():
		facts = append(facts, fact{l.settled(), date(l.d.Due)})
	default:
		facts = append(facts, fact{"Échéance", date(l.d.Due)})
	}
	if p := l.d.Preceding; p != nil {
		facts = append(facts, fact{"Facture d’origine", p.Number + "\ndu " + date(p.Issued)})
	}
	facts = append(facts, l.references()...)
	facts = append(facts, fact{"Opération", operation(l.d.Process)})
	const side = 5 * mm / 2
	pad := l.gap(side)
	widths := l.spread(facts, textWidth-2*side, 2*side)
	blocks, height := make([]block, len(facts)), 0
	for i, f := range facts {
		blocks[i] = block(nil).add(l.Canvas, label, widths[i], 0, strings.ToUpper(f.name)).add(l.Canvas, strong, widths[i], pt, f.value)
		height = max(height, blocks[i].height())
	}
	l.Box(tint, marginX, l.y, textWidth, height+2*pad)
	x := marginX + side
	for i, b := range blocks {
		l.draw(b, x, l.y+pad)
		x += widths[i] + 2*side
	}
	l.y += height + 2*pad + l.gap(6*mm)
}

// spread distributes the width over the facts: equally if all fit, otherwise by need with an equal part of the rest, otherwise
// equally with line breaks.
func (l *layout) spread(facts []fact, width, gap int) []int {
	out := make([]int, len(facts))
	equal := (width - gap*(len(facts)-1)) / len(facts)
	left, fit := width-gap*(len(facts)-1), true
	for i, f := range facts {
		out[i] = l.Width(label, strings.ToUpper(f.name))
		for _, line := range strings.Split(f.value, "\n") {
			out[i] = max(out[i], l.Width(strong, shownText(line))+pt)
		}
		left -= out[i]
		fit = fit && out[i] <= equal
	}
	for i := range out {
		if fit || left < 0 {
			out[i] = equal
		} else {
			out[i] += left / len(out)
		}
	}
	return out
}

// operation is the kind of operation, which French invoices must state (CGI, annexe II, article 242 nonies A).
func operation(process string) string {
	switch {
	case strings.HasPrefix(process, "B"):
		return "Livraison de biens"
	case strings.HasPrefix(process, "S"):
		return "Prestation de services"
	case strings.HasPrefix(process, "M"):
		return "Livraison de biens\net prestation de services"
	}
	return process
}

// nextPage starts a page that continues the document.
func (l *layout) nextPage() {
	l.NewPage()
	l.y = marginTop
	const half = textWidth / 2
	names := l.Wrap(quiet, half-l.Width(quiet, "…"), l.d.Seller.Name)
	if len(names) > 1 {
		names[0] += "…"
	}
	l.Text(quiet, marginX, l.y+quiet.Size, joined("", names[:min(1, len(names))]...))
	l.Right(quiet, pageWidth-marginX, l.y+quiet.Size, titleOf(l.d)+" N°"+space+shownText(l.d.Number)+" (suite)")
	l.y += quiet.Leading() + mm
	l.Line(rule, marginX, l.y, textWidth, pt/2)
	l.y += 5 * mm
	if l.grid != nil {
		l.head()
	}
}

// room is the height available for the table on a page after the first one.
func (l *layout) room() int { return l.bottom - marginTop - 20*mm }

// need starts a new page if less than height is left on the current one, unless height exceeds a whole page.
func (l *layout) need(height int) {
	if l.y+height > l.bottom && height <= l.room() {
		l.nextPage()
	}
}

// flow draws a block over as many pages as it takes. Its last lines stay on the page of what follows, which is below high.
func (l *layout) flow(b block, x, below int) {
	for i, r := range b {
		if i == 0 {
			l.need(b[:min(3, len(b))].height()) // keep a heading with the text that follows it
		}
		if i == max(0, len(b)-3) {
			l.need(b[i:].height() + below)
		}
		l.need(r.height())
		l.y = l.row(r, x, l.y)
	}
}

// footer is the foot of each page: the seller's own text and the seller's identity.
func (l *layout) footer() (b block) {
	s := pdf.Style{Size: 6.5 * pt, Colour: grey}
	const width, most = textWidth - 25*mm, 3
	own := l.Wrap(s, width, l.look.Footer)
	who := []string{l.d.Seller.Name, l.d.Seller.LegalInfo}
	if l.d.Seller.SIREN != "" {
		who = append(who, "SIREN"+space+grouped(l.d.Seller.SIREN, 3))
	}
	if l.d.Seller.VATNumber != "" {
		who = append(who, "TVA"+space+vatNumber(l.d.Seller.VATNumber))
	}
	names := l.Wrap(s, width, joined(" – ", who...))
	// Both are shown elsewhere or are the seller's own text.
	for _, lines := range [][]string{own[:min(len(own), most)], names[:min(len(names), most)]} {
		for _, text := range lines {
			b = append(b, row{Style: s, text: text})
		}
	}
	return b
}

// footers draws the feet of all pages, once their number is known.
func (l *layout) footers() {
	l.within, l.paragraph = nil, nil
	top := pageHeight - marginFoot - l.foot.height()
	for i, p := range l.Pages {
		l.Page = p
		l.Line(rule, marginX, top-2*mm, textWidth, pt/2)
		l.draw(l.foot, marginX, top)
		l.Right(pdf.Style{Size: 6.5 * pt, Colour: grey}, pageWidth-marginX, top+6.5*pt, pageOf(i+1, len(l.Pages)))
	}
}

// joined joins the non-empty texts.
func joined(by string, texts ...string) string {
	var out []string
	for _, t := range texts {
		if t != "" {
			out = append(out, t)
		}
	}
	return strings.Join(out, by)
}
