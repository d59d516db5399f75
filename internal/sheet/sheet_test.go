package sheet_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/sheet"
)

func TestATextIsNoFormula(t *testing.T) {
	t.Parallel()
	for attack, want := range map[string]string{
		"=cmd|' /C calc'!A0": "'=cmd|' /C calc'!A0", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t'=1", "\r=1": "'\r'=1", " =1": " '=1",
		`"=1`: `"'=1`, "a;=1": "a;'=1", "a\n=1": "a\n'=1", "a\t@x": "a\t'@x", "a|-1": "a|'-1", "a; \"=1": "a; \"'=1", "＝1": "'＝1", "＠x": "'＠x",
		"\x00=1": "'=1", "a\x00\x1fb": "ab",
	} {
		for dialect, comma := range map[sheet.Dialect]rune{sheet.Comma: ',', sheet.Semicolon: ';'} {
			var b bytes.Buffer
			if err := sheet.NewCSV(&b, dialect).Row(sheet.Text(attack), sheet.Text("x"), sheet.Text(attack), sheet.Text(`{"name":";=1"}`)); err != nil {
				t.Fatal(err)
			}
			r := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.String(), "\ufeff")))
			r.Comma = comma
			row, err := r.Read()
			if err != nil {
				t.Fatal(err)
			}
			if unix := strings.ReplaceAll(want, "\r", ""); row[0] != want && row[0] != unix || row[0] != row[2] || row[3] != `{"name":";'=1"}` {
				t.Errorf("%q becomes %q", attack, row)
			}
		}
	}
	for _, plain := range []string{"owner@example.com", "2026-06-17T12:00:00.000Z", "a-b+c=d", "user:0", `{"ip":"127.0.0.1","n":-1}`, ""} {
		if got := sheet.Inert(plain); got != plain {
			t.Errorf("%q becomes %q", plain, got)
		}
	}
}

func TestTheDialectsOfCSV(t *testing.T) {
	t.Parallel()
	for dialect, want := range map[sheet.Dialect]string{
		sheet.Comma:     "day,amount,n,text\r\n2026-03-29,-1234.50,7,\"a\"\"b,c\"\r\n,0.00,0,\"x;y\"\r\n",
		sheet.Semicolon: "\ufeffday;amount;n;text\r\n2026-03-29;-1234,50;7;\"a\"\"b,c\"\r\n;0,00;0;\"x;y\"\r\n",
	} {
		var b bytes.Buffer
		if got := write(t, sheet.NewCSV(&b, dialect), &b); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func write(t *testing.T, w sheet.Writer, b *bytes.Buffer) string {
	t.Helper()
	for _, row := range [][]sheet.Cell{
		{sheet.Text("day"), sheet.Text("amount"), sheet.Text("n"), sheet.Text("text")},
		{sheet.Day(time.Date(2026, 3, 29, 23, 0, 0, 0, time.UTC)), sheet.Amount(-123450), sheet.Number(7), sheet.Text(`a"b,c`)},
		{sheet.Day(time.Time{}), sheet.Amount(0), sheet.Number(0), sheet.Text("x;y")},
	} {
		if err := w.Row(row...); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// read returns the rows of a workbook as kind:value.
func read(t *testing.T, file []byte) (rows [][]string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		var any struct {
			Rows []struct {
				Cells []struct {
					Kind   string `xml:"t,attr"`
					Style  string `xml:"s,attr"`
					Value  string `xml:"v"`
					Inline string `xml:"is>t"`
				} `xml:"c"`
			} `xml:"sheetData>row"`
		}
		if err := xml.Unmarshal(raw, &any); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		for _, row := range any.Rows {
			var cells []string
			for _, c := range row.Cells {
				cells = append(cells, c.Style+c.Kind+":"+c.Value+c.Inline)
			}
			rows = append(rows, cells)
		}
	}
	return rows
}

func TestAWorkbookHasNumbersDaysAndTexts(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w, err := sheet.NewXLSX(&b, "Sales [2026]: a/b and more than the limit")
	if err != nil {
		t.Fatal(err)
	}
	rows := read(t, []byte(write(t, w, &b)))
	want := [][]string{
		{"3inlineStr:day", "3inlineStr:amount", "3inlineStr:n", "3inlineStr:text"},
		{"2:46110", "1:-1234.50", ":7", `inlineStr:a"b,c`}, // 46110 is 29 March 2026
		{"1:0.00", ":0", "inlineStr:x;y"},
	}
	for i := range want {
		if strings.Join(rows[i], "|") != strings.Join(want[i], "|") {
			t.Errorf("row %d: %q, want %q", i, rows[i], want[i])
		}
	}
}

func TestAHostileTextInAWorkbook(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w, err := sheet.NewXLSX(&b, "x")
	if err != nil {
		t.Fatal(err)
	}
	hostile := "=1+1\x00\x0b\uffff </t>]]>&<![CDATA[ _x000D_ \xff\n\ttab"
	for range 2 {
		if err := w.Row(sheet.Text(hostile), sheet.Text(strings.Repeat("é", 40_000)), sheet.Amount(money.Cents(1e15))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	row := read(t, b.Bytes())[1]
	if want := "inlineStr:=1+1 </t>]]>&<![CDATA[ _x005F_x000D_ \ufffd\n\ttab"; row[0] != want {
		t.Errorf("got %q, want %q", row[0], want)
	}
	if n := len([]rune(row[1])); n != len("inlineStr:")+32767 {
		t.Errorf("a cell of %d characters", n)
	}
	if row[2] != "inlineStr:10000000000000.00" {
		t.Errorf("an amount that no spreadsheet can hold: %s", row[2])
	}
}

func TestWhatComesBackFromASpreadsheetIsWhatWasThere(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"=1", "+1", "\t=1", " =1", `"=1`, "a;=1", "a\n=1", "a; \"=1", "＝1", "plain", "l'été", "'quoted'", "it's -1", "", "'=1", "''+1", " '-1", "a;'@b", "'"} {
		if got := sheet.Plain(sheet.Inert(text)); got != text {
			t.Errorf("%q comes back as %q", text, got)
		}
	}
}
