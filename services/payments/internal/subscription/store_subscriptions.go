package subscription

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/tally"
)

// errNotFound is returned when the merchant has no such subscription or occurrence in the mode.
var errNotFound = errors.New("subscription not found")

const columns = `id, merchant_id::text, livemode, amount_cents, currency, frequency, start_date, end_date, collect, days_before,
	coalesce(bank_id::text, ''), settlement, description, merchant_reference, success_url, cancel_url, metadata, merchant_name, customer,
	status, status_detail, failure_code, sequence, authorisation_url, approval_url, coalesce(replaces, ''), coalesce(replaced_by, ''),
	ending, ending_by, stop_at_bank, planned, due_at, created_at, updated_at, activated_at, ended_at, notify_customer`

func scan(row pgx.Row) (Subscription, error) {
	var s Subscription
	var end *time.Time
	err := row.Scan(&s.ID, &s.MerchantID, &s.Livemode, &s.Amount, &s.Currency, &s.Schedule.Frequency, &s.Schedule.Start, &end, &s.Collect, &s.DaysBefore,
		&s.BankID, &s.Settlement, &s.Description, &s.MerchantReference, &s.SuccessURL, &s.CancelURL, &s.Metadata, &s.MerchantName, &s.Customer,
		&s.Status, &s.Detail, &s.Failure, &s.Sequence, &s.AuthorisationURL, &s.ApprovalURL, &s.Replaces, &s.ReplacedBy,
		&s.Ending, &s.EndingBy, &s.StopAtBank, &s.Planned, &s.DueAt, &s.CreatedAt, &s.UpdatedAt, &s.ActivatedAt, &s.EndedAt, &s.NotifyCustomer)
	if errors.Is(err, pgx.ErrNoRows) {
		return Subscription{}, errNotFound
	}
	if err != nil {
		return Subscription{}, fmt.Errorf("read subscription: %w", err)
	}
	if end != nil {
		s.Schedule.End = *end
	}
	return s, nil
}

// lock reads a subscription and holds its row until the transaction ends.
func lock(ctx context.Context, tx pg.DB, id string) (Subscription, error) {
	return scan(tx.QueryRow(ctx, `select `+columns+` from subscriptions where id = $1 for update`, id))
}

// get returns a subscription of the merchant in the mode, or errNotFound.
func get(ctx context.Context, db pg.DB, o Owner, id string) (Subscription, error) {
	return scan(db.QueryRow(ctx, `select `+columns+` from subscriptions where id = $1 and merchant_id = $2 and livemode = $3`, id, o.MerchantID, o.Livemode))
}

// tail is how many characters of a subscription's id its bank label has.
const tail = 16

// named returns the id of the merchant's subscription in the mode that a text names by its id or the end of it, or errNotFound.
func named(ctx context.Context, db pg.DB, o Owner, text string) (id string, err error) {
	err = db.QueryRow(ctx, `select id from subscriptions where right(id, 16) = right($1, 16) and (id = $1 or length($1) = $4) and merchant_id = $2 and livemode = $3`,
		text, o.MerchantID, o.Livemode, tail).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", errNotFound
	}
	if err != nil {
		return "", fmt.Errorf("find the subscription %s: %w", text, err)
	}
	return id, nil
}

// find returns a subscription of any merchant. Use it only for work that merchants cannot control.
func find(ctx context.Context, db pg.DB, id string) (Subscription, error) {
	return scan(db.QueryRow(ctx, `select `+columns+` from subscriptions where id = $1`, id))
}

// insert records a new subscription.
func insert(ctx context.Context, tx pg.DB, s Subscription) error {
	_, err := tx.Exec(ctx, `insert into subscriptions (id, merchant_id, livemode, amount_cents, currency, frequency, start_date, end_date, collect,
		days_before, bank_id, settlement, description, merchant_reference, success_url, cancel_url, metadata, merchant_name, customer,
		status, sequence, replaces, due_at, created_at, updated_at, notify_customer)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $24, $25)`,
		s.ID, s.MerchantID, s.Livemode, s.Amount, s.Currency, s.Schedule.Frequency, s.Schedule.Start, orNull(s.Schedule.End), s.Collect,
		s.DaysBefore, textOrNull(s.BankID), s.Settlement, s.Description, s.MerchantReference, s.SuccessURL, s.CancelURL, s.Metadata,
		s.MerchantName, s.Customer, s.Status, s.Sequence, textOrNull(s.Replaces), s.DueAt, s.CreatedAt, s.NotifyCustomer)
	if err != nil {
		return fmt.Errorf("insert subscription %s: %w", s.ID, err)
	}
	return nil
}

// write writes what may change of a subscription whose row is locked. The sequence of each change is one more than the one before.
func write(ctx context.Context, tx pg.DB, s Subscription) error {
	tag, err := tx.Exec(ctx, `update subscriptions set bank_id = $3, settlement = $4, customer = $5, status = $6, status_detail = $7, failure_code = $8,
		sequence = $2, authorisation_url = $9, approval_url = $10, replaced_by = $11, ending = $12, ending_by = $13, stop_at_bank = $14, planned = $15,
		due_at = $16, updated_at = $17, activated_at = $18, ended_at = $19
		where id = $1 and sequence = $2 - 1`,
		s.ID, s.Sequence, textOrNull(s.BankID), s.Settlement, s.Customer, s.Status, s.Detail, s.Failure,
		s.AuthorisationURL, s.ApprovalURL, textOrNull(s.ReplacedBy), s.Ending, s.EndingBy, s.StopAtBank, s.Planned,
		s.DueAt, s.UpdatedAt, s.ActivatedAt, s.EndedAt)
	if err != nil {
		return fmt.Errorf("write subscription %s: %w", s.ID, err)
	}
	if tag.RowsAffected() != 1 {
		return fmt.Errorf("write subscription %s: it changed concurrently", s.ID)
	}
	return nil
}

// noteDue writes when a subscription needs work next and how many occurrences have a row, which is no change that the history tells.
func noteDue(ctx context.Context, tx pg.DB, s Subscription) error {
	_, err := tx.Exec(ctx, `update subscriptions set due_at = $2, planned = $3 where id = $1 and due_at is not null`, s.ID, s.DueAt, s.Planned)
	if err != nil {
		return fmt.Errorf("set the due time of subscription %s: %w", s.ID, err)
	}
	return nil
}

// firstSubscription is when the next subscription is due.
const firstSubscription = `select min(due_at) from subscriptions where due_at is not null`

// claimSubscriptions claims due subscriptions and moves their due time ahead by the lease.
func (r *Room) claimSubscriptions(ctx context.Context, limit int) ([]string, error) {
	now := r.clock()
	rows, err := r.Pool.Query(ctx, `update subscriptions set due_at = $2
		where id in (select id from subscriptions where due_at <= $1 order by due_at limit $3 for update skip locked) returning id`,
		now, now.Add(lease), limit)
	if err != nil {
		return nil, fmt.Errorf("claim subscriptions: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Filter chooses subscriptions. Empty texts choose all.
type Filter struct {
	Status, MerchantReference string
	// Page counts from 1.
	Page, Limit int
}

// list returns one page of the merchant's subscriptions, newest first, and how many there are in all, at most tally.Most.
func list(ctx context.Context, db pg.Reader, o Owner, f Filter) (page []Subscription, total tally.Total, err error) {
	const where = `from subscriptions where merchant_id = $1 and livemode = $2 and ($3 = '' or status = $3) and ($4 = '' or merchant_reference = $4)`
	if total, err = tally.AtMost(ctx, db, where, o.MerchantID, o.Livemode, f.Status, f.MerchantReference); err != nil {
		return nil, total, fmt.Errorf("count subscriptions: %w", err)
	}
	rows, err := db.Query(ctx, `select `+columns+" "+where+` order by created_at desc, id desc limit $5 offset $6`,
		o.MerchantID, o.Livemode, f.Status, f.MerchantReference, f.Limit, (f.Page-1)*f.Limit)
	if err != nil {
		return nil, total, fmt.Errorf("list subscriptions: %w", err)
	}
	page, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Subscription, error) { return scan(row) })
	return page, total, err
}

// replacing returns the subscription that is about to take the place of another one; empty: there is none.
func replacing(ctx context.Context, db pg.DB, id string) (string, error) {
	var other string
	err := db.QueryRow(ctx, `select id from subscriptions where replaces = $1 and status in ('pending', 'pending_sca')`, id).Scan(&other)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("find the replacement of subscription %s: %w", id, err)
	}
	return other, nil
}

func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
