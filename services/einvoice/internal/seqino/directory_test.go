package seqino

import (
	"errors"
	"reflect"
	"testing"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

func TestDirectory(t *testing.T) {
	t.Parallel()
	const look = "GET /directory/732829320"
	c := talk(t, exchange{want: look, answer: answering(200, `{"siren":"732829320","name":"Acme\nSA","entries":[
		{"nature":"Private","addressable":true,"suffix":null,"postal_address":{"street_name":"1 rue X","city_name":"Lyon","postal_zone":"69001","country_code":"FR"}},
		{"siret":"73282932000074","routing_identifier":"COMPTA","routing_identifier_type":"0224","nature":"Public","addressable":false},
		{"siret":"98765432400019","addressable":true},{"suffix":"a b","addressable":true},{"routing_identifier":"ALONE","addressable":true}]}`)},
		exchange{want: look, answer: answering(404, `{"error":"not there","code":404,"trace_id":"t"}`)},
		exchange{want: look, answer: answering(200, `{"siren":"987654324","name":"Other","entries":[]}`)})
	got, err := c.Directory(t.Context(), "732829320")
	want := platform.Business{SIREN: "732829320", Name: "Acme SA", Lines: []platform.Line{
		{Addressable: true, Address: invoice.Address{Street: "1 rue X", PostCode: "69001", City: "Lyon", Country: "FR"}},
		{SIRET: "73282932000074", RoutingCode: "COMPTA", Public: true},
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if address := got.Electronic(got.Lines[1]); address != "732829320_73282932000074_COMPTA" {
		t.Errorf("address %s", address)
	}
	if _, err := c.Directory(t.Context(), "732829320"); !errors.Is(err, platform.ErrNotFound) {
		t.Errorf("not there: %v", err)
	}
	if _, err := c.Directory(t.Context(), "732829320"); err == nil || errors.Is(err, platform.ErrNotFound) {
		t.Errorf("another business: %v", err)
	}
	for _, odd := range []string{"", "73282932", "732829321", "../clients"} {
		if _, err := c.Directory(t.Context(), odd); !errors.Is(err, platform.ErrNotFound) { // and nothing is asked
			t.Errorf("%q: %v", odd, err)
		}
	}
}
