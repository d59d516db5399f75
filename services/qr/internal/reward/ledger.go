package reward

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/outbox"
)

// The kinds of lines of the ledger.
const (
	earned    = "earned"
	welcome   = "welcome"
	takenBack = "taken_back"
	redeemed  = "redeemed"
	expired   = "expired"
	adjusted  = "adjusted"
)

// entry is a line of the ledger.
type entry struct {
	ID, MemberID, Kind string
	// Points are above 0 when they are given.
	Points, Balance int64
	Reference       string
	RedemptionID    *string
	Reason, Actor   string
	Version         int32
	At              time.Time
	Sequence        int64
	// ExpiresAt is nil for points that do not expire or were taken.
	ExpiresAt *time.Time
}

// change is what happens to a locked member in one transaction. Its statements go to the database together, with commit.
type change struct {
	m *member
	b pgx.Batch
	// events announce the change.
	events []events.Event
	// before is the member's sequence when it was locked.
	before int64
	err    error
}

// post adds a line to the ledger and announces it.
func (c *change) post(e entry) entry {
	e = c.write(e)
	if c.m.Kind == byCustomer {
		queueCustomerEntry(&c.b, c.m, e)
	}
	c.announce(events.Event{Type: typeOf(e.Kind), Time: e.At}, &e, nil)
	return e
}

// write adds a line to the ledger and to the lots.
func (c *change) write(e entry) entry {
	if e.ID == "" {
		e.ID = events.NewID()
	}
	m, free := c.m, c.m.available()
	m.Sequence++
	m.Balance += e.Points
	e.MemberID, e.Sequence, e.Balance = m.ID, m.Sequence, m.Balance
	if e.Kind == redeemed {
		m.Held += e.Points // they were in no lot any more
	}
	queueEntry(&c.b, m, e)
	switch now := m.available(); {
	case now > free:
		queueLot(&c.b, e, now-free)
	case now < free && e.Kind == expired:
		queueExpiry(&c.b, m.ID, e.At)
	case now < free:
		queueSpend(&c.b, m.ID, e.Reference, free-now)
	}
	return e
}

// announce adds an event. It says nothing of what comes later in the transaction.
func (c *change) announce(e events.Event, line *entry, r *redemption) {
	data, err := eventBody(c.m, line, r)
	if err != nil {
		c.err = err
		return
	}
	e.ID, e.Source, e.Merchant, e.Livemode, e.Data = events.NewID(), "qr", c.m.MerchantID, c.m.Livemode, data
	c.events = append(c.events, e)
}

// hold sets points aside, which must be available.
func (c *change) hold(redemptionID string, points int64) {
	c.m.Sequence++
	c.m.Held += points
	queueHold(&c.b, c.m.ID, redemptionID, points)
}

// release gives points back that are held. Those that pay for points that were taken back meanwhile do not return.
func (c *change) release(redemptionID string, points int64) {
	free := c.m.available()
	c.m.Sequence++
	c.m.Held -= points
	if back := c.m.available() - free; back > 0 {
		queueReturn(&c.b, redemptionID, back)
	}
}

// commit writes the change. Nothing is written if there is none.
func (c *change) commit(ctx context.Context, tx pgx.Tx) error {
	if c.err != nil {
		return c.err
	}
	outbox.QueueAll(ctx, &c.b, c.events)
	if c.m.Sequence != c.before {
		queueMember(&c.b, c.m, c.before)
	}
	if c.b.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, &c.b).Close(); err != nil {
		return fmt.Errorf("change the points of member %s: %w", c.m.ID, err)
	}
	c.b, c.events, c.before = pgx.Batch{}, nil, c.m.Sequence
	return nil
}

// lock locks a member, takes over lines of versions before this one, and ends points that have expired. The change need not be committed if
// nothing else happens. It is nil if there is no such member.
func (s *Server) lock(ctx context.Context, tx pgx.Tx, of owner) (*change, error) {
	return s.lockAfter(ctx, tx, &pgx.Batch{}, byItsID, of.MemberID, of)
}

// lockAfter is lock in one round trip with the statements of first and the reads of more, which see what is locked. id is that of the member, or
// of a redemption.
func (s *Server) lockAfter(ctx context.Context, tx pgx.Tx, first *pgx.Batch, by, id string, of owner, more ...func(*pgx.Batch)) (*change, error) {
	m, found, old, gone, err := lockMember(ctx, tx, first, by, id, of, s.now(), more)
	if err != nil || !found {
		return nil, err
	}
	c := &change{m: m, before: m.Sequence}
	if gone > 0 {
		c.post(entry{Kind: expired, Points: -gone, At: s.now()})
	}
	c.adopt(old)
	return c, nil
}

// adopt takes over lines for a customer of the app that a version before this one has written.
func (c *change) adopt(old []entry) {
	total := int64(0)
	ids := make([]string, len(old))
	for i, e := range old {
		c.write(e)
		total += e.Points
		ids[i] = e.ID
	}
	if len(old) == 0 {
		return
	}
	c.m.Earned += total
	queueAdopted(&c.b, c.m.ID, ids, total)
}
