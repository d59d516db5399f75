package invoice

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
)

// TooMuch is the error for more than what is left of an invoice.
type TooMuch struct {
	// Left is what may still be credited or paid, VAT included.
	Left money.Cents
}

// Error implements error.
func (t TooMuch) Error() string { return fmt.Sprintf("more than the %s EUR that are left", t.Left) }

// errNotAnInvoice is for a caller that corrects a correction.
var errNotAnInvoice = errors.New("only an invoice can be credited")

// Credit issues a credit note (381) of amount, VAT included, for the invoice of, which earlier credit notes have credited already.
// The amount is spread over what is left at each VAT rate and nature; its amounts are positive. All credit notes of an invoice
// together never exceed it at any rate, neither in base nor in tax, and the last one takes exactly the rest.
//
// TooMuch says that the amount is above what is left; an errs.Error that the amount or the reason is no good.
func Credit(number string, issued Date, of Document, earlier []Document, amount money.Cents, reason string) (Document, error) {
	if of.Type != TypeInvoice || !numberForm.MatchString(number) {
		return Document{}, fmt.Errorf("credit %s with %q: %w", of.Number, number, errNotAnInvoice)
	}
	var p problems
	if amount <= 0 {
		p.Add("amount", "must be above 0")
	}
	p.reason(reason)
	if err := p.Err(); err != nil {
		return Document{}, err
	}
	whole := cells(of)
	done := credited(earlier)
	shares, err := take(amount, whole, done)
	if err != nil {
		return Document{}, err
	}
	d := correction(number, issued, of)
	d.Type = TypeCreditNote
	d.Payment = Payment{Means: meansOther, Terms: creditTerms}
	d.Notes = correctionNotes(of, fmt.Sprintf("Avoir sur la facture %s du %s.", of.Number, of.Issued.French()), reason)
	for i, tax := range creditTaxes(whole, done, shares) {
		if shares[i] > 0 {
			d.credit(of, whole[i], shares[i], tax)
		}
	}
	d.Process = process(d.Lines, false)
	d.sum(false)
	return d, nil
}

func (p *problems) reason(reason string) {
	p.lines("reason", oneLine(reason), maxDescription, false)
}

// CheckReason says what is wrong with the reason of a correction: an errs.Error on the field "reason".
func CheckReason(reason string) error {
	var p problems
	p.reason(reason)
	return p.Err()
}

// correction is what credit notes and corrected invoices have in common.
func correction(number string, issued Date, of Document) Document {
	return Document{
		Number: number, Issued: issued, Due: issued, Audience: of.Audience, BuyerReference: of.BuyerReference,
		Preceding: &Preceding{of.Number, of.Issued}, Seller: of.Seller, Buyer: of.Buyer,
	}
}

// credited sums up earlier credit notes by rate and nature.
func credited(earlier []Document) map[cell]cell {
	sums := map[cell]cell{}
	for _, d := range earlier {
		for _, c := range cells(d) {
			sum := sums[c.key()]
			sum.Gross, sum.Net = sum.Gross+c.Gross, sum.Net+c.Net
			sums[c.key()] = sum
		}
	}
	return sums
}

// take spreads amount over what is left of each cell.
func take(amount money.Cents, whole []cell, done map[cell]cell) ([]money.Cents, error) {
	left := make([]money.Cents, len(whole))
	var sum money.Cents
	for i, c := range whole {
		left[i] = max(0, c.Gross-done[c.key()].Gross)
		sum += left[i]
	}
	if amount > sum {
		return nil, TooMuch{sum}
	}
	return money.Apportion(amount, left), nil
}

// creditTaxes is the VAT in the share of each cell. It is counted from the beginning: the VAT in all that is credited by now, less what
// the earlier credit notes had, so rounding never adds up, per cell and for the rate as a whole. No cell gives more tax or more
// base than it has left, so the share that takes a cell's rest takes all of its tax.
func creditTaxes(whole []cell, done map[cell]cell, shares []money.Cents) []money.Cents {
	taxes := make([]money.Cents, len(whole))
	least, most := slices.Clone(taxes), slices.Clone(taxes)
	wanted := map[group]money.Cents{}
	gross := map[group]money.Cents{}
	for i, c := range whole {
		before := done[c.key()]
		least[i] = max(0, shares[i]-(c.Net-before.Net))
		most[i] = min(shares[i], c.tax()-before.tax())
		taxes[i] = min(max(vat.In(before.Gross+shares[i], c.VATPerMill)-before.tax(), least[i]), most[i])
		gross[c.group] += before.Gross + shares[i]
		wanted[c.group] -= before.tax() + taxes[i]
	}
	for i, c := range whole {
		// What goods and services lack or have too much together.
		off := wanted[c.group] + vat.In(gross[c.group], c.VATPerMill)
		moved := min(max(taxes[i]+off, least[i]), most[i])
		wanted[c.group] -= moved - taxes[i]
		taxes[i] = moved
	}
	return taxes
}

// credit adds the line that credits share of a cell, and its VAT.
func (d *Document) credit(of Document, c cell, share, tax money.Cents) {
	net := share - tax
	d.Lines = append(d.Lines, Line{
		ID: strconv.Itoa(len(d.Lines) + 1), Name: "Avoir sur la facture " + of.Number + ", " + natureName(c.Nature), Nature: c.Nature, Quantity: One,
		Unit: unitPiece, NetPrice: unitPrice(net, One, share, c.VATPerMill), Net: net, Gross: share, UnitGross: share, Category: c.Category, VATPerMill: c.VATPerMill,
	})
	last := len(d.VAT) - 1
	if last < 0 || d.VAT[last].Category != c.Category || d.VAT[last].VATPerMill != c.VATPerMill {
		v := of.VAT[slices.IndexFunc(of.VAT, func(v VAT) bool { return v.Category == c.Category && v.VATPerMill == c.VATPerMill })]
		v.Base, v.Tax = 0, 0
		d.VAT = append(d.VAT, v)
		last++
	}
	d.VAT[last].Base += net
	d.VAT[last].Tax += tax
}

func natureName(n Nature) string {
	return cmp.Or(map[Nature]string{Goods: "biens", Services: "services"}[n], string(n))
}

// Annul issues the corrected invoice (384) that replaces the invoice of by nothing: the same lines at the same prices, each with the
// quantity 0. paid is what was paid for the invoice; it is owed back then. It is for an invoice that no credit note stands
// against, and its reason has passed CheckReason.
func Annul(number string, issued Date, of Document, paid money.Cents, reason string) Document {
	d := correction(number, issued, of)
	d.Type = TypeCorrected
	d.Notes = correctionNotes(of, fmt.Sprintf("Annule et remplace la facture %s du %s.", of.Number, of.Issued.French()), reason)
	d.Payment = Payment{Means: meansOther, Terms: annulmentTerms}
	if paid > 0 {
		d.Payment.Terms = annulmentPaidBack
	}
	d.Lines = slices.Clone(of.Lines)
	for i := range d.Lines {
		l := &d.Lines[i]
		l.Quantity, l.Net, l.Gross = 0, 0, 0
	}
	d.VAT = slices.Clone(of.VAT)
	for i := range d.VAT {
		d.VAT[i].Base, d.VAT[i].Tax = 0, 0
	}
	// "Already paid" (B2) would want the payment to be the total (BR-FR-CO-09).
	d.Process = process(d.Lines, false)
	d.Totals = Totals{Prepaid: paid, Due: -paid}
	return d
}
