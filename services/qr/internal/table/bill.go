package table

import (
	"context"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/qr/internal/bill"
)

// joinBill puts an order that is not paid at once on the bill of its table, which it locks. The bill comes before the products in the order of locks.
func (s *Server) joinBill(ctx context.Context, tx pgx.Tx, o *order) error {
	if o.PayNow || o.Type != dineIn {
		return nil
	}
	var err error
	o.BillID, err = s.bills.Join(ctx, tx, bill.Seating{MerchantID: o.Merchant, Livemode: o.Livemode, TableID: o.TableID, TableName: o.TableName})
	return err
}

// recountBill has the bill of an order that ended counted again: what is left of it may be paid already.
func (s *Server) recountBill(ctx context.Context, tx pgx.Tx, o *order) error {
	if o.BillID == "" || o.Status != Cancelled && o.Status != Expired {
		return nil
	}
	return s.bills.Recount(ctx, tx, o.BillID)
}
