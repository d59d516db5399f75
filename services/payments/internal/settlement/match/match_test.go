package match

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/money"
)

const (
	ref1 = "PAY-20260617-0123456789ABCDEF"
	ref2 = "PAY-20260617-FEDCBA9876543210"
	ref3 = "REF-20260617-00000000000000AA"
)

var (
	day = time.Date(2026, 6, 17, 0, 0, 0, 0, time.UTC)
	ada = []byte("ada")
	bob = []byte("bob")
)

func pay(ref string, open money.Cents, payer []byte) Item {
	return Item{Reference: ref, Open: open, Payer: payer, On: day, Word: "INV2026001"}
}

func credit(open money.Cents, payer []byte) Line {
	return Line{Open: open, Payer: payer, On: day.AddDate(0, 0, 1)}
}

func TestRules(t *testing.T) {
	t.Parallel()
	settled := pay(ref1, 0, ada)
	refund := Item{Reference: ref3, Refund: true, Open: 1000, On: day, Payer: ada}
	for name, c := range map[string]struct {
		line Line
		with Candidates
		// links and suggestions are "reference cents rule", separated by commas.
		links, suggestions, reason string
	}{
		"the reference, the amount and the payer":    {credit(1000, ada), Candidates{Named: []Item{pay(ref1, 1000, ada)}}, ref1 + " 10.00 reference", "", ""},
		"the reference of an unknown payer":          {credit(1000, nil), Candidates{Named: []Item{pay(ref1, 1000, ada)}}, ref1 + " 10.00 reference", "", ""},
		"the reference from another payer":           {credit(1000, bob), Candidates{Named: []Item{pay(ref1, 1000, ada)}}, "", ref1 + " 10.00 reference", Contradiction},
		"a part":                                     {credit(400, ada), Candidates{Named: []Item{pay(ref1, 1000, ada)}}, ref1 + " 4.00 reference", "", ""},
		"too much":                                   {credit(1400, ada), Candidates{Named: []Item{pay(ref1, 1000, ada)}}, "", ref1 + " 10.00 reference", Contradiction},
		"several at once":                            {credit(1500, nil), Candidates{Named: []Item{pay(ref1, 1000, ada), pay(ref2, 500, bob)}}, ref1 + " 10.00 reference," + ref2 + " 5.00 reference", "", ""},
		"several whose sum is not the line":          {credit(1200, nil), Candidates{Named: []Item{pay(ref1, 1000, ada), pay(ref2, 500, bob)}}, "", ref1 + " 10.00 reference," + ref2 + " 2.00 reference", Contradiction},
		"a second transfer":                          {credit(1000, ada), Candidates{Named: []Item{settled}, SamePayer: []Item{pay(ref2, 1000, ada)}}, "", "", AlreadySettled},
		"one that is settled and one that is open":   {credit(500, nil), Candidates{Named: []Item{settled, pay(ref2, 500, ada)}}, "", ref2 + " 5.00 reference", Contradiction},
		"a credit that names a refund":               {credit(1000, ada), Candidates{Named: []Item{refund}}, "", "", NothingFits},
		"a debit that names a refund":                {credit(-1000, ada), Candidates{Named: []Item{refund}}, ref3 + " 10.00 reference", "", ""},
		"payer and amount":                           {credit(1000, ada), Candidates{SamePayer: []Item{pay(ref1, 1000, ada)}}, ref1 + " 10.00 payer_and_amount", "", ""},
		"two payments of one payer":                  {credit(1000, ada), Candidates{SamePayer: []Item{pay(ref1, 1000, ada), pay(ref2, 1000, ada)}}, "", ref1 + " 10.00 payer_and_amount," + ref2 + " 10.00 payer_and_amount", Ambiguous},
		"two lines of one payer":                     {credit(1000, ada), Candidates{SamePayer: []Item{pay(ref1, 1000, ada)}, Rivals: 1}, "", ref1 + " 10.00 payer_and_amount", Ambiguous},
		"words":                                      {credit(1000, nil), Candidates{Worded: []Item{pay(ref1, 1000, ada)}}, ref1 + " 10.00 words_and_amount", "", ""},
		"words from another payer":                   {credit(1000, bob), Candidates{Worded: []Item{pay(ref1, 1000, ada)}}, "", ref1 + " 10.00 words_and_amount", Contradiction},
		"words of two payments":                      {credit(1000, nil), Candidates{Worded: []Item{pay(ref1, 1000, ada), pay(ref2, 1000, bob)}}, "", ref1 + " 10.00 words_and_amount," + ref2 + " 10.00 words_and_amount", Ambiguous},
		"words of two lines":                         {credit(1000, nil), Candidates{Worded: []Item{pay(ref1, 1000, ada)}, TwinWords: 1}, "", ref1 + " 10.00 words_and_amount", Ambiguous},
		"only the amount, from the wrong payer":      {credit(1000, bob), Candidates{SameAmount: []Item{pay(ref1, 1000, ada)}}, "", ref1 + " 10.00 amount", Weak},
		"all of a day":                               {credit(1500, nil), Candidates{OfDays: []Item{pay(ref1, 1000, ada), pay(ref2, 500, bob)}}, "", ref1 + " 10.00 day_total," + ref2 + " 5.00 day_total", Weak},
		"nothing":                                    {credit(1000, ada), Candidates{}, "", "", NothingFits},
		"long before it was paid":                    {Line{Open: 1000, Payer: ada, On: day.AddDate(0, 0, -3)}, Candidates{SamePayer: []Item{pay(ref1, 1000, ada)}}, "", "", NothingFits},
		"a month after":                              {Line{Open: 1000, Payer: ada, On: day.AddDate(0, 0, 31)}, Candidates{SamePayer: []Item{pay(ref1, 1000, ada)}}, "", "", NothingFits},
		"what a person undid":                        {Line{Open: 1000, On: day, Undone: []string{ref1}}, Candidates{Named: []Item{pay(ref1, 1000, ada)}}, "", ref1 + " 10.00 reference", Undone},
		"a line that a person has taken in its hand": {Line{Open: 1000, On: day, ByHand: true}, Candidates{Named: []Item{pay(ref1, 1000, ada)}}, "", ref1 + " 10.00 reference", Undone},
	} {
		d := Decide(c.line, c.with)
		if links, suggestions := texts(d.Links), texts(d.Suggestions); links != c.links || suggestions != c.suggestions || d.Reason != c.reason {
			t.Errorf("%s: links %q, suggestions %q, reason %q", name, links, suggestions, d.Reason)
		}
		for _, k := range append(d.Links, d.Suggestions...) {
			if len(k.Evidence) == 0 {
				t.Errorf("%s: a link without evidence", name)
			}
		}
	}
}

func texts(list []Link) string {
	var all []string
	for _, k := range list {
		all = append(all, k.Reference+" "+k.Cents.String()+" "+string(k.Rule))
	}
	return strings.Join(all, ",")
}

func TestReferencesSurviveWhatBanksDoToTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"VIR SEPA ACME /REF " + ref1:                                ref1,
		"VIREMENT DE ADA LOVELACE\nPAY-20260617-01234567\n89ABCDEF": "2026061701234567," + ref1, // what looks like an end is looked up and found nowhere
		"pay 20260617 0123456789abcdef":                             ref1,
		"PAY2026061 70123456789ABCDEF":                              ref1,
		"Order 7 - 0123456789ABCDEF":                                "0123456789ABCDEF",
		"Order 7 - 01234567 89ABCDEF":                               "0123456789ABCDEF",
		"REMISE 2 VIREMENTS " + ref1 + " " + ref2:                   ref1 + "," + ref2,
		"CARTE 1234":                      "",
		"PAY-20260617-0123456789ABCDE":    "",
		strings.Repeat("x ", 5000) + ref1: ref1,
		"remboursement " + ref3:           ref3,
	} {
		if got := strings.Join(References(text), ","); got != want {
			t.Errorf("%.60q names %q, want %q", text, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	if got := Words("VIR ADA FACT INV-2026/001 du 17.06."); !slices.Contains(got, Word("inv-2026-001")) {
		t.Errorf("words %v", got)
	}
	for _, ordinary := range []string{"7", "ordre", "INVOICE", "A1", strings.Repeat("9", 41)} {
		if w := Word(ordinary); w != "" {
			t.Errorf("%q is the word %q", ordinary, w)
		}
	}
}

// Whatever there is to choose from: no more is linked than the line has and the items wait for, nothing on the wrong side, nothing
// twice, and nothing that contradicts by one payer.
func TestDecisionsAreWithinTheLineAndTheItems(t *testing.T) {
	t.Parallel()
	payers := [][]byte{nil, ada, bob}
	item := rapid.Custom(func(t *rapid.T) Item {
		return Item{
			Reference: rapid.SampledFrom([]string{ref1, ref2, "PAY-20260617-00000000000000BB", ref3}).Draw(t, "ref"),
			Open:      money.Cents(rapid.IntRange(0, 4).Draw(t, "open")), Payer: rapid.SampledFrom(payers).Draw(t, "payer"),
			On: day.AddDate(0, 0, rapid.IntRange(-40, 40).Draw(t, "day")), Refund: rapid.Bool().Draw(t, "refund"), Word: "INV2026001",
		}
	})
	items := rapid.SliceOfNDistinct(item, 0, 4, func(i Item) string { return i.Reference })
	rapid.Check(t, func(t *rapid.T) {
		l := Line{Open: money.Cents(rapid.SampledFrom([]int{-3, -2, -1, 1, 2, 3}).Draw(t, "line")), Payer: rapid.SampledFrom(payers).Draw(t, "payer"), On: day}
		all := items.Draw(t, "items")
		some := func(name string) []Item {
			return slices.DeleteFunc(slices.Clone(all), func(Item) bool { return rapid.Bool().Draw(t, name) })
		}
		c := Candidates{
			Named: some("named"), Worded: some("worded"), SameAmount: some("amount"), OfDays: some("days"),
			SamePayer: slices.DeleteFunc(some("payer"), func(i Item) bool { return l.Payer == nil || l.contradicts(i) }),
		}
		d := Decide(l, c)
		var sum money.Cents
		seen := map[string]bool{}
		for _, k := range d.Links {
			at := slices.IndexFunc(all, func(i Item) bool { return i.Reference == k.Reference })
			i := all[at]
			if k.Cents <= 0 || k.Cents > i.Open || seen[k.Reference] || i.Refund != (l.Open < 0) {
				t.Fatalf("%+v is linked to %+v", l, k)
			}
			if len(d.Links) == 1 && l.contradicts(i) {
				t.Fatalf("a contradiction is certain: %+v", k)
			}
			sum += k.Cents
			seen[k.Reference] = true
		}
		if len(d.Links) > 0 && sum != l.abs() {
			t.Fatalf("%s of %s is linked", sum, l.Open)
		}
		if len(d.Links) == 0 && d.Reason == "" {
			t.Fatal("no reason")
		}
	})
}
