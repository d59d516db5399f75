package einvoiceapi

import (
	"testing"

	"google.golang.org/protobuf/proto"

	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
)

func TestLinesAreCreditedAsTheyAreNamed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.must(t, 201, f.key, "POST", one+"/credit-note", `{"items":[{"line":2,"quantity":0.5},{"line":1,"amount":10.00}],"reason":"Retour"}`)
	want := &einvoicev1.CreateCreditNoteRequest{
		MerchantId: f.merchant.ID, Id: invoiceID, Reason: "Retour",
		Items: []*einvoicev1.CreditItem{{Line: 2, Quantity: "0.5"}, {Line: 1, AmountCents: proto.Int64(1000)}},
	}
	if !proto.Equal(f.platform.asked(), want) {
		t.Errorf("asked %v", f.platform.asked())
	}
	calls := f.platform.called()
	for body, fields := range map[string]string{
		`{"items":[]}`: "items", `{"items":[{"line":1,"amount":1}],"amount":1}`: "amount",
		`{"items":[{"line":1,"amount":1}],"type":"cancel"}`: "items", `{"items":[{"line":1,"quantity":"1"}]}`: "items[0].quantity",
		`{"items":[{"line":1.5,"amount":1}]}`: "items[0].line", `{"items":[{"line":1,"amount":1,"name":"x"}]}`: "items[0].name",
	} {
		if r := f.must(t, 400, f.key, "POST", one+"/credit-note", body); r.fields() != fields {
			t.Errorf("%s: %s", body, r.text)
		}
	}
	if f.platform.called() != calls {
		t.Error("a refused request reached the service")
	}
}
