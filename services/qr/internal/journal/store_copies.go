package journal

import (
	"context"
	"fmt"

	"european-pay.eu/eupay/internal/run/pg"
)

// Document is what is printed: the ticket of an order or of a bill. One of the two is set.
type Document struct{ OrderID, BillID string }

// where is the condition of the records of the document, whose id is $1.
func (d Document) where() (condition, id string) {
	if d.BillID != "" {
		return `bill_id = $1`, d.BillID
	}
	return `order_id = $1`, d.OrderID
}

// Copies returns how often a document was issued.
func Copies(ctx context.Context, db pg.Reader, who Who, d Document) (n int64, err error) {
	n, _, err = CopiesBefore(ctx, db, who, d, "")
	return n, err
}

// CopiesBefore returns how often a document was issued before the issue with the reference, and whether that is recorded: if it is not, or is empty, how often it
// was issued at all.
func CopiesBefore(ctx context.Context, db pg.Reader, who Who, d Document, reference string) (n int64, known bool, err error) {
	where, id := d.where()
	err = db.QueryRow(ctx, `with issued as (select sequence, reference from journal where `+where+` and merchant_id = $2 and livemode = $3 and kind = 'printed'),
			this as (select min(sequence) as sequence from issued where reference = $4 and $4 <> '')
		select count(*) filter (where this.sequence is null or issued.sequence < this.sequence), coalesce(bool_or(this.sequence is not null), false)
		from issued cross join this`, id, who.MerchantID, who.Livemode, reference).Scan(&n, &known)
	if err != nil {
		return 0, false, fmt.Errorf("count the copies of a ticket: %w", err)
	}
	return n, known, nil
}
