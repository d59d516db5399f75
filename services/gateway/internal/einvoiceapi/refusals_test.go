package einvoiceapi

import (
	"fmt"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/errs"
)

func TestHostileBodiesNameTheField(t *testing.T) {
	t.Parallel()
	f := setup(t)
	item := func(s string) string { return `{"customer_name":"x","items":[` + s + `]}` }
	for body, fields := range map[string]string{
		`{}`:                               "customer_name items",
		`{"customer_name":" ","items":[]}`: "customer_name items",
		item(`{"product_name":null,"quantity":null,"unit_price_ttc":null,"vat_rate":null}`): "items[0].product_name items[0].quantity items[0].unit_price_ttc items[0].vat_rate",
		item(`{}`): "items[0].product_name items[0].quantity items[0].unit_price_ttc items[0].vat_rate",
		item(`{"product_name":"a","quantity":1e400,"unit_price_ttc":1.001,"vat_rate":"20"}`):                      "items[0].quantity items[0].unit_price_ttc items[0].vat_rate",
		item(`{"product_name":"a","quantity":1.00001,"unit_price_ttc":null,"vat_rate":null}`):                     "items[0].quantity",
		item(`{"product_name":"a","quantity":1234567890123,"unit_price_ttc":1,"vat_rate":20.001}`):                "items[0].quantity items[0].vat_rate",
		item(`{"product_name":"a","quantity":true,"unit_price_ttc":1,"vat_rate":[20]}`):                           "items[0].quantity items[0].vat_rate",
		item(`{"product_name":"a","quantity":1,"unit_price_ttc":1,"vat_rate":20,"type":"services","price_ht":1}`): "items[0].price_ht",
		item(`{"product_name":"a","quantity":1,"unit_price_ttc":1,"vat_rate":20,"type":"services"}`):              "items[0].type",
		item(`{"product_name":"a\u0000","quantity":1,"unit_price_ttc":1,"vat_rate":20,"description":"\u202e"}`):   "items[0].product_name items[0].description",
		`{"customer_name":"x","items":{}}`:                                              "items",
		`{"customer_name":"` + strings.Repeat("é", 201) + `","items":[],"siren":"1"}`:   "siren",
		`{"customer_name":"x","items":[],"customer_address":{"country":"FRA","zip":1}}`: "customer_address.zip",
		`{"customer_name":"` + strings.Repeat("é", 201) + `","customer_type":"company","customer_address":{"country":"FRA"},"due_date":"2026-02-30",` +
			`"paid_on":"today","payment_method":"cheque","reference":"a\nb","notes":"a\nb","items":[]}`: "customer_name customer_type customer_address.country reference due_date paid_on payment_method items",
		`{"customer_name":"x","discount_amount":0.005}`:                                                "discount_amount",
		`{"customer_name":"x","merchant_id":"other"}`:                                                  "merchant_id",
		`{"customer_name":"x","customer_name":"y"}`:                                                    "customer_name",
		`{"customer_name":"x","items":[` + strings.TrimSuffix(strings.Repeat(`{},`, 1001), ",") + `]}`: "",
	} {
		before := f.platform.called()
		r := f.must(t, 400, f.key, "POST", invoices, body)
		if r.str("code") != "VALIDATION_ERROR" || fields != "" && r.fields() != fields || f.platform.called() != before {
			t.Errorf("%.150s\n got %s\nwant %s", body, r.fields(), fields)
		}
	}
	if r := f.call(t, f.key, "POST", invoices, `{"notes":"`+strings.Repeat("a", 512<<10)+`"}`); r.status != 413 {
		t.Errorf("%d %s", r.status, r.text)
	}
	if r := f.must(t, 400, f.key, "POST", invoices, documented, "Idempotency-Key", "\u00e9"); r.fields() != "Idempotency-Key" {
		t.Errorf("got %s", r.text)
	}
}

func TestErrorsOfTheServiceArePassedOn(t *testing.T) {
	t.Parallel()
	f := setup(t)
	refused := errs.Invalid(errs.Field{Field: "customer_siren", Message: "customer_siren must be a SIREN."}, errs.Field{Field: "items[0].vat_rate", Message: "items[0].vat_rate must be 0."})
	for _, c := range []struct {
		fail error
		want string
	}{
		{refused, `"errors":[{"field":"customer_siren","message":"customer_siren must be a SIREN."},{"field":"items[0].vat_rate"`},
		{errs.New(errs.IdempotencyConflict, "The Idempotency-Key was used with another request."), `"code":"IDEMPOTENCY_CONFLICT"`},
		{fmt.Errorf("relation does not exist"), `"code":"INTERNAL_ERROR"`},
	} {
		f.platform.set(func() { f.platform.fail = c.fail })
		if r := f.call(t, f.key, "POST", invoices, documented); !strings.Contains(r.text, c.want) || strings.Contains(r.text, "relation") {
			t.Errorf("got %s", r.text)
		}
	}
}

func TestALostAnswerDoesNotClaimThatNothingHappened(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.platform.set(func() { f.platform.fail = errAway })
	const bare = `{"customer_name":"x","items":[{"product_name":"a","quantity":1,"unit_price_ttc":1,"vat_rate":20}]}`
	for path, body := range map[string]string{invoices: bare, one + "/credit-note": "", one + "/mark-paid": `{"payment_method":"cash"}`} {
		unsafe := f.must(t, 503, f.key, "POST", path, body)
		safe := f.must(t, 503, f.key, "POST", path, body, "Idempotency-Key", "k")
		if !strings.Contains(unsafe.str("message"), "may exist") || strings.Contains(safe.str("message"), "may exist") || unsafe.json["retry_after"] == nil {
			t.Errorf("%s: %s %s", path, unsafe.text, safe.text)
		}
	}
}
