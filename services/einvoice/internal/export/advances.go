package export

import (
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/einvoice/internal/fec"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// advancesFrom is the first day of the deposits that are booked as advances unless the merchant says another: entries of before stay as they were.
const advancesFrom = invoice.Date("2027-01-01")

// asAdvance reports whether the deposit invoice that was issued on a day is booked as an advance of the customer.
func (a Accounts) asAdvance(issued invoice.Date) bool {
	return a.Advances != "" && a.AdvancesFrom != "" && issued >= a.AdvancesFrom
}

// advance reports whether what a document sells is an advance: it is a deposit, takes one back, or replaces one with nothing. The credit note of
// a deposit that was deducted before takes back a sale.
func (b *bookkeeper) advance(d document) bool {
	switch d.kind {
	case invoice.TypeDeposit:
		return b.asAdvance(d.content.Issued)
	case invoice.TypeDepositCredit:
		return !d.afterFinal && d.content.Preceding != nil && b.asAdvance(d.content.Preceding.Issued)
	default:
		return d.original != nil && d.original.Type == invoice.TypeDeposit && b.asAdvance(d.original.Issued)
	}
}

// revenue is the account of what a document sells of a nature.
func (b *bookkeeper) revenue(n invoice.Nature) fec.Account {
	if n == invoice.Services {
		return b.account(b.Services)
	}
	return b.account(b.Goods)
}

// rebate is the account of what a rebate gives back of a nature.
func (b *bookkeeper) rebate(n invoice.Nature) fec.Account {
	if n == invoice.Services {
		return b.account(b.ServicesRebates)
	}
	return b.account(b.GoodsRebates)
}

// release turns the advances that a final invoice deducts into sales. Their VAT was due with the deposits. What cancels the invoice makes them
// advances again.
func (b *bookkeeper) release(d document) (lines []fec.Line) {
	sign, of := money.Cents(1), d.content.Deductions
	switch {
	case d.withdrawn:
		sign = -1
	case d.original != nil:
		sign, of = -1, d.original.Deductions
	}
	for _, deposit := range of {
		if !b.asAdvance(deposit.Issued) {
			continue
		}
		for _, p := range deposit.Parts {
			net := sign * (p.Gross - p.Tax)
			lines = append(lines, fec.Line{Account: b.revenue(p.Nature), Debit: -net}, fec.Line{Account: b.account(b.Advances), Debit: net})
		}
	}
	return lines
}
