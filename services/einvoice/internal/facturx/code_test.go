package facturx

import (
	"bytes"
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

// framed moves a window down over a column of the page until a code can be read in it, as a hand does with a phone.
func framed(t *testing.T, column image.Image) string {
	t.Helper()
	size := column.Bounds()
	high := size.Dx() * 5 / 4
	for y := size.Dy() * 2 / 5; y < size.Dy(); y += size.Dx() / 8 { // the codes are in the lower part of the page
		window := image.NewGray(image.Rect(0, 0, size.Dx(), high))
		draw.Draw(window, window.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(window, window.Rect, column, image.Pt(0, y), draw.Src)
		bitmap, err := gozxing.NewBinaryBitmapFromImage(window)
		if err != nil {
			t.Fatal(err)
		}
		result, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_CHARACTER_SET: "UTF-8"})
		if err == nil {
			return result.GetText()
		}
	}
	return ""
}

// scanned are the texts of the codes on the first page, from left to right, as a phone sees them: drawn by a program and read
// by a library that are not ours. The page is looked at in columns,
// since the reader finds one code at a time.
func scanned(t *testing.T, d invoice.Document, look Look) (texts []string) {
	t.Helper()
	path := saved(t, render(t, d, look))
	const dpi, width = 200, qrSide + 3*mm
	pixels := func(length int) string { return strconv.Itoa(length * dpi / 72 / pt) }
	for column := 1; column >= 0; column-- {
		left := pageWidth - marginX - 4*mm - qrSide - column*(qrSide+4*mm) - mm
		out := filepath.Join(t.TempDir(), "page")
		tool(t, "pdftoppm", "-png", "-gray", "-r", strconv.Itoa(dpi), "-f", "1", "-l", "1", "-singlefile",
			"-x", pixels(left), "-W", pixels(width), "-y", "0", "-H", pixels(pageHeight), path, out)
		file, err := os.ReadFile(out + ".png")
		if err != nil {
			t.Fatal(err)
		}
		part, err := png.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if text := framed(t, part); text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

func TestABankingApplicationCanScanTheTransfer(t *testing.T) {
	d := invoicetest.Find("b2b")
	d.Seller.Name = "Café de l’Œuvre\n" + strings.Repeat("é", 100)
	got := scanned(t, d, Look{})
	want := "BCD\n002\n1\nSCT\nAGRIFRPP\nCafe de l'OEuvre " + strings.Repeat("e", 53) + "\nFR7630006000011234567890189\nEUR709.45\n\n\nINV-2026-AB12CD-000003"
	if len(got) != 1 || got[0] != want {
		t.Errorf("scanned %q\nwant    %q", got, want)
	}
}

func TestTheTransferIsOfWhatIsStillDue(t *testing.T) {
	d := invoicetest.Find("b2b")
	d.Totals.Prepaid, d.Totals.Due = 700_00, d.Totals.Gross-700_00
	if got := transfer(d); !strings.Contains(got, "\nEUR9.45\n") {
		t.Errorf("%q", got)
	}
}

func TestACodeLeadsToThePayment(t *testing.T) {
	got := scanned(t, invoicetest.Find("b2b"), Look{PayURL: "https://pay.example.org/i/(8f2a7c)"})
	if len(got) != 2 || !strings.HasPrefix(got[0], "BCD\n") || got[1] != "https://pay.example.org/i/(8f2a7c)" {
		t.Errorf("scanned %q", got)
	}
	d := invoicetest.Find("b2b")
	d.Payment.IBAN = ""
	if got := scanned(t, d, Look{PayURL: "https://pay.example.org/i/8f2a7c"}); len(got) != 1 || got[0] != "https://pay.example.org/i/8f2a7c" {
		t.Errorf("scanned %q", got)
	}
}

func TestNoPaymentCodeWithoutAnAmountDue(t *testing.T) {
	look := Look{PayURL: "https://pay.example.org/i/8f2a7c"}
	payable := func(name string) invoice.Document {
		d := invoicetest.Find(name)
		d.Payment.IBAN, d.Payment.BIC = "FR7630006000011234567890189", "AGRIFRPP"
		return d
	}
	if page := squeezed(text(t, payable("b2b"), look)); !strings.Contains(page, "Scannez") || !strings.Contains(page, "Payerenligne") {
		t.Fatalf("what is owed has no codes: %s", page)
	}
	for _, name := range []string{"paid-bank", "credit-full", "annulled", "annulled-paid"} {
		if page := squeezed(text(t, payable(name), look)); strings.Contains(page, "Scannez") || strings.Contains(page, "Payerenligne") {
			t.Errorf("%s asks for money: %s", name, page)
		}
	}
	if got := scanned(t, payable("credit-full"), look); len(got) != 0 {
		t.Errorf("scanned %q", got)
	}
}

func TestATextTooLongForACodeGoesWithout(t *testing.T) {
	d := invoicetest.Find("b2c")
	d.Payment.IBAN = ""
	url := "https://pay.example.org/" + strings.Repeat("x", 400)
	if page := squeezed(text(t, d, Look{PayURL: url})); !strings.Contains(page, "Payerenligne") || strings.Contains(page, "Scannez") {
		t.Errorf("the address is not printed alone: %s", page)
	}
}
