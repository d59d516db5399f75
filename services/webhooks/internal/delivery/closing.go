package delivery

import (
	"time"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/vat"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// closingData is a closing as the API has it.
type closingData struct {
	ID            string          `json:"id"`
	Livemode      bool            `json:"livemode"`
	Period        string          `json:"period"`
	Number        int64           `json:"number"`
	Day           string          `json:"day"`
	ByHand        bool            `json:"by_hand"`
	FirstSequence int64           `json:"first_sequence"`
	LastSequence  int64           `json:"last_sequence"`
	Sequence      int64           `json:"sequence"`
	ClosedAt      string          `json:"closed_at"`
	Hash          string          `json:"hash"`
	Orders        int64           `json:"orders"`
	Gross         money.Cents     `json:"gross"`
	Net           money.Cents     `json:"net"`
	VATAmount     money.Cents     `json:"vat_amount"`
	Taxes         []closingTax    `json:"taxes"`
	Discount      money.Cents     `json:"discount"`
	Cancellations int64           `json:"cancellations"`
	Cancelled     money.Cents     `json:"cancelled"`
	Refunds       int64           `json:"refunds"`
	Refunded      money.Cents     `json:"refunded"`
	ReceivedTaxes []closingTax    `json:"received_taxes"`
	Methods       []closingMethod `json:"methods"`
	Tips          money.Cents     `json:"tips"`
	GrandTotals   closingGrand    `json:"grand_totals"`
}

type closingTax struct {
	VATRate   vat.Percent `json:"vat_rate"`
	Net       money.Cents `json:"net"`
	VATAmount money.Cents `json:"vat_amount"`
	Gross     money.Cents `json:"gross"`
}

type closingMethod struct {
	Method   string      `json:"method"`
	Payments int64       `json:"payments"`
	Received money.Cents `json:"received"`
	Refunds  int64       `json:"refunds"`
	Refunded money.Cents `json:"refunded"`
	Tips     money.Cents `json:"tips"`
}

type closingGrand struct {
	Total     money.Cents `json:"total"`
	Cancelled money.Cents `json:"cancelled"`
	Received  money.Cents `json:"received"`
	Refunded  money.Cents `json:"refunded"`
}

func closingBody(c *qrv1.Closing) closingData {
	t := c.GetTotals()
	d := closingData{
		ID: c.GetId(), Livemode: c.GetLivemode(), Period: c.GetPeriod(), Number: c.GetNumber(), Day: c.GetDay(), ByHand: c.GetByHand(),
		FirstSequence: c.GetFirstSequence(), LastSequence: c.GetLastSequence(), Sequence: c.GetSequence(),
		ClosedAt: c.GetClosedAt().AsTime().UTC().Format(time.RFC3339), Hash: c.GetHash(),
		Orders: t.GetOrders(), Gross: money.Cents(t.GetGrossCents()), Net: money.Cents(t.GetNetCents()), VATAmount: money.Cents(t.GetVatCents()),
		Taxes: closingTaxes(t.GetTaxes()), Discount: money.Cents(t.GetDiscountCents()), Cancellations: t.GetCancellations(),
		Cancelled: money.Cents(t.GetCancelledCents()), Refunds: t.GetRefunds(), Refunded: money.Cents(t.GetRefundedCents()),
		ReceivedTaxes: closingTaxes(t.GetReceivedTaxes()), Methods: make([]closingMethod, len(t.GetMethods())), Tips: money.Cents(t.GetTipCents()),
		GrandTotals: closingGrand{
			money.Cents(t.GetGrandTotalCents()), money.Cents(t.GetGrandCancelledCents()), money.Cents(t.GetGrandReceivedCents()),
			money.Cents(t.GetGrandRefundedCents()),
		},
	}
	for i, m := range t.GetMethods() {
		d.Methods[i] = closingMethod{
			m.GetMethod(), m.GetPayments(), money.Cents(m.GetReceivedCents()), m.GetRefunds(), money.Cents(m.GetRefundedCents()), money.Cents(m.GetTipCents()),
		}
	}
	return d
}

func closingTaxes(list []*qrv1.TaxShare) []closingTax {
	taxes := make([]closingTax, len(list))
	for i, x := range list {
		gross, tax := money.Cents(x.GetGrossCents()), money.Cents(x.GetVatCents())
		taxes[i] = closingTax{vat.Percent(x.GetVatPerMille()), gross - tax, tax, gross}
	}
	return taxes
}

func closingMessage(e events.Event, c *eventsv1.TillClosed) (Message, error) {
	if c.GetMerchantId() != e.Merchant || c.GetLivemode() != e.Livemode {
		return Message{}, errSubjectMismatch
	}
	return Message{
		Reference: c.GetClosing().GetId(), Sequence: c.GetClosing().GetSequence(), at: happened(e, c.GetClosing().GetClosedAt()),
		data: func(string) any { return closingBody(c.GetClosing()) },
	}, nil
}
