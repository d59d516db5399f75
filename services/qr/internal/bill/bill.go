// Package bill keeps the bills of tables: what guests who pay later have ordered together, what was paid of it, and the shares that somebody is paying.
// A share sets its part aside while it is open, so that no two payers pay the same thing. See docs/adr/0050-bills-of-tables.md.
//
// The order of locks for a change of a bill, or of an order on it: the bill, its orders, products, and the journal last.
package bill

import (
	"time"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

const currency = "EUR"

// The states of a bill.
const (
	open   = "open"
	closed = "closed"
)

const (
	billNoun    = "Bill"
	shareNoun   = "Share"
	paymentNoun = "Payment"
)

// account is a bill.
type account struct {
	ID, Merchant, MerchantName string
	Livemode                   bool
	TableID, TableName, Token  string
	Status                     string
	WrittenOff                 money.Cents
	WriteOffReason             string
	Sequence                   int64
	CreatedAt, UpdatedAt       time.Time
	PaidAt, ClosedAt           *time.Time

	Orders   []string
	Lines    []line
	Shares   []*share
	Payments []*received
	// counted are the sums of a bill that was read without its lines, shares and payments.
	counted *sums
}

// line is a line of an order that has not been cancelled.
type line struct {
	OrderID  string
	Number   int64
	Position int32
	Name     string
	Quantity int32
	Total    money.Cents
	Taxes    []vat.Share
	Options  []*qrv1.ChosenOption
}

// sums of a bill.
type sums struct{ Total, Kept, Pending, Tips money.Cents }

func (a *account) sums() sums {
	if a.counted != nil {
		return *a.counted
	}
	var s sums
	for _, l := range a.Lines {
		s.Total += l.Total
	}
	for _, p := range a.Payments {
		s.Kept += p.kept()
		s.Tips += p.tip()
	}
	for _, sh := range a.Shares {
		if sh.Status == open {
			s.Pending += sh.Amount
		}
	}
	return s
}

// due is what is still to be paid of an open bill.
func (a *account) due() money.Cents {
	if a.Status != open {
		return 0
	}
	s := a.sums()
	return max(0, s.Total-s.Kept)
}

// free is what a new share can take.
func (a *account) free() money.Cents { return max(0, a.due()-a.sums().Pending) }

// overpaid is what was paid too much.
func (a *account) overpaid() money.Cents {
	s := a.sums()
	return max(0, s.Kept-max(0, s.Total-a.WrittenOff))
}

// taxes are the total by rate.
func (a *account) taxes() []vat.Share {
	lists := make([][]vat.Share, len(a.Lines))
	for i, l := range a.Lines {
		lists[i] = l.Taxes
	}
	return vat.Sum(lists...)
}

// taxesOf returns the VAT in an amount that is received now: in proportion of what is not paid yet, so that all payments together have the VAT of the
// whole. What is paid too much has the rates of the whole.
func (a *account) taxesOf(amount money.Cents) []vat.Share {
	all := a.taxes()
	left := all
	for _, p := range a.Payments {
		left = vat.Minus(left, p.keptTaxes())
	}
	left = above(left)
	rest, _ := vat.Total(left)
	inside := min(amount, rest)
	parts := vat.Portion(left, inside)
	switch over := amount - inside; {
	case over == 0:
		return parts
	case len(above(all)) == 0:
		return vat.Sum(parts, []vat.Share{vat.Whole(over, 0)})
	default:
		return vat.Sum(parts, vat.Portion(above(all), over))
	}
}

// above are the shares that something is left of.
func above(list []vat.Share) []vat.Share {
	var left []vat.Share
	for _, s := range list {
		if s.Gross > 0 {
			left = append(left, s)
		}
	}
	return left
}

// received is money that came for a bill.
type received struct {
	ID, ShareID, Method, Reference string
	Amount, Tip                    money.Cents
	Taxes                          []vat.Share
	// Refunded is out of Amount first, then out of Tip.
	Refunded money.Cents
	Refund   refund
	At       time.Time
}

// refund is the one that was asked for last.
type refund struct {
	Status, Reference, Failure string
	Amount                     money.Cents
}

// kept is what was received and not given back, without the tip.
func (r *received) kept() money.Cents { return r.Amount - r.back() }

// tip is that part of the tip that was not given back.
func (r *received) tip() money.Cents { return r.Tip - (r.Refunded - r.back()) }

// back is how much of Amount was given back.
func (r *received) back() money.Cents { return min(r.Refunded, r.Amount) }

func (r *received) keptTaxes() []vat.Share { return vat.Minus(r.Taxes, vat.Portion(r.Taxes, r.back())) }
