package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

// CollectionSender tells the platform of payments by businesses (status 212).
type CollectionSender struct{ l *Ledger }

// CollectionSender returns the sender of collections.
func (l *Ledger) CollectionSender() CollectionSender { return CollectionSender{l} }

// Send implements transmit.Sender. Only what has to be reported is: the part that is for services.
func (s CollectionSender) Send(ctx context.Context, t transmit.Transmission) error {
	l := s.l
	var invoiceID uuid.UUID
	var on invoice.Date
	err := l.Pool.QueryRow(ctx, `select invoice_id, paid_on::text from invoice_payments where id = $1`, t.Subject).Scan(&invoiceID, &on)
	if err != nil {
		return fmt.Errorf("read payment: %w", err)
	}
	r, err := one(ctx, l.Pool, `where i.id = $1`, invoiceID)
	if err != nil {
		return err
	}
	if r.PlatformID == "" {
		return transmit.Wait{Why: "the platform does not have " + r.Number + " yet", Again: mandateAgain}
	}
	account, err := l.platform(r.Livemode)
	if err != nil {
		return transmit.Wait{Why: err.Error(), Again: mandateAgain}
	}
	e, err := enrol.Read(ctx, l.Pool, r.MerchantID, r.Livemode)
	if err != nil {
		return err
	}
	c := platform.Collection{Ref: t.Subject.String(), SIREN: e.Settings.SIREN(), InvoiceNumber: r.Number, Date: on}
	if c.Parts, err = l.reportable(ctx, t.Subject); err != nil {
		return err
	}
	for _, p := range c.Parts {
		c.Amount += p.Amount
	}
	_, err = account.ReportCollection(ctx, e.ClientID, c)
	record, cancel := recording(ctx)
	defer cancel()
	return l.collected(record, r.ID, err)
}

func (l *Ledger) reportable(ctx context.Context, source uuid.UUID) ([]platform.RateAmount, error) {
	rows, err := l.Pool.Query(ctx, `select rate, sum(amount_cents)::bigint from receipt_parts where source = $1 and reportable group by rate order by rate desc`, source)
	if err != nil {
		return nil, fmt.Errorf("read parts of payment: %w", err)
	}
	parts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p platform.RateAmount, err error) {
		err = row.Scan(&p.VATPerMill, &p.Amount)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("read parts of payment: %w", err)
	}
	return parts, nil
}

// collected turns the platform's answer into what becomes of the transmission, and has the document's new step read.
func (l *Ledger) collected(ctx context.Context, invoiceID uuid.UUID, failure error) error {
	var refused *platform.Refused
	if errors.As(failure, &refused) {
		return fmt.Errorf("%w: %w", transmit.ErrStop, failure)
	}
	if errors.Is(failure, platform.ErrNoMandate) {
		return transmit.Wait{Why: "the platform knows no active mandate", Again: mandateAgain}
	}
	if failure != nil {
		return failure
	}
	_, err := l.Pool.Exec(ctx, `update invoices set poll_at = $2 where id = $1`, invoiceID, l.instant())
	if err != nil {
		return fmt.Errorf("have the step read: %w", err)
	}
	return nil
}
