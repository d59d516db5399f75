// Package document has the platform's model of an invoice and the rules that it must obey: the sums of EN 16931 and the French
// requirements. Terms in parentheses such as (BT-1) are those of EN 16931-1.
package document

import "fmt"

// Document has what the JSON and the XML of an invoice have in common. Dates are YYYY-MM-DD; absent values are empty.
type Document struct {
	Spec, Process, Number, Type, Issued, Due, Currency string
	BuyerReference, Order, Terms                       string
	Notes                                              []Note
	Preceding                                          []Preceding
	Seller, Buyer                                      Party
	Means                                              []Means
	Lines                                              []Line
	Allowances                                         []Allowance
	VAT                                                []VAT
	Totals                                             Totals
	// XML is true if the document was parsed from XML, which contains more than the JSON.
	XML bool
}

// Note is a text (BT-22) and its subject (BT-21).
type Note struct{ Subject, Text string }

// Preceding is an earlier invoice (BT-25, BT-26).
type Preceding struct{ Number, Issued string }

// Party is the seller or the buyer. TaxID is the number at the tax office (BT-32), which only the XML contains.
type Party struct {
	Name, SIREN, SIRET, VATNumber, TaxID string
	// Scheme and Address are the electronic address (BT-34, BT-49).
	Scheme, Address                 string
	Street, PostCode, City, Country string
}

// Means is a payment method (BG-16).
type Means struct{ Code, IBAN, BIC string }

// Tax is a VAT category and its rate in hundredths of a percent.
type Tax struct {
	Category string
	Rate     int64
}

// Line is one line. Quantity is in ten-thousandths, Price in millionths of a euro, Net in cents. Price is for Base ten-thousandths of the
// unit (BT-149); for one unit if that is 0.
type Line struct {
	ID, Name, Unit             string
	Quantity, Price, Base, Net int64
	Tax
}

// Allowance is a discount on the whole document (BG-20) in cents, or a charge (BG-21).
type Allowance struct {
	Charge bool
	Amount int64
	Reason string
	Tax
}

// VAT is a sum per category and rate (BG-23), in cents. DueCode says when the tax is due (BT-8); absent where the law tells.
type VAT struct {
	Tax
	Base, Amount                int64
	Reason, ReasonCode, DueCode string
}

// Totals are the sums (BG-22), in cents.
type Totals struct {
	LineNet, Allowances, Charges, Net, Tax, Gross, Prepaid, Rounding, Due int64
}

// Problem is a problem of a document.
type Problem struct {
	Rule    string `json:"rule"`
	Field   string `json:"field"`
	Message string `json:"message"`
}

func problem(rule, field, format string, args ...any) Problem {
	return Problem{Rule: rule, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Audience returns the value of the note BAR; empty if there is none.
func (d *Document) Audience() string {
	for _, n := range d.Notes {
		if n.Subject == "BAR" {
			return n.Text
		}
	}
	return ""
}

// Year returns the year of the date of issue, as text.
func (d *Document) Year() string {
	if len(d.Issued) < 4 {
		return ""
	}
	return d.Issued[:4]
}
