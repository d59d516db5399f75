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

// readCourse validates the course of an item, or of a part of one.
func readCourse(bad *problems, field string, item interface{ GetCourse() int32 }) kitchen.Line {
	if c := item.GetCourse(); c < 0 || c > kitchen.MaxCourse {
		bad.add(field+".course", "must be from 1 to %d, or absent", kitchen.MaxCourse)
	}
	return kitchen.Line{Course: item.GetCourse()}
}

// kitchenLines are the order's lines as the kitchen sees them: the parts of a set menu in place of its line.
func (o *order) kitchenLines() []kitchen.Line {
	var list []kitchen.Line
	for i := range o.Lines {
		list = append(list, o.Lines[i].inKitchen(int32(i))...)
	}
	return list
}

// inKitchen is the line, or its parts, as the kitchen sees it.
func (l *line) inKitchen(position int32) []kitchen.Line {
	if len(l.Parts) == 0 {
		one := l.kitchen
		one.Position = position
		return []kitchen.Line{one}
	}
	list := make([]kitchen.Line, len(l.Parts))
	for i, p := range l.Parts {
		list[i] = p.kitchen
		list[i].Position, list[i].Part = position, int32(i)+1
	}
	return list
}

// setKitchenLines sets lines and parts. A set menu is as far as its parts are.
func (o *order) setKitchenLines(list []kitchen.Line) {
	for _, k := range list {
		if l := &o.Lines[k.Position]; k.Part > 0 {
			l.Parts[k.Part-1].kitchen = k
		} else {
			l.kitchen = k
		}
	}
	for i := range o.Lines {
		o.Lines[i].sumKitchen(int32(i))
	}
}

func (l *line) sumKitchen(position int32) {
	l.kitchen.Position = position
	if len(l.Parts) > 0 {
		l.kitchen = l.kitchen.Sum(l.inKitchen(position))
	}
}

// leftInKitchen are those of the lines of which not all pieces were cancelled.
func (o *order) leftInKitchen(list []kitchen.Line) []kitchen.Line {
	return slices.DeleteFunc(slices.Clone(list), func(k kitchen.Line) bool { return o.Lines[k.Position].left() == 0 })
}

// writeKitchen records lines of the order that changed: of a set menu all parts, and the line.
func (o *order) writeKitchen(ctx context.Context, tx pgx.Tx, changed []kitchen.Line) error {
	var list []kitchen.Line
	for i := range o.Lines {
		l := &o.Lines[i]
		if !slices.ContainsFunc(changed, func(k kitchen.Line) bool { return int(k.Position) == i }) {
			continue
		}
		list = append(list, l.inKitchen(int32(i))...)
		if len(l.Parts) > 0 {
			list = append(list, l.kitchen)
		}
	}
	return kitchen.Write(ctx, tx, o.ID, list)
}

// placeInKitchen gives the lines of a new order, and the parts of set menus, their stations. Those that are made at once are fired if the order is
// received already.
func placeInKitchen(ctx context.Context, tx pgx.Tx, o *order) error {
	lines := o.kitchenLines()
	for i := range lines {
		lines[i].Status = kitchen.Waiting
	}
	if o.Status == Received {
		kitchen.FireFirst(lines, o.UpdatedAt)
	}
	o.setKitchenLines(lines)
	made := o.made(lines)
	if err := kitchen.Place(ctx, tx, o.Merchant, o.ID, made); err != nil {
		return err
	}
	for i := range lines {
		lines[i] = made[i].Line
	}
	o.setKitchenLines(lines)
	return nil
}

// made are the lines and then the set menus, with their products.
func (o *order) made(lines []kitchen.Line) []kitchen.Made {
	var list []kitchen.Made
	for _, k := range lines {
		of := o.Lines[k.Position]
		m := kitchen.Made{Line: k, Product: of.ProductID}
		if k.Part > 0 {
			m.Product, m.SetMenu = of.Parts[k.Part-1].ProductID, of.ProductID
		}
		list = append(list, m)
	}
	for _, l := range o.Lines {
		if len(l.Parts) > 0 {
			list = append(list, kitchen.Made{Line: l.kitchen, Product: l.ProductID})
		}
	}
	return list
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
	return o.writeKitchen(ctx, tx, changed)
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
		if err := o.writeKitchen(ctx, tx, changed); err != nil {
			return err
		}
		if err := kitchen.Touch(ctx, tx, o.Merchant, o.ID); err != nil {
			return err
		}
		return s.followLines(ctx, tx, o, Status(kitchen.Fold(string(o.Status), o.leftInKitchen(lines))))
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
		o.setKnown(known[id])
	}
	return nil
}

// setKnown sets what the kitchen knows. What has no row, because an older version wrote it, follows from what it belongs to: a part from its line, and a
// line from its order.
func (o *order) setKnown(known []kitchen.Line) {
	parts := make(map[[2]int32]kitchen.Line)
	for _, k := range known {
		switch {
		case k.Part > 0:
			parts[[2]int32{k.Position, k.Part}] = k
		case int(k.Position) < len(o.Lines):
			o.Lines[k.Position].kitchen = k
		}
	}
	for i := range o.Lines {
		l := &o.Lines[i]
		l.kitchen = l.kitchen.In(string(o.Status))
		for j := range l.Parts {
			if k, ok := parts[[2]int32{int32(i), int32(j) + 1}]; ok {
				l.Parts[j].kitchen = k.Under(l.kitchen)
			} else {
				l.Parts[j].kitchen = l.kitchen.PartOf(int32(j) + 1)
			}
		}
		l.sumKitchen(int32(i))
	}
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

// showKitchen adds it to the view of a part.
func (p part) showKitchen(v *qrv1.OrderPart) *qrv1.OrderPart {
	k := p.kitchen
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
