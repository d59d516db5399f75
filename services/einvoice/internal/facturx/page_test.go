package facturx

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/paper/font"
	"european-pay.eu/eupay/services/einvoice/internal/cii"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

// leaf is a value of the XML.
type leaf struct{ path, value string }

// leaves are the values of the XML that stand for something other than themselves: units, schemes and the like.
func leaves(t *testing.T, file []byte) (out []leaf) {
	t.Helper()
	var path []string
	for d := xml.NewDecoder(bytes.NewReader(file)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		switch x := token.(type) {
		case xml.StartElement:
			path = append(path, x.Name.Local)
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			if text := strings.TrimSpace(string(x)); text != "" {
				out = append(out, leaf{strings.Join(path[1:], "/"), text})
			}
		}
	}
}

// printed is how a value of the XML stands on the page; empty for those that are said in words, which other tests check.
func printed(l leaf) string {
	last := l.path[strings.LastIndexByte(l.path, '/')+1:]
	switch {
	case strings.Contains(l.path, "GuidelineSpecified"), strings.HasSuffix(l.path, "ChargeIndicator/Indicator"),
		strings.HasSuffix(l.path, "TotalPrepaidAmount") && l.value == "0.00", // what is due is then the total
		last == "TypeCode", last == "CategoryCode", last == "SubjectCode":
		return ""
	case last == "DateTimeString":
		return l.value[6:] + "/" + l.value[4:6] + "/" + l.value[:4]
	case strings.HasSuffix(l.path, "ProductTradePrice/ChargeAmount"): // shown in cents, beside the exact price with VAT
		millionths, err := money.ParseDecimal(l.value, 6)
		if err != nil {
			return err.Error()
		}
		return price(invoice.Price(millionths))
	case strings.HasSuffix(last, "Amount"):
		return strings.TrimPrefix(decimal(l.value), "−")
	case last == "RateApplicablePercent", last == "BilledQuantity":
		return decimal(l.value)
	case last == "CountryID":
		return country(l.value)
	}
	return l.value
}

// squeezed drops the blanks and the marks of direction, and shows what the font lacks as the page does.
func squeezed(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return font.Regular().Shown(r)
	}, shownText(text))
}

func TestThePageSaysAllThatTheXMLSays(t *testing.T) {
	for _, c := range all() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			// Without -layout the text comes in the order in which it was written, so that a name of several lines is in one piece.
			page := squeezed(tool(t, "pdftotext", "-raw", saved(t, render(t, c.Document, Look{})), "-"))
			for _, l := range leaves(t, cii.Write(c.Document)) {
				want := squeezed(printed(l))
				// The price of many units is stated exactly.
				exact := strings.HasSuffix(l.path, "ProductTradePrice/ChargeAmount") && strings.Contains(page, squeezed(decimal(l.value)+"€/1"))
				if !strings.Contains(page, want) && !exact && !inPieces(page, printed(l)) {
					t.Errorf("%s: %q is not on the page", l.path, l.value)
				}
			}
		})
	}
}

// inPieces: a text that goes on on another page has a header in its middle, and one beside figures has those. All its
// words are there in their order.
func inPieces(page, text string) bool {
	words := strings.Fields(text)
	if len(words) < 3 && len(text) < 60 {
		return false
	}
	for _, word := range words {
		for word = squeezed(word); word != ""; {
			n := min(len([]rune(word)), 15)
			part := string([]rune(word)[:n])
			at := strings.Index(page, part)
			if at < 0 {
				return false
			}
			page, word = page[at+len(part):], word[len(part):]
		}
	}
	return true
}

// text of a document's pages, blanks made ordinary.
func text(t *testing.T, d invoice.Document, look Look) string {
	t.Helper()
	return strings.ReplaceAll(tool(t, "pdftotext", "-layout", saved(t, render(t, d, look)), "-"), space, " ")
}

func TestThePageSaysInWordsWhatIsACodeInTheXML(t *testing.T) {
	for name, want := range map[string][]string{
		"b2c":                       {"FACTURE\n", "Opération avec un particulier ou assimilé (B2C)", "Net à payer", "Livraison de biens", "France"},
		"b2b":                       {"FACTURE\n", "Opération entre professionnels (B2B)", "709,45 €", "Virement", "05/12/2026", "FR76 3000 6000 0112 3456 7890 189", "166,66 €", "199,99 €", "prix unitaires HT arrondis au centime"},
		"goods-and-services":        {"Livraison de biens", "et prestation de services", "Remise", "−6,52 €"},
		"paid-card":                 {"ACQUITTÉE LE", "✓ Acquittée le 20/11/2026", "Carte bancaire", "Déjà réglé", "−89,99 €", "B2 (déjà payée)"},
		"paid-other":                {"Autre moyen de paiement"},
		"mediator":                  {"Médiateur de la consommation, en cas de litige : Médiateur du livre, 1 rue de l’Exemple, 75001 Paris"},
		"franchise":                 {"TVA non applicable, art. 293 B du CGI"},
		"exempt":                    {"Exonéré (0 %)", "art. 261, 4-4° du CGI"},
		"zero-rated":                {"0 % (taux zéro)"},
		"references":                {"SERVICE-42", "BC-2026-118", "MARCHE-9", "ERP-7", "Livraison le 18/11/2026", "Quai 4, 13002 Marseille", "Prestation du 01/10/2026 au 31/10/2026", "12,5 h", "2,75 kg"},
		"large-quantity":            {"0,833333 € / 100"},
		"eu-both":                   {"VATEX-EU-IC", "VATEX-EU-AE", "Autoliq", "Exonéré", "BE0123456749", "B2BINT", "Belgique"},
		"out-of-scope":              {"Non soumis à la TVA", "VATEX-EU-O", "FR 11 123 456 782"},
		"reunion":                   {"8,5 %", "1,75 %", "1,05 %"},
		"credit-partial":            {"AVOIR", "FACTURE D’ORIGINE", "INV-2026-AB12CD-000003", "du 21/11/2026", "Net à rembourser", "50,00 €", "REMBOURSEMENT"},
		"annulled":                  {"FACTURE RECTIFICATIVE", "Net à payer", "0,00 €", "Annule et remplace"},
		"annulled-paid":             {"FACTURE ANNULÉE", "REMBOURSEMENT", "Net à rembourser", "89,99 €", "−89,99 €"},
		"discount-four-rates":       {"Total HT avant remise", "237,21 €", "Remise HT (50,00 € TTC)", "−43,59 €"},
		"credit-goods-and-services": {"AVOIR", "12,34 €"},
	} {
		page := text(t, invoicetest.Find(name), Look{})
		for _, w := range want {
			if !strings.Contains(page, w) {
				t.Errorf("%s: %q is not on the page:\n%s", name, w, page)
			}
		}
	}
}

// A credit note asks for nothing: neither a day nor a means of payment concerns its reader.
func TestADocumentThatAsksForNothingHasNoDueDateAndNoMeansOfPayment(t *testing.T) {
	for _, name := range []string{"credit-partial", "credit-full", "annulled", "annulled-paid"} {
		page := text(t, invoicetest.Find(name), look(t))
		for _, w := range []string{"Échéance", "ÉCHÉANCE", "Mode de paiement", "Autre moyen"} {
			if strings.Contains(page, w) {
				t.Errorf("%s: %q is on the page:\n%s", name, w, page)
			}
		}
	}
}

func TestAPriceWithoutVATIsShownInCents(t *testing.T) {
	for p, want := range map[invoice.Price]string{
		166_656667: "166,66 €", 47_300000: "47,30 €", 5000: "0,01 €", 4999: "0,004999 €", 1: "0,000001 €", 1234_565000: "1 234,57 €",
	} {
		if got := strings.ReplaceAll(price(p), space, " "); got != want {
			t.Errorf("%s is shown as %q, want %q", p, got, want)
		}
	}
}

func TestEveryPageHasItsNumberTheFooterAndTheTitlesOfItsColumns(t *testing.T) {
	pages := strings.Split(strings.TrimSuffix(text(t, invoicetest.Find("many-lines"), Look{Footer: "Au plaisir"}), "\f"), "\f")
	if len(pages) < 4 {
		t.Fatalf("%d pages", len(pages))
	}
	seen := 0
	for i, p := range pages {
		if n := pageOf(i+1, len(pages)); !strings.Contains(p, strings.ReplaceAll(n, space, " ")) || !strings.Contains(p, "Au plaisir") {
			t.Errorf("page %d lacks its number or the footer", i+1)
		}
		if i > 0 && !strings.Contains(p, "Facture N° INV-2026-AB12CD-000016 (suite)") {
			t.Errorf("page %d does not say what it continues", i+1)
		}
		lines := strings.Count(p, "Article ")
		if seen += lines; lines > 0 != strings.Contains(p, "Désignation") {
			t.Errorf("page %d: %d lines, titles of the columns: %v", i+1, lines, strings.Contains(p, "Désignation"))
		}
	}
	if seen != 120 {
		t.Errorf("%d of 120 lines", seen)
	}
}

// However many lines there are, and however long the last one is, the sums have a part of it above them.
func TestTheSumsNeverStandAlone(t *testing.T) {
	for name, tail := range map[string]string{"short": "", "long": strings.Repeat("mot ", 320)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := invoicetest.Find("many-lines")
			lines, before := slices.Clone(d.Lines), 0
			for n := 1; n <= 60; n++ {
				d.Lines = slices.Clone(lines[:n])
				d.Lines[n-1].Description = tail + "FINI"
				l := newLayout(d, Look{}, false)
				l.first()
				l.parties()
				l.lines()
				if l.y > l.bottom {
					t.Errorf("with %d lines the sums reach into the footer", n)
				}
				last := len(l.Pages)
				if last == before { // a line more on the same page
					continue
				}
				before = last
				if p := strings.Split(text(t, d, Look{}), "\f")[last-1]; !strings.Contains(p, "Net à payer") || !strings.Contains(p, "FINI") {
					t.Errorf("with %d lines the sums stand alone", n)
				}
			}
		})
	}
}

// Nothing is drawn outside of the margins, however long the texts are.
func TestNothingIsClipped(t *testing.T) {
	for _, c := range all() {
		boxes, words := tool(t, "pdftotext", "-bbox", saved(t, render(t, c.Document, look(t))), "-"), 0
		for _, line := range strings.Split(boxes, "\n") {
			var box struct {
				X0 float64 `xml:"xMin,attr"`
				Y0 float64 `xml:"yMin,attr"`
				X1 float64 `xml:"xMax,attr"`
				Y1 float64 `xml:"yMax,attr"`
			}
			if !strings.Contains(line, "<word") || xml.Unmarshal([]byte(strings.TrimSpace(line)), &box) != nil {
				continue
			}
			words++
			if box.X0 < marginX/pt-1 || box.X1 > (pageWidth-marginX)/pt+1 || box.Y0 < 20 || box.Y1 > pageHeight/pt-15 {
				t.Errorf("%s: out of the margins: %s", c.Name, line)
			}
		}
		if words < 50 {
			t.Errorf("%s: only %d words", c.Name, words)
		}
	}
}
