package received

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/claim"
	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/einvoice/internal/reading"
)

const paymentColumns = `p.id, p.reference, p.merchant_id, p.livemode, p.merchant_version, p.amount_cents, p.account, p.status, p.failure_code, p.payment_url,
	p.success_url, p.cancel_url, p.created_at, p.ended_at`

func scanPayment(row pgx.CollectableRow) (p Payment, err error) {
	err = row.Scan(&p.ID, &p.Reference, &p.MerchantID, &p.Livemode, &p.MerchantVersion, &p.Amount, &p.Account, &p.Status, &p.Failure, &p.URL, &p.SuccessURL,
		&p.CancelURL, &p.CreatedAt, &p.EndedAt)
	return p, err
}

// paymentsOf returns the payments of an invoice, the newest first.
func paymentsOf(ctx context.Context, db pg.DB, received uuid.UUID) ([]Payment, error) {
	rows, err := db.Query(ctx, `select `+paymentColumns+` from supplier_payments p where p.received_id = $1 order by p.id desc`, received)
	if err != nil {
		return nil, fmt.Errorf("read the payments of a received invoice: %w", err)
	}
	return pgx.CollectRows(rows, scanPayment)
}

// onePayment returns the payment of a condition.
func onePayment(ctx context.Context, tx pgx.Tx, condition string, of string) (Payment, error) {
	rows, err := tx.Query(ctx, `select `+paymentColumns+` from supplier_payments p where `+condition, of)
	if err != nil {
		return Payment{}, fmt.Errorf("read a payment of a received invoice: %w", err)
	}
	p, err := pgx.CollectExactlyOneRow(rows, scanPayment)
	if err != nil {
		return Payment{}, fmt.Errorf("read payment %s: %w", of, err)
	}
	return p, nil
}

func insertPayment(ctx context.Context, tx pgx.Tx, received uuid.UUID, p Payment, dueAt time.Time) error {
	_, err := tx.Exec(ctx, `insert into supplier_payments (id, reference, received_id, merchant_id, livemode, merchant_version, amount_cents, account, status, success_url,
		cancel_url, due_at, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		p.ID, p.Reference, received, p.MerchantID, p.Livemode, p.MerchantVersion, int64(p.Amount), p.Account, p.Status, p.SuccessURL, p.CancelURL, dueAt, p.CreatedAt)
	if err != nil {
		return fmt.Errorf("record the payment of a received invoice: %w", err)
	}
	return nil
}

// paidDocument returns the document that a payment pays.
func (b *Inbox) paidDocument(ctx context.Context, reference string) (d *reading.Invoice, err error) {
	var document []byte
	err = b.Pool.QueryRow(ctx, `select r.document from supplier_payments p join received_invoices r on r.id = p.received_id
		where p.reference = $1`, reference).Scan(&document)
	if err == nil {
		err = json.Unmarshal(document, &d)
	}
	if err != nil {
		return nil, fmt.Errorf("read the document of payment %s: %w", reference, err)
	}
	return d, nil
}

// paidTwin reports whether another invoice of the same seller with this number and year is paid or being paid.
func paidTwin(ctx context.Context, tx pgx.Tx, r *Record) (twin bool, err error) {
	if r.SellerKey == "" || r.issued == nil {
		return false, nil
	}
	err = tx.QueryRow(ctx, `select exists (select from received_invoices t where t.merchant_id = $1 and t.livemode = $2 and t.seller_key = $3 and t.number = $4
		and extract(year from t.issued_on) = $5 and t.id <> $6 and (t.lifecycle_code = $7 or exists (
			select from supplier_payments p where p.received_id = t.id and p.status in ('pending', 'pending_sca', 'completed'))))`,
		r.MerchantID, r.Livemode, r.SellerKey, r.number, r.issued.Year(), r.ID, paymentSent).Scan(&twin)
	if err != nil {
		return false, fmt.Errorf("look for a payment of the same invoice: %w", err)
	}
	return twin, nil
}

// trustOf returns what is known of the accounts of an invoice's seller.
func trustOf(ctx context.Context, db pg.DB, r *Record) (t trust, err error) {
	approved, err := knownAccounts(ctx, db, r)
	if err != nil {
		return trust{}, err
	}
	t = trust{unknown: r.unknown || len(approved) == 0, approved: approved}
	err = db.QueryRow(ctx, `select ibans from received_invoices where merchant_id = $1 and livemode = $2 and seller_key = $3 and seller_key <> '' and lifecycle_code = 211
		and id <> $4 order by updated_at desc limit 1`, r.MerchantID, r.Livemode, r.SellerKey, r.ID).Scan(&t.paid)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return trust{}, fmt.Errorf("read the last paid account of a seller: %w", err)
	}
	return t, nil
}

// claimPayments moves the due time ahead, which makes it a lease.
func (b *Inbox) claimPayments(ctx context.Context, limit int) ([]Payment, error) {
	now := b.instant()
	rows, err := b.Pool.Query(ctx, `update supplier_payments p set due_at = $1 where p.reference = any (array (
		select reference from supplier_payments where due_at <= $2 order by due_at limit $3 for update skip locked)) returning `+paymentColumns, now.Add(lease), now, limit)
	if err != nil {
		return nil, fmt.Errorf("claim payments of received invoices: %w", err)
	}
	return pgx.CollectRows(rows, scanPayment)
}

// postponePayment schedules the next time that a pending payment is asked for.
func (b *Inbox) postponePayment(ctx context.Context, reference string) error {
	var attempts int
	err := b.Pool.QueryRow(ctx, `update supplier_payments set attempts = attempts + 1 where reference = $1 returning attempts`, reference).Scan(&attempts)
	if err == nil {
		again := b.instant().Add(due.Backoff(firstRetry, longestRetry, attempts))
		_, err = b.Pool.Exec(ctx, `update supplier_payments set due_at = $2 where reference = $1 and due_at is not null`, reference, again)
	}
	if err != nil {
		return fmt.Errorf("postpone payment %s: %w", reference, err)
	}
	return nil
}

// openPayment records the page of a pending payment. If the payment has changed since, it is returned as it is.
func (b *Inbox) openPayment(ctx context.Context, p Payment) (after Payment, err error) {
	err = pgx.BeginFunc(ctx, b.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `update supplier_payments set status = $2, payment_url = $3, due_at = null where reference = $1 and status = 'pending'`,
			p.Reference, p.Status, p.URL); err != nil {
			return fmt.Errorf("open payment %s: %w", p.Reference, err)
		}
		after, err = onePayment(ctx, tx, `p.reference = $1`, p.Reference)
		return err
	})
	return after, err
}

// receivedOf returns the invoice of a payment. A payment of another database, such as one before a restore, is not known.
func receivedOf(ctx context.Context, tx pgx.Tx, reference string) (id uuid.UUID, known bool, err error) {
	err = tx.QueryRow(ctx, `select received_id from supplier_payments where reference = $1`, reference).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, false, nil
	}
	if err != nil {
		return uuid.Nil, false, fmt.Errorf("find payment %s: %w", reference, err)
	}
	return id, true, nil
}

// markEnded records how a payment ended, once.
func markEnded(ctx context.Context, tx pgx.Tx, reference, status, failure string, at time.Time) (changed bool, err error) {
	tag, err := tx.Exec(ctx, `update supplier_payments set status = $2, failure_code = $3, ended_at = $4, due_at = null where reference = $1
		and (status in ('pending', 'pending_sca') or status <> 'completed' and $2 = 'completed')`, reference, status, failure, at)
	if err != nil {
		return false, fmt.Errorf("end payment %s: %w", reference, err)
	}
	return tag.RowsAffected() == 1, nil
}

// refuseWhilePaying returns INVALID_STATE for an answer that must not come between an open payment and its end.
func refuseWhilePaying(ctx context.Context, tx pgx.Tx, received uuid.UUID, code int) error {
	if !slices.Contains([]int{disputed, suspended, refused, paymentSent}, code) {
		return nil
	}
	payments, err := paymentsOf(ctx, tx, received)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(payments, func(p Payment) bool { return p.open() }) {
		return errs.New(errs.InvalidState, "A payment of this invoice is open at your bank. Cancel it, or wait for its end, before you answer.")
	}
	return nil
}

// take claims the idempotency key for the id mine, and returns the id that holds it: mine if there is no key.
func take(ctx context.Context, tx pgx.Tx, who Who, idem Idempotency, mine string, now time.Time) (string, error) {
	if idem.Key == "" {
		return mine, nil
	}
	wanted := claim.Claim{Reference: mine, Fingerprint: idem.Hash, ExpiresAt: now.Add(claimFor)}
	held, err := claim.Take(ctx, tx, keyOf(who, idem), wanted, now)
	if err != nil {
		return "", err
	}
	if !held.Same(idem.Hash) {
		return "", errs.New(errs.IdempotencyConflict, "This Idempotency-Key was used with another request. Send a new key for a new request.")
	}
	return held.Reference, nil
}

// point makes the idempotency key refer to what was found instead.
func point(ctx context.Context, tx pgx.Tx, who Who, idem Idempotency, id string) error {
	if idem.Key == "" {
		return nil
	}
	return claim.Point(ctx, tx, keyOf(who, idem), id)
}

func keyOf(who Who, idem Idempotency) claim.Key {
	return claim.Key{MerchantID: who.MerchantID, Livemode: who.Livemode, Kind: "key", Key: idem.Key}
}
