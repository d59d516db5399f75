package reading

import (
	"errors"
	"slices"
	"strings"
	"time"

	"european-pay.eu/eupay/internal/ident"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/plaintext"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// The limits of texts. BT-22 and BT-154 may be long, everything else is short.
const (
	maxText  = 10_000
	maxShort = 1_000
	maxLines = 10_000
	// maxTexts limits all texts together: what was read must fit into one message between services, and on a page.
	maxTexts = 3 << 19
	maxParts = 1_000
)

// reader keeps the first reason to refuse the document.
type reader struct {
	err error
	// texts is the length of all texts so far.
	texts int
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = unreadable(format, args...)
	}
}

// one returns the child with a local name; nil if there is none. Two of them could be read in two ways.
func (r *reader) one(n *node, local string) *node {
	found := n.all(local)
	if len(found) > 1 {
		r.fail("The element %s occurs more than once.", local)
	}
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

// at follows a path such as "A/B".
func (r *reader) at(n *node, path string) *node {
	for local := range strings.SplitSeq(path, "/") {
		if n = r.one(n, local); n == nil {
			return nil
		}
	}
	return n
}

// many returns the children with a local name, up to a limit.
func (r *reader) many(n *node, local string, most int) []*node {
	found := n.all(local)
	if len(found) > most {
		r.fail("The element %s occurs more than %d times.", local, most)
		return found[:most]
	}
	return found
}

// text returns the text at a path on one line, safe to show.
func (r *reader) text(n *node, path string) string { return r.clean(r.at(n, path)) }

// long is text for a note or a description.
func (r *reader) long(n *node, path string) string {
	at := r.at(n, path)
	s, ok := plaintext.Lines(at.value(), maxText)
	if !ok {
		r.fail("A text is longer than %d characters.", maxText)
	}
	return r.counted(s)
}

func (r *reader) counted(s string) string {
	if r.texts += len(s); r.texts > maxTexts {
		r.fail("The texts of the document are longer than %d KiB together.", maxTexts>>10)
	}
	return s
}

// clean returns the text of an element on one line, safe to show.
func (r *reader) clean(n *node) string {
	s, ok := plaintext.Line(n.value(), maxShort)
	if !ok {
		r.fail("A text is longer than %d characters.", maxShort)
	}
	return r.counted(s)
}

// attr returns an attribute on one line, safe to show.
func (r *reader) attr(n *node, name string) string {
	return r.clean(&node{text: []byte(n.attr(name))})
}

// firstText is text for an element that may be repeated, of which the first counts.
func (r *reader) firstText(n *node, local string) string {
	if found := n.all(local); len(found) > 0 {
		return r.clean(found[0])
	}
	return ""
}

// amount reads an amount with at most two decimals; an absent one is 0.
func (r *reader) amount(n *node, path string) money.Cents {
	return r.cents(r.at(n, path), path)
}

func (r *reader) cents(n *node, name string) money.Cents {
	if n == nil {
		return 0
	}
	text, ok := number(n.value())
	if !ok {
		r.fail("The amount %s is not a number.", lastOf(name))
		return 0
	}
	c, err := money.ParseDecimal(text, 2)
	if err != nil {
		r.fail("The amount %s is too large or has more than two decimals.", lastOf(name))
	}
	return money.Cents(c)
}

// required is amount for one that must be there.
func (r *reader) required(n *node, path, term string) money.Cents {
	at := r.at(n, path)
	if at == nil {
		r.fail("The invoice has no %s.", term)
	}
	return r.cents(at, path)
}

// decimal reads a quantity, price or rate.
func (r *reader) decimal(n *node, path string) Decimal {
	at := r.at(n, path)
	if at == nil {
		return ""
	}
	text, ok := number(at.value())
	if !ok {
		r.fail("The number %s is not a number.", lastOf(path))
		return ""
	}
	return Decimal(canonical(text))
}

// number accepts what xs:decimal does, up to 15 digits before and 18 after the point, without a plus and with a digit before the
// point.
func number(s string) (string, bool) {
	digits, negative := strings.CutPrefix(s, "-")
	if !negative {
		digits = strings.TrimPrefix(s, "+")
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	if whole+fraction == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return "", false
	}
	whole = strings.TrimLeft(whole, "0")
	if len(whole) > 15 || len(fraction) > 18 {
		return "", false
	}
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if negative {
		whole = "-" + whole
	}
	return whole, true
}

// canonical removes zeros at the end, so that 20 and 20.00 are one rate.
func canonical(s string) string {
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		return "0"
	}
	return s
}

func lastOf(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// day reads a date in a layout of the time package.
func (r *reader) day(n *node, layout string) invoice.Date {
	if n == nil {
		return ""
	}
	t, err := time.Parse(layout, n.value())
	if err == nil {
		var d invoice.Date
		if d, err = invoice.ParseDate(t.Format(time.DateOnly)); err == nil {
			return d
		}
	}
	if errors.Is(err, invoice.ErrDate) {
		r.fail("A date is not between 2000 and 2099.")
	} else {
		r.fail("A date is not in the format of the document's language.")
	}
	return ""
}

// account adds an account of the seller, once.
func (p *Payment) account(iban, name, bic string) {
	iban = ident.Compact(iban)
	if iban != "" && !slices.ContainsFunc(p.Accounts, func(a Account) bool { return a.IBAN == iban }) {
		p.Accounts = append(p.Accounts, Account{IBAN: iban, Name: name, BIC: ident.Compact(bic)})
	}
}

// identifier notes an identifier of a party by its scheme (ISO 6523).
func (p *Party) identifier(scheme, value string) {
	switch {
	case value == "":
	case scheme == "0002":
		p.SIREN = value
	case scheme == "0009":
		p.SIRET = value
	case p.LegalID == "":
		p.LegalID = value
	}
}
