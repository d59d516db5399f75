package invoice

import "cmp"

// References are the numbers by which the two sides know the deal; each may be empty.
type References struct {
	// SellerOrder (BT-14) is the merchant's own reference.
	SellerOrder string `json:"seller_order,omitempty"`
	// PurchaseOrder (BT-13) and Contract (BT-12) are the buyer's order and contract.
	PurchaseOrder string `json:"purchase_order,omitempty"`
	Contract      string `json:"contract,omitempty"`
}

// Delivery is when and where goods were delivered (BG-13).
type Delivery struct {
	// Date (BT-72); empty if it is the day of the invoice.
	Date Date `json:"date,omitempty"`
	// Address (BG-15); nil if it is the buyer's.
	Address *Address `json:"address,omitempty"`
}

// Period is when services were rendered (BG-14): BT-73 and BT-74, both days included. Article 242 nonies A of annex II CGI requires
// the day of a delivery or service that is not the day of the invoice.
type Period struct {
	From Date `json:"from"`
	To   Date `json:"to"`
}

// maxDeliveryDays is how far from the invoice a delivery may be. It detects a mistyped year.
const maxDeliveryDays = 3 * 366

// delivery returns BG-13, or nil if the order says nothing about it.
func (o Order) delivery() *Delivery {
	if o.Delivered == "" && o.DeliveryAddress == (Address{}) {
		return nil
	}
	d := &Delivery{Date: o.Delivered}
	if a := o.DeliveryAddress; a != (Address{}) {
		a.Country = cmp.Or(a.Country, france)
		d.Address = &a
	}
	return d
}

func (o Order) period() *Period {
	if o.Served == (Period{}) {
		return nil
	}
	return &o.Served
}

func (p *problems) references(o Order) {
	p.text("buyer_reference", o.BuyerReference, maxReference, false)
	p.text("purchase_order", o.PurchaseOrder, maxReference, false)
	p.text("contract_reference", o.Contract, maxReference, false)
}

func (p *problems) delivery(o Order, issued Date) {
	p.near("delivery_date", o.Delivered, issued)
	if o.Served != (Period{}) {
		p.period(o.Served, issued)
	}
	if o.DeliveryAddress != (Address{}) {
		a := o.DeliveryAddress
		a.Country = cmp.Or(a.Country, france)
		p.address("delivery_address", a, false)
	}
}

// period validates BG-14, which must not end before it begins (BR-29).
func (p *problems) period(s Period, issued Date) {
	switch before := len(p.Problems); {
	case s.From == "" || s.To == "":
		p.Add("service_period", "must have from and to")
	default:
		p.near("service_period.from", s.From, issued)
		p.near("service_period.to", s.To, issued)
		if len(p.Problems) == before && s.To < s.From {
			p.Add("service_period.to", "must not be before from (%s)", s.From)
		}
	}
}

// near requires a day in the years around the invoice, or none.
func (p *problems) near(field string, day, issued Date) {
	if day == "" {
		return
	}
	if _, err := ParseDate(string(day)); err != nil || day < issued.Add(-maxDeliveryDays) || day > issued.Add(maxDeliveryDays) {
		p.Add(field, "must be a date such as %s, at most three years before or after the invoice", issued)
	}
}
