package settlement

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/reference"
	"european-pay.eu/eupay/services/payments/internal/settlement/match"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// Part is a part of a line that a person matches to a payment or refund.
type Part struct {
	Reference string
	// Cents is 0 for as much as possible.
	Cents money.Cents
}

func errNoLine() error { return errs.NotFound("Bank line") }

func invalidPart(i string, format string, args ...any) error {
	return errs.New(errs.InvalidState, i+" "+format, args...)
}

// Match matches a line as a person says. Repeating it changes nothing. Errors: NOT_FOUND for another merchant's line or payment;
// INVALID_STATE for more than the line or a payment has left, for a credit matched to a refund or a debit to a payment, and for a
// payment of which no money is expected on the line's account.
func (s *Settlement) Match(ctx context.Context, merchantID string, livemode bool, lineID string, parts []Part, actor, note string) error {
	o, err := ownerOf(merchantID, livemode)
	if err != nil {
		return errNoLine()
	}
	err = s.onLine(ctx, o, lineID, func(tx pgx.Tx, a account, l line) error { return s.matchByHand(ctx, tx, a, l, parts, actor, note) })
	if err == nil {
		s.Wake()
	}
	return err
}

// onLine does something with a line of the owner, whose account is locked.
func (s *Settlement) onLine(ctx context.Context, o owner, lineID string, do func(tx pgx.Tx, a account, l line) error) error {
	id, err := uuid.Parse(lineID)
	if err != nil {
		return errNoLine()
	}
	return pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		accountID, err := accountOfLine(ctx, tx, o, id.String())
		if err != nil {
			return err
		}
		a, err := lockAccount(ctx, tx, accountID)
		if err != nil {
			return err
		}
		l, err := lockLine(ctx, tx, id.String())
		if err != nil {
			return err
		}
		return do(tx, a, l)
	})
}

func (s *Settlement) matchByHand(ctx context.Context, tx pgx.Tx, a account, l line, parts []Part, actor, note string) error {
	done, err := matchedParts(ctx, tx, l.id)
	if err != nil {
		return err
	}
	parts = slices.DeleteFunc(slices.Clone(parts), func(p Part) bool { // repeated
		cents, ok := done[p.Reference]
		return ok && (p.Cents == 0 || p.Cents == cents)
	})
	if len(parts) == 0 {
		return nil
	}
	b := &batch{s: s, tx: tx, account: a, items: map[string]*item{}, dirty: map[string]bool{}}
	if err := b.wanted(ctx, parts); err != nil {
		return err
	}
	suggested, err := suggestionsOf(ctx, tx, l.id)
	if err != nil {
		return err
	}
	left := max(l.open(), -l.open())
	for _, p := range parts {
		k, err := b.part(l, p, left)
		if err != nil {
			return err
		}
		if at := slices.IndexFunc(suggested, func(x match.Link) bool { return x.Reference == k.Reference }); at >= 0 {
			k.Rule, k.Evidence = suggested[at].Rule, suggested[at].Evidence
		}
		left -= k.Cents
		b.items[k.Reference].matched += k.Cents
		b.dirty[k.Reference] = true
		l.decision.Links = append(l.decision.Links, k)
	}
	w := &matchRows{at: s.clock(), actor: actor, note: note, byHand: true}
	if err := w.add(l); err != nil {
		return err
	}
	if err := w.write(ctx, tx); err != nil {
		return err
	}
	if err := b.writeItems(ctx); err != nil {
		return err
	}
	if err := b.lookAgain(ctx, []line{l}); err != nil {
		return err
	}
	if err := s.wantMatching(ctx, tx, a.id); err != nil {
		return err
	}
	seen := b.settled([]line{l})
	for i := range seen {
		seen[i].Actor, seen[i].Note = actor, note
	}
	return s.Payments.NoteSeen(ctx, tx, seen, store.Meta{})
}

// wanted reads the items of the parts. A payment that nobody has announced is expected now.
func (b *batch) wanted(ctx context.Context, parts []Part) error {
	refs := column(parts, func(p Part) string { return p.Reference })
	for _, r := range refs {
		if !reference.Valid(r) {
			return errs.NotFound("Payment")
		}
	}
	if _, err := b.itemsNamed(ctx, refs); err != nil {
		return err
	}
	states, err := b.s.expectNamed(ctx, b.tx, b.account, refs)
	if err != nil {
		return err
	}
	if _, err := b.itemsNamed(ctx, refs); err != nil {
		return err
	}
	for _, r := range refs {
		switch {
		case b.items[r] != nil:
		case states[r] == "payment_failed":
			return invalidPart(r, "ended unpaid. If this line is its money, book a late receipt on the payment first; then match the line to it.")
		case states[r] != "":
			return invalidPart(r, "is still open. It can be matched when it is completed.")
		default:
			known, err := b.s.isOf(ctx, b.tx, b.account.owner, r)
			if err != nil {
				return err
			}
			if known {
				return invalidPart(r, "was paid to another account than the one of this line.")
			}
			return errs.NotFound("Payment")
		}
	}
	return nil
}

// part checks a part against the line, of which left is not matched yet, and its item.
func (b *batch) part(l line, p Part, left money.Cents) (match.Link, error) {
	i := b.items[p.Reference]
	open := i.cents - i.matched
	cents := p.Cents
	if cents == 0 {
		cents = min(left, open)
	}
	switch {
	case i.refund != (l.cents < 0):
		return match.Link{}, invalidPart(p.Reference, "does not fit: payments are matched to credits, and refunds to debits.")
	case open == 0:
		return match.Link{}, invalidPart(p.Reference, "is settled already. Undo its match first, if this line is its money.")
	case left == 0:
		return match.Link{}, invalidPart(p.Reference, "cannot be matched: nothing is left of this line.")
	case cents > left:
		return match.Link{}, invalidPart(p.Reference, "cannot be matched with %s: only %s EUR are left of this line.", cents, left)
	case cents > open:
		return match.Link{}, invalidPart(p.Reference, "cannot be matched with %s: it waits for %s EUR.", cents, open)
	}
	return match.Link{Reference: p.Reference, Cents: cents, Rule: match.ByHand, Evidence: []match.Evidence{}}, nil
}

// Undo undoes a match, and returns the line. Nothing links the line by itself any more. Repeating it changes nothing. NOT_FOUND also
// for another merchant's match.
func (s *Settlement) Undo(ctx context.Context, merchantID string, livemode bool, matchID, actor, note string) (lineID string, err error) {
	o, err := ownerOf(merchantID, livemode)
	if err != nil {
		return "", errNoMatch()
	}
	id, err := uuid.Parse(matchID)
	if err != nil {
		return "", errNoMatch()
	}
	if lineID, err = s.lineOfMatch(ctx, o, id.String()); err != nil {
		return "", err
	}
	err = s.onLine(ctx, o, lineID, func(tx pgx.Tx, a account, _ line) error {
		if err := leaveToPerson(ctx, tx, lineID); err != nil {
			return err
		}
		if err := s.undo(ctx, tx, lineID, id.String(), actor, note); err != nil {
			return err
		}
		return s.wantMatching(ctx, tx, a.id)
	})
	if err == nil {
		s.Wake()
	}
	return lineID, err
}

func errNoMatch() error { return errs.NotFound("Match") }

// byBank is the actor of what the bank made undone.
const byBank = "bank"

// undoAll undoes every match of a line, whose account is locked, because the bank changed the line.
func (s *Settlement) undoAll(ctx context.Context, tx pgx.Tx, lineID, why string) error {
	if err := s.withdrawExecution(ctx, tx, lineID); err != nil {
		return err
	}
	return s.undo(ctx, tx, lineID, "", byBank, why)
}

// undo undoes one match of a line, or all with an empty matchID. What was settled by it is missed.
func (s *Settlement) undo(ctx context.Context, tx pgx.Tx, lineID, matchID, actor, note string) error {
	undone, err := undoMatches(ctx, tx, lineID, matchID, actor, note, s.clock())
	if err != nil || len(undone) == 0 {
		return err
	}
	var references []string
	var matched []int64
	var missed []store.Seen
	for _, u := range undone {
		references, matched = append(references, u.reference), append(matched, u.left)
		if u.wasSettled {
			missed = append(missed, store.Seen{Reference: u.reference, Actor: actor, Note: note})
		}
	}
	if err := writeMatched(ctx, tx, references, matched); err != nil {
		return err
	}
	if err := takeFromLine(ctx, tx, lineID, s.clock()); err != nil {
		return err
	}
	return s.Payments.NoteSeen(ctx, tx, missed, store.Meta{})
}

// undone is a match that was undone. left is what of its item is still matched.
type undone struct {
	reference  string
	left       int64
	wasSettled bool
}

// day formats a day.
func day(t time.Time) string { return t.Format(time.DateOnly) }
