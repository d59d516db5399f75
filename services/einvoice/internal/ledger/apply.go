package ledger

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/sale"
)

// paymentCompleted is the type of the events that pay invoices.
const paymentCompleted = "payment.completed"

// Subjects are the subjects that Apply consumes.
var Subjects = append([]string{"eupay.evt.*.payment.completed.>"}, sale.Subjects...)

// Apply applies events of payments, refunds and orders: a payment pays its invoice (see Settle) or is a sale without one.
func (l *Ledger) Apply(ctx context.Context, tx pgx.Tx, batch []consume.Event) error {
	sales, err := sale.Read(batch, l.instant())
	if err != nil {
		return err
	}
	if err := sale.LockAll(ctx, tx, sales); err != nil {
		return err
	}
	if err := l.makeDue(ctx, tx, sale.Touched(sales)); err != nil {
		return err
	}
	forInvoice, err := l.settle(ctx, tx, batch)
	if err != nil {
		return err
	}
	for _, s := range sales {
		if p := s.Payment; p != nil && p.GetLateReceipt() != nil {
			id, err := l.invoiceOf(ctx, tx, p)
			if err != nil {
				return err
			}
			forInvoice[p.GetReference()] = id != uuid.Nil
		}
	}
	return sale.Book{Zone: l.Zone, Now: l.Now}.Apply(ctx, tx, sales, forInvoice)
}

// lockWithPayments is lock that first locks the payments which the document was made for or paid with, in the order that everybody keeps.
func lockWithPayments(ctx context.Context, tx pgx.Tx, who Who, idOrNumber string) (Record, error) {
	r, err := find(ctx, tx, who, idOrNumber)
	if err != nil {
		return Record{}, err
	}
	references, err := sale.PaymentsOf(ctx, tx, r.ID)
	if err != nil {
		return Record{}, err
	}
	if len(references) > 0 {
		if err := sale.Lock(ctx, tx, references...); err != nil {
			return Record{}, err
		}
	}
	return lockID(ctx, tx, r.ID)
}

// restateSales reports anew the sales whose payments an invoice was made for or paid with: what it reports is not reported twice.
func (l *Ledger) restateSales(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, invoiceID uuid.UUID) error {
	references, err := sale.PaymentsOf(ctx, tx, invoiceID)
	if err != nil {
		return err
	}
	slices.Sort(references)
	for _, reference := range references {
		if err := sale.Restate(ctx, tx, e, reference, l.instant()); err != nil {
			return err
		}
	}
	return nil
}
