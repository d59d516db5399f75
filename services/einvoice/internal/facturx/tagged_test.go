package facturx

import (
	"regexp"
	"strings"
	"testing"

	"european-pay.eu/eupay/services/einvoice/internal/cii"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

var quoted = regexp.MustCompile(`(?m)^\s*"((?s:.*?))"$`)

// heard is the structure of a document as a program sees it that reads it aloud, and its text.
func heard(t *testing.T, d invoice.Document, look Look) (structure, text string) {
	t.Helper()
	structure = tool(t, "pdfinfo", "-struct-text", saved(t, render(t, d, look)))
	var b strings.Builder
	for _, m := range quoted.FindAllStringSubmatch(structure, -1) {
		b.WriteString(m[1] + "\n")
	}
	return structure, b.String()
}

func TestWhoHearsTheDocumentHearsAllThatTheXMLSays(t *testing.T) {
	// The program takes minutes for long documents.
	for _, name := range []string{"credit-partial", "annulled-paid"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := invoicetest.Find(name)
			_, text := heard(t, d, look(t))
			text = squeezed(text)
			for _, l := range leaves(t, cii.Write(d)) {
				if want := squeezed(printed(l)); !strings.Contains(text, want) && !inPieces(text, printed(l)) {
					t.Errorf("%s: %q is not heard", l.path, l.value)
				}
			}
			if strings.Contains(text, "Page1/") {
				t.Errorf("the foot, which every page repeats, is heard: %s", text)
			}
		})
	}
}

func TestTheDocumentIsHeardInTheOrderInWhichItIsRead(t *testing.T) {
	structure, text := heard(t, ordinary(4), look(t))
	text = strings.ReplaceAll(text, space, " ")
	at := 0
	for _, want := range []string{
		"FACTURE", "N° INV", "DATE", "ÉMETTEUR", "Librairie du Canal SAS", "CLIENT", "Acme France SARL", "Désignation", "Étagère", "166,65 €", "Montage",
		"Article 001", "Remise", "Taux de TVA", "Total TTC", "Net à payer", "RÈGLEMENT", "Scannez avec votre application bancaire", "Scannez pour payer en ligne",
		"NOTES", "Livraison au 2e étage. Merci", "MENTIONS", "Pénalités de retard",
	} {
		next := strings.Index(text[at:], want)
		if next < 0 {
			t.Fatalf("%q is not heard after what comes before it in\n%s", want, text)
		}
		at += next
	}
	for want, n := range map[string]int{
		"H1 (block)": 1, "H2 (block)": 5, "Table (block)": 3, "Link (inline)": 1, "/Scope /Column": 8 + 3, "Figure": 3, "/BBox": 3,
	} {
		if got := strings.Count(structure, want); got != n {
			t.Errorf("%d times %q, want %d", got, want, n)
		}
	}
}

// What is drawn is either content of an element or decoration, and the way back from the content leads to its elements.
func TestEverythingDrawnIsTagged(t *testing.T) {
	for _, name := range []string{"b2b", "many-lines", "credit-full"} {
		path := saved(t, render(t, invoicetest.Find(name), look(t)))
		objects := objects(t, path)
		catalog := objects["obj:1 0 R"]
		root := objects["obj:"+catalog["/StructTreeRoot"].(string)]
		if marked, _ := catalog["/MarkInfo"].(map[string]any); marked["/Marked"] != true || root["/Type"] != "/StructTreeRoot" {
			t.Fatalf("%s: the catalog is %v", name, catalog)
		}
		back := root["/ParentTree"].(map[string]any)["/Nums"].([]any)
		plainly := tool(t, "qpdf", "--qdf", "--object-streams=disable", "--no-original-object-ids", path, "-")
		pages := regexp.MustCompile(`(?s)stream\n((?:/Artifact BMC|/\w+ <</MCID|/\w+<</MCID).*?)endstream`).FindAllStringSubmatch(plainly, -1)
		if len(pages) == 0 {
			t.Fatalf("%s: no content found", name)
		}
		for i, page := range pages {
			depth, marks := 0, 0
			for line := range strings.Lines(page[1]) {
				switch line = strings.TrimSpace(line); {
				case strings.HasSuffix(line, "BMC"), strings.HasSuffix(line, "BDC"):
					depth++
					marks += strings.Count(line, "MCID")
				case line == "EMC":
					depth--
				case depth != 1 && line != "":
					t.Errorf("%s, page %d: %q is drawn at depth %d", name, i+1, line, depth)
				}
			}
			owners := back[2*i+1].([]any)
			if depth != 0 || len(owners) != marks || marks < 10 {
				t.Errorf("%s, page %d: depth %d, %d marks, %d owners", name, i+1, depth, marks, len(owners))
			}
			for _, owner := range owners {
				if e := objects["obj:"+owner.(string)]; e["/S"] == nil || e["/K"] == nil {
					t.Errorf("%s, page %d: the owner %v is %v", name, i+1, owner, e)
				}
			}
		}
	}
}

// A picture says what it is to who cannot see it.
func TestPicturesHaveAText(t *testing.T) {
	found := map[string]bool{}
	for _, o := range objects(t, saved(t, render(t, invoicetest.Find("b2b"), look(t)))) {
		if o["/S"] == "/Figure" {
			alt, _ := o["/Alt"].(string)
			found[strings.ReplaceAll(alt, space, " ")] = true
		}
	}
	for _, want := range []string{"u:Logo : Le Canal", "u:Scannez avec votre application bancaire", "u:Scannez pour payer en ligne"} {
		if !found[want] {
			t.Errorf("no picture is %q: %v", want, found)
		}
	}
}
