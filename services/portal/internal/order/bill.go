package order

import (
	"net/url"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// billHere is the bill of the table, if something of it is to be paid. A bill that cannot be had is no reason to show no menu.
func billHere(r *web.Request) *eupay.GuestBill {
	b, err := r.API.GuestBills.AtTable(r.Ctx(), r.PathValue("merchant"), r.PathValue("token"))
	if err != nil || b.Due <= 0 {
		return nil
	}
	return b
}

// BillPath is the page of the bill.
func (p page) BillPath() string { return "/order/bill/" + url.PathEscape(p.Bill.Token) }
