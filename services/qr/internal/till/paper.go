package till

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// clock formats a time as France's clocks show it.
func clock(at time.Time) string { return at.In(paris).Format("02/01/2006 15:04") }

// ticketSlip is a ticket on paper: a note while nothing is paid.
func ticketSlip(t *qrv1.Ticket, w map[string]string) *slip {
	kind := w["note"]
	if len(t.GetPayments()) > 0 {
		kind = w["ticket"]
	}
	s := &slip{language: w["language"], name: kind + " " + numberOf(t)}
	s.seller(t.GetSeller(), w)
	if t.GetCopies() > 0 {
		s.add(title, fmt.Sprintf("%s %d", w["duplicate"], t.GetCopies()), "")
	}
	if !t.GetLivemode() {
		s.add(centred, w["test"], "")
	}
	s.add(strong, s.name, clock(t.GetAt().AsTime()))
	s.add(plain, w["table"]+" "+t.GetTableName(), w[t.GetOrderType()])
	if len(t.GetOrderNumbers()) > 0 {
		s.add(small, w["orders"]+" "+joined(t.GetOrderNumbers()), "")
	}
	s.rule()
	for _, l := range t.GetLines() {
		s.line(l)
	}
	s.rule()
	if t.GetDiscountCents() != 0 {
		s.amount(plain, w["discount"], money.Cents(t.GetDiscountCents()))
	}
	if t.GetCancelledCents() != 0 {
		s.amount(plain, w["cancelled"], money.Cents(t.GetCancelledCents()))
	}
	s.amount(strong, w["total"], money.Cents(t.GetTotalCents()))
	s.taxes(t.GetTaxes(), w)
	s.payments(t, w)
	if t.GetSequence() > 0 {
		s.add(small, fmt.Sprintf("%s %d", w["signature"], t.GetSequence()), t.GetSignature())
	}
	s.add(centred, w["thanks"], "")
	return s
}

// numberOf is the number of an order, or the table of a bill, which has none.
func numberOf(t *qrv1.Ticket) string {
	if t.GetBillId() != "" {
		return t.GetTableName()
	}
	return strconv.FormatInt(t.GetNumber(), 10)
}

// joined lists numbers as people write them.
func joined(numbers []int64) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.FormatInt(n, 10)
	}
	return strings.Join(texts, ", ")
}

func (s *slip) line(l *qrv1.TicketLine) {
	s.amount(plain, fmt.Sprintf("%d x %s", l.GetQuantity(), l.GetName()), money.Cents(l.GetTotalCents()))
	if len(l.GetOptions()) > 0 {
		s.add(small, "+ "+strings.Join(l.GetOptions(), ", "), "")
	}
	if l.GetQuantity() > 1 || l.GetDiscountCents() != 0 {
		text := fmt.Sprintf("%d x %s", l.GetQuantity(), s.euros(money.Cents(l.GetUnitPriceCents())))
		if l.GetDiscountCents() != 0 {
			text += " - " + s.euros(money.Cents(l.GetDiscountCents()))
		}
		s.add(small, text, "")
	}
}

// taxes lists net, VAT and gross by rate.
func (s *slip) taxes(list []*qrv1.TaxShare, w map[string]string) {
	for _, x := range list {
		gross, tax := money.Cents(x.GetGrossCents()), money.Cents(x.GetVatCents())
		s.add(small, fmt.Sprintf("%s %s %%: %s %s", w["vat"], s.percent(vat.Rate(x.GetVatPerMille())), w["net"], s.euros(gross-tax)), s.euros(tax))
	}
}

func (s *slip) percent(r vat.Rate) string {
	if s.language == english {
		return r.String()
	}
	return strings.Replace(r.String(), ".", ",", 1)
}

// payments lists what was paid and given back, and what is left to pay.
func (s *slip) payments(t *qrv1.Ticket, w map[string]string) {
	s.rule()
	var tips money.Cents
	for _, p := range t.GetPayments() {
		amount := money.Cents(p.GetAmountCents())
		name := w[p.GetMethod()]
		if amount < 0 {
			name = w["refund"] + " " + name
		}
		if t.GetBillId() != "" { // one of several people finds the own payment
			name += " " + clock(p.GetAt().AsTime())
		}
		s.amount(plain, name, amount)
		tips += money.Cents(p.GetTipCents())
	}
	if tips != 0 {
		s.amount(plain, w["tip"], tips)
	}
	if t.GetWrittenOffCents() != 0 {
		s.amount(plain, w["written_off"], money.Cents(t.GetWrittenOffCents()))
	}
	if due := dueOf(t); due > 0 {
		s.amount(strong, w["due"], due)
	}
}

// dueOf is what is left to pay: of an order all until it is paid.
func dueOf(t *qrv1.Ticket) money.Cents {
	if t.GetBillId() == "" && len(t.GetPayments()) == 0 {
		return money.Cents(t.GetTotalCents())
	}
	return money.Cents(t.GetDueCents())
}

// slip is a closing on paper, the Z of a till.
func (c *Closing) slip(seller *qrv1.Seller, w map[string]string) *slip {
	t, g := c.Totals, c.Grand
	s := &slip{language: w["language"], name: fmt.Sprintf("%s Z%d", w[string(c.Period)], c.Number)}
	s.seller(seller, w)
	if !c.Livemode {
		s.add(centred, w["test"], "")
	}
	s.add(strong, s.name, c.Date)
	if c.ByHand {
		s.add(small, w["by_hand"], "")
	}
	s.add(plain, w["closed"], clock(c.ClosedAt))
	s.add(plain, w["records"], fmt.Sprintf("%d - %d", c.First, c.Last))
	s.rule()
	s.add(plain, w["orders"], strconv.FormatInt(t.Orders, 10))
	s.amount(strong, w["sales"], t.Gross)
	s.amount(plain, w["sales_net"], t.Net)
	s.taxes(taxViews(t.Taxes), w)
	s.amount(plain, w["discounts"], t.Discount)
	s.amount(plain, fmt.Sprintf("%s (%d)", w["cancellations"], t.Cancellations), t.Cancelled)
	s.rule()
	s.methods(t, w)
	s.rule()
	s.amount(plain, w["grand_total"], g.Total)
	s.amount(plain, w["grand_cancelled"], g.Cancelled)
	s.amount(plain, w["grand_received"], g.Received)
	s.amount(plain, w["grand_refunded"], g.Refunded)
	s.rule()
	s.add(small, fmt.Sprintf("%s %d", w["signature"], c.Sequence), "")
	s.add(small, w["hash"]+" "+hexed(c.Hash), "")
	return s
}

// methods lists what came and went by each means of payment.
func (s *slip) methods(t Totals, w map[string]string) {
	s.amount(strong, w["received"], t.Received)
	for _, m := range t.Methods {
		s.amount(plain, fmt.Sprintf("%s (%d)", w[m.Method], m.Payments), m.Received)
		if m.Refunds > 0 {
			s.amount(plain, fmt.Sprintf("%s %s (%d)", w["refund"], w[m.Method], m.Refunds), -m.Refunded)
		}
	}
	s.amount(plain, fmt.Sprintf("%s (%d)", w["refunds"], t.Refunds), t.Refunded)
	s.add(small, w["received_vat"], "")
	s.taxes(taxViews(t.ReceivedTaxes), w)
	s.amount(plain, w["tips"], t.Tips)
}
