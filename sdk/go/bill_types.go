package eupay

import (
	"encoding/json"
	"time"
)

// BillStatus is open or closed.
type BillStatus string

// The states of a bill.
const (
	BillOpen   BillStatus = "open"
	BillClosed BillStatus = "closed"
)

// BillShareStatus is what became of a share.
type BillShareStatus string

// The states of a share.
const (
	BillShareOpen      BillShareStatus = "open"
	BillSharePaid      BillShareStatus = "paid"
	BillShareFailed    BillShareStatus = "failed"
	BillShareExpired   BillShareStatus = "expired"
	BillShareCancelled BillShareStatus = "cancelled"
)

// BillTable is where the guests sit.
type BillTable struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// BillSummary is the bill of a table, without its lines.
type BillSummary struct {
	ID       string `json:"id"`
	Livemode bool   `json:"livemode"`
	// Of the bill's link.
	Token string `json:"token"`
	// The page of the bill: send it to the person who pays.
	URL    string     `json:"url"`
	Table  BillTable  `json:"table"`
	Status BillStatus `json:"status"`
	// What the orders cost that have not been cancelled.
	Total Amount `json:"total"`
	// What was received and not given back, without tips.
	Paid Amount `json:"paid"`
	// What guests are paying at the moment.
	Pending Amount `json:"pending"`
	// Total less Paid; 0 of a closed bill.
	Due Amount `json:"due"`
	// Due less Pending.
	Free Amount `json:"free"`
	// What was paid too much.
	Overpaid Amount `json:"overpaid"`
	// In no other sum.
	Tips Amount `json:"tips"`
	// What the bill was closed without.
	WrittenOff     Amount    `json:"written_off"`
	WriteOffReason string    `json:"write_off_reason"`
	Currency       string    `json:"currency"`
	Sequence       int       `json:"sequence"`
	CreatedAt      time.Time `json:"created_at"`
	UpdatedAt      time.Time `json:"updated_at"`
	PaidAt         time.Time `json:"paid_at"`
	ClosedAt       time.Time `json:"closed_at"`
}

// Bill is the bill of a table.
type Bill struct {
	BillSummary

	Items    []BillLine    `json:"items"`
	VAT      []BillTax     `json:"vat"`
	Payments []BillPayment `json:"payments"`
	// Those that somebody is paying.
	Shares []BillShare `json:"shares"`
	// Replayed: an earlier request with the same key has done it, and nothing was done now.
	Replayed bool `json:"-"`
}

// GuestBill is a bill as guests see it.
type GuestBill struct {
	// Of the bill's link.
	Token string `json:"token"`
	// The page of the bill.
	URL      string     `json:"url"`
	Merchant string     `json:"merchant"`
	Table    BillTable  `json:"table"`
	Status   BillStatus `json:"status"`
	Items    []BillLine `json:"items"`
	// What the orders cost that have not been cancelled.
	Total Amount `json:"total"`
	// Without tips.
	Paid Amount `json:"paid"`
	// What is being paid at the moment.
	Pending Amount `json:"pending"`
	// Total less Paid.
	Due Amount `json:"due"`
	// Due less Pending.
	Free      Amount    `json:"free"`
	Currency  string    `json:"currency"`
	VAT       []BillTax `json:"vat"`
	CreatedAt time.Time `json:"created_at"`
	PaidAt    time.Time `json:"paid_at"`
	ClosedAt  time.Time `json:"closed_at"`
}

// BillLine is a line of an order.
type BillLine struct {
	OrderID     string `json:"order_id"`
	OrderNumber int    `json:"order_number"`
	// The line's place in its order, from 0.
	Position int    `json:"position"`
	Name     string `json:"name"`
	// The names of the chosen options.
	Options  []string `json:"options"`
	Quantity int      `json:"quantity"`
	// After all discounts.
	Total Amount `json:"total"`
	// How many pieces shares by item have paid or are paying.
	Taken int `json:"taken"`
}

// BillTax is the part of a bill at one rate of VAT.
type BillTax struct {
	// In percent.
	Rate json.Number `json:"rate"`
	// VAT included.
	Gross     Amount `json:"gross"`
	VATAmount Amount `json:"vat_amount"`
}

// BillPayment is money that was received for a bill.
type BillPayment struct {
	ID string `json:"id"`
	// One of eupay, cash, card, voucher, other.
	Method string `json:"method"`
	// Without the tip.
	Amount Amount `json:"amount"`
	Tip    Amount `json:"tip"`
	// What was given back of both, of the amount first.
	Refunded Amount `json:"refunded"`
	// PAY-…, of a payment with EU Pay.
	PaymentReference string `json:"payment_reference"`
	// The refund that was asked for last.
	Refund     *OrderRefund `json:"refund"`
	ReceivedAt time.Time    `json:"received_at"`
}

// BillShare is a part of a bill that somebody pays with EU Pay.
type BillShare struct {
	ID string `json:"id"`
	// One of equal, items, amount, rest.
	Kind   string          `json:"kind"`
	Status BillShareStatus `json:"status"`
	// Without the tip.
	Amount           Amount          `json:"amount"`
	Tip              Amount          `json:"tip"`
	Items            []BillShareItem `json:"items"`
	PaymentReference string          `json:"payment_reference"`
	// Where it is paid. Only while it is open and the bank has answered.
	PaymentURL  string    `json:"payment_url"`
	FailureCode string    `json:"failure_code"`
	CreatedAt   time.Time `json:"created_at"`
	ExpiresAt   time.Time `json:"expires_at"`
}

// BillShareItem are pieces of a line.
type BillShareItem struct {
	OrderID string `json:"order_id"`
	// The line's place in its order.
	Position int `json:"position"`
	Quantity int `json:"quantity"`
}

// BillShareParams is a share to take.
type BillShareParams struct {
	// One of equal, items, amount, rest.
	Kind string `json:"kind"`
	// Of equal: how many people divide what is left, and for how many of them this share pays.
	People int `json:"people,omitzero"`
	Parts  int `json:"parts,omitzero"`
	// Of items.
	Items []BillShareItem `json:"items,omitzero"`
	// Of amount.
	Amount Amount `json:"amount,omitzero"`
	Tip    Amount `json:"tip,omitzero"`
	// What the payer was shown that the part costs, without the tip. Another one is refused with TOTAL_CHANGED.
	ExpectedAmount Amount `json:"expected_amount,omitzero"`
	// How long the part is set aside. 0: 15.
	HoldMinutes int `json:"hold_minutes,omitzero"`
	// IdempotencyKey makes a repetition of the request harmless. Empty: the client makes one, for its own repetitions.
	IdempotencyKey string `json:"-"`
}

// TakenBillShare is a share and how it is paid.
type TakenBillShare struct {
	Share BillShare `json:"share"`
	// Nil when the share is not open any more.
	Payment *OrderPayment `json:"payment"`
	// Replayed: an earlier request with the same key has done it, and nothing was done now.
	Replayed bool `json:"-"`
}

// BillPaymentParams is money to record.
type BillPaymentParams struct {
	// One of cash, card, voucher, other.
	Method string `json:"method"`
	// Without the tip.
	Amount Amount `json:"amount"`
	Tip    Amount `json:"tip,omitzero"`
	// IdempotencyKey makes a repetition of the request harmless. Empty: the client makes one, for its own repetitions.
	IdempotencyKey string `json:"-"`
}

// BillRefundParams says how much is given back.
type BillRefundParams struct {
	// 0: all that was paid too much, as far as the payment goes.
	Amount Amount `json:"amount,omitzero"`
}

// BillCloseParams ends a bill.
type BillCloseParams struct {
	// Why what is unpaid will not be paid; empty: nothing may be unpaid.
	WriteOffReason string `json:"write_off_reason,omitzero"`
}
