package bill

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/tally"
	"european-pay.eu/eupay/internal/vat"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

const billColumns = `b.id::text, b.merchant_id::text, coalesce(m.name, ''), b.livemode, b.table_id::text, b.table_name, b.token, b.status, b.written_off_cents,
	b.write_off_reason, b.sequence, b.created_at, b.updated_at, b.paid_at, b.closed_at`

const fromBills = ` from bills b left join menu_merchants m on m.merchant_id = b.merchant_id`

// owing are the states of orders that their bill counts.
const owing = `('received', 'preparing', 'ready', 'served')`

func (a *account) columns() []any {
	return []any{
		&a.ID, &a.Merchant, &a.MerchantName, &a.Livemode, &a.TableID, &a.TableName, &a.Token, &a.Status, &a.WrittenOff, &a.WriteOffReason, &a.Sequence,
		&a.CreatedAt, &a.UpdatedAt, &a.PaidAt, &a.ClosedAt,
	}
}

// one reads a bill with all that belongs to it, or returns NOT_FOUND. A caller that changes it locks the row by the end of the condition.
func one(ctx context.Context, db pg.DB, where string, args ...any) (*account, error) {
	a := &account{}
	err := db.QueryRow(ctx, `select `+billColumns+fromBills+where, args...).Scan(a.columns()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.NotFound(billNoun)
	}
	if err != nil {
		return nil, fmt.Errorf("read bill: %w", err)
	}
	if err := readLines(ctx, db, a); err != nil {
		return nil, err
	}
	if err := readShares(ctx, db, a); err != nil {
		return nil, err
	}
	return a, readPayments(ctx, db, a)
}

const lock = ` for no key update of b`

func lockBill(ctx context.Context, tx pgx.Tx, id string) (*account, error) {
	return one(ctx, tx, ` where b.id = $1`+lock, id)
}

func lockOwn(ctx context.Context, tx pgx.Tx, merchantID, id string) (*account, error) {
	return one(ctx, tx, ` where b.merchant_id = $1 and b.id = $2`+lock, merchantID, id)
}

func lockPublic(ctx context.Context, tx pgx.Tx, token string) (*account, error) {
	return one(ctx, tx, ` where b.token = $1`+lock, token)
}

func lockBillOfShare(ctx context.Context, tx pgx.Tx, shareID string) (*account, error) {
	return one(ctx, tx, ` where b.id = (select bill_id from bill_shares where id = $1)`+lock, shareID)
}

// lockOpen locks the open bill of a table; nil if there is none.
func lockOpen(ctx context.Context, tx pgx.Tx, tableID string, livemode bool) (*account, error) {
	a, err := one(ctx, tx, ` where b.table_id = $1 and b.livemode = $2 and b.status = 'open'`+lock, tableID, livemode)
	if errs.Is(err, errs.NotFoundCode) {
		return nil, nil
	}
	return a, err
}

// LockOf locks the bill of an order, if it has one.
func LockOf(ctx context.Context, tx pgx.Tx, orderID string) error {
	_, err := tx.Exec(ctx, `select from bills where id = (select bill_id from orders where id = $1) for no key update`, orderID)
	if err != nil {
		return fmt.Errorf("lock the bill of an order: %w", err)
	}
	return nil
}

func readOwn(ctx context.Context, db pg.DB, merchantID, id string) (*account, error) {
	return one(ctx, db, ` where b.merchant_id = $1 and b.id = $2`, merchantID, id)
}

func readPublic(ctx context.Context, db pg.DB, token string) (*account, error) {
	return one(ctx, db, ` where b.token = $1`, token)
}

// readOfTable reads the open bill of the active table behind a code, the newest if there is one of each mode.
func readOfTable(ctx context.Context, db pg.DB, merchantID, token string) (*account, error) {
	return one(ctx, db, ` where b.status = 'open' and m.is_active and b.table_id = (select id from dining_tables
		where merchant_id = $1 and token = $2 and status = 'active') order by b.created_at desc limit 1`, merchantID, token)
}

// openBill records a bill, or locks the one that another order has opened in the meantime.
func openBill(ctx context.Context, tx pgx.Tx, at Seating, id, token string, now time.Time) (is string, err error) {
	err = tx.QueryRow(ctx, `insert into bills (id, merchant_id, livemode, table_id, table_name, token, status, sequence, created_at, updated_at)
		values ($1, $2, $3, $4, $5, $6, 'open', 0, $7, $7)
		on conflict (table_id, livemode) where status = 'open' do update set updated_at = excluded.updated_at returning id::text`,
		id, at.MerchantID, at.Livemode, at.TableID, at.TableName, token, now).Scan(&is)
	if err != nil {
		return "", fmt.Errorf("open bill: %w", err)
	}
	return is, nil
}

// touch notes that something was added to a bill.
func touch(ctx context.Context, tx pgx.Tx, id string, now time.Time) error {
	if _, err := tx.Exec(ctx, `update bills set updated_at = $2 where id = $1`, id, now); err != nil {
		return fmt.Errorf("touch bill: %w", err)
	}
	return nil
}

// isNew reports whether a bill was never announced.
func isNew(ctx context.Context, tx pgx.Tx, id string) (is bool, err error) {
	if err := tx.QueryRow(ctx, `select sequence = 0 from bills where id = $1`, id).Scan(&is); err != nil {
		return false, fmt.Errorf("read bill: %w", err)
	}
	return is, nil
}

// saveBill writes the locked bill itself.
func saveBill(ctx context.Context, tx pgx.Tx, a *account, now time.Time) error {
	a.UpdatedAt = now
	tag, err := tx.Exec(ctx, `update bills set status = $2, written_off_cents = $3, write_off_reason = $4, sequence = $5, updated_at = $6, paid_at = $7, closed_at = $8
		where id = $1 and (status = 'open' or status = $2)`,
		a.ID, a.Status, a.WrittenOff, a.WriteOffReason, a.Sequence, now, a.PaidAt, a.ClosedAt)
	if err != nil {
		return fmt.Errorf("save bill: %w", err)
	}
	if tag.RowsAffected() != 1 {
		return fmt.Errorf("save bill %s: it changed under its lock", a.ID)
	}
	return nil
}

// payOrders marks the orders of a locked bill as paid.
func payOrders(ctx context.Context, tx pgx.Tx, billID string, now time.Time) error {
	_, err := tx.Exec(ctx, `update orders set paid_at = $2, updated_at = $2 where bill_id = $1 and paid_at is null and total_cents > 0 and status in `+owing, billID, now)
	if err != nil {
		return fmt.Errorf("mark the orders of a bill as paid: %w", err)
	}
	return nil
}

// HasMoney reports whether something of a bill is paid or being paid; false for an empty id.
func HasMoney(ctx context.Context, tx pgx.Tx, billID string) (is bool, err error) {
	if billID == "" {
		return false, nil
	}
	err = tx.QueryRow(ctx, `select exists (select from bill_payments where bill_id = $1) or exists (select from bill_shares where bill_id = $1 and status = 'open')`,
		billID).Scan(&is)
	if err != nil {
		return false, fmt.Errorf("look for payments of a bill: %w", err)
	}
	return is, nil
}

// chosen is what an order keeps of an option.
type chosen struct {
	ID    string `json:"id"`
	Group string `json:"group"`
	Name  string `json:"name"`
	Cents int64  `json:"price_cents"`
}

// readLines reads the orders of a bill, and what is left of the lines of those that count.
func readLines(ctx context.Context, db pg.DB, a *account) error {
	rows, err := db.Query(ctx, `select o.id::text, o.number, o.status in `+owing+`, l.position, l.name,
			l.quantity - l.cancelled_quantity, l.total_cents - l.cancelled_cents, l.vat_per_mille,
			l.total_cents, l.vat_cents, l.options, l.taxes, l.cancelled_taxes
		from orders o join order_lines l on l.order_id = o.id where o.bill_id = $1 order by o.number, l.position`, a.ID)
	if err != nil {
		return fmt.Errorf("read the lines of a bill: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var l line
		var counts bool
		var whole vat.Share
		var options []chosen
		var gone []vat.Share
		if err := rows.Scan(&l.OrderID, &l.Number, &counts, &l.Position, &l.Name, &l.Quantity, &l.Total, &whole.Rate, &whole.Gross, &whole.VAT, &options, &l.Taxes,
			&gone); err != nil {
			return fmt.Errorf("read the lines of a bill: %w", err)
		}
		if len(a.Orders) == 0 || a.Orders[len(a.Orders)-1] != l.OrderID {
			a.Orders = append(a.Orders, l.OrderID)
		}
		if !counts || l.Quantity == 0 {
			continue
		}
		if len(l.Taxes) == 0 {
			l.Taxes = []vat.Share{whole}
		}
		l.Taxes = vat.Minus(l.Taxes, gone)
		for _, o := range options {
			l.Options = append(l.Options, &qrv1.ChosenOption{OptionId: o.ID, Group: o.Group, Name: o.Name, PriceCents: o.Cents})
		}
		a.Lines = append(a.Lines, l)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read the lines of a bill: %w", err)
	}
	return nil
}

// listBills returns one page of a merchant's bills with their sums, newest first, and the total.
func listBills(ctx context.Context, db pg.Reader, r *qrv1.ListBillsRequest) ([]*account, tally.Total, error) {
	where, args := ` where b.merchant_id = $1`, []any{r.GetMerchantId()}
	if r.GetStatus() != "" {
		args = append(args, r.GetStatus())
		where += fmt.Sprintf(` and b.status = $%d`, len(args))
	}
	if r.GetTableId() != "" {
		args = append(args, r.GetTableId())
		where += fmt.Sprintf(` and b.table_id = $%d`, len(args))
	}
	total, err := tally.AtMost(ctx, db, ` from bills b`+where, args...)
	if err != nil {
		return nil, tally.Total{}, fmt.Errorf("count bills: %w", err)
	}
	limit := int64(min(max(r.GetLimit(), 1), 100))
	offset := int64(max(r.GetPage(), 1)-1) * limit
	rows, err := db.Query(ctx, fmt.Sprintf(`select `+billColumns+`,
			coalesce((select sum(o.total_cents - o.cancelled_cents) from orders o where o.bill_id = b.id and o.status in `+owing+`), 0)::bigint,
			coalesce((select sum(p.amount_cents - least(p.refunded_cents, p.amount_cents)) from bill_payments p where p.bill_id = b.id), 0)::bigint,
			coalesce((select sum(s.amount_cents) from bill_shares s where s.bill_id = b.id and s.status = 'open'), 0)::bigint,
			coalesce((select sum(p.tip_cents - greatest(p.refunded_cents - p.amount_cents, 0)) from bill_payments p where p.bill_id = b.id), 0)::bigint
		`+fromBills+where+` order by b.created_at desc, b.id desc limit %d offset %d`, limit, offset), args...)
	if err != nil {
		return nil, tally.Total{}, fmt.Errorf("list bills: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*account, error) {
		a := &account{counted: &sums{}}
		s := a.counted
		return a, row.Scan(append(a.columns(), &s.Total, &s.Kept, &s.Pending, &s.Tips)...)
	})
	if err != nil {
		return nil, tally.Total{}, fmt.Errorf("list bills: %w", err)
	}
	return list, total, nil
}
