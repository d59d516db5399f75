package ledger

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// maxDeposits is how many deposits a final invoice deducts at most.
const maxDeposits = 50

// deduct reads the deposits that an order names, checks that each may be deducted, and sets the order's Deductions.
func (l *Ledger) deduct(ctx context.Context, who Who, o *invoice.Order) ([]Record, error) {
	var list []Record
	var bad refuse.Problems
	bad.If(len(o.Deposits) > maxDeposits, "deposits", "must have at most %d entries", maxDeposits)
	for i, name := range o.Deposits[:min(len(o.Deposits), maxDeposits)] {
		r, err := find(ctx, l.Pool, who, name)
		at := refuse.At("deposits", i)
		switch {
		case errs.Is(err, errs.NotFoundCode):
			bad.Add(at, "must be the id or the number of one of your deposit invoices")
			continue
		case err != nil:
			return nil, err
		}
		bad.If(r.Type != invoice.TypeDeposit, at, "is not a deposit invoice: %s has type_code %s", r.Number, r.Type)
		bad.If(slices.ContainsFunc(list, func(o Record) bool { return o.ID == r.ID }), at, "names deposit %s for the second time", r.Number)
		list = append(list, r)
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	// Locked in the order of payments, which lock several invoices too.
	slices.SortFunc(list, func(a, b Record) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return list, l.setDeductions(ctx, l.Pool, list, o)
}

// lockDeposits locks the deposits until the end of the transaction, checks them again, and sets the order's Deductions.
func (l *Ledger) lockDeposits(ctx context.Context, tx pgx.Tx, list []Record, o *invoice.Order) error {
	for i := range list {
		var err error
		if list[i], err = lockID(ctx, tx, list[i].ID); err != nil {
			return err
		}
	}
	return l.setDeductions(ctx, tx, list, o)
}

// setDeductions checks that the deposits may be deducted, and sets what the order deducts: what their credit notes left of them.
func (l *Ledger) setDeductions(ctx context.Context, db pg.DB, list []Record, o *invoice.Order) error {
	o.Deductions = nil
	for _, r := range list {
		by, err := deductedBy(ctx, db, r.ID)
		switch {
		case err != nil:
			return err
		case by != "":
			return errs.New(errs.InvalidState, "Deposit %s is already deducted from invoice %s.", r.Number, by)
		case r.Status != StatusPaid || r.Credited == r.Total:
			return errs.New(errs.InvalidState, "Deposit %s is %s. Only a paid deposit can be deducted.", r.Number, r.Status)
		}
		credits, err := creditNotes(ctx, db, r.ID)
		if err != nil {
			return err
		}
		o.Deductions = append(o.Deductions, invoice.Deduct(r.Document, credits))
	}
	return nil
}

// checkBuyer refuses deposits of another customer: a business is known by its SIREN, a consumer by the name.
func checkBuyer(list []Record, buyer invoice.Party) error {
	for _, r := range list {
		if !sameBuyer(r.Document.Buyer, buyer) {
			return errs.Invalid(errs.Field{Field: "deposits", Message: "deposits must be of the same customer: " + r.Number + " was issued to another."})
		}
	}
	return nil
}

func sameBuyer(a, b invoice.Party) bool {
	return a.SIREN == b.SIREN && (a.SIREN != "" || strings.EqualFold(a.Name, b.Name))
}
