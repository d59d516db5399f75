package till

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/qr/internal/businessday"
	"european-pay.eu/eupay/services/qr/internal/journal"
)

// Period is what a closing is of.
type Period string

// The periods. A month is the sum of its days, a year of its months.
const (
	Day   Period = "day"
	Month Period = "month"
	Year  Period = "year"
)

// Closing is the closing of a day, month or year. What it says is the detail of its record in the journal.
type Closing struct {
	ID string
	journal.Who
	content
	// Sequence and Hash are its record's. Whoever keeps the hash can prove later that no record up to it was changed.
	Sequence int64
	Hash     []byte
	ClosedAt time.Time
}

// content is what the journal has of a closing.
type content struct {
	Period Period `json:"period"`
	// Number counts the closings of the period from 1.
	Number int64 `json:"number"`
	// Date is the business day, or the first of the month or year: 2026-12-01.
	Date string `json:"day"`
	// NextStarts is when the days after a day start, if that is not usual: 06:00.
	NextStarts string `json:"next_day_starts,omitempty"`
	ByHand     bool   `json:"by_hand,omitempty"`
	// First and Last are the records that it is about.
	First  int64  `json:"first_sequence"`
	Last   int64  `json:"last_sequence"`
	Totals Totals `json:"totals"`
	Grand  Grand  `json:"grand"`
}

func (c *content) day() time.Time {
	day, _ := time.Parse(time.DateOnly, c.Date) // written by us
	return day
}

func hexed(hash []byte) string { return hex.EncodeToString(hash) }

// errNothing: there is nothing to close.
var errNothing = errors.New("there is nothing to close")

// CloseNow closes the current business day up to now; INVALID_STATE if there is nothing to close. What is sold later on the same day is in another
// closing of the day.
func (s *Server) CloseNow(ctx context.Context, who journal.Who) (*Closing, error) {
	var c *Closing
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) (err error) {
		c, err = s.closeDay(ctx, tx, who, true)
		return err
	})
	if errors.Is(err, errNothing) {
		return nil, errs.New(errs.InvalidState, "Nothing was sold or paid since the last closing.")
	}
	if err != nil {
		return nil, err
	}
	s.wake()
	return c, nil
}

// closeDay closes the day of the first record of money that is in no closing: by hand up to now, and otherwise when the day has ended. It returns
// errNothing if there is none.
func (s *Server) closeDay(ctx context.Context, tx pgx.Tx, who journal.Who, byHand bool) (*Closing, error) {
	end, err := journal.Lock(ctx, tx, who)
	if err != nil {
		return nil, err
	}
	last, err := lastClosing(ctx, tx, who, Day)
	if err != nil {
		return nil, err
	}
	first, at, err := firstOpen(ctx, tx, who, last)
	if err != nil {
		return nil, err
	}
	wanted, err := businessday.StartOf(ctx, tx, who.MerchantID)
	if err != nil {
		return nil, err
	}
	starts := startsAfter(last, wanted)
	day := starts.Of(at)
	if last != nil && day.Before(last.day()) {
		day = last.day()
	}
	next := starts.Begin(day.AddDate(0, 0, 1))
	switch {
	case first == 0, !byHand && s.now().Before(next):
		return nil, errNothing
	case byHand && !s.now().Before(next):
		byHand = false // a day that has ended is closed first, as it would be by itself
	}
	c := content{Period: Day, Date: day.Format(time.DateOnly), ByHand: byHand, First: 1, Last: end}
	if wanted != businessday.Usual {
		c.NextStarts = wanted.String()
	}
	if last != nil {
		c.First = last.Last + 1
	}
	if !byHand {
		if c.Last, err = cut(ctx, tx, who, first, end, next); err != nil {
			return nil, err
		}
	}
	if c.Totals, err = totalsOf(ctx, tx, who, c.First, c.Last); err != nil {
		return nil, err
	}
	return s.record(ctx, tx, who, c, last)
}

// startsAfter is when days start after a closing of a day; nil: there is none. What the merchant wants counts from the next closing on: so a day that is
// open ends when it was to end, none overlaps another, and no record is between two.
func startsAfter(last *Closing, wanted businessday.Start) businessday.Start {
	if last == nil {
		return wanted
	}
	if s, ok := businessday.Parse(last.NextStarts); ok {
		return s
	}
	return businessday.Usual
}

// closePeriod closes the month or year of a day, whose parts are closed.
func (s *Server) closePeriod(ctx context.Context, tx pgx.Tx, who journal.Who, p Period, day time.Time) error {
	if _, err := journal.Lock(ctx, tx, who); err != nil {
		return err
	}
	last, err := lastClosing(ctx, tx, who, p)
	if err != nil || last != nil && !last.day().Before(day) {
		return err // another process was first
	}
	part, until := Day, day.AddDate(0, 1, 0)
	if p == Year {
		part, until = Month, day.AddDate(1, 0, 0)
	}
	parts, err := closingsOf(ctx, tx, who, part, day, until)
	if err != nil || len(parts) == 0 {
		return err
	}
	c := content{Period: p, Date: day.Format(time.DateOnly), First: parts[0].First, Last: parts[len(parts)-1].Last}
	for _, x := range parts {
		c.Totals.join(x.Totals)
	}
	_, err = s.record(ctx, tx, who, c, last)
	return err
}

// record adds a closing to the journal, after the last one of its period.
func (s *Server) record(ctx context.Context, tx pgx.Tx, who journal.Who, c content, last *Closing) (*Closing, error) {
	c.Number = 1
	if last != nil {
		c.Number, c.Grand = last.Number+1, last.Grand
	}
	c.Grand = c.Grand.plus(c.Totals)
	x := &Closing{ID: uuid.NewString(), Who: who, content: c, ClosedAt: s.now()}
	r, err := journal.Append(ctx, tx, journal.Entry{
		MerchantID: who.MerchantID, Livemode: who.Livemode, Kind: journal.Closed, At: x.ClosedAt, Reference: x.ID, Detail: c,
	})
	if err != nil {
		return nil, err
	}
	x.Sequence, x.Hash = r.Sequence, r.Hash
	if err := insertClosing(ctx, tx, x); err != nil {
		return nil, err
	}
	return x, announce(ctx, tx, x)
}
