package sale

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/tally"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

const tillColumns = `select t.id, t.till, t.sold_on::text, t.totals, t.version, t.created_at, t.updated_at, coalesce(p.start_on::text, ''),
	coalesce(p.end_on::text, ''), coalesce(p.due_on::text, ''), coalesce(p.sent_version > 0, false)
	from till_sales t left join report_periods p on p.merchant_id = t.merchant_id and p.livemode = t.livemode and p.kind = 'sales'
		and p.start_on <= t.sold_on and p.end_on >= t.sold_on `

func scanTill(row pgx.CollectableRow) (t Till, err error) {
	var totals []byte
	err = row.Scan(&t.ID, &t.Name, &t.Day, &totals, &t.Version, &t.CreatedAt, &t.UpdatedAt, &t.Period.Start, &t.Period.End, &t.Period.Due, &t.Reported)
	if err != nil {
		return Till{}, err
	}
	return t, json.Unmarshal(totals, &t.Parts)
}

func oneTill(ctx context.Context, db pg.DB, where string, args ...any) (Till, error) {
	rows, err := db.Query(ctx, tillColumns+where, args...)
	if err != nil {
		return Till{}, fmt.Errorf("read the total of a till: %w", err)
	}
	t, err := pgx.CollectExactlyOneRow(rows, scanTill)
	if err != nil {
		return Till{}, fmt.Errorf("read the total of a till: %w", err)
	}
	return t, nil
}

func readTill(ctx context.Context, db pg.DB, id uuid.UUID) (Till, error) {
	return oneTill(ctx, db, `where t.id = $1`, id)
}

func lockTill(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, name string, day invoice.Date) (Till, error) {
	return oneTill(ctx, tx, `where t.merchant_id = $1 and t.livemode = $2 and t.sold_on = $3 and t.till = $4 for update of t`,
		e.MerchantID, e.Livemode, string(day), name)
}

// insertTill records a till's day. It returns false if it is recorded already.
func insertTill(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, t Till) (bool, error) {
	totals, err := encodeParts(t.Parts)
	if err != nil {
		return false, err
	}
	tag, err := tx.Exec(ctx, `insert into till_sales (id, merchant_id, livemode, till, sold_on, totals, created_at, updated_at)
		values ($1, $2, $3, $4, $5, $6, $7, $7) on conflict do nothing`, t.ID, e.MerchantID, e.Livemode, t.Name, string(t.Day), totals, t.CreatedAt)
	if err != nil {
		return false, fmt.Errorf("record the total of a till: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

func updateTill(ctx context.Context, tx pgx.Tx, t Till) error {
	totals, err := encodeParts(t.Parts)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `update till_sales set totals = $2, version = version + 1, updated_at = $3 where id = $1`, t.ID, totals, t.UpdatedAt)
	if err != nil {
		return fmt.Errorf("replace the total of a till: %w", err)
	}
	return nil
}

func encodeParts(parts []Part) ([]byte, error) {
	if len(parts) == 0 {
		return []byte("[]"), nil
	}
	return json.Marshal(parts)
}

func replaceTillEntries(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, id uuid.UUID, list []entry) error {
	b := &pgx.Batch{}
	b.Queue(`delete from consumer_parts where source = $1 and payment_reference = ''`, id.String())
	queueEntries(b, e, "", list)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("record what is reported of a till: %w", err)
	}
	return nil
}

// What the counters of this package are called. Both are kept by the day that was sold on, as midnight in UTC.
const (
	tillList       = "till_sales"
	unreportedList = "unreported_sales"
)

// tills returns one page (from 1) of the recorded days of a merchant's tills between two days, the newest first, and the number of all.
func (s *Sales) tills(ctx context.Context, who Who, from, to invoice.Date, page, limit int) (list []Till, total int64, err error) {
	place, err := tally.Find(ctx, s.Reads, tally.Filter{
		List: tillList, MerchantID: who.MerchantID, Livemode: who.Livemode, From: from.Time(), To: to.Add(1).Time(),
	}, int64(page-1)*int64(limit))
	if err != nil || place.Beyond {
		return nil, place.Total, err
	}
	rows, err := s.Reads.Query(ctx, tillColumns+`where t.id = any(array(
			select id from till_sales where merchant_id = $1 and livemode = $2 and sold_on >= $3::date and sold_on < $4::date
			order by sold_on desc, till limit $5 offset $6)) order by t.sold_on desc, t.till`,
		who.MerchantID, who.Livemode, from.Time(), dayAfter(place.Before), limit, place.Skip)
	if err != nil {
		return nil, 0, fmt.Errorf("list totals of tills: %w", err)
	}
	if list, err = pgx.CollectRows(rows, scanTill); err != nil {
		return nil, 0, fmt.Errorf("list totals of tills: %w", err)
	}
	return list, place.Total, nil
}

// dayAfter returns the first midnight that is not before t: counters may find a minute of a day.
func dayAfter(t time.Time) time.Time { return t.UTC().Add(24*time.Hour - 1).Truncate(24 * time.Hour) }

// unreported returns what no report of a merchant has. A merchant whose tills report its payments lacks nothing.
func (s *Sales) unreported(ctx context.Context, e enrol.Enrolment) (u Unreported, err error) {
	if e.Settings.SalesByTill {
		return Unreported{}, nil
	}
	counts, err := tally.ByGroup(ctx, s.Reads, tally.Filter{List: unreportedList, MerchantID: e.MerchantID, Livemode: e.Livemode}, tally.Period{})
	if err != nil || len(counts) == 0 {
		return Unreported{}, err
	}
	u.Payments, u.Amount = counts[0].Rows, money.Cents(counts[0].Cents)
	err = s.Reads.QueryRow(ctx, `select coalesce(min(sold_on)::text, '') from consumer_sales where merchant_id = $1 and livemode = $2 and unknown`,
		e.MerchantID, e.Livemode).Scan(&u.Since)
	if err != nil {
		return Unreported{}, fmt.Errorf("find the first day that is not reported: %w", err)
	}
	return u, nil
}

// unresolved is a payment of unknown VAT whose merchant has said how to report it.
type unresolved struct {
	Who
	reference string
}

func resolvable(ctx context.Context, tx pgx.Tx, limit int) ([]unresolved, error) {
	rows, err := tx.Query(ctx, `select s.merchant_id, s.livemode, s.payment_reference from consumer_sales s
		join enrolments e on e.merchant_id = s.merchant_id and e.livemode = s.livemode
		where s.unknown and e.settings ? 'sales_rate' and not coalesce((e.settings ->> 'sales_by_till')::boolean, false)
		order by s.merchant_id, s.livemode, s.sold_on limit $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("find payments to report: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (u unresolved, err error) {
		err = row.Scan(&u.MerchantID, &u.Livemode, &u.reference)
		return u, err
	})
	if err != nil {
		return nil, fmt.Errorf("find payments to report: %w", err)
	}
	return list, nil
}

func setSetting(ctx context.Context, tx pgx.Tx, reference string, setting Part) error {
	_, err := tx.Exec(ctx, `update consumer_sales set nature = $2, rate = $3 where payment_reference = $1 and rate is null`,
		reference, string(setting.Nature), int64(setting.VATPerMill))
	if err != nil {
		return fmt.Errorf("record how %s is reported: %w", reference, err)
	}
	return nil
}
