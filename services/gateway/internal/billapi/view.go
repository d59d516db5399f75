package billapi

import (
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

type tableJSON struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type lineJSON struct {
	OrderID     string      `json:"order_id"`
	OrderNumber int64       `json:"order_number"`
	Position    int32       `json:"position"`
	Name        string      `json:"name"`
	Options     []string    `json:"options,omitempty"`
	Quantity    int32       `json:"quantity"`
	Total       money.Cents `json:"total"`
	Taken       int32       `json:"taken"`
}

type taxJSON struct {
	Rate   vat.Percent `json:"rate"`
	Gross  money.Cents `json:"gross"`
	Amount money.Cents `json:"vat_amount"`
}

// guestBillJSON is a bill for guests: those who have the code of the table, or the link of the bill.
type guestBillJSON struct {
	// Token is that of the bill's own link, URL.
	Token    string      `json:"token"`
	URL      string      `json:"url"`
	Merchant string      `json:"merchant"`
	Table    tableJSON   `json:"table"`
	Status   string      `json:"status"`
	Items    []lineJSON  `json:"items"`
	Total    money.Cents `json:"total"`
	Paid     money.Cents `json:"paid"`
	// Pending is what others are paying, Due what is to be paid, and Free what a new share can take of that.
	Pending   money.Cents `json:"pending"`
	Due       money.Cents `json:"due"`
	Free      money.Cents `json:"free"`
	Currency  string      `json:"currency"`
	VAT       []taxJSON   `json:"vat"`
	CreatedAt string      `json:"created_at"`
	PaidAt    *string     `json:"paid_at"`
	ClosedAt  *string     `json:"closed_at"`
}

type paymentJSON struct {
	ID         string      `json:"id"`
	Method     string      `json:"method"`
	Amount     money.Cents `json:"amount"`
	Tip        money.Cents `json:"tip"`
	Refunded   money.Cents `json:"refunded"`
	Reference  *string     `json:"payment_reference"`
	Refund     *refundJSON `json:"refund"`
	ReceivedAt string      `json:"received_at"`
}

type refundJSON struct {
	Status      string      `json:"status"`
	Amount      money.Cents `json:"amount"`
	Reference   string      `json:"reference"`
	FailureCode string      `json:"failure_code,omitempty"`
}

type shareItem struct {
	OrderID  string `json:"order_id"`
	Position int32  `json:"position"`
	Quantity int32  `json:"quantity"`
}

type shareJSON struct {
	ID               string      `json:"id"`
	Kind             string      `json:"kind"`
	Status           string      `json:"status"`
	Amount           money.Cents `json:"amount"`
	Tip              money.Cents `json:"tip"`
	Items            []shareItem `json:"items,omitempty"`
	PaymentReference string      `json:"payment_reference"`
	PaymentURL       string      `json:"payment_url,omitempty"`
	FailureCode      string      `json:"failure_code,omitempty"`
	CreatedAt        string      `json:"created_at"`
	ExpiresAt        string      `json:"expires_at"`
}

// summaryJSON is a bill in a list.
type summaryJSON struct {
	ID             string      `json:"id"`
	Livemode       bool        `json:"livemode"`
	Token          string      `json:"token"`
	URL            string      `json:"url"`
	Table          tableJSON   `json:"table"`
	Status         string      `json:"status"`
	Total          money.Cents `json:"total"`
	Paid           money.Cents `json:"paid"`
	Pending        money.Cents `json:"pending"`
	Due            money.Cents `json:"due"`
	Free           money.Cents `json:"free"`
	Overpaid       money.Cents `json:"overpaid"`
	Tips           money.Cents `json:"tips"`
	WrittenOff     money.Cents `json:"written_off"`
	WriteOffReason string      `json:"write_off_reason,omitempty"`
	Currency       string      `json:"currency"`
	Sequence       int64       `json:"sequence"`
	CreatedAt      string      `json:"created_at"`
	UpdatedAt      string      `json:"updated_at"`
	PaidAt         *string     `json:"paid_at"`
	ClosedAt       *string     `json:"closed_at"`
}

// billJSON is a bill as its merchant sees it.
type billJSON struct {
	summaryJSON
	Items    []lineJSON    `json:"items"`
	VAT      []taxJSON     `json:"vat"`
	Payments []paymentJSON `json:"payments"`
	// Shares are those that somebody is paying.
	Shares []shareJSON `json:"shares"`
}

// payJSON is how a share is paid.
type payJSON struct {
	Reference  string `json:"reference"`
	PaymentURL string `json:"payment_url,omitempty"`
	// QRData is null when the code could not be signed in time.
	QRData *paying.QRData `json:"qr_data"`
}

type takenJSON struct {
	Share   shareJSON `json:"share"`
	Payment *payJSON  `json:"payment,omitempty"`
}

func guestView(b *qrv1.Bill) guestBillJSON {
	return guestBillJSON{
		Token: b.GetToken(), URL: b.GetUrl(), Merchant: b.GetMerchantName(), Table: tableJSON{b.GetTableId(), b.GetTableName()}, Status: b.GetStatus(),
		Items: linesOf(b), Total: money.Cents(b.GetTotalCents()), Paid: money.Cents(b.GetPaidCents()), Pending: money.Cents(b.GetPendingCents()),
		Due: money.Cents(b.GetDueCents()), Free: money.Cents(b.GetFreeCents()), Currency: "EUR", VAT: taxesOf(b), CreatedAt: web.Stamp(b.GetCreatedAt()),
		PaidAt: web.OptionalStamp(b.GetPaidAt()), ClosedAt: web.OptionalStamp(b.GetClosedAt()),
	}
}

func summaryView(b *qrv1.Bill) summaryJSON {
	return summaryJSON{
		ID: b.GetId(), Livemode: b.GetLivemode(), Token: b.GetToken(), URL: b.GetUrl(), Table: tableJSON{b.GetTableId(), b.GetTableName()}, Status: b.GetStatus(),
		Total: money.Cents(b.GetTotalCents()), Paid: money.Cents(b.GetPaidCents()), Pending: money.Cents(b.GetPendingCents()), Due: money.Cents(b.GetDueCents()),
		Free: money.Cents(b.GetFreeCents()), Overpaid: money.Cents(b.GetOverpaidCents()), Tips: money.Cents(b.GetTipCents()),
		WrittenOff: money.Cents(b.GetWrittenOffCents()), WriteOffReason: b.GetWriteOffReason(), Currency: "EUR", Sequence: b.GetSequence(),
		CreatedAt: web.Stamp(b.GetCreatedAt()), UpdatedAt: web.Stamp(b.GetUpdatedAt()), PaidAt: web.OptionalStamp(b.GetPaidAt()),
		ClosedAt: web.OptionalStamp(b.GetClosedAt()),
	}
}

func billView(b *qrv1.Bill) billJSON {
	v := billJSON{
		summaryJSON: summaryView(b), Items: linesOf(b), VAT: taxesOf(b), Payments: make([]paymentJSON, len(b.GetPayments())), Shares: make([]shareJSON, len(b.GetShares())),
	}
	for i, p := range b.GetPayments() {
		v.Payments[i] = paymentView(p)
	}
	for i, s := range b.GetShares() {
		v.Shares[i] = shareView(s)
	}
	return v
}

func linesOf(b *qrv1.Bill) []lineJSON {
	list := make([]lineJSON, len(b.GetLines()))
	for i, l := range b.GetLines() {
		list[i] = lineJSON{
			OrderID: l.GetOrderId(), OrderNumber: l.GetOrderNumber(), Position: l.GetPosition(), Name: l.GetName(), Quantity: l.GetQuantity(),
			Total: money.Cents(l.GetTotalCents()), Taken: l.GetTaken(),
		}
		for _, o := range l.GetOptions() {
			list[i].Options = append(list[i].Options, o.GetName())
		}
	}
	return list
}

func taxesOf(b *qrv1.Bill) []taxJSON {
	list := make([]taxJSON, len(b.GetTaxes()))
	for i, t := range b.GetTaxes() {
		list[i] = taxJSON{vat.Percent(t.GetVatPerMille()), money.Cents(t.GetGrossCents()), money.Cents(t.GetVatCents())}
	}
	return list
}

func paymentView(p *qrv1.BillPayment) paymentJSON {
	v := paymentJSON{
		ID: p.GetId(), Method: p.GetMethod(), Amount: money.Cents(p.GetAmountCents()), Tip: money.Cents(p.GetTipCents()), Refunded: money.Cents(p.GetRefundedCents()),
		Reference: web.OrNull(p.GetReference()), ReceivedAt: web.Stamp(p.GetReceivedAt()),
	}
	if p.GetRefundStatus() != "" {
		v.Refund = &refundJSON{
			Status: p.GetRefundStatus(), Amount: money.Cents(p.GetRefundCents()), Reference: p.GetRefundReference(), FailureCode: p.GetRefundFailure(),
		}
	}
	return v
}

func shareView(s *qrv1.BillShare) shareJSON {
	v := shareJSON{
		ID: s.GetId(), Kind: s.GetKind(), Status: s.GetStatus(), Amount: money.Cents(s.GetAmountCents()), Tip: money.Cents(s.GetTipCents()),
		PaymentReference: s.GetPaymentReference(), PaymentURL: s.GetPaymentUrl(), FailureCode: s.GetFailureCode(), CreatedAt: web.Stamp(s.GetCreatedAt()),
		ExpiresAt: web.Stamp(s.GetExpiresAt()),
	}
	for _, it := range s.GetItems() {
		v.Items = append(v.Items, shareItem{it.GetOrderId(), it.GetPosition(), it.GetQuantity()})
	}
	return v
}
