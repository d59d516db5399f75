package delivery

import (
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

type billData struct {
	BillID     string      `json:"bill_id"`
	TableID    string      `json:"table_id"`
	Table      string      `json:"table"`
	Status     string      `json:"status"`
	Total      money.Cents `json:"total"`
	Paid       money.Cents `json:"paid"`
	Due        money.Cents `json:"due"`
	Overpaid   money.Cents `json:"overpaid"`
	Tips       money.Cents `json:"tips"`
	WrittenOff money.Cents `json:"written_off"`
	Currency   string      `json:"currency"`
	OrderIDs   []string    `json:"order_ids"`
	// Share is only in bill.share.paid.
	Share *paidShare `json:"share,omitempty"`
}

// paidShare is a part of a bill that was paid with EU Pay.
type paidShare struct {
	ShareID          string      `json:"share_id"`
	PaymentReference string      `json:"payment_reference"`
	Amount           money.Cents `json:"amount"`
	Tip              money.Cents `json:"tip"`
}

func billBody(c *eventsv1.BillChanged) billData {
	d := billData{
		BillID: c.GetBillId(), TableID: c.GetTableId(), Table: c.GetTableName(), Status: c.GetStatus(), Total: money.Cents(c.GetTotalCents()),
		Paid: money.Cents(c.GetPaidCents()), Due: money.Cents(c.GetDueCents()), Overpaid: money.Cents(c.GetOverpaidCents()), Tips: money.Cents(c.GetTipCents()),
		WrittenOff: money.Cents(c.GetWrittenOffCents()), Currency: c.GetCurrency(), OrderIDs: append([]string{}, c.GetOrderIds()...),
	}
	if s := c.GetShare(); s != nil {
		d.Share = &paidShare{s.GetShareId(), s.GetPaymentReference(), money.Cents(s.GetAmountCents()), money.Cents(s.GetTipCents())}
	}
	return d
}

func billMessage(e events.Event, c *eventsv1.BillChanged) (Message, error) {
	if c.GetMerchantId() != e.Merchant || c.GetLivemode() != e.Livemode {
		return Message{}, errSubjectMismatch
	}
	return Message{
		Reference: c.GetBillId(), Sequence: c.GetSequence(), at: happened(e, c.GetOccurredAt()),
		data: func(string) any { return billBody(c) },
	}, nil
}
