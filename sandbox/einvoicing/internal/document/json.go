package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/decimal"
)

// Wire is an invoice in JSON.
type Wire struct {
	ExternalRef    string          `json:"external_ref,omitempty"`
	Number         string          `json:"invoice_number,omitempty"`
	Spec           string          `json:"specification_identifier,omitempty"`
	Process        string          `json:"business_process_type,omitempty"`
	Type           string          `json:"type_code,omitempty"`
	Issued         string          `json:"issue_date,omitempty"`
	Due            string          `json:"due_date,omitempty"`
	Currency       string          `json:"currency_code,omitempty"`
	BuyerReference string          `json:"buyer_reference,omitempty"`
	Order          string          `json:"purchase_order_reference,omitempty"`
	Notes          []wireNote      `json:"notes,omitempty"`
	Preceding      []wirePreceding `json:"preceding_invoices,omitempty"`
	Seller         *wireParty      `json:"seller,omitempty"`
	Buyer          *wireParty      `json:"buyer,omitempty"`
	Means          *wireMeans      `json:"payment_means,omitempty"`
	Terms          string          `json:"payment_terms,omitempty"`
	Lines          []wireLine      `json:"lines,omitempty"`
	Allowances     []wireAllowance `json:"allowances,omitempty"`
	VAT            []wireVAT       `json:"vat_breakdown,omitempty"`
	Totals         *wireTotals     `json:"totals,omitempty"`
}

// Number is a JSON number, kept as its digits. A string is not a number.
type Number string

// UnmarshalJSON implements json.Unmarshaler.
func (n *Number) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '-' && (b[0] < '0' || b[0] > '9') {
		return fmt.Errorf("%s is not a number", b)
	}
	*n = Number(b)
	return nil
}

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) { return []byte(n), nil }

type wireNote struct {
	Subject string `json:"subject_code,omitempty"`
	Text    string `json:"note"`
}

type wirePreceding struct {
	Number string `json:"number"`
	Issued string `json:"issue_date,omitempty"`
}

type wireParty struct {
	Name       string          `json:"name"`
	SIREN      string          `json:"siren,omitempty"`
	SIRET      string          `json:"siret,omitempty"`
	VATNumber  string          `json:"vat_identifier,omitempty"`
	Electronic *wireElectronic `json:"electronic_address,omitempty"`
	Address    wireAddress     `json:"postal_address"`
}

type wireElectronic struct {
	Scheme string `json:"scheme"`
	Value  string `json:"value"`
}

type wireAddress struct {
	Street   string `json:"street_name,omitempty"`
	City     string `json:"city_name,omitempty"`
	PostCode string `json:"postal_zone,omitempty"`
	Country  string `json:"country_code"`
}

type wireMeans struct {
	Code string `json:"code"`
	IBAN string `json:"iban,omitempty"`
	BIC  string `json:"bic,omitempty"`
}

type wireLine struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Quantity Number `json:"quantity"`
	Unit     string `json:"unit_code"`
	Price    Number `json:"net_price"`
	Base     Number `json:"price_base_quantity,omitempty"`
	Net      Number `json:"net_amount"`
	Category string `json:"vat_category"`
	Rate     Number `json:"vat_rate"`
}

type wireAllowance struct {
	Amount   Number `json:"amount"`
	Reason   string `json:"reason,omitempty"`
	Category string `json:"vat_category"`
	Rate     Number `json:"vat_rate"`
}

type wireVAT struct {
	Category   string `json:"category"`
	Rate       Number `json:"rate"`
	Base       Number `json:"taxable_amount"`
	Amount     Number `json:"tax_amount"`
	Reason     string `json:"exemption_reason,omitempty"`
	ReasonCode string `json:"exemption_code,omitempty"`
	DueCode    string `json:"due_date_type_code,omitempty"`
}

type wireTotals struct {
	LineNet    Number `json:"line_net"`
	Allowances Number `json:"allowances"`
	Net        Number `json:"tax_exclusive"`
	Tax        Number `json:"tax"`
	Gross      Number `json:"tax_inclusive"`
	Prepaid    Number `json:"prepaid"`
	Due        Number `json:"due"`
}

// Decode parses JSON strictly: unknown names, strings in place of numbers and a second document are errors.
func Decode(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("read JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("read JSON: more than one value")
	}
	return nil
}

// Document converts the JSON to a document and reports invalid numbers, and numbers with too many decimals.
func (w *Wire) Document() (*Document, []Problem) {
	n := numbers{}
	d := &Document{
		Spec: w.Spec, Process: w.Process, Number: w.Number, Type: w.Type, Issued: w.Issued, Due: w.Due, Currency: w.Currency,
		BuyerReference: w.BuyerReference, Order: w.Order, Terms: w.Terms, Seller: w.Seller.party(), Buyer: w.Buyer.party(),
	}
	for _, x := range w.Notes {
		d.Notes = append(d.Notes, Note(x))
	}
	for _, x := range w.Preceding {
		d.Preceding = append(d.Preceding, Preceding(x))
	}
	if w.Means != nil {
		d.Means = []Means{Means(*w.Means)}
	}
	for _, x := range w.Lines {
		d.Lines = append(d.Lines, Line{
			ID: x.ID, Name: x.Name, Unit: x.Unit, Quantity: n.read("BR-FR-DEC-02", "lines.quantity", x.Quantity, 4),
			Price: n.read("BR-FR-DEC-03", "lines.net_price", x.Price, 6), Base: n.base(x.Base), Net: n.amount("lines.net_amount", x.Net), Tax: n.tax(x.Category, x.Rate),
		})
	}
	for _, x := range w.Allowances {
		d.Allowances = append(d.Allowances, Allowance{Amount: n.amount("allowances.amount", x.Amount), Reason: x.Reason, Tax: n.tax(x.Category, x.Rate)})
	}
	for _, x := range w.VAT {
		d.VAT = append(d.VAT, VAT{
			Tax: n.tax(x.Category, x.Rate), Base: n.amount("vat_breakdown.taxable_amount", x.Base),
			Amount: n.amount("vat_breakdown.tax_amount", x.Amount), Reason: x.Reason, ReasonCode: x.ReasonCode,
			DueCode: x.DueCode,
		})
	}
	if t := w.Totals; t == nil {
		n.problems = append(n.problems, problem("BR-12", "totals", "are missing"))
	} else {
		d.Totals = Totals{
			LineNet: n.amount("totals.line_net", t.LineNet), Allowances: n.amount("totals.allowances", t.Allowances),
			Net: n.amount("totals.tax_exclusive", t.Net), Tax: n.amount("totals.tax", t.Tax), Gross: n.amount("totals.tax_inclusive", t.Gross),
			Prepaid: n.amount("totals.prepaid", t.Prepaid), Due: n.amount("totals.due", t.Due),
		}
	}
	return d, slices.Compact(n.problems)
}

func (w *wireParty) party() Party {
	if w == nil {
		return Party{}
	}
	p := Party{
		Name: w.Name, SIREN: w.SIREN, SIRET: w.SIRET, VATNumber: w.VATNumber,
		Street: w.Address.Street, PostCode: w.Address.PostCode, City: w.Address.City, Country: w.Address.Country,
	}
	if w.Electronic != nil {
		p.Scheme, p.Address = w.Electronic.Scheme, w.Electronic.Value
	}
	return p
}

// numbers parses decimals and collects their problems.
type numbers struct{ problems []Problem }

func (n *numbers) read(rule, field string, text Number, scale int) int64 {
	v, ok := decimal.Parse(string(text), scale)
	if !ok || decimal.Decimals(string(text)) > scale {
		n.problems = append(n.problems, problem(rule, field, "%q is not a number with at most %d decimals", text, scale))
	}
	return v
}

// base is the quantity of a price; absent: one unit.
func (n *numbers) base(text Number) int64 {
	if text == "" {
		return 0
	}
	return n.read("BR-FR-DEC-02", "lines.price_base_quantity", text, 4)
}

func (n *numbers) amount(field string, text Number) int64 {
	return n.read("BR-FR-DEC-01", field, text, 2)
}

func (n *numbers) tax(category string, rate Number) Tax {
	return Tax{Category: category, Rate: n.read("BR-FR-DEC-04", "vat_rate", rate, 2)}
}
