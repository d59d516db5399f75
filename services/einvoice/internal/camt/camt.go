// Package camt writes the movements of one day as a bank's statement: the part of ISO 20022 camt.053.001.08 that accounting programs read.
//
// The account is one of its own, named by the merchant's id, and not the merchant's bank account: a program that reads the bank's statement
// too must not book the same money twice. It begins each day at zero, so its closing balance is what the day brought.
package camt

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"european-pay.eu/eupay/internal/money"
)

// ContentType is that of the file.
const ContentType = "application/xml"

// The longest texts of the format in characters.
const (
	maxID      = 35
	maxOther   = 34
	maxName    = 140
	maxRemit   = 140
	maxFurther = 500
)

// Statement is the head of a statement.
type Statement struct {
	// ID identifies the statement, Account the account.
	ID, Account, Owner string
	Created            time.Time
	// From is inclusive, To exclusive: the day.
	From, To time.Time
	// Credits and Debits are of all entries that follow.
	Credits, Debits Sum
}

// Sum counts entries.
type Sum struct {
	Entries int64
	Amount  money.Cents
}

// Add adds an entry.
func (s *Sum) Add(c money.Cents) {
	s.Entries++
	s.Amount += c
}

// Entry is a movement. Amount is above zero for what came, below zero for what went.
type Entry struct {
	Reference string
	Amount    money.Cents
	At        time.Time
	// Text is what the movement was for; Further is more about it. Both may be empty.
	Text, Further string
}

// Writer writes one statement.
type Writer struct {
	to   *bufio.Writer
	zone *time.Location
}

// NewWriter writes the head of a statement. Times are written as in the zone of s.From.
func NewWriter(to io.Writer, s Statement) (*Writer, error) {
	w := &Writer{to: bufio.NewWriter(to), zone: s.From.Location()}
	day, last := s.From.Format(time.DateOnly), s.To.Add(-time.Second)
	net := s.Credits.Amount - s.Debits.Amount
	w.print(xml.Header+`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>`+
		`<GrpHdr><MsgId>%s</MsgId><CreDtTm>%s</CreDtTm></GrpHdr><Stmt><Id>%[1]s</Id><CreDtTm>%[2]s</CreDtTm>`, text(s.ID, maxID), w.instant(s.Created))
	w.print(`<FrToDt><FrDtTm>%s</FrDtTm><ToDtTm>%s</ToDtTm></FrToDt>`, w.instant(s.From), w.instant(last))
	w.print(`<Acct><Id><Othr><Id>%s</Id><SchmeNm><Prtry>EUPAY</Prtry></SchmeNm></Othr></Id><Ccy>EUR</Ccy>`, text(s.Account, maxOther))
	if owner := text(s.Owner, maxName); owner != "" {
		w.print(`<Ownr><Nm>%s</Nm></Ownr>`, owner)
	}
	w.print(`</Acct>`)
	w.balance("OPBD", 0, day)
	w.balance("CLBD", net, day)
	w.print(`<TxsSummry><TtlNtries><NbOfNtries>%d</NbOfNtries><Sum>%s</Sum><TtlNetNtry><Amt>%s</Amt><CdtDbtInd>%s</CdtDbtInd></TtlNetNtry></TtlNtries>`,
		s.Credits.Entries+s.Debits.Entries, s.Credits.Amount+s.Debits.Amount, abs(net), side(net))
	w.print(`<TtlCdtNtries><NbOfNtries>%d</NbOfNtries><Sum>%s</Sum></TtlCdtNtries>`, s.Credits.Entries, s.Credits.Amount)
	w.print(`<TtlDbtNtries><NbOfNtries>%d</NbOfNtries><Sum>%s</Sum></TtlDbtNtries></TxsSummry>`, s.Debits.Entries, s.Debits.Amount)
	return w, w.failed()
}

// Write writes an entry.
func (w *Writer) Write(e Entry) error {
	family := "RCDT" // received credit transfers
	if e.Amount < 0 {
		family = "ICDT" // issued ones
	}
	reference := text(e.Reference, maxID)
	w.print(`<Ntry><NtryRef>%s</NtryRef><Amt Ccy="EUR">%s</Amt><CdtDbtInd>%s</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>`, reference, abs(e.Amount), side(e.Amount))
	w.print(`<BookgDt><DtTm>%s</DtTm></BookgDt><ValDt><Dt>%s</Dt></ValDt><AcctSvcrRef>%s</AcctSvcrRef>`,
		w.instant(e.At), e.At.In(w.zone).Format(time.DateOnly), reference)
	w.print(`<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>%s</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>`, family)
	w.print(`<NtryDtls><TxDtls><Refs><AcctSvcrRef>%s</AcctSvcrRef></Refs><Amt Ccy="EUR">%s</Amt><CdtDbtInd>%s</CdtDbtInd>`,
		reference, abs(e.Amount), side(e.Amount))
	if remit := text(e.Text, maxRemit); remit != "" {
		w.print(`<RmtInf><Ustrd>%s</Ustrd></RmtInf>`, remit)
	}
	if further := text(e.Further, maxFurther); further != "" {
		w.print(`<AddtlTxInf>%s</AddtlTxInf>`, further)
	}
	w.print(`</TxDtls></NtryDtls></Ntry>`)
	return w.failed()
}

// Close completes the file.
func (w *Writer) Close() error {
	w.print(`</Stmt></BkToCstmrStmt></Document>` + "\n")
	if err := w.to.Flush(); err != nil {
		return fmt.Errorf("end the statement: %w", err)
	}
	return nil
}

func (w *Writer) balance(code string, c money.Cents, day string) {
	w.print(`<Bal><Tp><CdOrPrtry><Cd>%s</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">%s</Amt><CdtDbtInd>%s</CdtDbtInd><Dt><Dt>%s</Dt></Dt></Bal>`,
		code, abs(c), side(c), day)
}

// print writes to the buffer, which remembers a failure.
func (w *Writer) print(format string, args ...any) { fmt.Fprintf(w.to, format, args...) }

func (w *Writer) failed() error {
	if _, err := w.to.WriteString(""); err != nil {
		return fmt.Errorf("write the statement: %w", err)
	}
	return nil
}

func (w *Writer) instant(t time.Time) string { return t.In(w.zone).Format("2006-01-02T15:04:05-07:00") }

func abs(c money.Cents) money.Cents { return max(c, -c) }

func side(c money.Cents) string {
	if c < 0 {
		return "DBIT"
	}
	return "CRDT"
}

// text makes a text one line of at most that many characters for XML.
func text(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Cf, r) || r == 0xfffe || r == 0xffff:
			return -1
		case unicode.IsControl(r) || unicode.IsSpace(r):
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		s = strings.TrimSpace(string(r[:most]))
	}
	var b strings.Builder
	// A strings.Builder does not fail.
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}
