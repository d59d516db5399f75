package bill

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

const shareColumns = `id::text, bill_id::text, merchant_id::text, livemode, kind, status, amount_cents, tip_cents, people, parts, items, description, page,
	payment_reference, payment_url, payment_created_at, merchant_version, failure_code, attempts, expires_at, created_at, trace`

func scanShare(row pgx.CollectableRow) (*share, error) {
	s := &share{}
	err := row.Scan(&s.ID, &s.BillID, &s.Merchant, &s.Livemode, &s.Kind, &s.Status, &s.Amount, &s.Tip, &s.People, &s.Parts, &s.Items, &s.Description, &s.Page,
		&s.Reference, &s.PaymentURL, &s.PaymentCreatedAt, &s.MerchantVersion, &s.Failure, &s.Attempts, &s.ExpiresAt, &s.CreatedAt, &s.trace)
	return s, err
}

// readShares reads the shares of a bill that are open or paid: at most maxShares.
func readShares(ctx context.Context, db pg.DB, a *account) error {
	rows, err := db.Query(ctx, `select `+shareColumns+` from bill_shares where bill_id = $1 and status in ('open', 'paid') order by created_at, id`, a.ID)
	if err == nil {
		a.Shares, err = pgx.CollectRows(rows, scanShare)
	}
	if err != nil {
		return fmt.Errorf("read the shares of a bill: %w", err)
	}
	return nil
}

func oneShare(ctx context.Context, db pg.DB, where string, args ...any) (*share, error) {
	rows, err := db.Query(ctx, `select `+shareColumns+` from bill_shares where `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read share: %w", err)
	}
	s, err := pgx.CollectExactlyOneRow(rows, scanShare)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.NotFound(shareNoun)
	}
	if err != nil {
		return nil, fmt.Errorf("read share: %w", err)
	}
	return s, nil
}

func readShare(ctx context.Context, db pg.DB, id string) (*share, error) {
	return oneShare(ctx, db, `id = $1`, id)
}

func readPublicShare(ctx context.Context, db pg.DB, token, id string) (*share, error) {
	return oneShare(ctx, db, `id = $2 and bill_id = (select id from bills where token = $1)`, token, id)
}

func countShares(ctx context.Context, tx pgx.Tx, billID string) (n int64, err error) {
	if err := tx.QueryRow(ctx, `select count(*) from bill_shares where bill_id = $1`, billID).Scan(&n); err != nil {
		return 0, fmt.Errorf("count the shares of a bill: %w", err)
	}
	return n, nil
}

func insertShare(ctx context.Context, tx pgx.Tx, s *share, due time.Time) error {
	items := s.Items
	if items == nil {
		items = []pieces{}
	}
	_, err := tx.Exec(ctx, `insert into bill_shares (id, bill_id, merchant_id, livemode, kind, status, amount_cents, tip_cents, people, parts, items, description, page,
		payment_reference, merchant_version, attempts, due_at, expires_at, created_at, updated_at, trace)
		values ($1, $2, $3, $4, $5, 'open', $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18, $19)`,
		s.ID, s.BillID, s.Merchant, s.Livemode, s.Kind, s.Amount, s.Tip, s.People, s.Parts, items, s.Description, s.Page, s.Reference, s.MerchantVersion,
		s.Attempts, due, s.ExpiresAt, s.CreatedAt, s.trace)
	if err != nil {
		return fmt.Errorf("insert share: %w", err)
	}
	return nil
}

// setShare writes the end of a share of a locked bill. A paid share never changes again.
func setShare(ctx context.Context, tx pgx.Tx, s *share, now time.Time) error {
	tag, err := tx.Exec(ctx, `update bill_shares set status = $2, failure_code = $3, due_at = null, updated_at = $4 where id = $1 and status <> 'paid'`,
		s.ID, s.Status, s.Failure, now)
	if err != nil {
		return fmt.Errorf("end share: %w", err)
	}
	if tag.RowsAffected() != 1 {
		return fmt.Errorf("end share %s: it changed under the lock of its bill", s.ID)
	}
	return nil
}

// firstShare is when the next share is due.
const firstShare = `select min(due_at) from bill_shares where due_at is not null`

// claimShares claims open shares that are due with a lease, oldest first.
func claimShares(ctx context.Context, db pg.DB, now time.Time, lease time.Duration, limit int) ([]*share, error) {
	rows, err := db.Query(ctx, `update bill_shares set due_at = $2, attempts = attempts + 1
		where id in (select id from bill_shares where due_at <= $1 order by due_at limit $3 for no key update skip locked) returning `+shareColumns,
		now, now.Add(lease), limit)
	var list []*share
	if err == nil {
		list, err = pgx.CollectRows(rows, scanShare)
	}
	if err != nil {
		return nil, fmt.Errorf("claim shares of bills: %w", err)
	}
	return list, nil
}

// postponeShare makes an open share due at that time, unless it has its payment in the meantime.
func postponeShare(ctx context.Context, db pg.DB, id string, due time.Time) error {
	_, err := db.Exec(ctx, `update bill_shares set due_at = $2 where id = $1 and status = 'open' and payment_url = ''`, id, due)
	if err != nil {
		return fmt.Errorf("postpone the payment of a share: %w", err)
	}
	return nil
}

// notePayment stores the payment of an open share, which is due at that time: when it expires, or when a payment without a URL is asked for again.
func notePayment(ctx context.Context, db pg.DB, id string, p *paymentsv1.Payment, due time.Time) error {
	_, err := db.Exec(ctx, `update bill_shares set payment_url = case when $2 = '' then payment_url else $2 end, payment_created_at = $3,
			due_at = case when $2 = '' and payment_url <> '' then due_at else $4::timestamptz end
		where id = $1 and status = 'open'`, id, p.GetPaymentUrl(), p.GetCreatedAt().AsTime(), due)
	if err != nil {
		return fmt.Errorf("store the payment of a share: %w", err)
	}
	return nil
}
