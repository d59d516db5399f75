package table

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/vat"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/catalog"
)

// Status of an order.
type Status string

// The states of an order. The last three are final.
const (
	AwaitingPayment Status = "awaiting_payment"
	Received        Status = "received"
	Preparing       Status = "preparing"
	Ready           Status = "ready"
	Served          Status = "served"
	Cancelled       Status = "cancelled"
	Expired         Status = "expired"
	PaymentFailed   Status = "payment_failed"
)

// The causes of a change.
const (
	byGuest    = "guest"
	byMerchant = "merchant"
	byPayment  = "payment"
	byExpiry   = "expiry"
	byGateway  = "gateway"
)

const (
	dineIn    = "dine_in"
	takeaway  = "takeaway"
	orderNoun = "Order"
)

// next are the states that a merchant may choose.
var next = map[Status][]Status{
	AwaitingPayment: {Cancelled},
	Received:        {Preparing, Cancelled},
	Preparing:       {Ready, Cancelled},
	Ready:           {Served, Cancelled},
}

type order struct {
	ID, Merchant     string
	Livemode         bool
	Number           int64
	TableID          string
	TableName        string
	TableToken       string
	Type             string
	PayNow           bool
	Status           Status
	HoldsStock       bool
	CustomerName     string
	Notes            string
	Totals           totals
	PaymentReference string
	PaidAt           *time.Time
	PaidLate         bool
	// PaidMethod is how it was paid at the counter; empty: with EU Pay, or not at all.
	PaidMethod string
	Refund     refund
	Refunded   money.Cents
	Sequence   int64
	CreatedAt  time.Time
	UpdatedAt  time.Time
	Lines      []line
	// BillID is the bill that it is paid with; empty if none.
	BillID string

	// terms are when it is fetched, and the code that made it cheaper.
	terms terms

	// PaymentURL and PaymentCreatedAt are of its payment, once the payments service has it and the bank has answered.
	PaymentURL       string
	PaymentCreatedAt *time.Time

	// paidTaxes are paid; empty: all of the order.
	paidTaxes []vat.Share
	// entries are noted for the journal and not written yet.
	entries []noted

	fingerprint []byte
	// linesLead: the order follows its lines, so they need not follow it.
	linesLead bool
	// askDueAt is when its payment is asked for by whoever finds it; written with the order, and read by the claim alone.
	askDueAt        *time.Time
	askAttempts     int
	merchantVersion int64
	// trace is the traceparent of what placed it, which later work is linked to.
	trace string
	// cancellations is how many there are of it; news is the one that its next event is about.
	cancellations int32
	news          *cancellation
}

// The states of a refund that was requested with the order.
const (
	refundRequested = "requested"
	refundPending   = "pending"
	refundCompleted = "completed"
	refundFailed    = "failed"
)

// refund is the refund that was requested with the order; the zero value if none.
type refund struct {
	Status, Reference, Failure string
	Amount                     money.Cents
}

// paymentStatus returns what the order's status does not show: whether it was paid, however it ended.
func (o *order) paymentStatus() string {
	switch {
	case o.PaidAt != nil && o.Refunded >= o.paidAmount():
		return "refunded"
	case o.PaidAt != nil && o.Refunded > 0:
		return "partially_refunded"
	case o.PaidAt != nil:
		return "paid"
	case o.Status == AwaitingPayment:
		return "pending"
	case !o.PayNow || o.Totals.Total == 0:
		return "not_required"
	default:
		return "unpaid"
	}
}

// refundView returns the refund that was requested with the order, otherwise the sum of others; nil if none.
func (o *order) refundView() *qrv1.OrderRefund {
	switch {
	case o.Refund.Status != "":
		return &qrv1.OrderRefund{
			Status: o.Refund.Status, AmountCents: int64(o.Refund.Amount), Reference: o.Refund.Reference, FailureCode: o.Refund.Failure,
		}
	case o.Refunded > 0:
		return &qrv1.OrderRefund{Status: refundCompleted, AmountCents: int64(o.Refunded)}
	default:
		return nil
	}
}

// change is a row of an order's history.
type change struct {
	Sequence      int64
	From, To      Status
	Cause, Detail string
	At            time.Time
}

// pieces returns what the order takes from the stock, each product or variant once.
func (o *order) pieces() []catalog.Quantity {
	counts := make(map[catalog.Quantity]int32, len(o.Lines))
	for _, l := range o.Lines {
		counts[catalog.Quantity{ProductID: l.ProductID, VariantID: l.VariantID}] += l.left()
		for _, p := range l.Parts {
			counts[catalog.Quantity{ProductID: p.ProductID}] += l.left()
		}
	}
	list := make([]catalog.Quantity, 0, len(counts))
	for q, n := range counts {
		q.Count = n
		list = append(list, q)
	}
	return list
}

func (o *order) view() *qrv1.Order {
	v := &qrv1.Order{
		Id: o.ID, MerchantId: o.Merchant, Livemode: o.Livemode, Number: o.Number, TableId: o.TableID, TableName: o.TableName, OrderType: o.Type,
		PayNow: o.PayNow, Status: string(o.Status), CustomerName: o.CustomerName, Notes: o.Notes, SubtotalCents: int64(o.Totals.Subtotal),
		DiscountCents: int64(o.Totals.Discount), TotalCents: int64(o.Totals.Total), VatCents: int64(o.Totals.VAT), Currency: Currency,
		OfferName: o.Totals.Offer, PaymentReference: o.PaymentReference, PaidLate: o.PaidLate, Sequence: o.Sequence,
		CreatedAt: timestamppb.New(o.CreatedAt), UpdatedAt: timestamppb.New(o.UpdatedAt),
		PaymentStatus: o.paymentStatus(), Refund: o.refundView(), BillId: o.BillID, PaymentMethod: o.paymentMethod(),
		PickupAt: stamp(o.terms.PickupAt), PromotionCode: o.terms.Code,
	}
	if o.PaidAt != nil {
		v.PaidAt = timestamppb.New(*o.PaidAt)
	}
	for i, l := range o.Lines {
		v.Lines = append(v.Lines, l.showKitchen(&qrv1.OrderLine{
			Position: int32(i), Taxes: taxViews(l.taxes()), ProductId: l.ProductID, Name: l.Name, Quantity: l.Quantity, Notes: l.Notes,
			UnitPriceCents: int64(l.Unit), VatPerMille: int32(l.VATPerMill),
			TotalCents: int64(l.Total), VatCents: int64(l.VAT), DiscountCents: int64(l.Discount), Options: optionViews(l.Options), Parts: partViews(l.Parts),
			VariantId: l.VariantID, VariantName: l.VariantName,
		}))
	}
	o.showCancelled(v)
	return v
}

func taxViews(list []vat.Share) []*qrv1.TaxShare {
	views := make([]*qrv1.TaxShare, len(list))
	for i, s := range list {
		views[i] = &qrv1.TaxShare{VatPerMille: int32(s.Rate), GrossCents: int64(s.Gross), VatCents: int64(s.VAT)}
	}
	return views
}

func optionViews(list []catalog.Chosen) []*qrv1.ChosenOption {
	var views []*qrv1.ChosenOption
	for _, o := range list {
		views = append(views, &qrv1.ChosenOption{OptionId: o.ID, Group: o.Group, Name: o.Name, PriceCents: int64(o.Price)})
	}
	return views
}

// guestView is view for the guest, who may pay.
func (o *order) guestView() *qrv1.Order {
	v := o.view()
	if o.Status == AwaitingPayment && o.PaymentCreatedAt != nil {
		v.PaymentUrl, v.PaymentCreatedAt = o.PaymentURL, timestamppb.New(*o.PaymentCreatedAt)
	}
	return v
}

// event returns the event that announces the order in its current state.
func (o *order) event(what string, from Status) (events.Event, error) {
	c := &eventsv1.OrderChanged{
		OrderId: o.ID, MerchantId: o.Merchant, Livemode: o.Livemode, Number: o.Number, TableId: o.TableID, TableName: o.TableName, OrderType: o.Type,
		Status: string(o.Status), PreviousStatus: string(from), TotalCents: int64(o.Totals.Total), Currency: Currency,
		PaymentReference: o.PaymentReference, PaidLate: o.PaidLate, Sequence: o.Sequence, OccurredAt: timestamppb.New(o.UpdatedAt),
		PaymentStatus: o.paymentStatus(), PaymentMethod: o.paymentMethod(), PickupAt: stamp(o.terms.PickupAt),
	}
	if o.PaidAt != nil {
		c.PaidAt = timestamppb.New(*o.PaidAt)
	}
	if r := o.refundView(); r != nil {
		c.RefundStatus, c.RefundAmountCents, c.RefundReference = r.GetStatus(), r.GetAmountCents(), r.GetReference()
	}
	for i, l := range o.Lines {
		item := &eventsv1.OrderedItem{
			ProductId: l.ProductID, Name: l.Name, Quantity: l.Quantity, TotalCents: int64(l.Total), VatRatePerMille: new(int32(l.VATPerMill)), Position: int32(i),
			VariantId: l.VariantID,
		}
		for _, s := range l.split {
			item.Taxes = append(item.Taxes, &eventsv1.OrderedTax{VatRatePerMille: int32(s.Rate), GrossCents: int64(s.Gross)})
		}
		c.Items = append(c.Items, item)
	}
	o.tellCancelled(c)
	data, err := proto.Marshal(c)
	if err != nil {
		return events.Event{}, fmt.Errorf("encode order event: %w", err)
	}
	return events.Event{
		ID: events.NewID(), Type: "order." + what, Source: "qr", Merchant: o.Merchant, Livemode: o.Livemode, Time: o.UpdatedAt, Data: data,
	}, nil
}
