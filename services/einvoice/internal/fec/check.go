package fec

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding/charmap"

	"european-pay.eu/eupay/internal/money"
)

// Report is what a file says in sum.
type Report struct {
	Entries, Lines int64
	Debit, Credit  money.Cents
	// Balances are debits less credits by number of account.
	Balances map[string]money.Cents
}

// Check reads a file to its end and returns an error that names the first line that breaks a rule: the columns and their forms, entries that do not
// balance, numbers with a gap, days that go back, accounts or journals with two names. It remembers accounts, not entries.
func Check(r io.Reader) (Report, error) {
	c := checker{
		report: Report{Balances: map[string]money.Cents{}}, journals: map[string]string{}, accounts: map[string]string{}, numbers: map[string]int{},
	}
	lines := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			if err := errors.Join(c.begun(n), c.end()); err != nil {
				return Report{}, fmt.Errorf("at the end: %w", err)
			}
			return c.report, nil
		}
		if err != nil {
			return Report{}, fmt.Errorf("line %d: %w", n, err)
		}
		if err := c.line(n, line); err != nil {
			return Report{}, fmt.Errorf("line %d: %w", n, err)
		}
	}
}

// checker knows the entry that is being read.
type checker struct {
	report             Report
	journals, accounts map[string]string
	numbers            map[string]int
	// current is the first line of the entry, open its lines and their sum.
	current row
	open    int
	sum     money.Cents
}

// row is a line of a file in UTF-8.
type row [18]string

func (c *checker) begun(n int) error {
	if n == 1 {
		return errors.New("the file has no head")
	}
	return nil
}

func (c *checker) line(n int, raw []byte) error {
	r, err := parse(raw)
	if err != nil {
		return err
	}
	if n == 1 {
		if strings.Join(r[:], "\t") != strings.Join(Columns, "\t") {
			return errors.New("the head is not that of the article")
		}
		return nil
	}
	debit, credit, err := r.check()
	if err != nil {
		return err
	}
	if err := c.names(r); err != nil {
		return err
	}
	if err := c.entry(r); err != nil {
		return err
	}
	c.open++
	c.sum += debit - credit
	c.report.Lines++
	c.report.Debit += debit
	c.report.Credit += credit
	c.report.Balances[r[4]] += debit - credit
	return nil
}

// parse splits a line.
func parse(raw []byte) (row, error) {
	line, ok := bytes.CutSuffix(raw, []byte("\r\n"))
	if !ok {
		return row{}, errors.New("it does not end with CR LF")
	}
	text, err := charmap.ISO8859_15.NewDecoder().Bytes(line)
	if err != nil {
		return row{}, fmt.Errorf("decode: %w", err)
	}
	fields := strings.Split(string(text), "\t")
	if len(fields) != len(Columns) {
		return row{}, fmt.Errorf("it has %d columns", len(fields))
	}
	for i, f := range fields {
		if strings.ContainsFunc(f, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }) || strings.TrimSpace(f) != f {
			return row{}, fmt.Errorf("%s has control characters or spaces around it", Columns[i])
		}
	}
	return row(fields), nil
}

var amountForm = regexp.MustCompile(`^(0|[1-9][0-9]*),[0-9]{2}$`)

func amountOf(s string) (money.Cents, error) {
	if !amountForm.MatchString(s) {
		return 0, fmt.Errorf("%q is no amount", s)
	}
	return money.Parse(strings.Replace(s, ",", ".", 1))
}

// check checks a line by itself.
func (r row) check() (debit, credit money.Cents, err error) {
	for i, f := range r[:13] {
		if f == "" && i != 6 && i != 7 {
			return 0, 0, fmt.Errorf("%s is empty", Columns[i])
		}
	}
	for _, i := range []int{3, 9, 15} {
		if _, err := time.Parse("20060102", r[i]); err != nil {
			return 0, 0, fmt.Errorf("%s is no day: %q", Columns[i], r[i])
		}
	}
	debit, err = amountOf(r[11])
	if err != nil {
		return 0, 0, err
	}
	credit, err = amountOf(r[12])
	switch {
	case err != nil:
		return 0, 0, err
	case (debit == 0) == (credit == 0):
		return 0, 0, errors.New("exactly one of Debit and Credit has to be above zero")
	case !ValidAccount(r[4]):
		return 0, 0, fmt.Errorf("%w: %q", ErrAccount, r[4])
	case (r[6] == "") != (r[7] == ""):
		return 0, 0, errors.New("CompAuxNum and CompAuxLib belong together")
	case r[15] < r[3]:
		return 0, 0, errors.New("it is valid before its day")
	case r[13]+r[14]+r[16]+r[17] != "":
		return 0, 0, errors.New("letters and currencies are not used here")
	}
	return debit, credit, nil
}

// names checks that a journal and an account keep their names.
func (c *checker) names(r row) error {
	for _, of := range []struct {
		known      map[string]string
		code, name string
	}{{c.journals, r[0], r[1]}, {c.accounts, r[4], r[5]}, {c.accounts, r[4] + "/" + r[6], r[7]}} {
		if before, ok := of.known[of.code]; ok && before != of.name {
			return fmt.Errorf("%s is %q and was %q", of.code, of.name, before)
		}
		of.known[of.code] = of.name
	}
	return nil
}

// entry begins a new entry where the journal or the number is another.
func (c *checker) entry(r row) error {
	if c.open > 0 && r[0] == c.current[0] && r[2] == c.current[2] {
		if c.sum == 0 { // its debits come first, so it has just ended
			return errors.New("the entry is there twice")
		}
		if r[3] != c.current[3] || r[8] != c.current[8] || r[9] != c.current[9] {
			return errors.New("the lines of the entry differ in day or document")
		}
		return nil
	}
	if err := c.end(); err != nil {
		return err
	}
	if r[3] < c.current[3] {
		return ErrOrder
	}
	digits, ok := strings.CutPrefix(r[2], r[0])
	number, err := strconv.Atoi(digits)
	if !ok || err != nil || number != c.numbers[r[0]]+1 {
		return fmt.Errorf("the entry after number %d of journal %s is %s", c.numbers[r[0]], r[0], r[2])
	}
	c.numbers[r[0]] = number
	c.report.Entries++
	c.current, c.open, c.sum = r, 0, 0
	return nil
}

// end checks the entry that was read.
func (c *checker) end() error {
	switch {
	case c.sum != 0:
		return fmt.Errorf("%s: %w: %s", c.current[2], ErrUnbalanced, c.sum)
	case c.open == 1:
		return fmt.Errorf("%s has a single line", c.current[2])
	}
	return nil
}
