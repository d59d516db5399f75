package reward

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/tally"
)

const memberColumns = `id::text, merchant_id, livemode, kind, subject, balance, held, earned, sequence, created_at, forgotten_at`

func scanMember(row pgx.CollectableRow) (*member, error) {
	m := &member{}
	err := row.Scan(&m.ID, &m.MerchantID, &m.Livemode, &m.Kind, &m.Subject, &m.Balance, &m.Held, &m.Earned, &m.Sequence, &m.CreatedAt, &m.ForgottenAt)
	return m, err
}

// How a member is found: by its own id, or by that of a redemption, which saves a round trip to read it.
const (
	byItsID       = `$1::uuid`
	byARedemption = `(select member_id from reward_redemptions where id = $1::uuid)`
)

// lockMember adds the locking of the member of an id to a batch, and sends it. old are lines for the member that a version before this one has
// written; gone is the number of points that have expired and are still in the ledger. The lists of a customer at several merchants share a row,
// which is locked first, so that nobody waits in a circle. more are added after the lock.
func lockMember(
	ctx context.Context, tx pgx.Tx, b *pgx.Batch, by, id string, of owner, now time.Time, more []func(*pgx.Batch),
) (m *member, found bool, old []entry, gone int64, err error) {
	b.Queue(`insert into loyalty_accounts as a (customer_id, livemode, balance)
		select subject, livemode, 0 from reward_members where id = `+by+` and merchant_id = $2 and livemode = $3 and kind = 'customer'
		on conflict (customer_id, livemode) do update set balance = a.balance`, id, of.MerchantID, of.Livemode)
	b.Queue(`select `+memberColumns+` from reward_members where id = `+by+` and merchant_id = $2 and livemode = $3 for no key update`,
		id, of.MerchantID, of.Livemode).Query(func(rows pgx.Rows) error {
		list, err := pgx.CollectRows(rows, scanMember)
		if found = len(list) == 1; found {
			m = list[0]
		}
		return err
	})
	b.Queue(`select e.id::text, e.kind, e.points, e.reference, e.occurred_at from reward_members m
		join loyalty_entries e on e.customer_id = m.subject and e.merchant_id = m.merchant_id and e.livemode = m.livemode and not e.adopted
		where m.id = `+by+` and m.kind = 'customer' order by e.id`, id).Query(func(rows pgx.Rows) error {
		old, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (e entry, err error) {
			err = row.Scan(&e.ID, &e.Kind, &e.Points, &e.Reference, &e.At)
			return e, err
		})
		return err
	})
	b.Queue(`select coalesce(sum(left_points), 0) from reward_lots where member_id = `+by+` and left_points > 0 and expires_at <= $2`, id, now).
		QueryRow(func(row pgx.Row) error { return row.Scan(&gone) })
	for _, queue := range more {
		queue(b)
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return nil, false, nil, 0, fmt.Errorf("lock the member of %s: %w", id, err)
	}
	return m, found, old, gone, nil
}

// isBehind reports whether the ledger of a member lacks points that have expired, or lines of a version before this one.
func isBehind(ctx context.Context, db pg.DB, of owner, now time.Time) (behind bool, err error) {
	err = db.QueryRow(ctx, `select exists (select from reward_lots where member_id = $1 and left_points > 0 and expires_at <= $2)
		or exists (select from reward_members m
			join loyalty_entries e on e.customer_id = m.subject and e.merchant_id = m.merchant_id and e.livemode = m.livemode and not e.adopted
			where m.id = $1 and m.kind = 'customer')`, of.MemberID, now).Scan(&behind)
	if err != nil {
		return false, fmt.Errorf("look for what a member's ledger lacks: %w", err)
	}
	return behind, nil
}

// memberOf returns the id of the merchant's member of that name.
func memberOf(ctx context.Context, db pg.DB, merchantID string, livemode bool, n name) (id string, found bool, err error) {
	err = db.QueryRow(ctx, `select id::text from reward_members where merchant_id = $1 and livemode = $2 and kind = $3 and subject = $4`,
		merchantID, livemode, n.kind, n.subject).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("find member: %w", err)
	}
	return id, true, nil
}

// insertMember adds a member, unless there is one of that name now.
func insertMember(ctx context.Context, tx pgx.Tx, merchantID string, livemode bool, n name, at time.Time) (id string, added bool, err error) {
	id = events.NewID()
	tag, err := tx.Exec(ctx, `insert into reward_members (id, merchant_id, livemode, kind, subject, created_at) values ($1, $2, $3, $4, $5, $6)
		on conflict (merchant_id, livemode, kind, subject) where subject <> '' do nothing`, id, merchantID, livemode, n.kind, n.subject, at)
	if err != nil {
		return "", false, fmt.Errorf("add member: %w", err)
	}
	return id, tag.RowsAffected() == 1, nil
}

// queueMember writes the sums of a locked member.
func queueMember(b *pgx.Batch, m *member, before int64) {
	b.Queue(`update reward_members set balance = $2, held = $3, earned = $4, sequence = $5 where id = $1 and sequence = $6`,
		m.ID, m.Balance, m.Held, m.Earned, m.Sequence, before).Exec(one("update member"))
}

// forget removes what identifies a member.
func forget(ctx context.Context, tx pgx.Tx, id string, at time.Time) error {
	_, err := tx.Exec(ctx, `update reward_members set subject = '', forgotten_at = $2 where id = $1 and subject <> ''`, id, at)
	if err != nil {
		return fmt.Errorf("forget member: %w", err)
	}
	return nil
}

// shownMembers are members with the points that expire next. A customer whose lines are still to be taken over has them in the next seconds.
const shownMembers = `select m.id::text, m.merchant_id, m.livemode, m.kind, m.subject, m.balance, m.held, m.earned, m.sequence, m.created_at, m.forgotten_at,
	coalesce(next.points, 0)::bigint, next.expires_at
	from reward_members m left join lateral (
		select sum(left_points) as points, expires_at from reward_lots where member_id = m.id and left_points > 0 and expires_at is not null
		group by expires_at order by expires_at limit 1) next on true `

func scanShownMember(row pgx.CollectableRow) (*member, error) {
	m := &member{}
	err := row.Scan(&m.ID, &m.MerchantID, &m.Livemode, &m.Kind, &m.Subject, &m.Balance, &m.Held, &m.Earned, &m.Sequence, &m.CreatedAt, &m.ForgottenAt,
		&m.Expiring, &m.ExpiringAt)
	return m, err
}

func readMember(ctx context.Context, db pg.DB, of owner) (*member, error) {
	rows, err := db.Query(ctx, shownMembers+`where m.id = $1 and m.merchant_id = $2 and m.livemode = $3`, of.MemberID, of.MerchantID, of.Livemode)
	if err != nil {
		return nil, fmt.Errorf("read member: %w", err)
	}
	m, err := pgx.CollectExactlyOneRow(rows, scanShownMember)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, notFound()
	}
	if err != nil {
		return nil, fmt.Errorf("read member: %w", err)
	}
	return m, nil
}

// memberList is what the counters of members are called.
const memberList = "reward_members"

// listMembers returns one page, newest first, and the total.
func listMembers(ctx context.Context, db pg.Reader, merchantID string, livemode bool, limit, offset int64) ([]*member, int64, error) {
	place, err := tally.Find(ctx, db, tally.Filter{List: memberList, MerchantID: merchantID, Livemode: livemode}, offset)
	if err != nil || place.Beyond {
		return nil, place.Total, err
	}
	list, err := shown(ctx, db, `where m.merchant_id = $1 and m.livemode = $2 and m.id < $3 order by m.id desc limit $4 offset $5`,
		merchantID, livemode, firstID(place.Before), limit, place.Skip)
	return list, place.Total, err
}

// membersNamed returns the member of that name, or none.
func membersNamed(ctx context.Context, db pg.DB, merchantID string, livemode bool, n name) ([]*member, error) {
	return shown(ctx, db, `where m.merchant_id = $1 and m.livemode = $2 and m.kind = $3 and m.subject = $4`, merchantID, livemode, n.kind, n.subject)
}

func shown(ctx context.Context, db pg.Reader, which string, args ...any) ([]*member, error) {
	rows, err := db.Query(ctx, shownMembers+which, args...)
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanShownMember)
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	return list, nil
}
