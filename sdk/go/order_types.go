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
	PaymentStatus string       `json:"payment_status"`
	PaidAt        time.Time    `json:"paid_at"`
	Refund        *OrderRefund `json:"refund"`
	// Where the guest pays. Only while the order awaits its payment and the bank has answered.
	PaymentURL       string    `json:"payment_url"`
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
}

// ChosenOption is an option as it was when the order was placed.
type ChosenOption struct {
	ID    string `json:"id"`
	Group string `json:"group"`
	Name  string `json:"name"`
	Price Amount `json:"price"`
}

// OrderRefund is what is given back of an order.
type OrderRefund struct {
	// One of requested, pending, completed, failed.
	Status string `json:"status"`
	Amount Amount `json:"amount"`
	// REF-…, of a refund that was asked for with the order.
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
