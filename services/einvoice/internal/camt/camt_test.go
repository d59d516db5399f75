package camt_test

import (
	"bytes"
	"encoding/xml"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/einvoice/internal/camt"
)

// read is what a program reads of a statement.
type read struct {
	Balances []struct {
		Code string `xml:"Tp>CdOrPrtry>Cd"`
		Amt  string `xml:"Amt"`
		Side string `xml:"CdtDbtInd"`
		Day  string `xml:"Dt>Dt"`
	} `xml:"BkToCstmrStmt>Stmt>Bal"`
	From    string `xml:"BkToCstmrStmt>Stmt>FrToDt>FrDtTm"`
	To      string `xml:"BkToCstmrStmt>Stmt>FrToDt>ToDtTm"`
	Net     string `xml:"BkToCstmrStmt>Stmt>TxsSummry>TtlNtries>TtlNetNtry>Amt"`
	Entries []struct {
		Ref  string `xml:"NtryRef"`
		Amt  string `xml:"Amt"`
		Side string `xml:"CdtDbtInd"`
		Text string `xml:"NtryDtls>TxDtls>RmtInf>Ustrd"`
		Day  string `xml:"ValDt>Dt"`
	} `xml:"BkToCstmrStmt>Stmt>Ntry"`
}

func write(t rapid.TB, entries ...camt.Entry) []byte {
	t.Helper()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	s := camt.Statement{
		ID: "0b8e7f5a7c1f4a519a35d0a1c4b8d7e2", Account: "EUP-D0A1C4B8D7E2", Owner: "Café & Fils", Created: time.Date(2026, 3, 30, 8, 0, 0, 0, time.UTC),
		From: time.Date(2026, 3, 29, 0, 0, 0, 0, paris), To: time.Date(2026, 3, 30, 0, 0, 0, 0, paris),
	}
	for _, e := range entries {
		if e.Amount < 0 {
			s.Debits.Add(-e.Amount)
		} else {
			s.Credits.Add(e.Amount)
		}
	}
	var b bytes.Buffer
	w, err := camt.NewWriter(&b, s)
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

// valid checks a statement against the schema.
func valid(t *testing.T, file []byte) {
	t.Helper()
	if _, err := exec.LookPath("xmllint"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("xmllint is not installed: the package libxml2-utils has it")
		}
		t.Skip("NOT CHECKED against the schema: xmllint is not installed (Debian: libxml2-utils)")
	}
	cmd := exec.CommandContext(t.Context(), "xmllint", "--nonet", "--noout", "--schema", "testdata/subset.xsd", "-")
	cmd.Stdin = bytes.NewReader(file)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s\n%s", err, out, file)
	}
}

func TestAStatementOfADay(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC) // before the clocks go forward
	hostile := "=1+1\t<b>]]>&\x00\u202e\r\n\"quoted\" " + strings.Repeat("long ", 60)
	file := write(t,
		camt.Entry{Reference: "PAY-20260329-0000000000000001", Amount: 2999, At: at, Text: hostile, Further: hostile + hostile},
		camt.Entry{Reference: "REF-20260329-0000000000000001", Amount: -3500, At: at.Add(21 * time.Hour), Further: "PAY-20260328-0000000000000001"})
	valid(t, file)
	valid(t, write(t))
	var got read
	if err := xml.Unmarshal(file, &got); err != nil {
		t.Fatal(err)
	}
	if got.From != "2026-03-29T00:00:00+01:00" || got.To != "2026-03-29T23:59:59+02:00" {
		t.Errorf("from %s to %s", got.From, got.To)
	}
	if got.Net != "5.01" || len(got.Balances) != 2 || got.Balances[0].Amt != "0.00" || got.Balances[1].Code != "CLBD" || got.Balances[1].Amt != "5.01" || got.Balances[1].Side != "DBIT" || got.Balances[1].Day != "2026-03-29" {
		t.Errorf("%+v", got)
	}
	if len(got.Entries) != 2 || got.Entries[0].Amt != "29.99" || got.Entries[0].Side != "CRDT" || got.Entries[1].Side != "DBIT" || got.Entries[0].Day != "2026-03-29" {
		t.Fatalf("%+v", got.Entries)
	}
	if text := got.Entries[0].Text; len([]rune(text)) > 140 || !strings.HasPrefix(text, `=1+1 <b>]]>& "quoted" long`) {
		t.Errorf("the text is %q", text)
	}
}

func TestAnyTextIsXML(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		file := write(t, camt.Entry{Reference: "x", Amount: money.Cents(rapid.Int64Range(-1e12, 1e12).Draw(t, "amount")), Text: rapid.String().Draw(t, "text")})
		if err := xml.Unmarshal(file, &read{}); err != nil {
			t.Fatalf("%v: %s", err, file)
		}
	})
}
