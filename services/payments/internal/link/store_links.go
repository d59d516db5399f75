package link

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/tally"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

const columns = `id, (select url from payment_link_hosted where link_id = payment_links.id),
	merchant_id::text, livemode, coalesce(slug, ''), host, status, status_detail, coalesce(amount_cents, 0), coalesce(minimum_cents, 0),
	coalesce(maximum_cents, 0), currency, coalesce(uses_max, 0), uses_open, uses_paid, uses_beyond, amount_paid_cents, expires_at, description, reference,
	success_url, metadata, subscription_id, sequence, due_at, created_at, updated_at, paid_at, expired_at, revoked_at`

func (l *Links) scan(row pgx.Row) (Link, error) {
	var x Link
	var url *string
	err := row.Scan(&x.ID, &url, &x.MerchantID, &x.Livemode, &x.Slug, &x.Host, &x.Status, &x.Detail, &x.Amount, &x.Minimum,
		&x.Maximum, &x.Currency, &x.UsesMax, &x.UsesOpen, &x.UsesPaid, &x.UsesBeyond, &x.AmountPaid, &x.ExpiresAt, &x.Description, &x.Reference,
		&x.SuccessURL, &x.Metadata, &x.SubscriptionID, &x.Sequence, &x.DueAt, &x.CreatedAt, &x.UpdatedAt, &x.PaidAt, &x.ExpiredAt, &x.RevokedAt)
	if url != nil {
		x.URL = *url
	}
	return l.addressed(x), orNoLink(err)
}

// lock reads a link of any merchant and holds its row until the transaction ends.
func (l *Links) lock(ctx context.Context, tx pgx.Tx, id string) (Link, error) {
	return l.scan(tx.QueryRow(ctx, `select `+columns+` from payment_links where id = $1 for update`, id))
}

func (l *Links) ofMerchant(ctx context.Context, db pg.DB, merchantID string, livemode bool, id string) (Link, error) {
	return l.scan(db.QueryRow(ctx, `select `+columns+` from payment_links where id = $1 and merchant_id = $2 and livemode = $3`, id, merchantID, livemode))
}

func (l *Links) bySlug(ctx context.Context, slug string) (Link, error) {
	return l.scan(l.Pool.QueryRow(ctx, `select `+columns+` from payment_links where slug = $1`, slug))
}

func (l *Links) insert(ctx context.Context, tx pgx.Tx, x Link, actor string) error {
	b := &pgx.Batch{}
	b.Queue(`insert into payment_links (id, merchant_id, livemode, slug, host, status, status_detail, amount_cents, minimum_cents, maximum_cents, currency, uses_max,
		expires_at, description, reference, success_url, metadata, subscription_id, sequence, due_at, created_at, updated_at)
		values ($1, $2, $3, nullif($4, ''), $5, $6, $21, nullif($7::bigint, 0), nullif($8::bigint, 0), nullif($9::bigint, 0), $10, nullif($11::integer, 0),
		$12, $13, $14, $15, $16, $17, $18, $19, $20, $20)`,
		x.ID, x.MerchantID, x.Livemode, x.Slug, x.Host, x.Status, x.Amount, x.Minimum, x.Maximum, x.Currency, x.UsesMax,
		x.ExpiresAt, x.Description, x.Reference, x.SuccessURL, x.Metadata, x.SubscriptionID, x.Sequence, x.DueAt, x.CreatedAt, x.Detail)
	queueHistory(b, x, Change{What: "created", Actor: actor})
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("record payment link: %w", err)
	}
	return nil
}

// write writes what may change, with its history row. The row is locked.
func (l *Links) write(ctx context.Context, tx pgx.Tx, x Link, c Change) error {
	b := &pgx.Batch{}
	b.Queue(`update payment_links set status = $2, status_detail = $3, uses_open = $4, uses_paid = $5, uses_beyond = $6, amount_paid_cents = $7,
		expires_at = $8, sequence = $9, due_at = $10, updated_at = $11, paid_at = $12, expired_at = $13, revoked_at = $14 where id = $1`,
		x.ID, x.Status, x.Detail, x.UsesOpen, x.UsesPaid, x.UsesBeyond, x.AmountPaid, x.ExpiresAt, x.Sequence, x.DueAt, x.UpdatedAt,
		x.PaidAt, x.ExpiredAt, x.RevokedAt)
	queueHistory(b, x, c)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("change payment link %s: %w", x.ID, err)
	}
	return nil
}

func queueHistory(b *pgx.Batch, x Link, c Change) {
	b.Queue(`insert into payment_link_history (link_id, sequence, status, what, payment_reference, actor, occurred_at) values ($1, $2, $3, $4, $5, $6, $7)`,
		x.ID, x.Sequence, x.Status, c.What, c.Payment, c.Actor, x.UpdatedAt)
}

// firstDue is when the next link is due.
const firstDue = `select min(due_at) from payment_links where due_at is not null`

// claimDue claims links whose time is over, and moves their due time ahead.
func (l *Links) claimDue(ctx context.Context, limit int) ([]string, error) {
	now := l.clock()
	rows, err := l.Pool.Query(ctx, `update payment_links set due_at = $2
		where id in (select id from payment_links where due_at <= $1 order by due_at limit $3 for update skip locked) returning id`,
		now, now.Add(expiryLease), limit)
	if err != nil {
		return nil, fmt.Errorf("claim due payment links: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Recorded is a row of a link's history.
type Recorded struct {
	Sequence             int64
	Status               Status
	What, Payment, Actor string
	At                   time.Time
}

// History returns what happened to a link, oldest first: its last thousand changes.
func (l *Links) History(ctx context.Context, id string) ([]Recorded, error) {
	rows, err := l.Pool.Query(ctx, `select sequence, status, what, payment_reference, actor, occurred_at from
		(select * from payment_link_history where link_id = $1 order by sequence desc limit 1000) h order by sequence`, id)
	if err != nil {
		return nil, fmt.Errorf("read history of payment link %s: %w", id, err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Recorded])
}

// Filter of a list; zero fields do not filter.
type Filter struct {
	MerchantID     string
	Livemode       bool
	Status         Status
	Host           Host
	Reference      string
	SubscriptionID string
	// MadeBy is who made it: "merchant", or "subscription".
	MadeBy string
	// Search finds a part of the description or the reference; case does not matter.
	Search string
	// From is inclusive, To is exclusive.
	From, To time.Time
}

func (f Filter) where() (string, []any) {
	where, args := []string{"merchant_id = $1", "livemode = $2"}, []any{f.MerchantID, f.Livemode}
	and := func(condition string, value any) {
		args = append(args, value)
		where = append(where, strings.ReplaceAll(condition, "?", fmt.Sprintf("$%d", len(args))))
	}
	if f.Status != "" {
		and("status = ?", f.Status)
	}
	if f.Host != "" {
		and("host = ?", f.Host)
	}
	if f.Reference != "" {
		and("reference = ? and reference <> ''", f.Reference)
	}
	switch f.MadeBy {
	case "merchant":
		where = append(where, "subscription_id = ''")
	case "subscription":
		where = append(where, "subscription_id <> ''")
	}
	if f.SubscriptionID != "" {
		and("subscription_id = ? and subscription_id <> ''", f.SubscriptionID)
	}
	if f.Search != "" {
		and("strpos(lower(description || E'\\n' || reference), lower(?)) > 0", f.Search)
	}
	if !f.From.IsZero() {
		and("created_at >= ?", f.From)
	}
	if !f.To.IsZero() {
		and("created_at < ?", f.To)
	}
	return "from payment_links where " + strings.Join(where, " and "), args
}

// List returns one page of a merchant's links, newest first, and how many there are in all, at most tally.Most.
func (l *Links) List(ctx context.Context, f Filter, limit, offset int) (list []Link, total tally.Total, err error) {
	where, args := f.where()
	if total, err = tally.AtMost(ctx, l.Reads, where, args...); err != nil {
		return nil, total, fmt.Errorf("count payment links: %w", err)
	}
	rows, err := l.Reads.Query(ctx, `select `+columns+" "+where+fmt.Sprintf(` order by created_at desc, id desc limit %d offset %d`, limit, offset), args...)
	if err != nil {
		return nil, total, fmt.Errorf("list payment links: %w", err)
	}
	list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Link, error) { return l.scan(row) })
	return list, total, err
}

// takePlace records the use of a link by a new payment. The link's row is locked.
func (l *Links) takePlace(ctx context.Context, tx pgx.Tx, x Link, p payment.Payment) error {
	b := &pgx.Batch{}
	b.Queue(`insert into payment_link_uses (reference, link_id, state, amount_cents, created_at, changed_at) values ($1, $2, 'open', $3, $4, $4)`,
		p.Reference, x.ID, p.Amount, p.CreatedAt)
	b.Queue(`update payment_links set uses_open = uses_open + 1 where id = $1`, x.ID)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("take a place of payment link %s: %w", x.ID, err)
	}
	return nil
}

func (l *Links) useOf(ctx context.Context, tx pgx.Tx, o outcome) (state string, err error) {
	err = tx.QueryRow(ctx, `select state from payment_link_uses where reference = $1 and link_id = $2`, o.reference, o.link).Scan(&state)
	if err != nil {
		return "", fmt.Errorf("read the use of payment %s: %w", o.reference, err)
	}
	return state, nil
}

// setUse settles a use. A late receipt may bring another amount than the payment had.
func (l *Links) setUse(ctx context.Context, tx pgx.Tx, o outcome, state string) error {
	tag, err := tx.Exec(ctx, `update payment_link_uses set state = $3, amount_cents = coalesce(nullif($4::bigint, 0), amount_cents), changed_at = $5
		where reference = $1 and link_id = $2 and state <> 'paid'`, o.reference, o.link, state, o.paid, l.clock())
	if err != nil {
		return fmt.Errorf("settle the use of payment %s: %w", o.reference, err)
	}
	if tag.RowsAffected() != 1 {
		return fmt.Errorf("settle the use of payment %s: it is settled", o.reference)
	}
	return nil
}

// writeCounts writes the number of open uses. The row is locked.
func (l *Links) writeCounts(ctx context.Context, tx pgx.Tx, x Link) error {
	if _, err := tx.Exec(ctx, `update payment_links set uses_open = $2 where id = $1`, x.ID, x.UsesOpen); err != nil {
		return fmt.Errorf("count the uses of payment link %s: %w", x.ID, err)
	}
	return nil
}

// lastUse returns the payment that holds or paid a link that is paid once; empty: none.
func (l *Links) lastUse(ctx context.Context, db pg.DB, id string) (reference string, err error) {
	err = db.QueryRow(ctx, `select reference from payment_link_uses where link_id = $1 and state <> 'released'
		order by state = 'open' desc, created_at desc limit 1`, id).Scan(&reference)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the payment of payment link %s: %w", id, err)
	}
	return reference, nil
}
