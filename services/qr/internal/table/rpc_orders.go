package table

import (
	"context"
	"crypto/subtle"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// changeOrder applies do to the merchant's locked order.
func (s *Server) changeOrder(ctx context.Context, merchantID, id string, do func(pgx.Tx, *order) error) (*order, error) {
	if err := checkIDs(merchantID, id, orderNoun); err != nil {
		return nil, err
	}
	var o *order
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var err error
		if o, err = lockOrder(ctx, tx, id); err != nil {
			return err
		}
		if o.Merchant != merchantID {
			return errs.NotFound(orderNoun)
		}
		if err := do(tx, o); err != nil {
			return err
		}
		return s.write(ctx, tx, o)
	})
	if err != nil {
		return nil, err
	}
	s.wake()
	s.tasks.Nudge()
	return o, nil
}

// SetOrderStatus implements TableService. The refund of a cancelled order is requested in the same transaction; it can also be
// requested for an order that was cancelled before.
func (s *Server) SetOrderStatus(ctx context.Context, r *qrv1.SetOrderStatusRequest) (*qrv1.SetOrderStatusResponse, error) {
	to := Status(r.GetStatus())
	if r.GetRefund() && to != Cancelled {
		return nil, errs.Invalid(errs.Field{Field: "refund", Message: "refund is only allowed with the status cancelled."})
	}
	o, err := s.changeOrder(ctx, r.GetMerchantId(), r.GetId(), func(tx pgx.Tx, o *order) error {
		if !r.GetRefund() {
			return s.setByMerchant(ctx, tx, o, to)
		}
		if o.Status == Cancelled {
			return s.refundCancelled(ctx, tx, o)
		}
		return s.cancelByStatus(ctx, tx, o, true)
	})
	if err != nil {
		return nil, err
	}
	return &qrv1.SetOrderStatusResponse{Order: o.view()}, nil
}

// GetGuestOrder implements TableService.
func (s *Server) GetGuestOrder(ctx context.Context, r *qrv1.GetGuestOrderRequest) (*qrv1.GetGuestOrderResponse, error) {
	if !isID(r.GetOrderId()) || !isToken(r.GetToken()) {
		return nil, errs.NotFound(orderNoun)
	}
	o, err := readOrder(ctx, s.pool, r.GetOrderId())
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(o.TableToken), []byte(r.GetToken())) != 1 {
		return nil, errs.NotFound(orderNoun)
	}
	return &qrv1.GetGuestOrderResponse{Order: o.guestView()}, nil
}

// ListOrders implements TableService.
func (s *Server) ListOrders(ctx context.Context, r *qrv1.ListOrdersRequest) (*qrv1.ListOrdersResponse, error) {
	if err := checkMerchantID(r.GetMerchantId()); err != nil {
		return nil, err
	}
	if id := r.GetTableId(); id != "" && !isID(id) {
		return nil, errs.Invalid(errs.Field{Field: "table", Message: "table must be the id of a table."})
	}
	if after := r.GetStartingAfter(); after != "" {
		return s.listOrdersAfter(ctx, r, after)
	}
	list, total, err := listOrders(ctx, s.reads, r)
	if err != nil {
		return nil, err
	}
	return &qrv1.ListOrdersResponse{Orders: orderViews(list), Total: total.Rows, TotalIsMinimum: total.Minimum}, nil
}

func (s *Server) listOrdersAfter(ctx context.Context, r *qrv1.ListOrdersRequest, after string) (*qrv1.ListOrdersResponse, error) {
	var last *order
	err := checkIDs(r.GetMerchantId(), after, orderNoun)
	if err == nil {
		last, err = readOwnOrder(ctx, s.pool, r.GetMerchantId(), after)
	}
	if err != nil && errs.From(err).Code == errs.NotFoundCode {
		return nil, errs.Invalid(errs.Field{Field: "starting_after", Message: "starting_after must be the id of one of your orders."})
	}
	if err != nil {
		return nil, err
	}
	list, more, err := listOrdersAfter(ctx, s.reads, r, last)
	if err != nil {
		return nil, err
	}
	return &qrv1.ListOrdersResponse{Orders: orderViews(list), HasMore: more}, nil
}

// ListKitchen implements TableService.
func (s *Server) ListKitchen(ctx context.Context, r *qrv1.ListKitchenRequest) (*qrv1.ListKitchenResponse, error) {
	if err := checkMerchantID(r.GetMerchantId()); err != nil {
		return nil, err
	}
	list, err := kitchenOrders(ctx, s.pool, r.GetMerchantId())
	if err != nil {
		return nil, err
	}
	return &qrv1.ListKitchenResponse{Orders: orderViews(list)}, nil
}

func orderViews(list []*order) []*qrv1.Order {
	views := make([]*qrv1.Order, len(list))
	for i, o := range list {
		views[i] = o.view()
	}
	return views
}

// GetOrder implements TableService.
func (s *Server) GetOrder(ctx context.Context, r *qrv1.GetOrderRequest) (*qrv1.GetOrderResponse, error) {
	if err := checkIDs(r.GetMerchantId(), r.GetId(), orderNoun); err != nil {
		return nil, err
	}
	o, err := readOwnOrder(ctx, s.pool, r.GetMerchantId(), r.GetId())
	if err != nil {
		return nil, err
	}
	history, err := historyOf(ctx, s.pool, o.ID)
	if err != nil {
		return nil, err
	}
	v := o.view()
	for _, c := range history {
		v.History = append(v.History, &qrv1.OrderChange{
			Sequence: c.Sequence, FromStatus: string(c.From), ToStatus: string(c.To), Cause: c.Cause, Detail: c.Detail, OccurredAt: timestamppb.New(c.At),
		})
	}
	return &qrv1.GetOrderResponse{Order: v}, nil
}
