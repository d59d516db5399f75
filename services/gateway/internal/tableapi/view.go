package tableapi

import (
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

type tableOfOrder struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type lineJSON struct {
	ProductID string      `json:"product_id"`
	Name      string      `json:"name"`
	Quantity  int32       `json:"quantity"`
	Notes     string      `json:"notes"`
	UnitPrice money.Cents `json:"unit_price"`
	Discount  money.Cents `json:"discount"`
	Total     money.Cents `json:"total"`
	VATRate   vat.Percent `json:"vat_rate"`
	VATAmount money.Cents `json:"vat_amount"`
	// Options are what was chosen; UnitPrice includes their prices.
	Options []chosenJSON `json:"options,omitempty"`
	// What cancellations took out of Quantity and Total, which stay as they were.
	CancelledQuantity int32       `json:"cancelled_quantity"`
	CancelledAmount   money.Cents `json:"cancelled_amount"`
	// Parts are what was chosen of a set menu; UnitPrice includes their supplements and options.
	Parts []partJSON `json:"parts,omitempty"`
	// Taxes are Total by rate, of which a set menu has several.
	Taxes []taxJSON `json:"taxes,omitempty"`
	// VariantID and Variant are of a product with variants; Name has the variant's, too.
	VariantID string `json:"variant_id,omitempty"`
	Variant   string `json:"variant,omitempty"`
	kitchenJSON
}

// chosenJSON is an option as it was when the order was placed.
type chosenJSON struct {
	ID    string      `json:"id"`
	Group string      `json:"group"`
	Name  string      `json:"name"`
	Price money.Cents `json:"price"`
}

// guestOrderJSON is what whoever placed an order sees of it.
type guestOrderJSON struct {
	ID        string       `json:"id"`
	Number    int64        `json:"number"`
	Status    string       `json:"status"`
	OrderType string       `json:"order_type"`
	Table     tableOfOrder `json:"table"`
	Items     []lineJSON   `json:"items"`
	Subtotal  money.Cents  `json:"subtotal"`
	Discount  money.Cents  `json:"discount"`
	Offer     string       `json:"offer,omitempty"`
	Total     money.Cents  `json:"total"`
	VATAmount money.Cents  `json:"vat_amount"`
	Currency  string       `json:"currency"`
	PayNow    bool         `json:"pay_now"`
	// PaymentStatus tells a paid order from an unpaid one, in whichever way it ended.
	PaymentStatus string  `json:"payment_status"`
	PaidAt        *string `json:"paid_at"`
	// PaymentMethod is eupay, cash, card, voucher or other.
	PaymentMethod string      `json:"payment_method,omitempty"`
	Refund        *refundJSON `json:"refund"`
	// CancelledAmount is what cancellations took out of Total, which stays as it was; Due is what is still to be paid.
	CancelledAmount money.Cents `json:"cancelled_amount"`
	Due             money.Cents `json:"due"`
	// PaymentURL is where the guest pays, while the order waits for that; only guests get it.
	PaymentURL string `json:"payment_url,omitempty"`
	// PickupAt is when a takeaway order is fetched, where the merchant says so.
	PickupAt      *string `json:"pickup_at,omitempty"`
	PromotionCode string  `json:"promotion_code,omitempty"`
	CreatedAt     string  `json:"created_at"`
	UpdatedAt     string  `json:"updated_at"`
}

// refundJSON is what is given back of an order's payment.
type refundJSON struct {
	Status      string      `json:"status"`
	Amount      money.Cents `json:"amount"`
	Reference   string      `json:"reference,omitempty"`
	FailureCode string      `json:"failure_code,omitempty"`
}

// orderJSON is what the merchant sees beside that.
type orderJSON struct {
	guestOrderJSON
	CustomerName     string       `json:"customer_name"`
	Notes            string       `json:"notes"`
	PaymentReference *string      `json:"payment_reference"`
	BillID           string       `json:"bill_id,omitempty"`
	PaidLate         bool         `json:"paid_late"`
	Livemode         bool         `json:"livemode"`
	Sequence         int64        `json:"sequence"`
	History          []changeJSON `json:"history,omitempty"`
}

type changeJSON struct {
	Sequence   int64  `json:"sequence"`
	Status     string `json:"status"`
	FromStatus string `json:"from_status,omitempty"`
	Cause      string `json:"cause"`
	Detail     string `json:"detail,omitempty"`
	OccurredAt string `json:"occurred_at"`
}

func guestView(o *qrv1.Order) guestOrderJSON {
	v := guestOrderJSON{
		ID: o.GetId(), Number: o.GetNumber(), Status: o.GetStatus(), OrderType: o.GetOrderType(), Table: tableOfOrder{o.GetTableId(), o.GetTableName()},
		Items: make([]lineJSON, len(o.GetLines())), Subtotal: money.Cents(o.GetSubtotalCents()), Discount: money.Cents(o.GetDiscountCents()),
		Offer: o.GetOfferName(), Total: money.Cents(o.GetTotalCents()), VATAmount: money.Cents(o.GetVatCents()), Currency: o.GetCurrency(),
		PayNow: o.GetPayNow(), CreatedAt: web.Time(o.GetCreatedAt().AsTime()), UpdatedAt: web.Time(o.GetUpdatedAt().AsTime()),
		PaymentStatus: o.GetPaymentStatus(), PaidAt: web.OptionalStamp(o.GetPaidAt()), PaymentMethod: o.GetPaymentMethod(), PaymentURL: o.GetPaymentUrl(),
		Refund: refundView(o.GetRefund()), CancelledAmount: money.Cents(o.GetCancelledCents()), Due: money.Cents(o.GetDueCents()),
		PickupAt: web.OptionalStamp(o.GetPickupAt()), PromotionCode: o.GetPromotionCode(),
	}
	for i, l := range o.GetLines() {
		v.Items[i] = lineJSON{
			ProductID: l.GetProductId(), Name: l.GetName(), Quantity: l.GetQuantity(), Notes: l.GetNotes(), UnitPrice: money.Cents(l.GetUnitPriceCents()),
			Discount: money.Cents(l.GetDiscountCents()), Total: money.Cents(l.GetTotalCents()), VATRate: vat.Percent(l.GetVatPerMille()), VATAmount: money.Cents(l.GetVatCents()),
			CancelledQuantity: l.GetCancelledQuantity(), CancelledAmount: money.Cents(l.GetCancelledCents()),
			VariantID: l.GetVariantId(), Variant: l.GetVariantName(),
		}
		v.Items[i].Options = optionsView(l.GetOptions())
		v.Items[i].Parts, v.Items[i].Taxes = partsView(l.GetParts()), taxesView(l.GetTaxes())
		v.Items[i].kitchenJSON = kitchenOf(l.GetPosition(), l)
	}
	return v
}

func orderView(o *qrv1.Order) orderJSON {
	v := orderJSON{
		guestOrderJSON: guestView(o), CustomerName: o.GetCustomerName(), Notes: o.GetNotes(), PaidLate: o.GetPaidLate(), Livemode: o.GetLivemode(),
		Sequence: o.GetSequence(), BillID: o.GetBillId(),
	}
	showStations(v.Items, o.GetLines())
	if ref := o.GetPaymentReference(); ref != "" {
		v.PaymentReference = &ref
	}
	for _, h := range o.GetHistory() {
		v.History = append(v.History, changeJSON{
			Sequence: h.GetSequence(), Status: h.GetToStatus(), FromStatus: h.GetFromStatus(), Cause: h.GetCause(), Detail: h.GetDetail(),
			OccurredAt: web.Time(h.GetOccurredAt().AsTime()),
		})
	}
	return v
}
