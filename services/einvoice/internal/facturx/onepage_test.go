package facturx

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

// Both are made once, because a test needs them a hundred times.
var (
	short = sync.OnceValue(func() invoice.Document { return invoicetest.Find("goods-and-services") })
	many  = sync.OnceValue(func() invoice.Document { return invoicetest.Find("many-lines") })
)

// ordinary is an invoice as merchants issue them: with a logo, a note, a discount, both codes and several lines.
func ordinary(lines int) invoice.Document {
	d := short()
	d.Notes = append(slices.Clone(d.Notes), invoice.Note{Subject: invoice.NoteGeneral, Text: "Livraison au 2e étage.\nMerci de votre confiance."})
	d.BuyerReference = "ERP-INV-2026-001"
	d.Lines = append(slices.Clone(d.Lines), many().Lines[:lines-len(d.Lines)]...)
	return d
}

func TestAnOrdinaryInvoiceIsOnOnePage(t *testing.T) {
	for lines := 3; lines <= 10; lines++ {
		if l := compose(ordinary(lines), look(t)); len(l.Pages) != 1 {
			t.Errorf("%d lines take %d pages", lines, len(l.Pages))
		}
	}
}

// However many lines there are, the mentions have the payment above them, or the last lines of notes that fill a page.
func TestTheMentionsNeverStandAlone(t *testing.T) {
	for name, c := range map[string]struct {
		note string
		with []string
	}{
		"short notes": {"Merci", []string{"RÈGLEMENT", "NOTES"}},
		"long notes":  {strings.Repeat("Une ligne de plus.\n", 49) + "FINI", []string{"FINI"}},
		"wide notes":  {strings.Repeat("mot ", 499) + "FINI", []string{"FINI"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := 0
			for n := 3; n <= 60; n++ {
				d := ordinary(n)
				d.Notes[len(d.Notes)-1].Text = c.note
				last := len(compose(d, Look{}).Pages)
				if last == before {
					continue
				}
				before = last
				page := strings.Split(text(t, d, Look{}), "\f")[last-1]
				for _, w := range append(c.with, "MENTIONS", "Frais de recouvrement", "Cadre de facturation") {
					if !strings.Contains(page, w) {
						t.Errorf("with %d lines, %q is not on the last of %d pages:\n%s", n, w, last, page)
					}
				}
			}
			if before < 2 {
				t.Errorf("only %d pages", before)
			}
		})
	}
}
