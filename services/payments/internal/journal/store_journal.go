// Package journal reads a merchant's payments and refunds in the order of time, for its books.
package journal

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/run/pg"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
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

// basis reads a part of a journal, of which most rows are read at once.
type basis struct {
	sql  string
	scan pgx.RowToFunc[*paymentsv1.JournalRow]
	most int
}

// How much is read at once: a message has at most 4 MiB, and the metadata of one payment may have 8 KiB.
const (
	mostRows     = 1000
	mostMetadata = 250
)

// moved is what a payment brought, or a refund gave back.
const moved = `case when p.completed_at is null then coalesce(p.late_cents, 0) else p.amount_cents end`

// source is where the payments p of a journal are, and the table of these whose index has its order.
type source struct{ from, of string }

var (
	payments = source{"payments p", "p"}
	// settlements lists payments by when they were settled. What a payment says itself is the truth.
	// The limit keeps the planner from reading all payments to join them.
	settlements = source{`payment_settlements s cross join lateral (select * from payments where reference = s.reference and settled_at = s.settled_at limit 1) p`, "s"}
)

// The conditions are those of the indexes payments_list, payments_refund_list and payments_moved, and of the table payment_settlements.
var bases = map[paymentsv1.JournalBasis]basis{
	paymentsv1.JournalBasis_JOURNAL_BASIS_PAYMENTS_CREATED: {
		sqlOf(payments, "p.created_at", `p.kind = 'payment' and p.origin <> 'scan'`, "p.amount_cents", "p.metadata"), scan, mostMetadata,
	},
	paymentsv1.JournalBasis_JOURNAL_BASIS_REFUNDS_CREATED: {sqlOf(payments, "p.created_at", `p.kind = 'refund'`, "p.amount_cents", "''"), scan, mostRows},
	paymentsv1.JournalBasis_JOURNAL_BASIS_MOVED: {
		sqlOf(payments, "coalesce(p.completed_at, p.late_at)",
			`p.origin <> 'scan' and p.kind <> 'supplier' and (p.completed_at is not null or p.late_at is not null)`, moved, "''"), scan, mostRows,
	},
	paymentsv1.JournalBasis_JOURNAL_BASIS_SETTLED:     {sqlOf(settlements, "s.settled_at", `p.origin <> 'scan'`, moved, "''"), scan, mostRows},
	paymentsv1.JournalBasis_JOURNAL_BASIS_OCCURRENCES: {occurrencesSQL, scanOccurrence, mostRows},
}

// columns end with what is known of the payment that a refund gives back. Refunds that completed at the same instant follow each other by reference.
const columns = `p.reference, p.kind, coalesce(p.original_reference, ''), p.currency, p.status, p.status_detail, p.failure_code, p.description,
	p.merchant_reference, p.amount_refunded_cents, p.created_at, p.completed_at, p.settled_at, p.payment_link_id, p.subscription_id,
	p.completed_at is null and p.late_at is not null,
	coalesce(case when o.completed_at is null then o.late_cents else o.amount_cents end, 0),
	case when p.kind = 'refund' then (select coalesce(sum(r.amount_cents), 0)::bigint from payments r where r.kind = 'refund'
		and r.original_reference = p.original_reference and (r.completed_at, r.reference) < (p.completed_at, p.reference)) else 0 end`

// sqlOf reads a part of a journal of payments and refunds: where they are, the time by which it is ordered, what it selects, the amount and the
// metadata.
func sqlOf(s source, at, where, amount, metadata string) string {
	return fmt.Sprintf(`select %[1]s, %[3]s, %[4]s, %[5]s from %[6]s left join payments o on o.reference = p.original_reference
		where %[7]s.merchant_id = $1 and %[7]s.livemode = $2 and %[2]s and %[1]s >= $3 and %[1]s < $4 and (%[1]s, %[7]s.reference) > ($5, $6)
		order by %[1]s, %[7]s.reference limit $7`, at, where, amount, metadata, columns, s.from, s.of)
}

// occurrencesSQL reads a part of what standing orders brought. The position is the row of the history, so that an occurrence whose proof is taken
// back at the same instant follows itself.
const occurrencesSQL = `select r.occurred_at, r.subscription_id, r.occurrence, r.amount_cents, r.evidence, s.currency, s.description, s.merchant_reference,
	r.subscription_id || '/' || r.sequence
	from subscription_receipts r join subscriptions s on s.id = r.subscription_id
	where r.merchant_id = $1 and r.livemode = $2 and r.occurred_at >= $3 and r.occurred_at < $4
	and (r.occurred_at, r.subscription_id, r.sequence) > ($5, split_part($6, '/', 1), coalesce(nullif(split_part($6, '/', 2), '')::bigint, 0))
	order by r.occurred_at, r.subscription_id, r.sequence limit $7`

func (b basis) list(ctx context.Context, reads pg.Reader, p part) ([]*paymentsv1.JournalRow, error) {
	rows, err := reads.Query(ctx, b.sql, p.merchant, p.livemode, p.from, p.to, p.afterAt, p.afterReference, p.limit)
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	all, err := pgx.CollectRows(rows, b.scan)
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
	r.At, r.CreatedAt, r.CompletedAt, r.SettledAt = timestamppb.New(at), timestamppb.New(created), payment.Stamp(completed), payment.Stamp(settled)
	r.MetadataJson, r.Position = []byte(metadata), r.Reference
	return &r, err
}

func scanOccurrence(row pgx.CollectableRow) (*paymentsv1.JournalRow, error) {
	var at time.Time
	var number int
	r := &paymentsv1.JournalRow{Kind: "occurrence", Status: "paid"}
	err := row.Scan(&at, &r.SubscriptionId, &number, &r.AmountCents, &r.StatusDetail, &r.Currency, &r.Description, &r.MerchantReference, &r.Position)
	r.At, r.Reference = timestamppb.New(at), fmt.Sprintf("%s/%d", r.SubscriptionId, number)
	r.CreatedAt, r.CompletedAt = r.At, r.At
	if r.AmountCents < 0 {
		r.Status = "undone"
	}
	return r, err
}
