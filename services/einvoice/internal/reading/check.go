package reading

import (
	"math/big"

	"european-pay.eu/eupay/internal/ident"
	"european-pay.eu/eupay/internal/money"
)

// Finding is something about a readable document that a person should know before it is approved or paid.
type Finding struct {
	// Code names the check, Message says what was found, for the merchant.
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Check compares a document with the equations of EN 16931 that have no tolerance (BR-CO-10, -11, -12, -13, -14, -15, -16, BR-S-08)
// and with the form of identifiers and accounts. Its platform should have refused what is found here; it is shown, and the person
// decides.
func (d *Invoice) Check() []Finding {
	var found []Finding
	add := func(wrong bool, code, message string) {
		if wrong {
			found = append(found, Finding{code, message})
		}
	}
	t := &d.Totals
	full := d.Profile != profileMinimum // which has no sums but the totals
	add(!addsUp(t.LineNet, d.lineNets()...) && len(d.Lines) > 0, "sum_of_lines", "The amounts of the lines do not add up to their total (BT-106).")
	add(!addsUp(t.Allowances, d.allowances(false)...), "sum_of_allowances", "The discounts do not add up to their total (BT-107).")
	add(!addsUp(t.Charges, d.allowances(true)...), "sum_of_charges", "The charges do not add up to their total (BT-108).")
	add(full && !addsUp(t.Net, t.LineNet, -t.Allowances, t.Charges), "total_net", "The total without VAT (BT-109) is not what the lines, discounts and charges give.")
	add(full && !addsUp(t.Tax, d.taxes()...), "sum_of_vat", "The VAT by rate does not add up to the total of VAT (BT-110).")
	add(!addsUp(t.Gross, t.Net, t.Tax), "total_gross", "The total with VAT (BT-112) is not the total without VAT plus the VAT.")
	add(!addsUp(t.Due, t.Gross, -t.Prepaid, t.Rounding), "amount_due", "The amount due (BT-115) is not the total less what was paid before.")
	add(!d.taxesFitRates(), "vat_of_rate", "The VAT of a rate (BT-117) is not its base times the rate.")
	s := &d.Seller
	add(s.Identity() == "", "seller_unidentified", "The seller names neither a SIREN nor a VAT number.")
	add(s.SIREN != "" && !ident.IsSIREN(s.SIREN) || s.SIRET != "" && !ident.IsSIRET(s.SIRET), "seller_siren", "The seller's SIREN or SIRET has wrong check digits.")
	add(s.SIREN != "" && len(s.SIRET) == 14 && s.SIRET[:9] != s.SIREN, "seller_siret", "The seller's SIRET is of another company than its SIREN.")
	for _, a := range d.Payment.Accounts {
		if !ident.IsIBAN(a.IBAN) {
			add(true, "iban_invalid", "An account of the seller (BT-84) is not a valid IBAN.")
			break
		}
	}
	add(d.Payee != "" && d.Payee != s.Name, "other_payee", "The money goes to somebody other than the seller (BT-59): "+d.Payee+".")
	return found
}

func (d *Invoice) lineNets() []money.Cents {
	all := make([]money.Cents, len(d.Lines))
	for i := range d.Lines {
		all[i] = d.Lines[i].Net
	}
	return all
}

func (d *Invoice) allowances(charge bool) []money.Cents {
	var all []money.Cents
	for _, a := range d.Allowances {
		if a.Charge == charge {
			all = append(all, a.Amount)
		}
	}
	return all
}

func (d *Invoice) taxes() []money.Cents {
	all := make([]money.Cents, len(d.VAT))
	for i, v := range d.VAT {
		all[i] = v.Tax
	}
	return all
}

// addsUp reports whether parts add up to sum. A sum that overflows adds up to nothing.
func addsUp(sum money.Cents, parts ...money.Cents) bool {
	var total money.Cents
	for _, p := range parts {
		next, err := total.Add(p)
		if err != nil {
			return false
		}
		total = next
	}
	return total == sum
}

// taxesFitRates reports whether the VAT of each rate is within a cent of base × rate. EN 16931 allows one unit of the currency,
// which is too much to approve unseen.
func (d *Invoice) taxesFitRates() bool {
	for _, v := range d.VAT {
		rate, ok := new(big.Rat).SetString(string(v.Rate))
		if !ok {
			rate = new(big.Rat)
		}
		should := rate.Mul(rate, new(big.Rat).SetFrac64(int64(v.Base), 100))
		off := should.Sub(should, new(big.Rat).SetInt64(int64(v.Tax)))
		if off.Abs(off).Cmp(new(big.Rat).SetInt64(1)) > 0 {
			return false
		}
	}
	return true
}
