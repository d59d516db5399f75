package table

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/vat"
)

// cancelledRow is a line in the row of its cancellation.
type cancelledRow struct {
	Position int32       `json:"position"`
	Quantity int32       `json:"quantity"`
	Cents    int64       `json:"amount_cents"`
	Taxes    []vat.Share `json:"taxes"`
}

// insertCancellation writes a cancellation of the locked order, and what is gone of its lines and of itself.
func insertCancellation(ctx context.Context, tx pgx.Tx, o *order, c *cancellation) error {
	rows := make([]cancelledRow, len(c.Lines))
	b := &pgx.Batch{}
	for i, l := range c.Lines {
		rows[i] = cancelledRow{l.Position, l.Quantity, int64(l.Amount), splitRows(l.Taxes)}
		gone := o.Lines[l.Position].gone
		b.Queue(`update order_lines set cancelled_quantity = $3, cancelled_cents = $4, cancelled_taxes = $5 where order_id = $1 and position = $2`,
			o.ID, l.Position, gone.Quantity, gone.Amount, splitRows(gone.Taxes))
	}
	b.Queue(`update orders set cancellations = $2, cancelled_cents = $3 where id = $1 and cancellations = $2 - 1`, o.ID, c.Number, o.gone().Amount)
	b.Queue(`insert into order_cancellations (id, order_id, number, is_whole, lines, amount_cents, taxes, reason, is_restocked, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		c.ID, o.ID, c.Number, c.Whole, rows, c.Amount, splitRows(c.Taxes), c.Reason, c.Restocked, c.CreatedAt)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("insert the cancellation of order %s: %w", o.ID, err)
	}
	return nil
}

// readGone adds to the lines of orders what was cancelled of them.
func readGone(ctx context.Context, db pg.Reader, byID map[string]*order) error {
	var ids []string
	for id, o := range byID {
		if o.cancellations > 0 {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := readAll(ctx, db, func(row pgx.CollectableRow) (struct{}, error) {
		var id string
		var position int32
		var t taken
		err := row.Scan(&id, &position, &t.Quantity, &t.Amount, &t.Taxes)
		if lines := byID[id].Lines; err == nil && int(position) < len(lines) {
			lines[position].gone = t
		}
		return struct{}{}, err
	}, `select order_id::text, position, cancelled_quantity, cancelled_cents, cancelled_taxes from order_lines
		where order_id = any($1::text[]::uuid[]) and cancelled_quantity > 0`, ids)
	if err != nil {
		return fmt.Errorf("read what is cancelled of orders: %w", err)
	}
	return nil
}

const cancellationColumns = `id::text, number, is_whole, lines, amount_cents, taxes, reason, is_restocked, created_at`

func scanCancellation(row pgx.CollectableRow) (*cancellation, error) {
	c := &cancellation{}
	var lines []cancelledRow
	if err := row.Scan(&c.ID, &c.Number, &c.Whole, &lines, &c.Amount, &c.Taxes, &c.Reason, &c.Restocked, &c.CreatedAt); err != nil {
		return nil, err
	}
	for _, l := range lines {
		c.Lines = append(c.Lines, cancelledLine{l.Position, taken{l.Quantity, money.Cents(l.Cents), l.Taxes}})
	}
	return c, nil
}

// cancellationsOf returns the cancellations of an order, the oldest first.
func cancellationsOf(ctx context.Context, db pg.DB, orderID string) ([]*cancellation, error) {
	list, err := readAll(ctx, db, scanCancellation, `select `+cancellationColumns+` from order_cancellations where order_id = $1 order by number limit $2`,
		orderID, maxCancellations+1)
	if err != nil {
		return nil, fmt.Errorf("read cancellations: %w", err)
	}
	return list, nil
}

// cancellationOf returns a cancellation of an order, or NOT_FOUND.
func cancellationOf(ctx context.Context, db pg.DB, orderID, id string) (*cancellation, error) {
	c, err := readOne(ctx, db, scanCancellation, `select `+cancellationColumns+` from order_cancellations where order_id = $1 and id = $2`, orderID, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.NotFound(cancellationNoun)
	}
	if err != nil {
		return nil, fmt.Errorf("read cancellation: %w", err)
	}
	return c, nil
}

// wholeCancellation returns the id of the cancellation that took all out of an order; empty if none did.
func wholeCancellation(ctx context.Context, tx pgx.Tx, orderID string) (string, error) {
	ids, err := readAll(ctx, tx, pgx.RowTo[string], `select id::text from order_cancellations where order_id = $1 and is_whole order by number desc limit 1`, orderID)
	if err != nil || len(ids) == 0 {
		return "", err
	}
	return ids[0], nil
}
