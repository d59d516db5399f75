package push

import (
	"strings"
	"testing"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

func TestAScannedCodeIsNamedByItsLabel(t *testing.T) {
	t.Parallel()
	f := setup(t)
	b := newBrowser(t)
	f.subscribe("m_1", "u_1", b)
	scanned := payment()
	scanned.Origin, scanned.MerchantReference, scanned.MetadataJson = "qr", "", []byte(`{"qr":{"request_id":"r-1","label":"Till 2"}}`)
	plain := payment()
	plain.Origin, plain.MerchantReference, plain.MetadataJson = "qr", "", []byte(`{"qr":{"request_id":"r-1"}}`)
	foreign := payment() // a merchant's own metadata
	foreign.Origin, foreign.MetadataJson = "api", []byte(`{"qr":{"request_id":"r-1","label":"Till 2"}}`)
	for _, c := range []struct {
		p    *paymentsv1.Payment
		want string
	}{
		{scanned, "€9.99 · Till 2 · r-1"}, {plain, "€9.99 · " + plain.GetReference()}, {foreign, "€9.99 · ORDER-1042"},
	} {
		f.publish(f.event("payment.completed", c.p))
		if h := b.next(t); !strings.Contains(h.text, `"body":"`+c.want+`"`) {
			t.Errorf("got %s, want %s", h.text, c.want)
		}
	}
}
