package reward

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/tally"
)

// one makes a queued statement fail that does not change exactly one row: a lock was not held.
func one(what string) func(pgconn.CommandTag) error {
	return func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() != 1 {
			return fmt.Errorf("%s: %d rows under its lock", what, tag.RowsAffected())
		}
		return nil
	}
}

func queueEntry(b *pgx.Batch, m *member, e entry) {
	b.Queue(`insert into reward_entries (id, member_id, sequence, merchant_id, livemode, kind, points, balance, reference, redemption_id,
		program_version, reason, actor, expires_at, occurred_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		e.ID, m.ID, e.Sequence, m.MerchantID, m.Livemode, e.Kind, e.Points, e.Balance, e.Reference, e.RedemptionID, e.Version, e.Reason, e.Actor,
		e.ExpiresAt, e.At)
}

// queueLot adds what can be spent of the points of an entry.
func queueLot(b *pgx.Batch, e entry, free int64) {
	b.Queue(`insert into reward_lots (id, member_id, reference, left_points, expires_at, due_at) values ($1, $2, $3, $4, $5, $5)`,
		e.ID, e.MemberID, e.Reference, free, e.ExpiresAt)
}

// spent are the lots of a member from which points are taken, with how many: first those of the payment, then those that expire first.
const spent = `with open as (
		select id, left_points, sum(left_points) over (order by (reference = $2 and reference <> '') desc, expires_at nulls last, id) - left_points as before
		from reward_lots where member_id = $1 and left_points > 0
	), taken as (
		update reward_lots l set left_points = l.left_points - least(o.left_points, $3 - o.before),
			due_at = case when o.left_points > $3 - o.before then l.due_at end
		from open o where o.id = l.id and o.before < $3 returning l.id, least(o.left_points, $3 - o.before) as points
	) `

func queueSpend(b *pgx.Batch, memberID, reference string, points int64) {
	b.Queue(spent+`select from taken`, memberID, reference, points)
}

// queueHold sets points aside for a redemption, and remembers from which lots.
func queueHold(b *pgx.Batch, memberID, redemptionID string, points int64) {
	b.Queue(spent+`insert into reward_held_lots (redemption_id, lot_id, points) select $4, id, points from taken`, memberID, "", points, redemptionID)
}

// queueReturn gives that many of the held points back to their lots, first those that can be used for longest.
func queueReturn(b *pgx.Batch, redemptionID string, points int64) {
	b.Queue(`with held as (
			select h.lot_id, h.points, sum(h.points) over (order by l.expires_at desc nulls first, l.id desc) - h.points as before
			from reward_held_lots h join reward_lots l on l.id = h.lot_id where h.redemption_id = $1
		)
		update reward_lots l set left_points = l.left_points + least(h.points, $2 - h.before), due_at = coalesce(l.due_at, l.expires_at)
		from held h where h.lot_id = l.id and h.before < $2`, redemptionID, points)
}

// queueExpiry empties the lots that have expired.
func queueExpiry(b *pgx.Batch, memberID string, now time.Time) {
	b.Queue(`update reward_lots set expired_points = expired_points + left_points, left_points = 0, due_at = null
		where member_id = $1 and left_points > 0 and expires_at <= $2`, memberID, now)
}

// expiredOf returns what is left of the points of a payment, and how many of them have expired.
func expiredOf(ctx context.Context, tx pgx.Tx, memberID, reference string) (left, gone int64, err error) {
	err = tx.QueryRow(ctx, `select coalesce(sum(left_points), 0)::bigint, coalesce(sum(expired_points), 0)::bigint
		from reward_lots where member_id = $1 and reference = $2 and reference <> ''`, memberID, reference).Scan(&left, &gone)
	if err != nil {
		return 0, 0, fmt.Errorf("read points of payment: %w", err)
	}
	return left, gone, nil
}

// queueExcuse notes that expired points of a payment were not taken back once more.
func queueExcuse(b *pgx.Batch, memberID, reference string, points int64) {
	b.Queue(`with gone as (
			select id, expired_points, sum(expired_points) over (order by id) - expired_points as before
			from reward_lots where member_id = $1 and reference = $2 and expired_points > 0
		)
		update reward_lots l set expired_points = l.expired_points - least(g.expired_points, $3 - g.before)
		from gone g where g.id = l.id and g.before < $3`, memberID, reference, points)
}

// firstLot is when points of a member come to their end next.
const firstLot = `select min(due_at) from reward_lots where due_at is not null`

// claimLots claims members whose points have come to their end.
func (s *Server) claimLots(ctx context.Context, limit int) ([]owner, error) {
	now := s.now()
	rows, err := s.pool.Query(ctx, `with claimed as (
			update reward_lots set due_at = $2 where id in (select id from reward_lots where due_at <= $1 order by due_at limit $3 for update skip locked)
			returning member_id
		)
		select m.merchant_id, m.livemode, m.id::text from reward_members m where m.id in (select member_id from claimed)`, now, now.Add(lease), limit)
	if err != nil {
		return nil, fmt.Errorf("claim points that expire: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[owner])
}

const entryColumns = `id::text, member_id::text, kind, points, balance, reference, redemption_id::text, reason, actor, program_version, occurred_at, sequence, expires_at`

func scanEntry(row pgx.CollectableRow) (e entry, err error) {
	err = row.Scan(&e.ID, &e.MemberID, &e.Kind, &e.Points, &e.Balance, &e.Reference, &e.RedemptionID, &e.Reason, &e.Actor, &e.Version, &e.At, &e.Sequence, &e.ExpiresAt)
	return e, err
}

// listEntries returns one page of a member's lines, newest first, and their number.
func listEntries(ctx context.Context, db pg.Reader, memberID string, limit, offset int64) ([]entry, tally.Total, error) {
	total, err := tally.AtMost(ctx, db, `from reward_entries where member_id = $1`, memberID)
	if err != nil {
		return nil, tally.Total{}, fmt.Errorf("count points: %w", err)
	}
	rows, err := db.Query(ctx, `select `+entryColumns+` from reward_entries where member_id = $1 order by reward_entries.sequence desc limit $2 offset $3`,
		memberID, limit, offset)
	if err != nil {
		return nil, tally.Total{}, fmt.Errorf("list points: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanEntry)
	if err != nil {
		return nil, tally.Total{}, fmt.Errorf("list points: %w", err)
	}
	return list, total, nil
}

// exportEntries returns lines of all members after one of them (empty: from the newest), newest first.
func exportEntries(ctx context.Context, db pg.Reader, merchantID string, livemode bool, after string, limit int64) ([]entry, error) {
	if after == "" {
		after = uuid.Max.String()
	}
	rows, err := db.Query(ctx, `select `+entryColumns+` from reward_entries where merchant_id = $1 and livemode = $2
		and reward_entries.id < $3 order by reward_entries.id desc limit $4`, merchantID, livemode, after, limit)
	if err != nil {
		return nil, fmt.Errorf("export points: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanEntry)
	if err != nil {
		return nil, fmt.Errorf("export points: %w", err)
	}
	return list, nil
}

// readEntry returns an entry of a merchant.
func readEntry(ctx context.Context, db pg.DB, id string) (entry, error) {
	rows, err := db.Query(ctx, `select `+entryColumns+` from reward_entries where id = $1`, id)
	if err != nil {
		return entry{}, fmt.Errorf("read points: %w", err)
	}
	e, err := pgx.CollectExactlyOneRow(rows, scanEntry)
	if err != nil {
		return entry{}, fmt.Errorf("read points: %w", err)
	}
	return e, nil
}
