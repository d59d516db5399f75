package big

import (
	"context"
	"fmt"
	"time"

	"european-pay.eu/eupay/internal/run/pg"
)

// Shop is one with many payments, spread evenly over a time, most of them paid, without what else they leave behind.
type Shop struct {
	MerchantID string
	Livemode   bool
	// Rows is how many there are. Their references begin with Prefix, which is unique in the table, and their numbers follow.
	Rows   int
	Prefix string
	// The newest is made at Newest, the oldest Over before.
	Newest time.Time
	Over   time.Duration
}

// batch is how many rows a statement inserts.
const batch = 50_000

// shopSQL: of a hundred payments 78 are completed, 4 refunded, 8 failed, 9 cancelled and one waits for its payer, for longer than any test takes.
const shopSQL = `insert into payments (reference, kind, merchant_id, livemode, amount_cents, currency, status, failure_code, sequence, description, merchant_reference,
		execution_type, merchant_name, wait_for_settlement, beneficiary_name, beneficiary_iban, beneficiary_bic, beneficiary_kind, payer_name, payer_bic,
		provider_payment_id, provider_state, amount_refunded_cents, amount_reserved_cents, due_at, expires_at, created_at, updated_at, completed_at)
	select $1 || lpad(n::text, 9, '0'), 'payment', $2::uuid, $3::boolean, cents, 'EUR', status, case when status = 'failed' then 'rejected' else '' end, 3,
		'Order ' || n, 'order-' || n, 'instant', 'Shop', false, 'Shop', 'FR1420041010050500013M02606', 'PSSTFRPP', 'corporate', 'Camille Martin',
		case when paid then (array['BNPAFRPP', 'AGRIFRPP', 'SOGEFRPP', 'CMCIFR2A', 'PSSTFRPP', 'REVOFRP2'])[1 + n % 6] || 'XXX' else '' end,
		$1 || n, 'done', refunded, refunded, case when status = 'pending_sca' then at + interval '100 years' end, at + interval '1 day', at, at + interval '40 seconds',
		case when paid then at + (20 + n % 97) * interval '1 second' end
	from (select n, 100 + (n * 7919 % 20000) as cents, $4::timestamptz - ($5::bigint - n) * ($6::interval / $5) as at,
			case when n % 100 < 78 then 'completed' when n % 100 < 82 then 'refunded' when n % 100 < 90 then 'failed' when n % 100 < 99 then 'cancelled'
				else 'pending_sca' end as status, n % 100 < 82 as paid, case when n % 100 between 78 and 81 then 100 + (n * 7919 % 20000) else 0 end as refunded
		from generate_series($7::bigint, $8::bigint) n) x`

// Fill inserts the shop's payments, the oldest first, and leaves the table as a vacuum does.
func (p Shop) Fill(ctx context.Context, db pg.DB) error {
	for from := 1; from <= p.Rows; from += batch {
		if _, err := db.Exec(ctx, shopSQL, p.Prefix, p.MerchantID, p.Livemode, p.Newest, p.Rows, p.Over, from, min(from+batch-1, p.Rows)); err != nil {
			return fmt.Errorf("fill payments: %w", err)
		}
	}
	if _, err := db.Exec(ctx, `vacuum analyze payments`); err != nil {
		return fmt.Errorf("vacuum payments: %w", err)
	}
	return nil
}
