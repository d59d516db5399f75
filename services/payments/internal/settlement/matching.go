package settlement

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/reference"
	"european-pay.eu/eupay/internal/vault"
	"european-pay.eu/eupay/services/payments/internal/settlement/match"
	"european-pay.eu/eupay/services/payments/internal/store"
)

const (
	// batchSize is how many lines are decided in one transaction, which holds the account.
	batchSize     = 1000
	matchEvery    = 2 * time.Second
	matchLease    = time.Minute
	matchesAtOnce = 4
	// byRule is the actor of what the rules matched.
	byRule = "rule"
)

func (s *Settlement) newMatches() *due.Loop[account] {
	return due.New(due.Config[account]{
		What: "lines to match", Every: matchEvery, AtOnce: matchesAtOnce, Within: matchLease - 5*time.Second, Grace: grace, Log: s.Log,
		Claim: s.dueMatches, Do: s.processMatches, Watch: due.Watch{DB: s.Pool, First: firstMatch, Now: s.clock},
	})
}

// processMatches decides about the new lines of an account. Other replicas may do the same: each batch holds the account.
func (s *Settlement) processMatches(ctx context.Context, a account) {
	for ctx.Err() == nil {
		n, err := s.matchSome(ctx, a.id)
		if err != nil {
			s.Log.WarnContext(ctx, "lines not matched, retrying", "account", a.id, "error", err)
			return
		}
		if n == 0 {
			return
		}
	}
}

// line is a line of an account that is to be decided.
type line struct {
	id            string
	cents, booked money.Cents // booked: what of it is matched
	on            time.Time
	payer         []byte
	refs          []string
	byHand        bool
	sealed        *vault.Sealed
	undone        []string
	decision      match.Decision
	// subscription is that of the standing order of which it is an execution; empty: none.
	subscription string
}

// open is what is not matched yet, with its sign.
func (l line) open() money.Cents {
	if l.cents < 0 {
		return l.cents + l.booked
	}
	return l.cents - l.booked
}

// item is a payment or refund that is expected on an account.
type item struct {
	reference, accountID string
	owner
	refund         bool
	cents, matched money.Cents
	payer          []byte
	word, alias    string
	on             time.Time
	state          string
}

func (i item) forMatch() match.Item {
	return match.Item{Reference: i.reference, Refund: i.refund, Open: i.cents - i.matched, Payer: i.payer, Word: i.word, On: i.on}
}

// matchSome decides about a batch of new lines of an account, and returns how many they were.
func (s *Settlement) matchSome(ctx context.Context, accountID string) (n int, err error) {
	var progress bool
	err = pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		a, err := lockAccount(ctx, tx, accountID)
		if err != nil {
			return err
		}
		lines, err := newLines(ctx, tx, accountID)
		if n = len(lines); err != nil {
			return err
		}
		if n == 0 {
			return nothingToMatch(ctx, tx, accountID)
		}
		b := &batch{s: s, tx: tx, account: a, items: map[string]*item{}, dirty: map[string]bool{}}
		if err := b.decideAll(ctx, lines); err != nil {
			return err
		}
		progress, err = b.write(ctx, lines)
		return err
	})
	if err == nil && progress {
		s.Wake()
	}
	return n, err
}

// batch decides about lines in one transaction. items are those that were read, with what is matched so far.
type batch struct {
	s       *Settlement
	tx      pgx.Tx
	account account
	items   map[string]*item
	dirty   map[string]bool // references of items that are to be written
	linked  []string        // ids of lines that are decided
	// displaced are the references of items that lost a match to a better one.
	displaced []string
}

// decideAll decides first about the lines that name payments, whose decisions no other line can change, and then about the rest.
func (b *batch) decideAll(ctx context.Context, lines []line) error {
	named, reasons, err := b.named(ctx, lines)
	if err != nil {
		return err
	}
	var rest []int
	for i := range lines {
		l := &lines[i]
		if len(named[l.id]) == 0 {
			if is, err := b.execution(ctx, l); err != nil || is {
				if err != nil {
					return err
				}
				continue
			}
		}
		switch {
		case len(named[l.id]) > 0:
			b.decide(l, match.Candidates{Named: b.current(named[l.id])})
			if l.decision.Reason == match.AlreadySettled || l.decision.Reason == match.Contradiction {
				if err := b.displace(ctx, l, named[l.id]); err != nil {
					return err
				}
			}
		case reasons[l.id] != "":
			l.decision = match.Decision{Reason: reasons[l.id]}
		}
		if l.decision.Reason == "" && len(l.decision.Links) == 0 || l.decision.Reason == match.NothingFits {
			rest = append(rest, i)
		}
	}
	if len(rest) == 0 {
		return nil
	}
	if err := b.writeItems(ctx); err != nil { // so that the candidates are only what is still open
		return err
	}
	with, err := b.candidates(ctx, lines, rest)
	if err != nil {
		return err
	}
	for _, i := range rest {
		b.decide(&lines[i], with.of(b, lines[i].id))
	}
	return nil
}

// decide applies the rules to a line, and what they link to the items.
func (b *batch) decide(l *line, c match.Candidates) {
	l.decision = match.Decide(match.Line{Open: l.open(), On: l.on, Payer: l.payer, ByHand: l.byHand, Undone: l.undone}, c)
	for _, k := range l.decision.Links {
		b.items[k.Reference].matched += k.Cents
		b.dirty[k.Reference] = true
	}
	if len(l.decision.Links) > 0 {
		b.linked = append(b.linked, l.id)
	}
}

// displace decides anew about a line that names payments which other lines settled without naming them: the reference is the better
// evidence, in whatever order the lines came. What the rules matched to these payments without a reference is undone, and its lines
// are looked at again. What a person matched stays.
func (b *batch) displace(ctx context.Context, l *line, named []string) error {
	weak, err := b.weakMatches(ctx, named)
	if err != nil || len(weak) == 0 {
		return err
	}
	without := b.current(named)
	for i := range without {
		for _, w := range weak {
			if w.reference == without[i].Reference {
				without[i].Open += w.cents
			}
		}
	}
	d := match.Decide(match.Line{Open: l.open(), On: l.on, Payer: l.payer, ByHand: l.byHand, Undone: l.undone}, match.Candidates{Named: without})
	for _, k := range d.Links {
		for _, w := range weak {
			if w.reference != k.Reference {
				continue
			}
			if err := b.undoWeak(ctx, w, l.id); err != nil {
				return err
			}
			b.items[k.Reference].matched -= w.cents
			b.displaced = append(b.displaced, k.Reference)
		}
	}
	if len(d.Links) > 0 {
		b.decide(l, match.Candidates{Named: b.current(named)})
	}
	return nil
}

// weakMatch is what the rules matched to a payment that the line does not name.
type weakMatch struct {
	id, lineID, reference string
	cents                 money.Cents
}

// current returns items as they are now.
func (b *batch) current(references []string) []match.Item {
	list := make([]match.Item, 0, len(references))
	for _, r := range references {
		list = append(list, b.items[r].forMatch())
	}
	return list
}

// keep remembers an item, unless it is known already.
func (b *batch) keep(i item) {
	if b.items[i.reference] == nil {
		b.items[i.reference] = &i
	}
}

// named finds the items that the lines name. Of a line that names none but a payment of ours, reasons says why it waits.
func (b *batch) named(ctx context.Context, lines []line) (named map[string][]string, reasons map[string]string, err error) {
	var refs []string
	for _, l := range lines {
		refs = append(refs, l.refs...)
	}
	byTail, err := b.itemsNamed(ctx, refs)
	if err != nil {
		return nil, nil, err
	}
	missing := slices.DeleteFunc(refs, func(r string) bool { return byTail[match.Tail(r)] != "" })
	states := map[string]string{}
	if len(missing) > 0 {
		// A payment may be expected that nobody has announced yet.
		if states, err = b.s.expectNamed(ctx, b.tx, b.account, missing); err != nil {
			return nil, nil, err
		}
		if byTail, err = b.itemsNamed(ctx, append(missing, keys(byTail)...)); err != nil {
			return nil, nil, err
		}
	}
	named, reasons = map[string][]string{}, map[string]string{}
	for _, l := range lines {
		for _, r := range l.refs {
			if ref := byTail[match.Tail(r)]; ref != "" {
				named[l.id] = append(named[l.id], ref)
			} else if state := cmp.Or(states[r], unknown(r)); state != "" {
				reasons[l.id] = state
			}
		}
		slices.Sort(named[l.id])
		named[l.id] = slices.Compact(named[l.id])
	}
	return named, reasons, nil
}

// unknown returns why a line that names a whole reference is not matched to anything else: it is the money of a payment that is not
// expected here, such as one of another merchant with the same account.
func unknown(ref string) string {
	if reference.Valid(ref) {
		return match.UnknownReference
	}
	return ""
}

func keys(m map[string]string) []string {
	list := make([]string, 0, len(m))
	for k := range m {
		list = append(list, k)
	}
	return list
}

// choices are the candidates of lines that name no payment, by the line's id; items by their references.
type choices struct {
	samePayer, worded, sameAmount map[string][]string
	rivals, twinWords             map[string]int
	ofDays                        []string
}

func (c *choices) of(b *batch, lineID string) match.Candidates {
	return match.Candidates{
		SamePayer: b.current(c.samePayer[lineID]), Worded: b.current(c.worded[lineID]), SameAmount: b.current(c.sameAmount[lineID]),
		OfDays: b.current(c.ofDays), Rivals: c.rivals[lineID], TwinWords: c.twinWords[lineID],
	}
}

// candidates reads what lines that name no payment may be.
func (b *batch) candidates(ctx context.Context, lines []line, rest []int) (*choices, error) {
	c := &choices{
		samePayer: map[string][]string{}, worded: map[string][]string{}, sameAmount: map[string][]string{}, rivals: map[string]int{}, twinWords: map[string]int{},
	}
	words := map[string][]string{}
	for _, i := range rest {
		plain, err := b.s.openText(lines[i].id, lines[i].sealed)
		if err != nil {
			return nil, err
		}
		words[lines[i].id] = match.Words(plain.Text)
	}
	if err := b.samePayer(ctx, c, lines, rest); err != nil {
		return nil, err
	}
	if err := b.worded(ctx, c, lines, rest, words); err != nil {
		return nil, err
	}
	if err := b.sameAmount(ctx, c, lines, rest); err != nil {
		return nil, err
	}
	return c, b.ofDays(ctx, c)
}

// openText decrypts what the bank wrote; empty if it was removed.
func (s *Settlement) openText(lineID string, sealed *vault.Sealed) (t text, err error) {
	if sealed == nil {
		return text{}, nil
	}
	plain, err := s.Vault.Open(*sealed, lineOwner(lineID))
	if err != nil {
		return text{}, err
	}
	return t, json.Unmarshal([]byte(plain), &t)
}

// settled returns the payments whose items are settled by the decisions, with the day of the last line.
func (b *batch) settled(lines []line) []store.Seen {
	last := map[string]time.Time{}
	for _, l := range lines {
		for _, k := range l.decision.Links {
			if l.on.After(last[k.Reference]) {
				last[k.Reference] = l.on
			}
		}
	}
	var list []store.Seen
	for _, ref := range b.displaced {
		if i := b.items[ref]; i.matched < i.cents {
			list = append(list, store.Seen{Reference: ref, Actor: byRule})
		}
	}
	for ref, on := range last {
		if i := b.items[ref]; i.matched == i.cents {
			list = append(list, store.Seen{Reference: ref, At: &on, Actor: byRule})
		}
	}
	return list
}
