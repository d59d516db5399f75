package invoice

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
)

// TooMuch is the error for an amount that exceeds what is left of an invoice.
type TooMuch struct {
	// Left is the amount that may still be credited or paid, including VAT.
	Left money.Cents
}

// Error implements error.
func (t TooMuch) Error() string { return fmt.Sprintf("more than the %s EUR that are left", t.Left) }

// errNotAnInvoice is returned for a correction of a correction.
var errNotAnInvoice = errors.New("only an invoice can be credited")

// Credit issues a credit note (381, or 503 for a deposit) of amount, including VAT, for the invoice of; earlier are its previous credit notes. The
// amount is spread over what is left at each VAT rate and nature; its amounts are positive. All credit notes of an invoice
// together never exceed it at any rate, neither in base nor in tax, and the last one takes exactly the rest.
//
// It returns TooMuch if the amount exceeds what is left, and an errs.Error if the amount or the reason is invalid.
func Credit(number string, issued Date, of Document, earlier []Document, amount money.Cents, reason string) (Document, error) {
	return CreditAt(number, issued, of, earlier, amount, nil, reason)
}

// CreditAt is Credit that takes the amount at the natures and rates of first, as far as they are left there, and the rest as Credit does.
func CreditAt(number string, issued Date, of Document, earlier []Document, amount money.Cents, first []Part, reason string) (Document, error) {
	d, err := creditNote(number, issued, of, reason)
	if err != nil {
		return Document{}, err
	}
	if amount <= 0 {
		return Document{}, errs.Invalid(errs.Field{Field: "amount", Message: "amount must be above 0."})
	}
	whole := cells(of)
	done := credited(earlier)
	shares, err := spread(amount, whole, done, first)
	if err != nil {
		return Document{}, err
	}
	for i, tax := range creditTaxes(whole, done, shares) {
		if shares[i] > 0 {
			d.credit(of, whole[i], shares[i], tax)
		}
	}
	d.Process = process(d.Lines, false)
	d.sum(false)
	return d, nil
}

// creditNote returns a credit note without its lines. The number and the invoice are the caller's responsibility.
func creditNote(number string, issued Date, of Document, reason string) (Document, error) {
	if !of.Type.IsInvoice() || !numberForm.MatchString(number) {
		return Document{}, fmt.Errorf("credit %s with %q: %w", of.Number, number, errNotAnInvoice)
	}
	if err := CheckReason(reason); err != nil {
		return Document{}, err
	}
	d := correction(number, issued, of)
	d.Type = TypeCreditNote
	if of.Type == TypeDeposit {
		d.Type = TypeDepositCredit
	}
	d.Payment = Payment{Means: meansOther, Terms: creditTerms}
	d.Notes = correctionNotes(of, fmt.Sprintf("Avoir sur la facture %s%s du %s.", depositName(of.Type), of.Number, of.Issued.French()), reason)
	return d, nil
}

func (p *problems) reason(reason string) {
	p.lines("reason", oneLine(reason), maxDescription, false)
}

// CheckReason validates the reason of a correction: it returns an errs.Error on the field "reason".
func CheckReason(reason string) error {
	var p problems
	p.reason(reason)
	return p.Err()
}

// correction returns what credit notes and corrected invoices have in common.
func correction(number string, issued Date, of Document) Document {
	return Document{
		Number: number, Issued: issued, Due: issued, Audience: of.Audience, BuyerReference: of.BuyerReference, References: of.References,
		Preceding: &Preceding{of.Number, of.Issued}, Seller: of.Seller, Buyer: of.Buyer, Delivery: of.Delivery, Period: of.Period,
	}
}

// credited sums earlier credit notes by rate and nature.
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

// spread distributes amount over what is left of each cell: over those of first, then over all.
func spread(amount money.Cents, whole []cell, done map[cell]cell, first []Part) ([]money.Cents, error) {
	left := make([]money.Cents, len(whole))
	var sum money.Cents
	for i, c := range whole {
		left[i] = max(0, c.Gross-done[c.key()].Gross)
		sum += left[i]
	}
	if amount > sum {
		return nil, TooMuch{sum}
	}
	shares := make([]money.Cents, len(whole))
	for _, p := range first {
		for i, c := range whole {
			if c.Nature != p.Nature || c.VATPerMill != p.VATPerMill {
				continue
			}
			here := min(p.Amount, left[i], amount)
			shares[i], left[i], p.Amount, amount = shares[i]+here, left[i]-here, p.Amount-here, amount-here
		}
	}
	for i, share := range money.Apportion(amount, left) {
		shares[i] += share
	}
	return shares, nil
}

// creditTaxes returns the VAT in the share of each cell. It is calculated cumulatively: the VAT in everything credited so far,
// less that of the earlier credit notes, so rounding errors never accumulate, neither per cell nor for the rate. No cell gives
// more tax or more base than it has left, so the share that takes the rest of a cell takes all of its tax.
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
		// Distribute the difference between goods and services.
		off := wanted[c.group] + vat.In(gross[c.group], c.VATPerMill)
		moved := min(max(taxes[i]+off, least[i]), most[i])
		wanted[c.group] -= moved - taxes[i]
		taxes[i] = moved
	}
	return taxes
}

// credit adds the line that credits a share of a cell, and its VAT.
func (d *Document) credit(of Document, c cell, share, tax money.Cents) {
	net := share - tax
	l := Line{
		ID: strconv.Itoa(len(d.Lines) + 1), Name: "Avoir sur la facture " + of.Number + ", " + natureName(c.Nature), Nature: c.Nature, Quantity: One,
		Unit: unitPiece, Net: net, Gross: share, UnitGross: share, Category: c.Category, VATPerMill: c.VATPerMill,
	}
	l.priced()
	d.Lines = append(d.Lines, l)
	d.addVAT(of, c, net, tax)
}

// addVAT adds the VAT of a cell. Cells come in the order of the VAT of the invoice.
func (d *Document) addVAT(of Document, c cell, net, tax money.Cents) {
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

// depositName returns what distinguishes a deposit invoice in words.
func depositName(t TypeCode) string {
	if t == TypeDeposit {
		return "d’acompte "
	}
	return ""
}

func natureName(n Nature) string {
	return cmp.Or(map[Nature]string{Goods: "biens", Services: "services"}[n], string(n))
}

// Annul issues the corrected invoice (384) that replaces the invoice of with nothing: the same lines at the same prices, each
// with the quantity 0. paid is the amount paid for the invoice, which is then owed to the buyer. The invoice must have no credit
// notes, and the reason must have passed CheckReason.
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
	// "Already paid" (B2) would require the payment to equal the total (BR-FR-CO-09).
	d.Process = process(d.Lines, false)
	d.Totals = Totals{Prepaid: paid, Due: -paid}
	return d
}
