package received

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/services/einvoice/internal/reading"
)

// words are the words that a person reads on the pages.
func words(t *testing.T, pdf []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", file, "-").Output() // #nosec G204 -- our own file
	if err != nil {
		t.Fatalf("pdftotext (Debian: poppler-utils): %v", err)
	}
	return strings.Join(strings.Fields(string(text)), " ")
}

func TestThePageSaysWhatTheXMLSays(t *testing.T) {
	t.Parallel()
	for _, syntax := range []string{"cii", "ubl"} {
		d, err := reading.Read(sample(t, syntax))
		if err != nil {
			t.Fatal(err)
		}
		text := words(t, render(d))
		for _, want := range []string{
			"Facture F-2026-17", "Le fichier XML du fournisseur fait foi", "05/11/2026", "05/12/2026", "BC-881", "Fournitures Martin SAS", "732829320", "Boulangerie Dupont",
			"Papier A4 20 C62 5,5 20 % 110,00", "Remise 20 % -10,00 EUR", "Total TTC 120,00 EUR", "FR7630006000011234567890189", "Indemnité forfaitaire : 40 €",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the page has no %q: %s", syntax, want, text)
			}
		}
	}
}

func TestALongInvoiceHasPages(t *testing.T) {
	t.Parallel()
	d, err := reading.Read(sample(t, "cii"))
	if err != nil {
		t.Fatal(err)
	}
	d.Lines = slices.Repeat(d.Lines, 200)
	d.Lines[199].Name = "La dernière ligne " + strings.Repeat("sansespace", 50)
	pdf := render(d)
	if n := bytes.Count(pdf, []byte("/Type/Page/")); n < 4 {
		t.Errorf("%d pages for 200 lines", n)
	}
	if text := words(t, pdf); strings.Count(text, "Désignation") < 4 || !strings.Contains(text, "La dernière ligne") {
		t.Error("lines or their titles are missing")
	}
}
