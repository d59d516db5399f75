package reward

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/tally"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
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

// redemptionList is what the counters of redemptions are called.
const redemptionList = "reward_redemptions"

// chosenRedemptions selects the redemptions of a merchant that match a request.
func chosenRedemptions(r *qrv1.ListRedemptionsRequest) (from string, args []any) {
	from, args = ` from reward_redemptions where merchant_id = $1 and livemode = $2`, []any{r.GetMerchantId(), r.GetLivemode()}
	if r.GetStatus() != "" {
		args = append(args, r.GetStatus())
		from += fmt.Sprintf(` and status = $%d`, len(args))
	}
	if r.GetMemberId() != "" {
		args = append(args, r.GetMemberId())
		from += fmt.Sprintf(` and member_id = $%d`, len(args))
	}
	return from, args
}

// listRedemptions returns one page, newest first, and the total. Those of a member are counted one by one.
func listRedemptions(ctx context.Context, db pg.Reader, r *qrv1.ListRedemptionsRequest) ([]*redemption, tally.Total, error) {
	from, args := chosenRedemptions(r)
	limit, skip := page(r.GetPage(), r.GetLimit())
	var total tally.Total
	if r.GetMemberId() != "" {
		var err error
		if total, err = tally.AtMost(ctx, db, from, args...); err != nil {
			return nil, tally.Total{}, fmt.Errorf("count redemptions: %w", err)
		}
	} else {
		f := tally.Filter{List: redemptionList, MerchantID: r.GetMerchantId(), Livemode: r.GetLivemode()}
		if r.GetStatus() != "" {
			f.Groups = []string{r.GetStatus()}
		}
		place, err := tally.Find(ctx, db, f, skip)
		if total.Rows = place.Total; err != nil || place.Beyond {
			return nil, total, err
		}
		skip, args = place.Skip, append(args, firstID(place.Before))
		from += fmt.Sprintf(` and reward_redemptions.id < $%d`, len(args))
	}
	rows, err := db.Query(ctx, fmt.Sprintf(`select %s%s order by reward_redemptions.id desc limit %d offset %d`, redemptionColumns, from, limit, skip), args...)
	if err != nil {
		return nil, tally.Total{}, fmt.Errorf("list redemptions: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanRedemption)
	if err != nil {
		return nil, tally.Total{}, fmt.Errorf("list redemptions: %w", err)
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
