package webhook

import eupay "european-pay.eu/eupay/sdk/go"

// Bill is what an event says of the bill of a table.
type Bill struct {
	BillID  string           `json:"bill_id"`
	TableID string           `json:"table_id"`
	Table   string           `json:"table"`
	Status  eupay.BillStatus `json:"status"`
	// Total is what the orders cost that have not been cancelled.
	Total eupay.Amount `json:"total"`
	// Paid is without tips.
	Paid eupay.Amount `json:"paid"`
	Due  eupay.Amount `json:"due"`
	// Overpaid is what was paid too much.
	Overpaid eupay.Amount `json:"overpaid"`
	Tips     eupay.Amount `json:"tips"`
	// WrittenOff is what the bill was closed without.
	WrittenOff eupay.Amount `json:"written_off"`
	Currency   string       `json:"currency"`
	OrderIDs   []string     `json:"order_ids"`
	// Share only comes with bill.share.paid.
	Share *PaidShare `json:"share"`
}

// PaidShare is a part of a bill that was paid with EU Pay.
type PaidShare struct {
	ShareID          string `json:"share_id"`
	PaymentReference string `json:"payment_reference"`
	// Amount is without the tip.
	Amount eupay.Amount `json:"amount"`
	Tip    eupay.Amount `json:"tip"`
}
