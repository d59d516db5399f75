package invoicetest_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

func TestADocumentIsReadBackAsItWasStored(t *testing.T) {
	names := map[string]bool{}
	for _, c := range invoicetest.All() {
		if names[c.Name] {
			t.Errorf("two cases are called %s", c.Name)
		}
		names[c.Name] = true
		text, err := json.Marshal(c.Document)
		if err != nil {
			t.Fatal(err)
		}
		var back invoice.Document
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if !reflect.DeepEqual(back, c.Document) {
			t.Errorf("%s: came back as %+v, was %+v", c.Name, back, c.Document)
		}
	}
}
