package eupay

import (
	"encoding/json"
	"time"
)

// Order is an order. A guest sees it without CustomerName, Notes, PaymentReference, BillID, PaidLate, Livemode, Sequence and History, and
// nobody else sees PaymentURL.
type Order struct {
	ID string `json:"id"`
	// Counts the merchant's orders.
	Number int         `json:"number"`
	Status OrderStatus `json:"status"`
	// One of dine_in, takeaway.
	OrderType string      `json:"order_type"`
	Table     OrderTable  `json:"table"`
	Items     []OrderLine `json:"items"`
	// At the prices of the catalog.
	Subtotal Amount `json:"subtotal"`
	Discount Amount `json:"discount"`
	// The name of the offer on the whole order.
	Offer string `json:"offer"`
	// Subtotal less Discount.
	Total Amount `json:"total"`
	// The VAT in Total.
	VATAmount Amount `json:"vat_amount"`
	Currency  string `json:"currency"`
	PayNow    bool   `json:"pay_now"`
	// not_required: nothing is paid here. unpaid: it ended without being paid. One of not_required, pending, paid, unpaid,
	// partially_refunded, refunded.
	PaymentStatus string    `json:"payment_status"`
	PaidAt        time.Time `json:"paid_at"`
	// PaymentMethod is how it was paid; empty: it was not.
	PaymentMethod PayMethod    `json:"payment_method"`
	Refund        *OrderRefund `json:"refund"`
	// What was cancelled of Total, which stays as it was.
	CancelledAmount Amount `json:"cancelled_amount"`
	// What is still to be paid.
	Due Amount `json:"due"`
	// Where the guest pays. Only while the order awaits its payment and the bank has answered.
	PaymentURL string `json:"payment_url"`
	// When a takeaway order is fetched. Zero: the merchant does not say.
	PickupAt time.Time `json:"pickup_at"`
	// The code that made it cheaper.
	PromotionCode    string    `json:"promotion_code"`
	CreatedAt        time.Time `json:"created_at"`
	UpdatedAt        time.Time `json:"updated_at"`
	CustomerName     string    `json:"customer_name"`
	Notes            string    `json:"notes"`
	PaymentReference string    `json:"payment_reference"`
	// The bill that it is paid with; empty when it is paid by itself.
	BillID string `json:"bill_id"`
	// Money came for which the order has no use any more. Serve it or refund it.
	PaidLate bool          `json:"paid_late"`
	Livemode bool          `json:"livemode"`
	Sequence int           `json:"sequence"`
	History  []OrderChange `json:"history"`
}

// OrderTable is where the order was placed.
type OrderTable struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// OrderChange is one row of the history of an order.
type OrderChange struct {
	Sequence   int         `json:"sequence"`
	Status     OrderStatus `json:"status"`
	FromStatus OrderStatus `json:"from_status"`
	// One of guest, merchant, payment, expiry, gateway.
	Cause      string    `json:"cause"`
	Detail     string    `json:"detail"`
	OccurredAt time.Time `json:"occurred_at"`
}

// OrderLine is what was ordered of one product.
type OrderLine struct {
	ProductID string `json:"product_id"`
	Name      string `json:"name"`
	Quantity  int    `json:"quantity"`
	Notes     string `json:"notes"`
	UnitPrice Amount `json:"unit_price"`
	// The part of all discounts that falls on this line.
	Discount Amount      `json:"discount"`
	Total    Amount      `json:"total"`
	VATRate  json.Number `json:"vat_rate"`
	// The VAT in Total.
	VATAmount Amount `json:"vat_amount"`
	// What was chosen; UnitPrice includes it.
	Options []ChosenOption `json:"options"`
	// The line's place in the order, from 0: how a cancellation names it.
	Position int `json:"position"`
	// What was cancelled of Quantity and Total, which stay as they were.
	CancelledQuantity int    `json:"cancelled_quantity"`
	CancelledAmount   Amount `json:"cancelled_amount"`
	// What was chosen of a set menu; UnitPrice includes its supplements and options.
	Parts []OrderPart `json:"parts"`
	// Total by rate, the lowest first. VATRate is the one at which most of it is taxed.
	Taxes []TaxShare `json:"taxes"`
	// Of a product with variants. Name has the variant's, too.
	VariantID string `json:"variant_id"`
	Variant   string `json:"variant"`
	// How far the line is in the kitchen.
	Status LineStatus `json:"status"`
	// 0: none.
	Course int `json:"course"`
	// Since when it is to be made; zero while its course waits, or the order is not received yet.
	FiredAt time.Time `json:"fired_at"`
	// Where it is made; nil for guests, and without stations.
	Station *LineStation `json:"station"`
}

// ChosenOption is an option as it was when the order was placed.
type ChosenOption struct {
	ID    string `json:"id"`
	Group string `json:"group"`
	Name  string `json:"name"`
	Price Amount `json:"price"`
}

// OrderRefund is what is given back of an order. Of several refunds it sums up those that are least far along, failed ones first.
type OrderRefund struct {
	// One of requested, pending, completed, failed.
	Status string `json:"status"`
	Amount Amount `json:"amount"`
	// REF-…, of a single refund that was asked for with the order.
	Reference string `json:"reference"`
	// Of failed.
	FailureCode string `json:"failure_code"`
}

// OrderParams is an order to place.
type OrderParams struct {
	Items []OrderItem `json:"items"`
	// One of dine_in, takeaway.
	OrderType string `json:"orderType"`
	PayNow    bool   `json:"payNow,omitzero"`
	// The total that the guest was shown. Another one is refused with TOTAL_CHANGED and not ordered.
	ExpectedTotal Amount `json:"expected_total,omitzero"`
	CustomerName  string `json:"customerName,omitzero"`
	Notes         string `json:"notes,omitzero"`
	// PickupAt is the beginning of a slot, of a takeaway order. Zero: as soon as possible.
	PickupAt      time.Time `json:"pickup_at,omitzero"`
	PromotionCode string    `json:"promotion_code,omitzero"`
	// IdempotencyKey makes a repetition of the request harmless. Empty: the client makes one, for its own repetitions.
	IdempotencyKey string `json:"-"`
}

// OrderItem is how much of which product.
type OrderItem struct {
	ProductID string `json:"productId"`
	Quantity  int    `json:"quantity"`
	Notes     string `json:"notes,omitzero"`
	// Options are the ids of what is chosen from the product's option groups.
	Options []string `json:"options,omitzero"`
	// Parts are what is chosen of a set menu: a product for each choice.
	Parts []OrderItemPart `json:"parts,omitzero"`
	// VariantID is required when the product has variants.
	VariantID string `json:"variant_id,omitzero"`
	// Course from 1 to 9: the item waits until it is fired. 0: none.
	Course int `json:"course,omitzero"`
}

// PlacedOrder is an order and how it is paid.
type PlacedOrder struct {
	Order   Order         `json:"order"`
	Payment *OrderPayment `json:"payment"`
	// Replayed: an earlier request with the same key or reference has done it, and nothing was done now.
	Replayed bool `json:"-"`
}

// OrderPayment is how an order is paid.
type OrderPayment struct {
	Reference string `json:"reference"`
	// Where the guest pays. Empty when the bank has not answered in time; place the order again with the same IdempotencyKey.
	PaymentURL string  `json:"payment_url"`
	QRData     *QRData `json:"qr_data"`
}

// OrderStatusParams is what becomes of an order.
type OrderStatusParams struct {
	Status OrderStatus `json:"status"`
	Refund bool        `json:"refund,omitzero"`
}

// OrderStatus is where an order stands.
type OrderStatus string

// The values of OrderStatus.
const (
	OrderAwaitingPayment OrderStatus = "awaiting_payment"
	OrderReceived        OrderStatus = "received"
	OrderPreparing       OrderStatus = "preparing"
	OrderReady           OrderStatus = "ready"
	OrderServed          OrderStatus = "served"
	OrderCancelled       OrderStatus = "cancelled"
	OrderExpired         OrderStatus = "expired"
	OrderPaymentFailed   OrderStatus = "payment_failed"
)
