package fec_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/einvoice/internal/fec"
)

var (
	customers = fec.Account{Number: "411000", Name: "Clients", AuxiliaryNumber: "123456789", AuxName: "Société Œuf"}
	goods     = fec.Account{Number: "707000", Name: "Ventes de marchandises"}
	tax       = fec.Account{Number: "44571200", Name: "TVA collectée 20 %"}
)

func sale(day, number string) fec.Entry {
	return fec.Entry{
		Journal: fec.Sales, Day: day, Document: number, DocumentDay: day, Text: "Facture " + number,
		Lines: []fec.Line{{customers, 12000}, {goods, -10000}, {tax, -2000}},
	}
}

func write(t *testing.T, entries ...fec.Entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := fec.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := w.Write(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAFileOfEntries(t *testing.T) {
	t.Parallel()
	file := write(t, sale("2026-01-31", "INV-1"), fec.Entry{
		Journal: fec.Bank, Day: "2026-02-01", Document: "PAY-1", DocumentDay: "2026-02-01", Text: "Paiement", Lines: []fec.Line{
			{fec.Account{Number: "511000", Name: "Valeurs à l'encaissement"}, 5}, {fec.Account{Number: "411000", Name: "Clients"}, -5}, {goods, 0},
		},
	}, sale("2026-02-01", "INV-2"))
	want := strings.Join([]string{
		"JournalCode\tJournalLib\tEcritureNum\tEcritureDate\tCompteNum\tCompteLib\tCompAuxNum\tCompAuxLib\tPieceRef\tPieceDate\tEcritureLib\tDebit\tCredit\tEcritureLet\tDateLet\tValidDate\tMontantdevise\tIdevise",
		"VE\tVentes\tVE000001\t20260131\t411000\tClients\t123456789\tSoci\xe9t\xe9 \xbcuf\tINV-1\t20260131\tFacture INV-1\t120,00\t0,00\t\t\t20260131\t\t",
		"VE\tVentes\tVE000001\t20260131\t707000\tVentes de marchandises\t\t\tINV-1\t20260131\tFacture INV-1\t0,00\t100,00\t\t\t20260131\t\t",
		"VE\tVentes\tVE000001\t20260131\t44571200\tTVA collect\xe9e 20 %\t\t\tINV-1\t20260131\tFacture INV-1\t0,00\t20,00\t\t\t20260131\t\t",
		"BQ\tBanque\tBQ000001\t20260201\t511000\tValeurs \xe0 l'encaissement\t\t\tPAY-1\t20260201\tPaiement\t0,05\t0,00\t\t\t20260201\t\t",
		"BQ\tBanque\tBQ000001\t20260201\t411000\tClients\t\t\tPAY-1\t20260201\tPaiement\t0,00\t0,05\t\t\t20260201\t\t",
		"VE\tVentes\tVE000002\t20260201\t411000\tClients\t123456789\tSoci\xe9t\xe9 \xbcuf\tINV-2\t20260201\tFacture INV-2\t120,00\t0,00\t\t\t20260201\t\t",
	}, "\r\n")
	if !strings.HasPrefix(string(file), want) {
		t.Errorf("got\n%s\nwant\n%s", file, want)
	}
	r, err := fec.Check(bytes.NewReader(file))
	if err != nil || r.Entries != 3 || r.Lines != 8 || r.Debit != 24005 || r.Credit != 24005 || r.Balances["411000"] != 23995 {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := fec.Check(bytes.NewReader(write(t))); err != nil || r.Entries != 0 {
		t.Errorf("an empty period: %+v, %v", r, err)
	}
}

func TestAWrongEntryIsNotWritten(t *testing.T) {
	t.Parallel()
	unbalanced, old, unknown := sale("2026-02-01", "X"), sale("2026-01-31", "X"), sale("2026-02-01", "X")
	unbalanced.Lines = []fec.Line{{customers, 12000}, {goods, -11999}}
	unknown.Lines = []fec.Line{{customers, 1}, {fec.Account{Number: "70A", Name: "x"}, -1}}
	for want, e := range map[error]fec.Entry{fec.ErrUnbalanced: unbalanced, fec.ErrOrder: old, fec.ErrAccount: unknown} {
		w, err := fec.NewWriter(&bytes.Buffer{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(sale("2026-02-01", "INV-1")); err != nil {
			t.Fatal(err)
		}
		if err := w.Write(e); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}

// TestTheCheckFindsEachDamage: each damage to a good file is found, and named by its line.
func TestTheCheckFindsEachDamage(t *testing.T) {
	t.Parallel()
	good := string(write(t, sale("2026-01-31", "INV-1"), sale("2026-02-01", "INV-2"), sale("2026-02-02", "INV-3")))
	lines := strings.SplitAfter(good, "\r\n")
	for name, damaged := range map[string]string{
		"no head":                  strings.Join(lines[1:], ""),
		"nothing":                  "",
		"a lost line":              strings.Join(append(lines[:2:2], lines[3:]...), ""),
		"a lost entry":             strings.Join(append(lines[:4:4], lines[7:]...), ""),
		"a repeated entry":         good + strings.Join(lines[7:10], ""),
		"LF alone":                 strings.Replace(good, "\r\n", "\n", 2),
		"no end":                   strings.TrimSuffix(good, "\r\n"),
		"another amount":           strings.Replace(good, "120,00", "120,01", 1),
		"a point":                  strings.ReplaceAll(good, ",00", ".00"),
		"one decimal":              strings.Replace(good, "120,00", "120,0", 1),
		"a leading zero":           strings.Replace(good, "120,00", "0120,00", 1),
		"a minus":                  strings.Replace(good, "120,00", "-120,00", 1),
		"both sides":               strings.Replace(good, "120,00\t0,00", "240,00\t120,00", 1),
		"no side":                  strings.Replace(good, "120,00\t0,00", "\t", 1),
		"no such day":              strings.ReplaceAll(good, "20260131", "20260230"),
		"a day that goes back":     strings.ReplaceAll(good, "20260201", "20251231"),
		"valid before":             strings.Replace(good, "\t20260131\t\t\r", "\t20260130\t\t\r", 1),
		"a column more":            strings.Replace(good, "Facture INV-1", "Facture\tINV-1", 1),
		"no text":                  strings.Replace(good, "Facture INV-1", "", 1),
		"an auxiliary with half":   strings.Replace(good, "123456789", "", 1),
		"an account with letters":  strings.Replace(good, "411000", "4A1000", 1),
		"an account with 2 names":  strings.Replace(good, "Clients", "Client", 1),
		"a journal with 2 names":   strings.Replace(good, "Ventes\t", "Vente\t", 1),
		"another document":         strings.Replace(good, "INV-1\t", "INV-9\t", 1),
		"a number of another form": strings.ReplaceAll(good, "VE000002", "000002"),
		"a control character":      strings.Replace(good, "Facture INV-1", "Facture\x00INV-1", 1),
		"a currency":               strings.Replace(good, "\t\t\r", "\t\tUSD\r", 1),
	} {
		if damaged == good {
			t.Fatalf("%s: nothing was damaged", name)
		}
		if _, err := fec.Check(strings.NewReader(damaged)); err == nil {
			t.Errorf("%s: not found", name)
		}
	}
}

func TestAHostileTextStaysInItsColumn(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a\tb\r\nc\x00d": "a b c d", "=1+1": "'=1+1", "Œuf à 5 €": "\xbcuf \xe0 5 \xa4", "Ελλάδα": "Ellada", "日本": "", "\u2028x\u202e": "x",
	} {
		got := string(fec.Latin9(text))
		if want != "" && got != want || strings.ContainsAny(got, "\t\r\n\x00") || got == "" {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := "x" + rapid.String().Draw(t, "text")
		var b bytes.Buffer
		w, err := fec.NewWriter(&b)
		if err != nil {
			t.Fatal(err)
		}
		amount := money.Cents(rapid.Int64Range(1, 1e12).Draw(t, "amount"))
		if err := w.Write(fec.Entry{
			Journal: fec.Sales, Day: "2026-01-01", Document: "D", DocumentDay: "2026-01-01", Text: text, Lines: []fec.Line{
				{fec.Account{Number: "411", Name: text, AuxiliaryNumber: "1", AuxName: text}, amount}, {goods, -amount},
			},
		}); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if r, err := fec.Check(&b); err != nil || r.Debit != amount {
			t.Fatalf("%q: %+v, %v", text, r, err)
		}
	})
}
