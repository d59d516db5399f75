package settlement

import (
	"context"
	"time"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/services/payments/internal/consent"
	"european-pay.eu/eupay/services/payments/internal/powens"
)

const (
	// lookBack is how far before its connection an account is read: payments that were executed shortly before may not have come yet.
	lookBack = 10 * 24 * time.Hour
	// overlap is read again each time: lines are recorded once, and the provider's times are those of Paris, where an hour happens
	// twice when summer time ends.
	overlap = 3 * time.Hour
	// pagesPerTurn bounds what one worker reads before others have a turn.
	pagesPerTurn = 10
	// readLease is longer than a turn: a page is recorded within a second, and a call has its own deadline.
	readLease = 5 * time.Minute
	readEvery = 5 * time.Second
	// readsAtOnce is how many accounts one process reads at a time.
	readsAtOnce = 4
	// after a failed call the account is due again.
	afterFailure = 2 * time.Minute
	// an account whose consent has ended is asked about once a day: its owner may have consented at the provider itself.
	askDisconnected = 24 * time.Hour
)

func (s *Settlement) newReads() *due.Loop[account] {
	return due.New(due.Config[account]{
		What: "receiving accounts", Every: readEvery, AtOnce: readsAtOnce, Within: readLease - 10*time.Second, Grace: grace, Log: s.Log,
		Claim: s.dueAccounts, Do: s.processAccount, Watch: due.Watch{DB: s.Pool, First: firstAccount, Now: s.clock},
	})
}

// processAccount does what is due for an account. What fails is due again.
func (s *Settlement) processAccount(ctx context.Context, a account) {
	var err error
	switch a.state {
	case pending, removing: // nobody confirmed it in time, or its merchant removed it
		if err = s.revoke(ctx, a); err == nil {
			err = s.removed(ctx, a)
		}
	default:
		err = s.look(ctx, a)
	}
	if err == nil || ctx.Err() != nil {
		return
	}
	s.Log.WarnContext(ctx, "receiving account not processed, retrying", "account", a.id, "state", a.state, "error", err)
	if err := s.postpone(ctx, a, s.clock().Add(afterFailure)); err != nil {
		s.Log.WarnContext(ctx, "receiving account is due again when its lease ends", "account", a.id, "error", err)
	}
}

// look announces the end of the consent when it is near, and reads the lines.
func (s *Settlement) look(ctx context.Context, a account) error {
	if err := s.warn(ctx, a); err != nil {
		return err
	}
	p, err := s.provider(a.owner)
	if err != nil {
		return err
	}
	user, err := s.consents.StoredUser(ctx, a.owner)
	if err != nil {
		return err
	}
	c, err := p.Connection(ctx, user, a.connectionID)
	switch {
	case powens.IsGone(err):
		return s.disconnect(ctx, a, "removed_at_bank")
	case err != nil:
		return err
	case c.NeedsOwner():
		return s.disconnect(ctx, a, "consent_needed")
	}
	if err := s.reconnect(ctx, a, c); err != nil {
		return err
	}
	return s.read(ctx, p, user, a)
}

// read records the pages of a turn. A read that has more to come goes on where it is; one that reached its end begins the next one
// from the newest change that it saw.
func (s *Settlement) read(ctx context.Context, p Provider, user powens.User, a account) error {
	next := a.readFrom
	if a.readNext != nil {
		next = *a.readNext
	}
	began := s.clock()
	for page := 0; ; page++ {
		lines, more, err := p.Lines(ctx, user, a.providerID, a.readFrom, a.readOffset)
		switch {
		case powens.IsGone(err):
			return s.disconnect(ctx, a, "removed_at_bank")
		case err != nil:
			return err
		}
		for _, l := range lines {
			if to := l.Updated.Add(-overlap); to.After(next) && !to.After(began) {
				next = to
			}
		}
		a.readOffset += powens.PageOfLines
		done := recorded{lines: lines, more: more, next: next, turnEnds: page+1 >= pagesPerTurn}
		ours, err := s.record(ctx, a, done)
		if err != nil {
			return err
		}
		s.matches.Nudge()
		if !ours || !more {
			return nil
		}
		if done.turnEnds {
			s.reads.Nudge()
			return nil
		}
	}
}

// recorded is a page that was read.
type recorded struct {
	lines []powens.BankLine
	// more: there are pages after it. next: from where the next read begins. turnEnds: others have their turn.
	more, turnEnds bool
	next           time.Time
}

// text is what the bank wrote of a line, as it is sealed.
type text struct {
	Text string `json:"text"`
	Name string `json:"name,omitempty"`
	IBAN string `json:"iban,omitempty"`
}

const (
	maxLineText = 1000
	maxLineName = 140
)

func textOf(l powens.BankLine) text {
	return text{Text: consent.CleanTo(l.Text, maxLineText), Name: consent.CleanTo(l.Payer, maxLineName), IBAN: l.IBAN}
}
