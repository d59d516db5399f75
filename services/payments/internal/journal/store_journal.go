// Package journal reads a merchant's payments and refunds in the order of time, for its books.
package journal

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/types/known/timestamppb"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// part is what is read at once: the rows of a period after one of them.
type part struct {
	merchant       string
	livemode       bool
	from, to       time.Time
	afterAt        time.Time
	afterReference string
	limit          int
}

// basis is where the payments p of a journal are, the table of these whose index has its order, the time by which it is ordered, what it selects,
// the amount and the metadata that it shows, and how much of it is read at once.
type basis struct {
	from, of, at, where, amount, metadata string
	most                                  int
}

// How much is read at once: a message has at most 4 MiB, and the metadata of one payment may have 8 KiB.
const (
	mostRows     = 1000
	mostMetadata = 250
)

// moved is what a payment brought, or a refund gave back.
const moved = `case when p.completed_at is null then coalesce(p.late_cents, 0) else p.amount_cents end`

// settlements lists payments by when they were settled. What a payment says itself is the truth.
// The limit keeps the planner from reading all payments to join them.
const settlements = `payment_settlements s cross join lateral (select * from payments where reference = s.reference and settled_at = s.settled_at limit 1) p`

// The conditions are those of the indexes payments_list, payments_refund_list and payments_moved, and of the table payment_settlements.
var bases = map[paymentsv1.JournalBasis]basis{
	paymentsv1.JournalBasis_JOURNAL_BASIS_PAYMENTS_CREATED: {
		"payments p", "p", "p.created_at", `p.kind = 'payment' and p.origin <> 'scan'`, "p.amount_cents", "p.metadata", mostMetadata,
	},
	paymentsv1.JournalBasis_JOURNAL_BASIS_REFUNDS_CREATED: {"payments p", "p", "p.created_at", `p.kind = 'refund'`, "p.amount_cents", "''", mostRows},
	paymentsv1.JournalBasis_JOURNAL_BASIS_MOVED: {
		"payments p", "p", "coalesce(p.completed_at, p.late_at)", `p.origin <> 'scan' and (p.completed_at is not null or p.late_at is not null)`, moved, "''", mostRows,
	},
	paymentsv1.JournalBasis_JOURNAL_BASIS_SETTLED: {settlements, "s", "s.settled_at", `p.origin <> 'scan'`, moved, "''", mostRows},
}

// columns end with what is known of the payment that a refund gives back. Refunds that completed at the same instant follow each other by reference.
const columns = `p.reference, p.kind, coalesce(p.original_reference, ''), p.currency, p.status, p.status_detail, p.failure_code, p.description,
	p.merchant_reference, p.amount_refunded_cents, p.created_at, p.completed_at, p.settled_at, p.payment_link_id, p.subscription_id,
	p.completed_at is null and p.late_at is not null,
	coalesce(case when o.completed_at is null then o.late_cents else o.amount_cents end, 0),
	case when p.kind = 'refund' then (select coalesce(sum(r.amount_cents), 0)::bigint from payments r where r.kind = 'refund'
		and r.original_reference = p.original_reference and (r.completed_at, r.reference) < (p.completed_at, p.reference)) else 0 end`

// sql reads a part of the journal.
func (b basis) sql() string {
	return fmt.Sprintf(`select %[1]s, %[3]s, %[4]s, %[5]s from %[6]s left join payments o on o.reference = p.original_reference
		where %[7]s.merchant_id = $1 and %[7]s.livemode = $2 and %[2]s and %[1]s >= $3 and %[1]s < $4 and (%[1]s, %[7]s.reference) > ($5, $6)
		order by %[1]s, %[7]s.reference limit $7`, b.at, b.where, b.amount, b.metadata, columns, b.from, b.of)
}

func list(ctx context.Context, pool *pgxpool.Pool, b basis, p part) ([]*paymentsv1.JournalRow, error) {
	rows, err := pool.Query(ctx, b.sql(), p.merchant, p.livemode, p.from, p.to, p.afterAt, p.afterReference, p.limit)
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	all, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	return all, nil
}

func scan(row pgx.CollectableRow) (*paymentsv1.JournalRow, error) {
	var r paymentsv1.JournalRow
	var at, created time.Time
	var completed, settled *time.Time
	var metadata string
	err := row.Scan(&at, &r.AmountCents, &metadata, &r.Reference, &r.Kind, &r.OriginalReference, &r.Currency, &r.Status, &r.StatusDetail, &r.FailureCode, &r.Description,
		&r.MerchantReference, &r.AmountRefundedCents, &created, &completed, &settled, &r.PaymentLinkId, &r.SubscriptionId, &r.Late,
		&r.OriginalAmountCents, &r.RefundedBeforeCents)
	r.At, r.CreatedAt, r.CompletedAt, r.SettledAt = timestamppb.New(at), timestamppb.New(created), stamp(completed), stamp(settled)
	r.MetadataJson = []byte(metadata)
	return &r, err
}

func stamp(t *time.Time) *timestamppb.Timestamp {
	if t == nil {
		return nil
	}
	return timestamppb.New(*t)
}
