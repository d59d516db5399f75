package seqino

import (
	"bytes"
	"encoding/json"
	"strings"

	"european-pay.eu/eupay/internal/money"
)

// amount is encoded as a JSON number with two decimals, from its digits.
type amount money.Cents

// MarshalJSON implements json.Marshaler.
func (a amount) MarshalJSON() ([]byte, error) { return []byte(money.Cents(a).String()), nil }

// number is encoded as the JSON number that it contains.
type number string

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) { return []byte(n), nil }

// text decodes a JSON string, or a number as its digits.
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		return json.Unmarshal(b, (*string)(t))
	}
	var n json.Number
	err := json.Unmarshal(b, &n)
	*t = text(n)
	return err
}

// encode returns JSON on one line, without the escapes that only browsers need.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// join omits empty parts.
func join(sep string, parts ...string) string {
	var filled []string
	for _, p := range parts {
		if p != "" {
			filled = append(filled, p)
		}
	}
	return strings.Join(filled, sep)
}

// The objects below contain only the public fields that we use.

type wireClient struct {
	ID           string `json:"id,omitempty"`
	Organization string `json:"organization_name"`
	Email        string `json:"contact_email"`
	Ref          string `json:"external_ref"`
}

type wireOnboarding struct {
	KYC       bool `json:"include_kyc"`
	Signature bool `json:"include_signature"`
}

// wireMandate cannot be read by itself: it is found in the list.
type wireMandate struct {
	ID     string    `json:"id"`
	Status string    `json:"status"`
	Entry  wireEntry `json:"directory_entry"`
}

const (
	// objectInvoice is the object type of a document's lifecycle events.
	objectInvoice = "invoice"
	// specification (BT-24) is plain EN 16931.
	specification = "urn:cen.eu:en16931:2017"
	currencyEUR   = "EUR"
)

type wireDocument struct {
	Ref            string            `json:"external_ref"`
	Number         string            `json:"invoice_number"`
	Specification  string            `json:"specification_identifier"`
	Process        string            `json:"business_process_type"`
	Type           string            `json:"type_code"`
	Issued         string            `json:"issue_date"`
	Due            string            `json:"due_date,omitempty"`
	Currency       string            `json:"currency_code"`
	BuyerReference string            `json:"buyer_reference,omitempty"`
	PurchaseOrder  string            `json:"purchase_order_reference,omitempty"`
	Notes          []wireNote        `json:"notes,omitempty"`
	Preceding      []wirePreceding   `json:"preceding_invoices,omitempty"`
	Seller         wireParty         `json:"seller"`
	Buyer          wireParty         `json:"buyer"`
	Payment        *wirePaymentMeans `json:"payment_means,omitempty"`
	Terms          string            `json:"payment_terms,omitempty"`
	Lines          []wireLine        `json:"lines"`
	Allowances     []wireAllowance   `json:"allowances,omitempty"`
	VAT            []wireVAT         `json:"vat_breakdown"`
	Totals         wireTotals        `json:"totals"`
}

type wireNote struct {
	Subject string `json:"subject_code,omitempty"`
	Text    string `json:"note"`
}

type wirePreceding struct {
	Number string `json:"number"`
	Issued string `json:"issue_date"`
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
