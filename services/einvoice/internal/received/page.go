package received

import (
	"cmp"
	"strings"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/paper/pdf"
	"european-pay.eu/eupay/services/einvoice/internal/reading"
)

// Lengths are in hundredths of a point, from the upper left corner of an A4 page.
const (
	pt         = pdf.Point
	pageWidth  = 59528
	pageHeight = 84189
	margin     = 5100
	textWidth  = pageWidth - 2*margin
	lowest     = pageHeight - margin - 20*pt
	right      = pageWidth - margin
)

const (
	ink   pdf.Colour = "0.1 0.12 0.15"
	grey  pdf.Colour = "0.39 0.42 0.46"
	faint pdf.Colour = "0.84 0.86 0.88"
)

var (
	title   = pdf.Style{Bold: true, Size: 18 * pt, Colour: ink}
	heading = pdf.Style{Bold: true, Size: 9.5 * pt, Colour: ink}
	plain   = pdf.Style{Size: 8.5 * pt, Colour: ink}
	strong  = pdf.Style{Bold: true, Size: 8.5 * pt, Colour: ink}
	quiet   = pdf.Style{Size: 7.5 * pt, Colour: grey}
)

// columns of the lines: the width of the name, and the right edges of the numbers.
const (
	nameWidth   = 22000
	colQuantity = margin + 29500
	colPrice    = margin + 37000
	colRate     = margin + 42000
)

// page places a document on pages, from top to bottom.
type page struct {
	*pdf.Canvas
	d *reading.Invoice
	y int
}

// render draws what a document says, in French like the invoices that are issued here. It says that the page is ours: the XML is the
// invoice.
func render(d *reading.Invoice) []byte {
	p := &page{Canvas: pdf.NewCanvas(pageWidth, pageHeight), d: d}
	p.next()
	p.head()
	p.parties()
	p.lines()
	p.sums()
	p.payment()
	p.notes()
	return p.file()
}

func (p *page) next() {
	p.NewPage()
	p.y = margin
}

// room starts a new page unless there is room for that height.
func (p *page) room(height int) {
	if p.y+height > lowest {
		p.next()
	}
}

// write writes a text on as many lines as it needs.
func (p *page) write(s pdf.Style, width int, text string) {
	for _, line := range p.Wrap(s, width, text) {
		p.room(s.Leading())
		p.Text(s, margin, p.y+s.Size, line)
		p.y += s.Leading()
	}
}

func (p *page) section(name string) {
	p.room(40 * pt)
	p.y += 12 * pt
	p.write(heading, textWidth, name)
	p.Box(faint, margin, p.y+2*pt, textWidth, 60)
	p.y += 6 * pt
}

// fact writes a label and a value; nothing without a value.
func (p *page) fact(label, value string) {
	if value != "" {
		p.write(plain, textWidth, label+" : "+value)
	}
}

var titles = map[string]string{"380": "Facture", "381": "Avoir", "384": "Facture rectificative", "386": "Facture d'acompte", "389": "Facture autofacturée"}

func (p *page) head() {
	d := p.d
	p.write(title, textWidth, cmp.Or(titles[d.Type], "Facture (type "+d.Type+")")+" "+d.Number)
	p.write(quiet, textWidth, "Vue lisible d'une facture électronique reçue ("+strings.ToUpper(string(d.Syntax))+"). Le fichier XML du fournisseur fait foi.")
	p.y += 6 * pt
	p.fact("Date", day(string(d.Issued)))
	p.fact("Échéance", day(string(d.Due)))
	p.fact("Livraison", day(string(d.Delivered)))
	if d.PeriodStart != "" || d.PeriodEnd != "" {
		p.fact("Période", day(string(d.PeriodStart))+" – "+day(string(d.PeriodEnd)))
	}
	p.fact("Référence de l'acheteur", d.BuyerReference)
	p.fact("Commande", d.Order)
	p.fact("Contrat", d.Contract)
	for _, b := range d.Preceding {
		p.fact("Facture antérieure", join(" du ", b.Number, day(string(b.Issued))))
	}
}

// day writes a day as in France.
func day(iso string) string {
	parts := strings.Split(iso, "-")
	if len(parts) != 3 {
		return iso
	}
	return parts[2] + "/" + parts[1] + "/" + parts[0]
}

func join(sep string, parts ...string) string {
	var filled []string
	for _, s := range parts {
		if s != "" {
			filled = append(filled, s)
		}
	}
	return strings.Join(filled, sep)
}

func (p *page) parties() {
	for _, x := range []struct {
		name string
		of   *reading.Party
	}{{"Fournisseur", &p.d.Seller}, {"Acheteur", &p.d.Buyer}} {
		p.section(x.name)
		p.write(strong, textWidth, join(" – ", x.of.Name, x.of.TradingName))
		p.write(plain, textWidth, join(", ", x.of.Street, join(" ", x.of.PostCode, x.of.City), x.of.Country))
		p.fact("SIREN", x.of.SIREN)
		p.fact("SIRET", x.of.SIRET)
		p.fact("Identifiant", x.of.LegalID)
		p.fact("N° TVA", x.of.VATNumber)
		p.fact("Contact", join(", ", x.of.ContactName, x.of.Phone, x.of.Mailaddr))
	}
}

func (p *page) lines() {
	if len(p.d.Lines) == 0 {
		return
	}
	p.section("Lignes")
	p.titles()
	for _, l := range p.d.Lines {
		name := p.Wrap(plain, nameWidth, join(" ", l.Name))
		more := p.Wrap(quiet, nameWidth, l.Description)
		if height := len(name)*plain.Leading() + 4*pt; p.y+height > lowest {
			p.next()
			p.titles()
		}
		price := join(" / ", comma(string(l.Price)), unlessOne(string(l.BaseQuantity)))
		y := p.y + plain.Size
		p.Right(plain, colQuantity, y, join(" ", comma(string(l.Quantity)), l.Unit))
		p.Right(plain, colPrice, y, price)
		p.Right(plain, colRate, y, percent(l.Rate, l.Category))
		p.Right(plain, right, y, comma(l.Net.String()))
		for _, text := range name {
			p.write(plain, nameWidth, text)
		}
		for _, text := range more {
			p.write(quiet, nameWidth, text)
		}
		p.y += 2 * pt
	}
}

func (p *page) titles() {
	y := p.y + quiet.Size
	p.Text(quiet, margin, y, "Désignation")
	p.Right(quiet, colQuantity, y, "Quantité")
	p.Right(quiet, colPrice, y, "Prix HT")
	p.Right(quiet, colRate, y, "TVA")
	p.Right(quiet, right, y, "Montant HT")
	p.y += quiet.Leading() + 2*pt
}

func unlessOne(s string) string {
	if s == "1" {
		return ""
	}
	return comma(s)
}

// comma writes a decimal number as in France.
func comma(s string) string { return strings.Replace(s, ".", ",", 1) }

func percent(rate reading.Decimal, category string) string {
	if rate == "" {
		return category
	}
	return comma(string(rate)) + " %"
}

func (p *page) sums() {
	d := p.d
	p.section("Totaux")
	for _, a := range d.Allowances {
		sign, what := "-", "Remise"
		if a.Charge {
			sign, what = "", "Frais"
		}
		p.sum(plain, join(" ", cmp.Or(a.Reason, what), percent(a.Rate, a.Category)), sign+a.Amount.String())
	}
	p.sum(plain, "Total HT", d.Totals.Net.String())
	for _, v := range d.VAT {
		p.sum(plain, join(" ", "TVA", percent(v.Rate, v.Category), "sur", comma(v.Base.String())), v.Tax.String())
		p.fact("Exonération", join(" ", v.Reason, v.ReasonCode))
	}
	p.sum(plain, "Total TVA", d.Totals.Tax.String())
	p.sum(strong, "Total TTC", d.Totals.Gross.String())
	for _, x := range []struct {
		label string
		c     money.Cents
	}{{"Déjà payé", d.Totals.Prepaid}, {"Arrondi", d.Totals.Rounding}} {
		if x.c != 0 {
			p.sum(plain, x.label, x.c.String())
		}
	}
	p.sum(strong, "À payer", d.Totals.Due.String())
}

// sum writes an amount in the currency of the document.
func (p *page) sum(s pdf.Style, label, amount string) {
	p.room(s.Leading())
	p.Text(s, colQuantity-9000, p.y+s.Size, label)
	p.Right(s, right, p.y+s.Size, comma(amount)+" "+p.d.Currency)
	p.y += s.Leading()
}

func (p *page) payment() {
	d := p.d
	p.section("Paiement")
	p.fact("Moyen (code)", d.Payment.Means)
	p.fact("Bénéficiaire", d.Payee)
	for _, a := range d.Payment.Accounts {
		p.fact("Compte", join(" – ", a.IBAN, a.BIC, a.Name))
	}
	p.fact("Référence", d.Payment.Reference)
	p.fact("Conditions", d.Payment.Terms)
}

func (p *page) notes() {
	if len(p.d.Notes) == 0 {
		return
	}
	p.section("Mentions")
	for _, n := range p.d.Notes {
		p.write(quiet, textWidth, join(" : ", n.Subject, n.Text))
	}
}

// file puts the objects together.
func (p *page) file() []byte {
	f := pdf.NewFile()
	catalog, tree, info := f.Reserve(), f.Reserve(), f.Reserve()
	at := pdf.Objects{Tree: tree, Regular: f.Reserve()}
	for range pdf.FontObjects - 1 {
		f.Reserve()
	}
	at.Bold = f.Reserve()
	for range pdf.FontObjects - 1 {
		f.Reserve()
	}
	p.Reserve(f, &at)
	f.Object(catalog, "<</Type/Catalog/Version/1.7/Pages "+pdf.Ref(tree)+"/Lang(fr-FR)/ViewerPreferences<</DisplayDocTitle true>>>>")
	f.Object(tree, at.Kids())
	f.Object(info, "<</Title"+pdf.Literal(cmp.Or(titles[p.d.Type], "Facture")+" "+p.d.Number)+"/Producer"+pdf.Literal("EU Pay")+">>")
	p.Write(f, at)
	return f.End(catalog, info)
}
