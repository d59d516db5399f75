package table

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/refuse"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/hours"
)

// Types of offers.
const (
	percentage  = "percentage"
	fixedAmount = "fixed_amount"
	fixedPrice  = "fixed_price"
)

const (
	// wholePercent is 100 % in hundredths of a percent.
	wholePercent = 10_000
	// maxCents is the highest price of the catalog.
	maxCents = 100_000_000
	// maxOffers is the maximum per merchant: all are in its menu and evaluated for each order.
	maxOffers = 500
	offerNoun = "Offer"
)

// offer on a product, or without one on whole orders.
type offer struct {
	ID, Merchant, ProductID, Name, Type string
	// Value is in hundredths of a percent, or in cents.
	Value    int64
	MinOrder money.Cents
	// Nil: no limit. EndsAt is exclusive.
	StartsAt, EndsAt     *time.Time
	CreatedAt, UpdatedAt time.Time
	// Schedule is when it counts in each week, besides; nil: always.
	Schedule *hours.Weekly
	// code is what the guest typed, of an offer that it makes; nil: the offer is everybody's.
	code *redemption
}

func (o offer) valid(now time.Time) bool {
	return (o.StartsAt == nil || !now.Before(*o.StartsAt)) && (o.EndsAt == nil || now.Before(*o.EndsAt)) && (o.Schedule == nil || o.Schedule.Holds(now))
}

// changes returns when the offer begins or ends next after that time; zero if never.
func (o offer) changes(now time.Time) (next time.Time) {
	for _, at := range []*time.Time{o.StartsAt, o.EndsAt} {
		if at != nil && at.After(now) && (next.IsZero() || at.Before(next)) {
			next = *at
		}
	}
	if o.Schedule == nil {
		return next
	}
	return sooner(next, o.Schedule.Next(now))
}

// ofLine returns the price of count pieces with the offer, given their price without it.
func (o offer) ofLine(gross money.Cents, count int32) money.Cents {
	if o.Type == fixedPrice {
		return money.Cents(int64(count) * o.Value)
	}
	return money.Cents(money.MulDivHalfAway(int64(gross), wholePercent-o.Value, wholePercent))
}

// ofOrder returns the discount on an order, never more than its total.
func (o offer) ofOrder(total money.Cents) money.Cents {
	if o.Type == fixedAmount {
		return min(money.Cents(o.Value), total)
	}
	return money.Cents(money.MulDivHalfAway(int64(total), o.Value, wholePercent))
}

// read sets the fields that a caller may set, and validates them.
func (o *offer) read(in *qrv1.Offer, onProduct bool) error {
	var bad problems
	o.Name = bad.name("name", in.GetName(), maxName)
	o.Type, o.Value, o.MinOrder = in.GetType(), in.GetValue(), money.Cents(in.GetMinOrderCents())
	switch {
	case o.Type == percentage:
		if o.Value < 1 || o.Value > wholePercent {
			bad.add("value", "must be from 0.01 to 100 percent")
		}
	case o.Type == fixedAmount && !onProduct:
		if o.Value < 1 || o.Value > maxCents {
			bad.add("value", "must be from 0.01 to 1000000 euros")
		}
	case o.Type == fixedPrice && onProduct:
		if o.Value < 0 || o.Value > maxCents {
			bad.add("value", "must be from 0 to 1000000 euros")
		}
	case onProduct:
		bad.add("type", "must be percentage or fixed_price")
	default:
		bad.add("type", "must be percentage or fixed_amount")
	}
	if o.MinOrder < 0 || o.MinOrder > maxCents {
		bad.add("min_order", "must be from 0 to 1000000 euros")
	}
	if o.ProductID = in.GetProductId(); onProduct && !isID(o.ProductID) {
		bad.add("product_id", "must be the id of one of your products")
	}
	o.StartsAt, o.EndsAt = instant(in.GetStartsAt()), instant(in.GetEndsAt())
	if o.StartsAt != nil && o.EndsAt != nil && !o.StartsAt.Before(*o.EndsAt) {
		bad.add("ends_at", "must be after starts_at")
	}
	var week refuse.Problems
	o.Schedule = hours.ReadWeekly(&week, "schedule", in.GetSchedule())
	return append(bad, week...).err()
}

func instant(t *timestamppb.Timestamp) *time.Time {
	if t == nil {
		return nil
	}
	at := t.AsTime().Truncate(time.Microsecond)
	return &at
}

func stamp(t *time.Time) *timestamppb.Timestamp {
	if t == nil {
		return nil
	}
	return timestamppb.New(*t)
}

func (o offer) view() *qrv1.Offer {
	v := &qrv1.Offer{
		Id: o.ID, ProductId: o.ProductID, Name: o.Name, Type: o.Type, Value: o.Value, MinOrderCents: int64(o.MinOrder),
		StartsAt: stamp(o.StartsAt), EndsAt: stamp(o.EndsAt), CreatedAt: timestamppb.New(o.CreatedAt), UpdatedAt: timestamppb.New(o.UpdatedAt),
	}
	if o.Schedule != nil {
		v.Schedule = o.Schedule.View()
	}
	return v
}
