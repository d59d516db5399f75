package web

import (
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/text"
)

func TestWhatTheAPIRefusesIsSaidInTheReadersLanguage(t *testing.T) {
	catalog, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	refused := &eupay.Error{Code: eupay.ErrValidation, Status: 400, Message: "Invalid request body", Fields: []eupay.FieldError{
		{Field: "iban", Message: "iban must be an IBAN."},
		{Field: "items[2].quantity", Message: "items[2].quantity must be more."},
		{Field: "customer_address.city", Message: "x"},
		{Field: "metadata.colour", Message: "x"},
		{Field: "items", Message: "x"},
		{Field: "brand_new", Message: "x"},
		{Field: "customer_name", Message: "customer_name must not contain '🎁' (U+1F381), which the PDF cannot show: leave it out, or write it in Latin letters."},
	}}
	in := func(lang string, err error) *Form {
		f := NewForm()
		if !(&Request{Text: catalog[lang]}).Refused(f, err) {
			t.Fatal("not the form's")
		}
		return f
	}
	if f := in("en", refused); f.Problem != refused.Message || f.Fields["iban"] != "iban must be an IBAN." {
		t.Errorf("en: %q %v", f.Problem, f.Fields)
	}
	fr, f := catalog["fr"], in("fr", refused)
	for field, key := range map[string]string{
		"iban": "iban", "items[2].quantity": "quantity", "customer_address.city": "city", "metadata.colour": "metadata", "items": "items", "brand_new": "other",
	} {
		if f.Fields[field] != fr.T("field."+key) || !fr.Has("field."+key) {
			t.Errorf("%s: %q", field, f.Fields[field])
		}
	}
	if got := f.Fields["customer_name"]; !strings.Contains(got, "ne peut pas afficher « 🎁 »") {
		t.Errorf("a character that the invoice cannot show: %q", got)
	}
	if f.Problem != fr.T("code.VALIDATION_ERROR") {
		t.Error(f.Problem)
	}
	if f := in("fr", &eupay.Error{Code: "NEW_CODE", Message: "Said by the API."}); f.Problem != "Said by the API." {
		t.Error(f.Problem)
	}
}
