package reward

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// recordMerchant stores a merchant event. The newest event wins, in whatever order they arrive.
func recordMerchant(ctx context.Context, tx pgx.Tx, m *eventsv1.MerchantChanged, at time.Time) error {
	_, err := tx.Exec(ctx, `insert into loyalty_merchants (merchant_id, name, eligible, changed_at) values ($1, $2, $3, $4)
		on conflict (merchant_id) do update set name = excluded.name, eligible = excluded.eligible, changed_at = excluded.changed_at
		where loyalty_merchants.changed_at <= excluded.changed_at`, m.GetMerchantId(), m.GetName(), m.GetLoyaltyEligible(), at)
	if err != nil {
		return fmt.Errorf("store merchant for points: %w", err)
	}
	return nil
}

// lockEarning locks what a payment has earned; found is false if it has earned nothing yet.
func lockEarning(ctx context.Context, tx pgx.Tx, reference string) (e earning, found bool, err error) {
	err = tx.QueryRow(ctx, `select reference, customer_id, coalesce(member_id::text, ''), sequence, points, version, weighted_cents, day
		from loyalty_payments where reference = $1 for update`, reference).
		Scan(&e.Reference, &e.CustomerID, &e.MemberID, &e.Sequence, &e.Points, &e.Version, &e.Weighted, &e.Day)
	if errors.Is(err, pgx.ErrNoRows) {
		return earning{}, false, nil
	}
	if err != nil {
		return earning{}, false, fmt.Errorf("find points of payment: %w", err)
	}
	return e, true, nil
}

// advanceOccurrence records that a change of an occurrence is applied; newer is false if a later one was.
func advanceOccurrence(ctx context.Context, tx pgx.Tx, reference string, sequence int64) (newer bool, err error) {
	tag, err := tx.Exec(ctx, `insert into reward_occurrences (reference, sequence) values ($1, $2)
		on conflict (reference) do update set sequence = excluded.sequence where reward_occurrences.sequence < excluded.sequence`, reference, sequence)
	if err != nil {
		return false, fmt.Errorf("store change of occurrence: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// insertEarning records that a payment earns points, unless that was recorded meanwhile.
func insertEarning(ctx context.Context, tx pgx.Tx, pay *paymentsv1.Payment, e earning) error {
	_, err := tx.Exec(ctx, `insert into loyalty_payments (reference, customer_id, merchant_id, livemode, sequence, points, member_id, version, weighted_cents, day)
		values ($1, $2, $3, $4, 0, 0, $5, $6, $7, $8) on conflict (reference) do nothing`,
		pay.GetReference(), e.CustomerID, pay.GetMerchantId(), pay.GetLivemode(), e.MemberID, e.Version, e.Weighted, e.Day)
	if err != nil {
		return fmt.Errorf("store points of payment: %w", err)
	}
	return nil
}

// queueWorth stores what a locked payment is worth.
func queueWorth(b *pgx.Batch, reference string, sequence, points int64, memberID string) {
	b.Queue(`update loyalty_payments set sequence = $2, points = $3, member_id = $4 where reference = $1 and sequence < $2`,
		reference, sequence, points, memberID).Exec(one("store points of payment"))
}

// shares returns what a locked member's payments of a day (nil: of none) and altogether are worth, each in the order of versions.
func shares(ctx context.Context, tx pgx.Tx, memberID string, day *time.Time) (days, totals []share, err error) {
	b := &pgx.Batch{}
	into := func(list *[]share) func(pgx.Rows) error {
		return func(rows pgx.Rows) (err error) {
			*list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (s share, err error) {
				err = row.Scan(&s.version, &s.worth, &s.most)
				return s, err
			})
			return err
		}
	}
	b.Queue(`select version, worth, most from reward_days where member_id = $1 and day = $2 order by version`, memberID, day).Query(into(&days))
	b.Queue(`select version, granted, most from reward_totals where member_id = $1 order by version`, memberID).Query(into(&totals))
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return nil, nil, fmt.Errorf("read sums of points: %w", err)
	}
	return days, totals, nil
}

func queueDay(b *pgx.Batch, memberID string, day time.Time, s share) {
	b.Queue(`insert into reward_days (member_id, day, version, worth, most) values ($1, $2, $3, $4, $5)
		on conflict (member_id, day, version) do update set worth = excluded.worth`, memberID, day, s.version, s.worth, s.most)
}

func queueTotal(b *pgx.Batch, memberID string, s share) {
	b.Queue(`insert into reward_totals (member_id, version, granted, most) values ($1, $2, $3, $4)
		on conflict (member_id, version) do update set granted = excluded.granted`, memberID, s.version, s.worth, s.most)
}

// ownMember returns the id if it is that of a member of the merchant; else it is empty.
func ownMember(ctx context.Context, tx pgx.Tx, of owner) (id string, err error) {
	err = tx.QueryRow(ctx, `select id::text from reward_members where id = $1 and merchant_id = $2 and livemode = $3`, of.MemberID, of.MerchantID, of.Livemode).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find member: %w", err)
	}
	return id, nil
}
