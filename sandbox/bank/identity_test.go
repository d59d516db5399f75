package bank

import (
	"strings"
	"testing"
)

func TestIdentitiesAreDemandedByDefault(t *testing.T) {
	t.Parallel()
	if !Defaults().RequireIdentities {
		t.Error("not by default")
	}
	r := newRig(t, func(c *Config) { c.RequireIdentities = true })
	person := change{"kind": "individual", "first_name": "Germaine", "last_name": "Michu"}
	company := change{"kind": "corporate", "org_name": "ACME Corp.", "scheme_name": "siren", "identification": "012345678"}
	whole := change{"/payer_identity": person, "beneficiary_identity": company}
	r.create(whole)
	r.create(change{"/payer_identity": company, "beneficiary_identity": person})
	for word, c := range map[string]change{
		"payer_identity":                      {"/payer_identity": nil},
		"payer_identity.first_name":           {"/payer_identity": merge(person, change{"first_name": ""})},
		"payer_identity.last_name":            {"/payer_identity": merge(person, change{"last_name": ""})},
		"payer_identity.scheme_name":          {"/payer_identity": change{"kind": "corporate", "org_name": "ACME"}},
		"beneficiary_identity":                {"beneficiary_identity": nil},
		"beneficiary_identity.identification": {"beneficiary_identity": merge(company, change{"identification": ""})},
	} {
		a := r.call("POST", "/2.0/payments", orderBody(whole, c))
		if a.status != 400 || a.path("code") != "missingParameter" || !strings.Contains(a.text, word) {
			t.Errorf("%s: %d %s", word, a.status, a.text)
		}
	}
}

func TestABankMayWantToKnowWhoPays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	label := change{"label": "Order 1 sandbox:identity - A1"}
	for _, who := range []any{nil, change{"first_name": "Test", "last_name": "Payer"}} {
		a := r.call("POST", "/2.0/payments", orderBody(label, change{"/payer_identity": who}))
		if a.status != 400 || a.path("code") != "missingParameter" || !strings.Contains(a.text, "payer_identity") {
			t.Errorf("%v: %d %s", who, a.status, a.text)
		}
	}
	r.create(label, change{"/payer_identity": change{"first_name": "Germaine", "last_name": "Michu"}})
}
