package table

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/tally"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// orderList is what the counters of orders are called.
const orderList = "orders"

// chosenOrders selects the orders of a merchant that match a request.
func chosenOrders(r *qrv1.ListOrdersRequest) (from string, args []any) {
	from, args = ` from orders where merchant_id = $1`, []any{r.GetMerchantId()}
	narrow := func(set bool, condition string, value any) {
		if set {
			args = append(args, value)
			from += fmt.Sprintf(condition, len(args))
		}
	}
	narrow(r.GetStatus() != "", ` and status = $%d`, r.GetStatus())
	narrow(r.GetTableId() != "", ` and table_id = $%d`, r.GetTableId())
	narrow(r.GetFrom() != nil, ` and created_at >= $%d`, r.GetFrom().AsTime())
	narrow(r.GetTo() != nil, ` and created_at < $%d`, r.GetTo().AsTime())
	narrow(r.GetPaymentReference() != "", ` and payment_reference = $%d`, r.GetPaymentReference())
	return from, args
}

// listOrders returns one page, newest first, and the total. Those of a table or of a payment are counted one by one.
func listOrders(ctx context.Context, db pg.Reader, r *qrv1.ListOrdersRequest) ([]*order, tally.Total, error) {
	from, args := chosenOrders(r)
	limit, offset := page(r.GetPage(), r.GetLimit())
	if r.GetTableId() != "" || r.GetPaymentReference() != "" {
		total, err := tally.AtMost(ctx, db, from, args...)
		if err != nil {
			return nil, tally.Total{}, fmt.Errorf("count orders: %w", err)
		}
		list, err := findOrders(ctx, db, fmt.Sprintf(`select %s%s order by created_at desc, id desc limit %d offset %d`, orderColumns, from, limit, offset), args...)
		return list, total, err
	}
	place, err := tally.Find(ctx, db, countedOrders(db, r), offset)
	if err != nil {
		return nil, tally.Total{}, err
	}
	total := tally.Total{Rows: place.Total}
	if place.Beyond {
		return nil, total, nil
	}
	args = append(args, place.Before)
	list, err := findOrders(ctx, db, fmt.Sprintf(`select %s%s and created_at < $%d order by created_at desc, id desc limit %d offset %d`,
		orderColumns, from, len(args), limit, place.Skip), args...)
	return list, total, err
}

// countedOrders says which counters are those of a request.
func countedOrders(db pg.Reader, r *qrv1.ListOrdersRequest) tally.Filter {
	f := tally.Filter{List: orderList, MerchantID: r.GetMerchantId()}
	if r.GetStatus() != "" {
		f.Groups = []string{r.GetStatus()}
	}
	if r.GetFrom() != nil {
		f.From = r.GetFrom().AsTime()
	}
	if r.GetTo() != nil {
		f.To = r.GetTo().AsTime()
	}
	f.Edge = func(ctx context.Context, begin, end time.Time) (n int64, err error) {
		from, args := chosenOrders(&qrv1.ListOrdersRequest{
			MerchantId: r.GetMerchantId(), Status: r.GetStatus(), From: timestamppb.New(begin), To: timestamppb.New(end),
		})
		return n, db.QueryRow(ctx, `select count(*)`+from, args...).Scan(&n)
	}
	return f
}

// listOrdersAfter returns the orders that follow one of the merchant's, and whether there are more. Orders placed in the meantime
// come before it, so none is returned twice.
func listOrdersAfter(ctx context.Context, db pg.Reader, r *qrv1.ListOrdersRequest, last *order) (list []*order, more bool, err error) {
	limit, _ := page(1, r.GetLimit())
	from, args := chosenOrders(r)
	args = append(args, last.CreatedAt, last.ID)
	list, err = findOrders(ctx, db, fmt.Sprintf(`select %s%s and (created_at, id) < ($%d, $%d) order by created_at desc, id desc limit %d`,
		orderColumns, from, len(args)-1, len(args), limit+1), args...)
	if more = int64(len(list)) > limit; more {
		list = list[:limit]
	}
	return list, more, err
}
