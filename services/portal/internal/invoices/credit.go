package invoices

import (
	"net/http"
	"net/url"
	"strings"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// credit issues a credit note: for an amount, or for the lines that have something in the form.
func credit(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	p := eupay.CreditParams{
		Amount: f.Amount(r, "amount"), Items: creditItems(r, f), Reason: f.Get("reason"), Type: "refund", IdempotencyKey: f.Get("key"), Refund: f.Is("refund"),
	}
	if !f.OK() {
		return show(r, http.StatusUnprocessableEntity, f, "credit")
	}
	note, err := r.API.Invoices.Credit(r.Ctx(), r.PathValue("id"), p)
	switch {
	case err == nil && note.RefundError != nil:
		return r.Redirect(path(note.ID), "invoice_credited_only")
	case err == nil && note.Refund != nil:
		return r.Redirect("/portal/payments/"+url.PathEscape(note.Refund.PaymentReference), "invoice_refunded")
	case err == nil:
		return r.Redirect(path(note.ID), "invoice_credited")
	}
	if !r.Refused(f, err) {
		return err
	}
	markLines(f, p.Items)
	return show(r, http.StatusUnprocessableEntity, f, "credit")
}

// creditItems reads the fields of the lines, which are named by their place in the invoice. An empty line is not credited.
func creditItems(r *web.Request, f *web.Form) []eupay.CreditItem {
	var items []eupay.CreditItem
	for i := range maxLines {
		it := eupay.CreditItem{Line: i + 1, Amount: f.Amount(r, line(i, "amount"))}
		if f.Is(line(i, "quantity")) {
			it.Quantity = quantity(r, f, line(i, "quantity"))
		}
		if it.Quantity != "" || it.Amount != 0 {
			items = append(items, it)
		}
	}
	return items
}

// markLines moves what the API says of the items that it got to the fields of their lines.
func markLines(f *web.Form, items []eupay.CreditItem) {
	moved := map[string]string{}
	for name, wrong := range f.Fields {
		for i, it := range items {
			if field, ok := strings.CutPrefix(name, line(i, "")); ok {
				name = line(it.Line-1, field)
				break
			}
			if name+"." == line(i, "") { // of the item as a whole
				name = line(it.Line-1, "quantity")
				break
			}
		}
		moved[name] = wrong
	}
	f.Fields = moved
}
