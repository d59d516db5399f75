package facturx

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"european-pay.eu/eupay/services/einvoice/internal/cii"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// long has names that are longer than any line, letters of other scripts, and what no font has.
func long() invoice.Document {
	d := invoicetest.Find("b2b")
	d.Seller.TradingName = ""
	d.Seller.Name = "Société coopérative d’intérêt collectif des producteurs et transformateurs de noisettes, châtaignes et autres fruits à coque du Sud-Ouest"
	d.Buyer.Name = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft mbH & Co. KG"
	d.Buyer.Address.City = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"
	d.BuyerReference = "REF/" + strings.Repeat("0123456789", 9)
	d.Lines[0].Name = "Żółć, Ŝtrangĝa, Ελληνικά, Български, العربية 🎁 漢字 e\u0301te\u0301 \u200b" + strings.Repeat("interminable", 12)
	d.Lines[0].Description = strings.Repeat("Une phrase qui ne veut pas finir et qui continue encore. ", 17)
	last := &d.Lines[len(d.Lines)-1]
	last.Name, last.Description = "La dernière ligne", strings.Repeat("Elle aussi est longue. ", 43)
	return d
}

// all are the documents of every kind, and the long one.
func all() []invoicetest.Case {
	return append(invoicetest.All(), invoicetest.Case{Name: "long", Document: long()})
}

// roundel is a picture.
func roundel(w, h int) []byte {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			if dx, dy := (2*x-w)*h, (2*y-h)*w; dx*dx+dy*dy < w*h*w*h {
				m.Set(x, y, color.NRGBA{30, 90, uint8(100 + 100*x/w), 255})
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		panic(err) // a buffer takes everything
	}
	return out.Bytes()
}

// tool runs a program; without it the test is skipped, but not in CI.
func tool(t testing.TB, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed", name)
		}
		t.Skipf("%s is not installed: this test needs it and proves nothing without", name)
	}
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// saved writes a file for a tool and returns its path.
func saved(t testing.TB, pdf []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "document.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// rendered are the documents that were rendered: most of the CPU of these tests is theirs.
var rendered sync.Map

// render returns the PDF of a document, the same one for the same content.
func render(t testing.TB, d invoice.Document, look Look) []byte {
	t.Helper()
	key, err := json.Marshal([]any{d, look})
	if err != nil {
		t.Fatal(err)
	}
	if out, ok := rendered.Load(string(key)); ok {
		return slices.Clone(out.([]byte))
	}
	out := renderAnew(t, d, look)
	rendered.Store(string(key), slices.Clone(out))
	return out
}

// renderAnew renders a document whatever was rendered before.
func renderAnew(t testing.TB, d invoice.Document, look Look) []byte {
	t.Helper()
	out, err := Render(d, cii.Write(d), look)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// sign is the logo of look, which is drawn once.
var sign = sync.OnceValue(func() []byte { return roundel(400, 160) })

func look(t testing.TB) Look {
	t.Helper()
	return Look{Logo: sign(), PayURL: "https://pay.example.org/i/8f2a7c", Footer: "Café Noisette – ouvert tous les jours de 8 h à 19 h"}
}
