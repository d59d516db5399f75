package till

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/tally"
	"european-pay.eu/eupay/services/qr/internal/businessday"
	"european-pay.eu/eupay/services/qr/internal/journal"
)

const closingColumns = `id::text, merchant_id::text, livemode, sequence, hash, closed_at, totals`

// closings selects the closings of a merchant and mode.
const closings = ` from till_closings where merchant_id = $1 and livemode = $2`

func scanClosing(row pgx.CollectableRow) (*Closing, error) {
	c := &Closing{}
	var text []byte
	if err := row.Scan(&c.ID, &c.MerchantID, &c.Livemode, &c.Sequence, &c.Hash, &c.ClosedAt, &text); err != nil {
		return nil, err
	}
	c.ClosedAt = c.ClosedAt.UTC()
	return c, json.Unmarshal(text, &c.content)
}

func readClosings(ctx context.Context, db pg.Reader, sql string, args ...any) ([]*Closing, error) {
	rows, err := db.Query(ctx, `select `+closingColumns+sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read closings: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanClosing)
	if err != nil {
		return nil, fmt.Errorf("read closings: %w", err)
	}
	return list, nil
}

// lastClosing returns the latest closing of a period; nil if there is none.
func lastClosing(ctx context.Context, db pg.Reader, who journal.Who, p Period) (*Closing, error) {
	list, err := readClosings(ctx, db, closings+` and period = $3 order by number desc limit 1`, who.MerchantID, who.Livemode, p)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

// closingsOf returns the closings of days or months from a day to another, which is not included.
func closingsOf(ctx context.Context, db pg.Reader, who journal.Who, p Period, from, to time.Time) ([]*Closing, error) {
	return readClosings(ctx, db, closings+` and period = $3 and day >= $4 and day < $5 order by number`, who.MerchantID, who.Livemode, p, from, to)
}

func readClosing(ctx context.Context, db pg.Reader, who journal.Who, id string) (*Closing, error) {
	list, err := readClosings(ctx, db, closings+` and id = $3`, who.MerchantID, who.Livemode, id)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errs.NotFound(closingNoun)
	}
	return list[0], nil
}

// chosen is what a list of closings has: empty fields choose all.
type chosen struct {
	period, from, to string
}

// listClosings returns one page, the newest first, and the total.
func listClosings(ctx context.Context, db pg.Reader, who journal.Who, f chosen, limit, offset int64) ([]*Closing, tally.Total, error) {
	where := closings + ` and ($3 = '' or period = $3) and ($4 = '' or day >= nullif($4, '')::date) and ($5 = '' or day <= nullif($5, '')::date)`
	args := []any{who.MerchantID, who.Livemode, f.period, f.from, f.to}
	total, err := tally.AtMost(ctx, db, where, args...)
	if err != nil {
		return nil, tally.Total{}, fmt.Errorf("count closings: %w", err)
	}
	list, err := readClosings(ctx, db, fmt.Sprintf(`%s order by sequence desc limit %d offset %d`, where, limit, offset), args...)
	return list, total, err
}

func insertClosing(ctx context.Context, tx pgx.Tx, c *Closing) error {
	text, err := json.Marshal(c.content)
	if err != nil {
		return fmt.Errorf("encode a closing: %w", err)
	}
	_, err = tx.Exec(ctx, `insert into till_closings (id, merchant_id, livemode, period, number, day, by_hand, first_sequence, last_sequence, sequence,
		closed_at, totals, hash) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		c.ID, c.MerchantID, c.Livemode, c.Period, c.Number, c.day(), c.ByHand, c.First, c.Last, c.Sequence, c.ClosedAt, text, c.Hash)
	if err != nil {
		return fmt.Errorf("record a closing: %w", err)
	}
	return nil
}

// money are the kinds of records that a day has to be closed for.
const moneyKinds = `kind in ('ordered', 'cancelled', 'paid', 'refunded')`

// firstOpen returns the first record of money that is in no closing, and when it happened: 0 if there is none. What was recorded after the last
// closing counts from then on, also if it happened before.
func firstOpen(ctx context.Context, tx pgx.Tx, who journal.Who, last *Closing) (sequence int64, at time.Time, err error) {
	var after int64
	if last != nil {
		after = last.Last
	}
	err = tx.QueryRow(ctx, `select sequence, occurred_at from journal where merchant_id = $1 and livemode = $2 and sequence > $3 and `+moneyKinds+`
		order by sequence limit 1`, who.MerchantID, who.Livemode, after).Scan(&sequence, &at)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, time.Time{}, nil
	}
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("find the first open record: %w", err)
	}
	if last != nil && sequence > last.Sequence && at.Before(last.ClosedAt) {
		at = last.ClosedAt
	}
	return sequence, at, nil
}

// cut returns the last record before the first one of the next day; end if there is none.
func cut(ctx context.Context, tx pgx.Tx, who journal.Who, after, end int64, next time.Time) (last int64, err error) {
	err = tx.QueryRow(ctx, `select coalesce((select sequence - 1 from journal where merchant_id = $1 and livemode = $2 and sequence > $3 and occurred_at >= $4
		and `+moneyKinds+` order by sequence limit 1), $5)`, who.MerchantID, who.Livemode, after, next, end).Scan(&last)
	if err != nil {
		return 0, fmt.Errorf("find the end of a day: %w", err)
	}
	return last, nil
}

// totalsOf adds up the records from one to another.
func totalsOf(ctx context.Context, db pg.Reader, who journal.Who, first, last int64) (t Totals, err error) {
	err = journal.Between(ctx, db, who, first, last, func(list []journal.Record) error {
		for _, r := range list {
			if err := t.add(r); err != nil {
				return err
			}
		}
		return nil
	})
	return t, err
}

// pending is what has to be closed of a merchant and mode.
type pending struct {
	journal.Who
	day bool
	// month and year are to be closed; nil: none.
	month, year *time.Time
}

// pendingSQL looks at each journal by index: the first open record of money, the first day that is in no month, and the first month in no year. The
// arrays have an entry for each quarter of an hour at which the days of a merchant may start.
const pendingSQL = `select h.merchant_id::text, h.livemode,
		coalesce(case when j.sequence > d.sequence then greatest(j.occurred_at, d.closed_at) else j.occurred_at end < ($1::timestamptz[])[i.at], false),
		case when dm.day < ($2::date[])[i.at] then date_trunc('month', dm.day)::date end, case when my.day < ($3::date[])[i.at] then date_trunc('year', my.day)::date end
	from journal_heads h
	left join till_settings s on s.merchant_id = h.merchant_id
	left join lateral (select last_sequence, sequence, closed_at, coalesce(totals ->> 'next_day_starts', '04:00') as starts from till_closings c
		where c.merchant_id = h.merchant_id and c.livemode = h.livemode and c.period = 'day' order by c.number desc limit 1) d on true
	cross join lateral (select 1 + coalesce((extract(epoch from d.starts::time) / 900)::int, s.day_starts / 15, 16) as at) i
	left join lateral (select sequence, occurred_at from journal r where r.merchant_id = h.merchant_id and r.livemode = h.livemode
		and r.sequence > coalesce(d.last_sequence, 0) and r.` + moneyKinds + ` order by r.sequence limit 1) j on true
	left join lateral (select day from till_closings c where c.merchant_id = h.merchant_id and c.livemode = h.livemode and c.period = 'month'
		order by c.number desc limit 1) m on true
	left join lateral (select day from till_closings c where c.merchant_id = h.merchant_id and c.livemode = h.livemode and c.period = 'day'
		and c.day >= coalesce((m.day + interval '1 month')::date, '-infinity') order by c.day limit 1) dm on true
	left join lateral (select day from till_closings c where c.merchant_id = h.merchant_id and c.livemode = h.livemode and c.period = 'year'
		order by c.number desc limit 1) y on true
	left join lateral (select day from till_closings c where c.merchant_id = h.merchant_id and c.livemode = h.livemode and c.period = 'month'
		and c.day >= coalesce((y.day + interval '1 year')::date, '-infinity') order by c.day limit 1) my on true
	where case when j.sequence > d.sequence then greatest(j.occurred_at, d.closed_at) else j.occurred_at end < ($1::timestamptz[])[i.at]
		or dm.day < ($2::date[])[i.at] or my.day < ($3::date[])[i.at]
	order by h.merchant_id, h.livemode limit $4`

// pendingClosings returns some of what has to be closed at that time.
func pendingClosings(ctx context.Context, db pg.DB, now time.Time, limit int) ([]pending, error) {
	var begins, months, years []time.Time
	for _, starts := range businessday.All() {
		today := starts.Of(now)
		begins, months, years = append(begins, starts.Begin(today)), append(months, monthOf(today)), append(years, yearOf(today))
	}
	rows, err := db.Query(ctx, pendingSQL, begins, months, years, limit)
	if err != nil {
		return nil, fmt.Errorf("find what has to be closed: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p pending, err error) {
		err = row.Scan(&p.MerchantID, &p.Livemode, &p.day, &p.month, &p.year)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("find what has to be closed: %w", err)
	}
	return list, nil
}

// countClosings returns the number of closings whose records are not after one.
func countClosings(ctx context.Context, db pg.Reader, who journal.Who, until int64) (n int64, err error) {
	if err := db.QueryRow(ctx, `select count(*)`+closings+` and sequence <= $3`, who.MerchantID, who.Livemode, until).Scan(&n); err != nil {
		return 0, fmt.Errorf("count closings: %w", err)
	}
	return n, nil
}
