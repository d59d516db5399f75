package table

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/outbox"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/run/trace"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/qr/internal/bill"
	"european-pay.eu/eupay/services/qr/internal/catalog"
)

// keyLife is how long an Idempotency-Key refers to its order.
const keyLife = 24 * time.Hour

const orderColumns = `id::text, merchant_id::text, livemode, number, table_id::text, table_name, table_token, order_type, pay_now, status, holds_stock,
	customer_name, notes, subtotal_cents, discount_cents, total_cents, vat_cents, offer_name, coalesce(payment_reference, ''), paid_at, paid_late,
	refund_status, refund_reference, refund_cents, refund_failure, refunded_cents, fingerprint, sequence, created_at, updated_at,
	ask_attempts, merchant_version, payment_url, payment_created_at, trace, coalesce(bill_id::text, ''), paid_method, cancellations, paid_taxes,
	pickup_at, pickup_slot, coalesce(promotion_id::text, ''), promotion_code`

func scanOrder(row pgx.CollectableRow) (*order, error) {
	o := &order{}
	t := &o.Totals
	err := row.Scan(&o.ID, &o.Merchant, &o.Livemode, &o.Number, &o.TableID, &o.TableName, &o.TableToken, &o.Type, &o.PayNow, &o.Status, &o.HoldsStock,
		&o.CustomerName, &o.Notes, &t.Subtotal, &t.Discount, &t.Total, &t.VAT, &t.Offer, &o.PaymentReference, &o.PaidAt, &o.PaidLate,
		&o.Refund.Status, &o.Refund.Reference, &o.Refund.Amount, &o.Refund.Failure, &o.Refunded, &o.fingerprint, &o.Sequence, &o.CreatedAt, &o.UpdatedAt,
		&o.askAttempts, &o.merchantVersion, &o.PaymentURL, &o.PaymentCreatedAt, &o.trace, &o.BillID, &o.PaidMethod, &o.cancellations, &o.paidTaxes,
		&o.terms.PickupAt, &o.terms.Slot, &o.terms.CodeID, &o.terms.Code)
	return o, err
}

// nextNumber increments the merchant's order counter; its lock serialises the orders.
func nextNumber(ctx context.Context, tx pgx.Tx, merchantID string) (n int64, err error) {
	err = tx.QueryRow(ctx, `insert into order_counters as c (merchant_id, last) values ($1, 1)
		on conflict (merchant_id) do update set last = c.last + 1 returning last`, merchantID).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("number order: %w", err)
	}
	return n, nil
}

// orderByKey returns the order that was placed with the key since that time; nil if there is none. An older order releases the
// key.
func orderByKey(ctx context.Context, tx pgx.Tx, tableID, key string, since time.Time) (*order, error) {
	_, err := tx.Exec(ctx, `update orders set idempotency_key = null where table_id = $1 and idempotency_key = $2 and created_at < $3`, tableID, key, since)
	if err != nil {
		return nil, fmt.Errorf("release an old key: %w", err)
	}
	o, err := findOrder(ctx, tx, `select `+orderColumns+` from orders where table_id = $1 and idempotency_key = $2`, tableID, key)
	if errs.Is(err, errs.NotFoundCode) {
		return nil, nil
	}
	return o, err
}

// findOrder reads one order with its lines, or returns NOT_FOUND.
func findOrder(ctx context.Context, db pg.DB, sql string, args ...any) (*order, error) {
	o, err := readOne(ctx, db, scanOrder, sql, args...)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.NotFound(orderNoun)
	}
	if err != nil {
		return nil, fmt.Errorf("read order: %w", err)
	}
	return o, readLines(ctx, db, []*order{o})
}

func readOrder(ctx context.Context, db pg.DB, id string) (*order, error) {
	return findOrder(ctx, db, `select `+orderColumns+` from orders where id = $1`, id)
}

func readOwnOrder(ctx context.Context, db pg.DB, merchantID, id string) (*order, error) {
	return findOrder(ctx, db, `select `+orderColumns+` from orders where merchant_id = $1 and id = $2`, merchantID, id)
}

// lockOrder locks the order's bill first: whoever pays the bill locks its orders.
func lockOrder(ctx context.Context, tx pgx.Tx, id string) (*order, error) {
	if err := bill.LockOf(ctx, tx, id); err != nil {
		return nil, err
	}
	return findOrder(ctx, tx, `select `+orderColumns+` from orders where id = $1 for no key update`, id)
}

// maxKitchen is how many open orders a kitchen screen gets.
const maxKitchen = 200

// kitchenOrders are the orders that a kitchen works on, the oldest first.
func kitchenOrders(ctx context.Context, db pg.DB, merchantID string) ([]*order, error) {
	return findOrders(ctx, db, `select `+orderColumns+` from orders where merchant_id = $1 and status in ('received', 'preparing', 'ready')
		order by created_at, id limit $2`, merchantID, maxKitchen)
}

func ordersOfBill(ctx context.Context, db pg.DB, billID string) ([]*order, error) {
	return findOrders(ctx, db, `select `+orderColumns+` from orders where bill_id = $1 order by number`, billID)
}

func findOrders(ctx context.Context, db pg.Reader, sql string, args ...any) ([]*order, error) {
	list, err := readAll(ctx, db, scanOrder, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	return list, readLines(ctx, db, list)
}

func readLines(ctx context.Context, db pg.Reader, orders []*order) error {
	byID := make(map[string]*order, len(orders))
	ids := make([]string, len(orders))
	for i, o := range orders {
		byID[o.ID], ids[i] = o, o.ID
	}
	rows, err := db.Query(ctx, `select order_id::text, product_id::text, name, quantity, notes, unit_price_cents, vat_per_mille, discount_cents, total_cents, vat_cents,
		options, taxes, parts, coalesce(variant_id::text, ''), variant_name from order_lines where order_id = any($1::text[]::uuid[]) order by order_id, position`, ids)
	if err != nil {
		return fmt.Errorf("read order lines: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var l line
		var options []optionRow
		var parts []partRow
		if err := rows.Scan(&id, &l.ProductID, &l.Name, &l.Quantity, &l.Notes, &l.Unit, &l.VATPerMill, &l.Discount, &l.Total, &l.VAT, &options, &l.split, &parts,
			&l.VariantID, &l.VariantName); err != nil {
			return fmt.Errorf("read order lines: %w", err)
		}
		if len(l.split) == 0 {
			l.split = nil
		}
		l.Parts = partsOf(parts)
		l.Options = optionsOf(options)
		byID[id].Lines = append(byID[id].Lines, l)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read order lines: %w", err)
	}
	if err := readGone(ctx, db, byID); err != nil {
		return err
	}
	return readKitchen(ctx, db, byID, ids)
}

// optionRow is an option in the row of its line.
type optionRow struct {
	ID    string `json:"id"`
	Group string `json:"group"`
	Name  string `json:"name"`
	Cents int64  `json:"price_cents"`
}

func optionsOf(rows []optionRow) (list []catalog.Chosen) {
	for _, o := range rows {
		list = append(list, catalog.Chosen{ID: o.ID, Group: o.Group, Name: o.Name, Price: money.Cents(o.Cents)})
	}
	return list
}

func optionRows(list []catalog.Chosen) []optionRow {
	rows := make([]optionRow, len(list))
	for i, o := range list {
		rows[i] = optionRow{o.ID, o.Group, o.Name, int64(o.Price)}
	}
	return rows
}

// splitRows is never null.
func splitRows(list []vat.Share) []vat.Share {
	if list == nil {
		return []vat.Share{}
	}
	return list
}

func insertOrder(ctx context.Context, tx pgx.Tx, o *order, key string) error {
	o.trace = trace.Parent(ctx)
	b := &pgx.Batch{}
	t := o.Totals
	b.Queue(`insert into orders (id, merchant_id, livemode, number, table_id, table_name, table_token, order_type, pay_now, status, holds_stock,
		customer_name, notes, subtotal_cents, discount_cents, total_cents, vat_cents, offer_name, idempotency_key, fingerprint, sequence, created_at, updated_at,
		payment_reference, ask_due_at, ask_attempts, merchant_version, trace, bill_id)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, nullif($19, ''), $20, $21, $22, $22, nullif($23, ''), $24, $25, $26, $27,
			nullif($28, '')::uuid)`,
		o.ID, o.Merchant, o.Livemode, o.Number, o.TableID, o.TableName, o.TableToken, o.Type, o.PayNow, o.Status, o.HoldsStock,
		o.CustomerName, o.Notes, t.Subtotal, t.Discount, t.Total, t.VAT, t.Offer, key, o.fingerprint, o.Sequence, o.CreatedAt, o.PaymentReference,
		o.askDueAt, o.askAttempts, o.merchantVersion, o.trace, o.BillID)
	for i, l := range o.Lines {
		b.Queue(`insert into order_lines (order_id, position, product_id, name, quantity, notes, unit_price_cents, vat_per_mille, discount_cents, total_cents, vat_cents,
			options, taxes, parts, variant_id, variant_name) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, nullif($15, '')::uuid, $16)`,
			o.ID, i, l.ProductID, l.Name, l.Quantity, l.Notes, l.Unit, l.VATPerMill, l.Discount, l.Total, l.VAT, optionRows(l.Options), splitRows(l.split), partRows(l.Parts),
			l.VariantID, l.VariantName)
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("insert order: %w", err)
	}
	return nil
}

// record writes the history and the event of the order in its current state.
func record(ctx context.Context, tx pgx.Tx, o *order, from Status, cause, detail string) error {
	_, err := tx.Exec(ctx, `insert into order_history (order_id, sequence, from_status, to_status, cause, detail, occurred_at)
		values ($1, $2, $3, $4, $5, $6, $7)`, o.ID, o.Sequence, from, o.Status, cause, detail, o.UpdatedAt)
	if err != nil {
		return fmt.Errorf("record the order's history: %w", err)
	}
	if err := toKitchen(ctx, tx, o, from); err != nil {
		return err
	}
	what := string(o.Status)
	if from == o.Status {
		what = detail
	}
	e, err := o.event(what, from)
	if err != nil {
		return err
	}
	return outbox.Add(ctx, tx, e)
}

func takeOffBill(ctx context.Context, tx pgx.Tx, id string) error {
	if _, err := tx.Exec(ctx, `update orders set bill_id = null where id = $1`, id); err != nil {
		return fmt.Errorf("take an order off its bill: %w", err)
	}
	return nil
}

// setPaidTaxes writes what was paid of the locked order by rate.
func setPaidTaxes(ctx context.Context, tx pgx.Tx, o *order) error {
	if _, err := tx.Exec(ctx, `update orders set paid_taxes = $2 where id = $1`, o.ID, splitRows(o.paidTaxes)); err != nil {
		return fmt.Errorf("store what was paid of an order: %w", err)
	}
	return nil
}

// updateOrder writes a change of the locked order.
func updateOrder(ctx context.Context, tx pgx.Tx, o *order, from Status) error {
	tag, err := tx.Exec(ctx, `update orders set status = $3, holds_stock = $4, payment_reference = nullif($5, ''), paid_at = $6, paid_late = $7,
		sequence = $8, updated_at = $9, refund_status = $10, refund_reference = $11, refund_cents = $12,
		paid_method = $13
		where id = $1 and status = $2 and sequence = $8 - 1`,
		o.ID, from, o.Status, o.HoldsStock, o.PaymentReference, o.PaidAt, o.PaidLate, o.Sequence, o.UpdatedAt,
		o.Refund.Status, o.Refund.Reference, o.Refund.Amount, o.PaidMethod)
	if err != nil {
		return fmt.Errorf("update order: %w", err)
	}
	if tag.RowsAffected() != 1 {
		return fmt.Errorf("update order %s: it changed under its lock", o.ID)
	}
	return nil
}

func historyOf(ctx context.Context, db pg.DB, id string) ([]change, error) {
	list, err := readAll(ctx, db, func(row pgx.CollectableRow) (change, error) {
		var c change
		err := row.Scan(&c.Sequence, &c.From, &c.To, &c.Cause, &c.Detail, &c.At)
		return c, err
	}, `select sequence, from_status, to_status, cause, detail, occurred_at from order_history where order_id = $1 order by sequence`, id)
	if err != nil {
		return nil, fmt.Errorf("read the order's history: %w", err)
	}
	return list, nil
}

// unpaidSince returns some of the orders whose payment is overdue, oldest first.
func unpaidSince(ctx context.Context, db pg.DB, before time.Time) ([]string, error) {
	ids, err := readAll(ctx, db, pgx.RowTo[string], `select id::text from orders where status = 'awaiting_payment' and created_at <= $1
		order by created_at limit 1000`, before)
	if err != nil {
		return nil, fmt.Errorf("find unpaid orders: %w", err)
	}
	return ids, nil
}

// unclaimedSince returns some of the orders to be paid at the counter that nobody has accepted for too long.
func unclaimedSince(ctx context.Context, db pg.DB, before time.Time) ([]string, error) {
	ids, err := readAll(ctx, db, pgx.RowTo[string], `select id::text from orders where status = 'received' and paid_at is null and created_at <= $1
		and not exists (select from bill_payments p where p.bill_id = orders.bill_id)
		and not exists (select from bill_shares s where s.bill_id = orders.bill_id and s.status = 'open')
		order by created_at limit 1000`, before)
	if err != nil {
		return nil, fmt.Errorf("find unclaimed orders: %w", err)
	}
	return ids, nil
}
