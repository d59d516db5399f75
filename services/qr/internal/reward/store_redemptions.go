package reward

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
)

const redemptionColumns = `id::text, merchant_id, livemode, member_id::text, status, points, amount_cents, reference, actor, expires_at, created_at, ended_at`

func scanRedemption(row pgx.CollectableRow) (*redemption, error) {
	r := &redemption{}
	err := row.Scan(&r.ID, &r.MerchantID, &r.Livemode, &r.MemberID, &r.Status, &r.Points, &r.Amount, &r.Reference, &r.Actor, &r.ExpiresAt, &r.CreatedAt, &r.EndedAt)
	return r, err
}

func queueRedemption(b *pgx.Batch, r *redemption) {
	b.Queue(`insert into reward_redemptions (id, merchant_id, livemode, member_id, status, points, amount_cents, reference, actor, expires_at, created_at, due_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10)`,
		r.ID, r.MerchantID, r.Livemode, r.MemberID, r.Status, r.Points, r.Amount, r.Reference, r.Actor, r.ExpiresAt, r.CreatedAt)
}

// queueEnd ends a redemption that is held.
func queueEnd(b *pgx.Batch, r *redemption) {
	b.Queue(`update reward_redemptions set status = $2, ended_at = $3, due_at = null where id = $1 and status = 'held'`, r.ID, r.Status, r.EndedAt).
		Exec(one("end redemption"))
}

func readRedemption(ctx context.Context, db pg.DB, merchantID string, livemode bool, id string) (*redemption, error) {
	rows, err := db.Query(ctx, `select `+redemptionColumns+` from reward_redemptions where id = $1 and merchant_id = $2 and livemode = $3`, id, merchantID, livemode)
	if err != nil {
		return nil, fmt.Errorf("read redemption: %w", err)
	}
	r, err := pgx.CollectExactlyOneRow(rows, scanRedemption)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.NotFound("Redemption")
	}
	if err != nil {
		return nil, fmt.Errorf("read redemption: %w", err)
	}
	return r, nil
}

// queueRedemptionRead reads a redemption after its member was locked; nil: there is none.
func queueRedemptionRead(b *pgx.Batch, h hold, into **redemption) {
	b.Queue(`select `+redemptionColumns+` from reward_redemptions where id = $1 and merchant_id = $2 and livemode = $3`, h.ID, h.MerchantID, h.Livemode).
		Query(func(rows pgx.Rows) error {
			list, err := pgx.CollectRows(rows, scanRedemption)
			if len(list) == 1 {
				*into = list[0]
			}
			return err //nolint:wrapcheck // the batch says what it was for
		})
}

// listRedemptions returns one page, newest first, and the total. Empty texts choose all.
func listRedemptions(
	ctx context.Context, db pg.DB, merchantID string, livemode bool, status, memberID string, limit, offset int64,
) (list []*redemption, total int64, err error) {
	const chosen = ` from reward_redemptions where merchant_id = $1 and livemode = $2 and ($3 = '' or status = $3) and ($4 = '' or member_id = nullif($4, '')::uuid)`
	b := &pgx.Batch{}
	b.Queue(`select count(*)`+chosen, merchantID, livemode, status, memberID).QueryRow(func(row pgx.Row) error { return row.Scan(&total) })
	b.Queue(`select `+redemptionColumns+chosen+` order by reward_redemptions.id desc limit $5 offset $6`, merchantID, livemode, status, memberID, limit, offset).
		Query(func(rows pgx.Rows) error {
			list, err = pgx.CollectRows(rows, scanRedemption)
			return err
		})
	if err := db.SendBatch(ctx, b).Close(); err != nil {
		return nil, 0, fmt.Errorf("list redemptions: %w", err)
	}
	return list, total, nil
}

// firstHold is when the next hold ends.
const firstHold = `select min(due_at) from reward_redemptions where due_at is not null`

// claimHolds claims holds whose time has come.
func (s *Server) claimHolds(ctx context.Context, limit int) ([]hold, error) {
	now := s.now()
	rows, err := s.pool.Query(ctx, `update reward_redemptions set due_at = $2
		where id in (select id from reward_redemptions where due_at <= $1 order by due_at limit $3 for update skip locked)
		returning merchant_id, livemode, id::text`, now, now.Add(lease), limit)
	if err != nil {
		return nil, fmt.Errorf("claim holds of points: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (h hold, err error) {
		err = row.Scan(&h.MerchantID, &h.Livemode, &h.ID)
		return h, err
	})
	if err != nil {
		return nil, fmt.Errorf("claim holds of points: %w", err)
	}
	return list, nil
}
