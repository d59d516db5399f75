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

// Two texts of an identity that were alike had the bound of one of them.
func TestTextsThatAreAlikeKeepTheirOwnBounds(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	long := strings.Repeat("x", 600)
	for name, most := range map[string]int{
		"external_ref": 255, "first_name": 255, "last_name": 255, "email": 255, "identification": 255, "issuer": 255, "org_name": 255,
		"org_legal_status": 128, "postal_address": 512, "org_hq_address": 512, "org_business_address": 512,
	} {
		for over, status := range map[int]int{0: 200, 1: 400} {
			text := long[:most+over]
			who := change{"scheme_name": "siren", name: text}
			if over == 1 && most < 512 {
				who["org_business_address"] = text
			}
			a := r.call("POST", "/2.0/payments", orderBody(change{"/payer_identity": who}))
			if a.status != status || status == 400 && !strings.Contains(a.text, "payer_identity."+name) {
				t.Errorf("%s of %d: %d %s", name, len(text), a.status, a.text)
			}
		}
	}
}
