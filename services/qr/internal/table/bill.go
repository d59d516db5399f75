package table

import (
	"context"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/bill"
)

// OrdersOfBill returns the orders of a bill in their order. Whose bill it is the caller knows.
func (s *Server) OrdersOfBill(ctx context.Context, billID string) ([]*qrv1.Order, error) {
	list, err := ordersOfBill(ctx, s.pool, billID)
	if err != nil {
		return nil, err
	}
	return orderViews(list), nil
}

// joinBill puts an order that is not paid at once on the bill of its table, which it locks. The bill comes before the products in the order of locks.
func (s *Server) joinBill(ctx context.Context, tx pgx.Tx, o *order) error {
	if o.PayNow || o.Type != dineIn {
		return nil
	}
	var err error
	o.BillID, err = s.bills.Join(ctx, tx, bill.Seating{MerchantID: o.Merchant, Livemode: o.Livemode, TableID: o.TableID, TableName: o.TableName})
	return err
}

// recountBill has the bill of an order that ended, or of which a part was cancelled, counted again: what is left of it may be paid already.
func (s *Server) recountBill(ctx context.Context, tx pgx.Tx, o *order) error {
	if o.BillID == "" || o.news == nil && o.Status != Cancelled && o.Status != Expired {
		return nil
	}
	return s.bills.Recount(ctx, tx, o.BillID)
}

// leaveBill takes an order that is paid by itself off its bill, which is locked with it. Once somebody has paid, or is paying, a part of the bill, that
// may be a part of this order.
func (s *Server) leaveBill(ctx context.Context, tx pgx.Tx, o *order) error {
	if o.BillID == "" {
		return nil
	}
	has, err := bill.HasMoney(ctx, tx, o.BillID)
	if err != nil {
		return err
	}
	if has {
		return errs.New(errs.InvalidState, "Guests have paid, or are paying, a part of this order's bill. Record the payment at the bill.")
	}
	o.BillID = ""
	return takeOffBill(ctx, tx, o.ID)
}
