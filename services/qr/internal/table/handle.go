package table

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/trace"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	"european-pay.eu/eupay/services/qr/internal/bill"
	"european-pay.eu/eupay/services/qr/internal/catalog"
	"european-pay.eu/eupay/services/qr/internal/charge"
)

// subjects of the events that orders and menus follow.
var subjects = []string{
	"eupay.evt.*.payment.completed.>", "eupay.evt.*.payment.failed.>", "eupay.evt.*.payment.cancelled.>", "eupay.evt.*.merchant.>",
	"eupay.evt.*.payment.refunded.>", "eupay.evt.*.refund.failed.>", "eupay.evt.*.refund.cancelled.>",
}

// originOrder marks the payments of orders. Only the platform sets it.
const originOrder = "order"

// errOneByOne makes the consumer pass events one by one.
var errOneByOne = errors.New("orders are applied one by one")

// Handle applies events to orders and menus: a consume.Handler. A transaction applies at most one relevant event: if it locked
// the goods of several orders in turn, it could deadlock with a guest's order.
func (s *Server) Handle(ctx context.Context, tx pgx.Tx, batch []consume.Event) error {
	var todo []func() error
	for _, e := range batch {
		do, err := s.read(ctx, tx, e)
		if err != nil {
			return err
		}
		if do != nil {
			todo = append(todo, do)
		}
	}
	switch {
	case len(todo) == 0:
		return nil
	case len(todo) > 1:
		return errOneByOne
	}
	return todo[0]()
}

// read returns what an event requires; nil if nothing.
func (s *Server) read(ctx context.Context, tx pgx.Tx, e consume.Event) (func() error, error) {
	if strings.HasPrefix(e.Type, "merchant.") {
		m := &eventsv1.MerchantChanged{}
		if err := proto.Unmarshal(e.Data, m); err != nil || !isID(m.GetMerchantId()) || m.GetMerchantId() != e.Merchant {
			return nil, consume.Poison(fmt.Errorf("event %s does not describe its merchant", e.ID))
		}
		return func() error { return s.handleMerchant(ctx, tx, e, m) }, nil
	}
	c := &eventsv1.PaymentChanged{}
	if err := proto.Unmarshal(e.Data, c); err != nil {
		return nil, consume.Poison(fmt.Errorf("event %s does not describe a payment: %w", e.ID, err))
	}
	p := c.GetPayment()
	if strings.HasPrefix(e.Type, "refund.") {
		if p.GetMerchantId() != e.Merchant {
			return nil, nil
		}
		return func() error {
			if err := bill.RefundFailed(ctx, tx, e.Merchant, p.GetReference(), p.GetFailureCode()); err != nil {
				return err
			}
			return s.applyRefundFailure(ctx, tx, e.Merchant, p.GetReference(), p.GetFailureCode())
		}, nil
	}
	if p.GetOrigin() != originOrder || !isID(p.GetOrderId()) {
		return nil, nil
	}
	return func() error { return s.handlePayment(ctx, tx, e, c) }, nil
}

// handleMerchant stores the name, and whether the platform has closed the merchant's access. A merchant that has not been enabled
// yet may show menus and take orders that are paid at the counter.
func (s *Server) handleMerchant(ctx context.Context, tx pgx.Tx, e consume.Event, m *eventsv1.MerchantChanged) error {
	isActive := e.Type != "merchant.disabled"
	if !m.GetGatewayEnabled() && isActive && e.Type != "merchant.enabled" {
		var err error
		if isActive, err = wasActive(ctx, tx, m.GetMerchantId()); err != nil {
			return err
		}
	}
	if err := upsertMerchant(ctx, tx, m.GetMerchantId(), m.GetName(), isActive, e.Time); err != nil {
		return err
	}
	return catalog.Bump(ctx, tx, m.GetMerchantId())
}

// handlePayment accepts only a payment that fits its order. Any other indicates a bug and is logged.
func (s *Server) handlePayment(ctx context.Context, tx pgx.Tx, e consume.Event, c *eventsv1.PaymentChanged) error {
	p := c.GetPayment()
	o, err := lockOrder(ctx, tx, p.GetOrderId())
	if err == nil {
		trace.Current(ctx).Link(o.trace)
	}
	if errs.Is(err, errs.NotFoundCode) {
		return s.bills.HandlePayment(ctx, tx, e, c)
	}
	if err != nil {
		return err
	}
	if p.GetMerchantId() != o.Merchant || e.Merchant != o.Merchant || p.GetLivemode() != o.Livemode || e.Livemode != o.Livemode ||
		p.GetAmountCents() != int64(o.Totals.Total) || p.GetCurrency() != Currency {
		s.log.ErrorContext(ctx, "payment does not fit its order", "order", o.ID, "payment", p.GetReference())
		return nil
	}
	if err := s.applyEvent(ctx, tx, o, e, c); err != nil {
		return err
	}
	return s.write(ctx, tx, o)
}

// applyEvent applies an event of a payment of the locked order.
func (s *Server) applyEvent(ctx context.Context, tx pgx.Tx, o *order, e consume.Event, c *eventsv1.PaymentChanged) error {
	p := c.GetPayment()
	if e.Type == "payment.refunded" {
		return s.applyRefund(ctx, tx, o, c)
	}
	if err := charge.EndCancellation(ctx, tx, o.ID, p.GetReference()); err != nil {
		return err
	}
	if e.Type == "payment.completed" {
		at := s.now()
		if p.GetCompletedAt().IsValid() && p.GetCompletedAt().AsTime().Unix() > 0 {
			at = p.GetCompletedAt().AsTime().Truncate(time.Microsecond)
		}
		return s.applyPayment(ctx, tx, o, p.GetReference(), at)
	}
	return s.applyFailedPayment(ctx, tx, o, p.GetReference(), p.GetFailureCode())
}

// Sweep ends orders that were not paid in time, and those to be paid at the counter that nobody accepted, and returns their
// number. One that cannot be ended does not affect the others.
func (s *Server) Sweep(ctx context.Context) (int, error) {
	ids, err := unpaidSince(ctx, s.pool, s.now().Add(-payWithin))
	if err != nil {
		return 0, err
	}
	if s.unclaimedAfter > 0 {
		unclaimed, err := unclaimedSince(ctx, s.pool, s.now().Add(-s.unclaimedAfter))
		if err != nil {
			return 0, err
		}
		ids = append(ids, unclaimed...)
	}
	if len(ids) == 0 {
		return 0, nil
	}
	ended := 0
	for _, id := range ids {
		if err := s.expire(ctx, id); err != nil {
			s.log.ErrorContext(ctx, "unpaid order not ended, retrying later", "order", id, "error", err)
			continue
		}
		ended++
	}
	s.wake()
	s.tasks.Nudge()
	return ended, nil
}

// payWithin is when an order that waits for its payment expires: shortly after its bank session and its code.
const payWithin = 35 * time.Minute

func (s *Server) expire(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		o, err := lockOrder(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case o.Status == AwaitingPayment:
			err = s.end(ctx, tx, o, Expired, byExpiry, "")
		case o.Status == Received && o.PaidAt == nil:
			var has bool
			if has, err = bill.HasMoney(ctx, tx, o.BillID); err == nil && !has {
				err = s.end(ctx, tx, o, Expired, byExpiry, "unclaimed")
			}
		}
		if err != nil {
			return err
		}
		return s.write(ctx, tx, o)
	})
}
