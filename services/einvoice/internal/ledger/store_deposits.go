package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// deductedBy returns the number of the final invoice that deducts a deposit; empty if none does.
func deductedBy(ctx context.Context, db pg.DB, deposit uuid.UUID) (string, error) {
	var number string
	err := db.QueryRow(ctx, `select f.number from invoices d join invoices f on f.id = d.deducted_by where d.id = $1`, deposit).Scan(&number)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("read what deducts a deposit: %w", err)
	}
	return number, nil
}

// takeDeposits records that a final invoice deducts the deposits, which the transaction has locked.
func takeDeposits(ctx context.Context, tx pgx.Tx, list []Record, final *Record) error {
	for _, d := range list {
		tag, err := tx.Exec(ctx, `update invoices set deducted_by = $2 where id = $1 and deducted_by is null`, d.ID, final.ID)
		if err == nil && tag.RowsAffected() != 1 {
			err = errChanged
		}
		if err != nil {
			return fmt.Errorf("deduct deposit %s from %s: %w", d.Number, final.Number, err)
		}
	}
	return nil
}

// releaseDeposits makes the deposits of a cancelled final invoice free for another one.
func releaseDeposits(ctx context.Context, tx pgx.Tx, final *Record) error {
	if _, err := tx.Exec(ctx, `update invoices set deducted_by = null where deducted_by = $1`, final.ID); err != nil {
		return fmt.Errorf("release the deposits of %s: %w", final.Number, err)
	}
	return nil
}

// markAfterFinal records if a new credit note takes back a deposit that a final invoice has deducted: then it takes back a sale, and no advance.
func markAfterFinal(ctx context.Context, tx pgx.Tx, by *Record) error {
	if by.Type != invoice.TypeDepositCredit {
		return nil
	}
	_, err := tx.Exec(ctx, `update invoices c set after_final = true from invoices d where c.id = $1 and d.id = c.corrects and d.deducted_by is not null`, by.ID)
	if err != nil {
		return fmt.Errorf("record what credit note %s takes back: %w", by.Number, err)
	}
	return nil
}

// creditNotes returns the credit notes of an invoice, the oldest first.
func creditNotes(ctx context.Context, db pg.DB, of uuid.UUID) ([]invoice.Document, error) {
	list, err := readAll(ctx, db, `where i.corrects = $1 and i.type_code in ('381', '503') order by i.created_at, i.id`, of)
	if err != nil {
		return nil, err
	}
	documents := make([]invoice.Document, len(list))
	for i := range list {
		documents[i] = list[i].Document
	}
	return documents, nil
}

// missingDeposit returns the number of a deposit of a final invoice that the platform does not have; empty if it has them all.
func (l *Ledger) missingDeposit(ctx context.Context, final uuid.UUID) (string, error) {
	var number string
	err := l.Pool.QueryRow(ctx, `select number from invoices where deducted_by = $1 and platform_invoice_id = '' limit 1`, final).Scan(&number)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("read the deposits of a final invoice: %w", err)
	}
	return number, nil
}
