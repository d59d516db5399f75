// Package match decides which payments and refunds a line of a bank account is about. It is pure: what it sees decides, and each
// decision carries the rule that made it and the evidence.
//
// The rules are tried in this order. The first one that fits decides:
//
//  1. reference: the text names the references of payments. If the line is exactly what they are waiting for together, or a part of
//     what one is waiting for, that is certain. So one credit settles several payments, and several credits settle one.
//  2. payer_and_amount: the payer's account, the amount and the day fit one payment, and no other payment and no other line.
//  3. words_and_amount: the text carries the merchant's own reference, which we put into every transfer; the amount and the day fit;
//     and that for no other payment and no other line.
//
// A line whose text names a payment is never anything else, even if that payment is settled already: then it may be a second
// transfer. What contradicts is never certain: another payer than the one who paid, more money than is waited for. What fits several
// payments equally is never certain either. Both become suggestions for a person, as do lines that fit only by
//
//  4. day_total: it is the sum of everything that is expected of a day, as banks book that collect transfers.
//  5. amount: a payment of that amount is expected around that day.
package match

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"european-pay.eu/eupay/internal/money"
)

// Rule names why a line belongs to a payment.
type Rule string

// The rules in their order. ByHand is the rule of what a person matched without a suggestion.
const (
	ByReference Rule = "reference"
	ByPayer     Rule = "payer_and_amount"
	ByWords     Rule = "words_and_amount"
	ByDayTotal  Rule = "day_total"
	ByAmount    Rule = "amount"
	ByHand      Rule = "by_hand"
)

// The kinds of evidence. Those that end in _differs speak against.
const (
	ReferenceInText  = "reference_in_text"
	SumOfReferences  = "sum_of_references"
	AmountEqual      = "amount_equal"
	AmountPart       = "amount_is_a_part"
	AmountDiffers    = "amount_differs"
	PayerEqual       = "payer_equal"
	PayerUnknown     = "payer_unknown"
	PayerDiffers     = "payer_differs"
	WordInText       = "word_in_text"
	DaysApart        = "days_apart"
	SumOfDay         = "sum_of_day"
	OthersFitToo     = "others_fit_too"
	UndoneByAPerson  = "undone_by_a_person"
	maxSuggestions   = 5
	earliest, latest = -2, 30
)

// Evidence is one observation, with its value as text: an amount in euros, a number of days, a reference. It has no personal data of
// the line.
type Evidence struct {
	Kind  string `json:"kind"`
	Value string `json:"value,omitempty"`
}

// Item is what is expected on the account: a payment that comes in or a refund that goes out.
type Item struct {
	Reference string
	Refund    bool
	// Open is what of it is not matched yet; positive, 0 when it is settled.
	Open money.Cents
	// Payer is the fingerprint of the other account; nil if it is unknown.
	Payer []byte
	Word  string
	// On is the day when it was executed, at midnight UTC.
	On time.Time
}

// Line is a line of the account.
type Line struct {
	// Open is what of it is not matched yet: positive for a credit, negative for a debit.
	Open  money.Cents
	On    time.Time
	Payer []byte
	// ByHand: a person undid a match of it, so that everything is left to a person.
	ByHand bool
	// Undone are the references of matches that a person undid.
	Undone []string
}

// Candidates are what may be meant by a line. Items may be in several lists.
type Candidates struct {
	// Named are the items whose references the text names, also those that are settled.
	Named []Item
	// SamePayer are the items of the same payer and amount; Worded those whose word the text carries and whose amount is the same;
	// SameAmount some of the same amount, the nearest days first; OfDays all items of the days around the line, if there are few.
	SamePayer, Worded, SameAmount, OfDays []Item
	// Rivals is how many other unmatched lines have the same amount and payer, TwinWords how many have the same amount and word.
	Rivals, TwinWords int
}

// Link is a part of a line that is a part of an item.
type Link struct {
	Reference string
	Cents     money.Cents
	Rule      Rule
	Evidence  []Evidence
}

// The reasons why a line is not matched.
const (
	// NothingFits: no payment fits.
	NothingFits = "nothing_fits"
	// AlreadySettled: the payment that the text names is settled, so that this may be a second transfer.
	AlreadySettled = "already_settled"
	// UnknownReference: the text names a payment that is not expected on this account.
	UnknownReference = "unknown_reference"
	// Ambiguous: several payments fit equally.
	Ambiguous = "ambiguous"
	// Contradiction: something speaks against what fits.
	Contradiction = "contradiction"
	// Weak: only the amount and the day fit.
	Weak = "weak"
	// Undone: a person undid a match of this line.
	Undone = "undone"
)

// Decision is what becomes of a line: Links are certain, Suggestions are for a person, best first. Reason says why there is no link.
type Decision struct {
	Links, Suggestions []Link
	Reason             string
}

// Decide applies the rules.
func Decide(l Line, c Candidates) Decision {
	d := decide(l, c)
	if l.ByHand && len(d.Links) > 0 {
		d = Decision{Suggestions: append(d.Links, d.Suggestions...), Reason: Undone}
	}
	if slices.ContainsFunc(d.Links, func(k Link) bool { return slices.Contains(l.Undone, k.Reference) }) {
		d = Decision{Suggestions: d.Links, Reason: Undone}
	}
	if len(d.Suggestions) > maxSuggestions {
		d.Suggestions = d.Suggestions[:maxSuggestions]
	}
	return d
}

func decide(l Line, c Candidates) Decision {
	if named := l.fitting(c.Named); len(named) > 0 {
		return byReference(l, named)
	}
	same := l.near(c.SamePayer)
	switch {
	case l.Payer != nil && len(same) == 1 && c.Rivals == 0:
		return Decision{Links: []Link{l.whole(same[0], ByPayer)}}
	case l.Payer != nil && len(same) > 0:
		return suggest(l, same, ByPayer, Ambiguous)
	}
	worded := l.near(c.Worded)
	switch {
	case len(worded) == 1 && c.TwinWords == 0 && !l.contradicts(worded[0]):
		return Decision{Links: []Link{l.whole(worded[0], ByWords)}}
	case len(worded) == 1 && l.contradicts(worded[0]):
		return suggest(l, worded, ByWords, Contradiction)
	case len(worded) > 0:
		return suggest(l, worded, ByWords, Ambiguous)
	}
	if d, ok := byDayTotal(l, c.OfDays); ok {
		return d
	}
	if near := l.near(c.SameAmount); len(near) > 0 {
		return suggest(l, near, ByAmount, Weak)
	}
	return Decision{Reason: NothingFits}
}

// fitting leaves items on the other side out: a credit is never a refund.
func (l Line) fitting(list []Item) []Item {
	return slices.DeleteFunc(slices.Clone(list), func(i Item) bool { return i.Refund != (l.Open < 0) })
}

// near leaves only items that wait for exactly this line's amount, around its day.
func (l Line) near(list []Item) []Item {
	return slices.DeleteFunc(l.fitting(list), func(i Item) bool {
		return i.Open != l.abs() || l.days(i) < earliest || l.days(i) > latest
	})
}

func (l Line) abs() money.Cents { return max(l.Open, -l.Open) }

func (l Line) days(i Item) int { return int(l.On.Sub(i.On).Hours() / 24) }

// contradicts reports whether both payers are known and differ.
func (l Line) contradicts(i Item) bool {
	return l.Payer != nil && i.Payer != nil && !bytes.Equal(l.Payer, i.Payer)
}

func (l Line) payer(i Item) Evidence {
	switch {
	case l.contradicts(i):
		return Evidence{Kind: PayerDiffers}
	case l.Payer == nil || i.Payer == nil:
		return Evidence{Kind: PayerUnknown}
	default:
		return Evidence{Kind: PayerEqual}
	}
}

func (l Line) amount(i Item) Evidence {
	switch {
	case l.abs() == i.Open:
		return Evidence{AmountEqual, l.abs().String()}
	case l.abs() < i.Open:
		return Evidence{AmountPart, i.Open.String()}
	default:
		return Evidence{AmountDiffers, i.Open.String()}
	}
}

// whole links as much of the line to the item as it waits for.
func (l Line) whole(i Item, r Rule) Link {
	k := Link{Reference: i.Reference, Cents: min(l.abs(), i.Open), Rule: r}
	switch r {
	case ByReference:
		k.Evidence = append(k.Evidence, Evidence{ReferenceInText, i.Reference})
	case ByWords:
		k.Evidence = append(k.Evidence, Evidence{WordInText, i.Word})
	}
	k.Evidence = append(k.Evidence, l.amount(i), l.payer(i), Evidence{DaysApart, fmt.Sprint(l.days(i))})
	return k
}

func suggest(l Line, list []Item, r Rule, reason string) Decision {
	d := Decision{Reason: reason}
	for _, i := range list {
		k := l.whole(i, r)
		if len(list) > 1 {
			k.Evidence = append(k.Evidence, Evidence{OthersFitToo, fmt.Sprint(len(list) - 1)})
		}
		d.Suggestions = append(d.Suggestions, k)
	}
	return d
}

// byReference decides about a line whose text names items.
func byReference(l Line, named []Item) Decision {
	open := slices.DeleteFunc(slices.Clone(named), func(i Item) bool { return i.Open == 0 })
	if len(open) == 0 {
		return Decision{Reason: AlreadySettled}
	}
	var sum money.Cents
	for _, i := range open {
		sum += i.Open
	}
	// A line that also names what is settled already is no sum that could be trusted.
	certain := len(open) == len(named) && (l.abs() == sum || len(open) == 1 && l.abs() < sum)
	if !certain || len(open) == 1 && l.contradicts(open[0]) {
		return suggestNamed(l, open)
	}
	var d Decision
	for _, i := range open {
		k := l.whole(i, ByReference)
		if len(open) > 1 {
			k.Evidence = []Evidence{{ReferenceInText, i.Reference}, {SumOfReferences, sum.String()}}
		}
		d.Links = append(d.Links, k)
	}
	return d
}

// suggestNamed suggests the named items one after the other, as far as the money goes.
func suggestNamed(l Line, open []Item) Decision {
	d := Decision{Reason: Contradiction}
	left := l.abs()
	for _, i := range open {
		k := l.whole(i, ByReference)
		if k.Cents = min(k.Cents, left); k.Cents == 0 {
			break
		}
		left -= k.Cents
		d.Suggestions = append(d.Suggestions, k)
	}
	return d
}

// byDayTotal suggests all items of one day, if the line is exactly their sum.
func byDayTotal(l Line, list []Item) (Decision, bool) {
	days := map[time.Time][]Item{}
	for _, i := range l.fitting(list) {
		if i.Open > 0 && l.days(i) >= earliest && l.days(i) <= latest {
			days[i.On] = append(days[i.On], i)
		}
	}
	var found []Item
	for _, of := range days {
		var sum money.Cents
		for _, i := range of {
			sum += i.Open
		}
		if len(of) > 1 && len(of) <= maxSuggestions && sum == l.abs() {
			if found != nil {
				return Decision{}, false // two days fit
			}
			found = of
		}
	}
	d := Decision{Reason: Weak}
	for _, i := range found {
		d.Suggestions = append(d.Suggestions, Link{
			Reference: i.Reference, Cents: i.Open, Rule: ByDayTotal,
			Evidence: []Evidence{{SumOfDay, l.abs().String()}, l.payer(i), {DaysApart, fmt.Sprint(l.days(i))}},
		})
	}
	return d, found != nil
}
