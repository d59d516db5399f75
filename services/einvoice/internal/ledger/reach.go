package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/einvoice/internal/directory"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

// reachRetry is how often it is asked whether the buyer of a kept invoice can be reached.
const reachRetry = 24 * time.Hour

// keptProblem is what a kept invoice says until it is sent.
const keptProblem = "The buyer cannot receive e-invoices yet. Hand the PDF over yourself. The invoice is submitted when the buyer can be reached."

// Businesses is the national directory. Its errors are directory.ErrUnknown, and any other if it does not answer.
type Businesses interface {
	Find(ctx context.Context, livemode bool, siren string) (platform.Business, error)
}

// reach finds out where the buyer of an order receives its invoices, before a number is spent on one that cannot be delivered. It
// sets the order's electronic address if that is not the business as a whole, and its postal address if the order has none. kept
// means that the buyer cannot be reached and the invoice is issued all the same, as the order says. A directory that does not
// answer stops nothing: then the platform judges the address.
func (l *Ledger) reach(ctx context.Context, who Who, o *invoice.Order) (kept bool, err error) {
	siren := o.Customer.KnownSIREN()
	if l.Directory == nil || siren == "" {
		return false, nil
	}
	b, err := l.Directory.Find(ctx, who.Livemode, siren)
	var line platform.Line
	switch {
	case err == nil:
		line, err = directory.Choose(b, o.Customer.ElectronicAddress, o.Customer.SIRET)
	case errors.Is(err, directory.ErrUnknown):
		err = directory.Unknown(siren)
	default:
		return false, nil
	}
	if errs.Is(err, errs.BuyerUnreachable) && o.KeepUnreachable {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if address := b.Electronic(line); o.Customer.ElectronicAddress == "" && address != siren {
		o.Customer.ElectronicAddress = address
	}
	if o.Customer.Address == (invoice.Address{}) && line.Address.Country != "" {
		o.Customer.Address = line.Address
	}
	return false, nil
}

// keep records that an invoice waits until its buyer can be reached.
func (l *Ledger) keep(ctx context.Context, tx pgx.Tx, r *Record) error {
	r.Problem = keptProblem
	return setKept(ctx, tx, r.ID, true, keptProblem)
}

// awaitBuyer makes a kept invoice wait until its buyer can be reached at its address. Then it is an invoice like any other.
func (l *Ledger) awaitBuyer(ctx context.Context, r Record) error {
	kept, err := l.isKept(ctx, r.ID)
	if err != nil || !kept || l.Directory == nil {
		return err
	}
	b, err := l.Directory.Find(ctx, r.Livemode, r.Document.Buyer.SIREN)
	switch {
	case errors.Is(err, directory.ErrUnknown):
	case err != nil:
		return transmit.Wait{Reason: "the directory does not answer", RetryAfter: mandateRetry}
	default:
		if _, err := directory.Choose(b, r.Document.Buyer.Electronic.Value, ""); err == nil {
			return setKept(ctx, l.Pool, r.ID, false, "")
		}
	}
	return transmit.Wait{Reason: "the buyer cannot receive e-invoices yet", RetryAfter: reachRetry}
}

// keptPDF returns our PDF of a kept invoice, which the merchant hands over; nil if the invoice is not kept.
func (l *Ledger) keptPDF(ctx context.Context, r Record) ([]byte, error) {
	kept, err := l.isKept(ctx, r.ID)
	if err != nil || !kept {
		return nil, err
	}
	e, err := enrol.Read(ctx, l.Pool, r.MerchantID, r.Livemode)
	if err != nil {
		return nil, err
	}
	_, pdf, err := l.documents(ctx, r, e)
	return pdf, err
}
