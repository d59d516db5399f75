package table

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/kitchen"
)

// readCourse validates the course of an item.
func readCourse(bad *problems, field string, item *qrv1.OrderItem) kitchen.Line {
	if c := item.GetCourse(); c < 0 || c > kitchen.MaxCourse {
		bad.add(field+".course", "must be from 1 to %d, or absent", kitchen.MaxCourse)
	}
	return kitchen.Line{Course: item.GetCourse()}
}

// kitchenLines are the order's lines as the kitchen sees them.
func (o *order) kitchenLines() []kitchen.Line {
	list := make([]kitchen.Line, len(o.Lines))
	for i, l := range o.Lines {
		list[i] = l.kitchen
		list[i].Position = int32(i)
	}
	return list
}

func (o *order) setKitchenLines(list []kitchen.Line) {
	for _, k := range list {
		o.Lines[k.Position].kitchen = k
	}
}

// placeInKitchen gives the lines of a new order their stations. Those that are made at once are fired if the order is received already.
func placeInKitchen(ctx context.Context, tx pgx.Tx, o *order) error {
	lines, products := o.kitchenLines(), make([]string, len(o.Lines))
	for i, l := range o.Lines {
		products[i] = l.ProductID
	}
	if o.Status == Received {
		kitchen.FireFirst(lines, o.UpdatedAt)
	}
	if err := kitchen.Place(ctx, tx, o.Merchant, o.ID, products, lines); err != nil {
		return err
	}
	o.setKitchenLines(lines)
	return nil
}

// toKitchen tells the kitchen that the order changed its status: what is received is fired and printed, and lines follow an order that was moved on as
// a whole.
func toKitchen(ctx context.Context, tx pgx.Tx, o *order, from Status) error {
	if from == o.Status || o.linesLead {
		return nil
	}
	lines := o.kitchenLines()
	var changed []kitchen.Line
	if o.Status == Received {
		if from != "" {
			kitchen.FireFirst(lines, o.UpdatedAt)
			changed = lines
		}
		fired := slices.DeleteFunc(slices.Clone(lines), func(l kitchen.Line) bool { return l.FiredAt == nil })
		if err := kitchen.Print(ctx, tx, o.Merchant, o.ID, 0, fired, o.UpdatedAt); err != nil {
			return err
		}
	} else {
		changed = kitchen.Follow(string(o.Status), lines, o.UpdatedAt)
	}
	if len(changed) == 0 {
		return nil
	}
	o.setKitchenLines(lines)
	return kitchen.Write(ctx, tx, o.ID, changed)
}

// ChangeLines implements kitchen.Orders.
func (s *Server) ChangeLines(ctx context.Context, merchantID, id string, live *bool, do kitchen.Change) (*qrv1.Order, error) {
	o, err := s.changeOrder(ctx, merchantID, id, func(tx pgx.Tx, o *order) error {
		if live != nil && *live != o.Livemode {
			return errs.NotFound(orderNoun)
		}
		if !slices.Contains([]Status{Received, Preparing, Ready}, o.Status) {
			return errs.New(errs.InvalidState, "The kitchen does not work on an order that is %s.", o.Status)
		}
		lines := o.kitchenLines()
		changed, err := do(ctx, tx, lines, s.now())
		if err != nil || len(changed) == 0 {
			return err
		}
		o.setKitchenLines(lines)
		if err := kitchen.Write(ctx, tx, o.ID, changed); err != nil {
			return err
		}
		if err := kitchen.Touch(ctx, tx, o.Merchant, o.ID); err != nil {
			return err
		}
		return s.followLines(ctx, tx, o, Status(kitchen.Fold(string(o.Status), lines)))
	})
	if err != nil {
		return nil, err
	}
	return o.view(), nil
}

// followLines moves the order on, step by step, so that each state has its event.
func (s *Server) followLines(ctx context.Context, tx pgx.Tx, o *order, to Status) error {
	o.linesLead = true
	defer func() { o.linesLead = false }()
	for o.Status != to {
		if err := s.transition(ctx, tx, o, next[o.Status][0], byMerchant, ""); err != nil {
			return err
		}
	}
	return nil
}

// readKitchen adds what the kitchen knows to the lines.
func readKitchen(ctx context.Context, db pg.Reader, byID map[string]*order, ids []string) error {
	known, err := kitchen.Read(ctx, db, ids)
	if err != nil {
		return err
	}
	for id, o := range byID {
		for _, k := range known[id] {
			if int(k.Position) < len(o.Lines) {
				o.Lines[k.Position].kitchen = k
			}
		}
		for i := range o.Lines {
			o.Lines[i].kitchen = o.Lines[i].kitchen.In(string(o.Status))
		}
	}
	return nil
}

// showKitchen adds it to the view of a line.
func (l line) showKitchen(v *qrv1.OrderLine) *qrv1.OrderLine {
	k := l.kitchen
	v.Status, v.StationId, v.StationName, v.Course = string(k.Status), k.StationID, k.StationName, k.Course
	if k.FiredAt != nil {
		v.FiredAt = timestamppb.New(*k.FiredAt)
	}
	return v
}

// OpenOrders implements kitchen.Orders.
func (s *Server) OpenOrders(ctx context.Context, merchantID string) ([]*qrv1.Order, error) {
	list, err := kitchenOrders(ctx, s.pool, merchantID)
	if err != nil {
		return nil, err
	}
	return orderViews(list), nil
}

// OrdersOf implements kitchen.Orders.
func (s *Server) OrdersOf(ctx context.Context, merchantID string, ids []string) ([]*qrv1.Order, error) {
	list, err := ordersWith(ctx, s.pool, merchantID, ids)
	if err != nil {
		return nil, fmt.Errorf("read changed orders: %w", err)
	}
	return orderViews(list), nil
}
