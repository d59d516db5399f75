// Package fec writes and checks accounting entries in the format of the French "fichier des écritures comptables": article A47 A-1 of the livre
// des procédures fiscales (arrêté of 29 July 2013), for accounts kept by the rules of commerce: 18 columns.
//
// The file is text in ISO 8859-15, which the article names and every accounting program reads. Columns end at a tab, lines at CR LF; amounts have
// a comma and two decimals; days are YYYYMMDD.
package fec

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/sepa"
	"european-pay.eu/eupay/internal/sheet"
)

// Columns are the names of the columns in their order.
var Columns = []string{
	"JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "CompAuxNum", "CompAuxLib", "PieceRef", "PieceDate",
	"EcritureLib", "Debit", "Credit", "EcritureLet", "DateLet", "ValidDate", "Montantdevise", "Idevise",
}

// ContentType is that of the file.
const ContentType = "text/plain; charset=iso-8859-15"

// Journal is a book of entries.
type Journal struct{ Code, Name string }

// The journals of a merchant.
var (
	Sales    = Journal{"VE", "Ventes"}
	Bank     = Journal{"BQ", "Banque"}
	Cash     = Journal{"CA", "Caisse"}
	Transfer = Journal{"OD", "Opérations diverses"}
)

// Account is an account of the books. Number begins with three digits. The auxiliary account has both a number and a name, or neither.
type Account struct {
	Number, Name             string
	AuxiliaryNumber, AuxName string
}

// Line is an amount on one side of an account. A negative amount stands on the other side.
type Line struct {
	Account Account
	// Debit is positive on the left side, negative on the right one.
	Debit money.Cents
}

// Entry is what happened on a day. Its lines add up to zero.
type Entry struct {
	Journal Journal
	// Day and DocumentDay are YYYY-MM-DD.
	Day         string
	Document    string
	DocumentDay string
	Text        string
	Lines       []Line
}

// The errors of a Writer.
var (
	ErrUnbalanced = errors.New("the entry does not balance")
	ErrOrder      = errors.New("the entry is older than the one before")
	ErrAccount    = errors.New("the account has no number of the French chart of accounts")
)

// accountForm is the number of an account: the first three characters are digits, by the article.
var accountForm = regexp.MustCompile(`^[0-9]{3}[0-9A-Z]{0,17}$`)

// ValidAccount reports whether a text can be the number of an account.
func ValidAccount(number string) bool { return accountForm.MatchString(number) }

// Writer writes entries, the oldest first. The entries of each journal are numbered from 1 without a gap.
type Writer struct {
	to      *bufio.Writer
	numbers map[string]int
	last    string
	// Entries, Debit and Credit are of what was written.
	Entries       int64
	Debit, Credit money.Cents
}

// NewWriter writes the head of a file.
func NewWriter(to io.Writer) (*Writer, error) {
	w := &Writer{to: bufio.NewWriter(to), numbers: map[string]int{}}
	return w, w.line(Columns)
}

// Write writes an entry, its debits before its credits. Lines without an amount are left out, and so is an entry without other lines.
func (w *Writer) Write(e Entry) error {
	var sum money.Cents
	var lines []Line
	for _, l := range e.Lines {
		if l.Debit == 0 {
			continue
		}
		if !ValidAccount(l.Account.Number) {
			return fmt.Errorf("%s %s: %w: %q", e.Journal.Code, e.Document, ErrAccount, l.Account.Number)
		}
		sum += l.Debit
		lines = append(lines, l)
	}
	switch {
	case sum != 0:
		return fmt.Errorf("%s %s: %w: %s", e.Journal.Code, e.Document, ErrUnbalanced, sum)
	case e.Day < w.last:
		return fmt.Errorf("%s %s: %w: %s after %s", e.Journal.Code, e.Document, ErrOrder, e.Day, w.last)
	case len(lines) == 0:
		return nil
	}
	slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Compare(sign(b), sign(a)) })
	w.last = e.Day
	w.numbers[e.Journal.Code]++
	w.Entries++
	number := fmt.Sprintf("%s%06d", e.Journal.Code, w.numbers[e.Journal.Code])
	for _, l := range lines {
		if err := w.write(e, number, l); err != nil {
			return err
		}
	}
	return nil
}

func sign(l Line) int { return cmp.Compare(l.Debit, 0) }

func (w *Writer) write(e Entry, number string, l Line) error {
	debit, credit := max(0, l.Debit), max(0, -l.Debit)
	w.Debit += debit
	w.Credit += credit
	a := l.Account
	if a.AuxiliaryNumber == "" || a.AuxName == "" {
		a.AuxiliaryNumber, a.AuxName = "", ""
	}
	day := compact(e.Day)
	// Nothing that is written here changes later: an entry is valid from its day on.
	return w.line([]string{
		e.Journal.Code, e.Journal.Name, number, day, a.Number, a.Name, a.AuxiliaryNumber, a.AuxName, e.Document, compact(e.DocumentDay), e.Text,
		comma(debit), comma(credit), "", "", day, "", "",
	})
}

func (w *Writer) line(fields []string) error {
	cells := make([][]byte, len(fields))
	for i, f := range fields {
		cells[i] = Latin9(f)
	}
	if _, err := w.to.Write(append(bytes.Join(cells, []byte("\t")), "\r\n"...)); err != nil {
		return fmt.Errorf("write the entry: %w", err)
	}
	return nil
}

// Close completes the file.
func (w *Writer) Close() error {
	if err := w.to.Flush(); err != nil {
		return fmt.Errorf("end the file: %w", err)
	}
	return nil
}

func compact(day string) string { return strings.ReplaceAll(day, "-", "") }

func comma(c money.Cents) string { return strings.Replace(c.String(), ".", ",", 1) }

// maxField is the longest text of a column in characters.
const maxField = 200

// Latin9 returns a text as a column of the file has it: one line in ISO 8859-15 without tabs. What the character set lacks becomes the nearest
// letters, or a question mark. A spreadsheet does not take it for a formula.
func Latin9(s string) []byte {
	out := make([]byte, 0, len(s))
	for _, r := range sheet.Inert(oneLine(s)) {
		b, ok := charmap.ISO8859_15.EncodeRune(r)
		switch {
		case ok:
			out = append(out, b)
		case sepa.Text(string(r)) != "":
			out = append(out, sepa.Text(string(r))...)
		default:
			out = append(out, '?')
		}
	}
	return out
}

// oneLine turns control characters into spaces, and several spaces into one.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) { // invisible, such as what turns the direction of a line
			return -1
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > maxField {
		s = string([]rune(s)[:maxField])
	}
	return s
}
