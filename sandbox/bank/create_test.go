package bank

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func account1(changes ...change) map[string]any {
	a := map[string]any{"scheme_name": "iban", "identification": testIBAN, "label": "ACME Corp."}
	for _, c := range changes {
		for name, v := range c {
			a[name] = v
		}
	}
	return a
}

func TestCreateChecksEveryField(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) { c.RedirectURIs = []string{"https://shop.example/"} })
	long := strings.Repeat("x", 2001)
	deferred := change{"execution_date_type": "deferred", "execution_date": "2026-07-10"}
	periodic := change{"execution_date_type": "periodic", "frequency": "monthly", "start_date": "2026-08-01"}
	second := orderBody(change{"execution_date_type": "first_open_day"})["instructions"].([]any)[0]
	first := orderBody()["instructions"].([]any)[0]
	for name, c := range map[string]struct {
		change change
		code   string // empty means it must be taken
		word   string // of the description
	}{
		"as in the guide":                    {nil, "", ""},
		"no redirect":                        {change{"/client_redirect_uri": nil}, "missingParameter", "client_redirect_uri"},
		"redirect with a query":              {change{"/client_redirect_uri": "https://shop.example/r?x=1"}, "invalidValue", "query"},
		"redirect with an empty query":       {change{"/client_redirect_uri": "https://shop.example/r?"}, "invalidValue", "query"},
		"redirect not registered":            {change{"/client_redirect_uri": "https://evil.example/r"}, "invalidValue", "registered"},
		"redirect that begins alike":         {change{"/client_redirect_uri": "https://shop.example.evil.example/r"}, "invalidValue", "registered"},
		"redirect of another scheme":         {change{"/client_redirect_uri": "javascript:alert(1)"}, "invalidValue", ""},
		"state of 2000":                      {change{"/client_state": long[:2000]}, "", ""},
		"state of 2001":                      {change{"/client_state": long}, "invalidValue", "client_state"},
		"no instruction":                     {change{"/instructions": []any{}}, "missingParameter", "instructions"},
		"no amount":                          {change{"amount": nil}, "missingParameter", "amount"},
		"amount as a text":                   {change{"amount": "1"}, "", ""},
		"amount zero":                        {change{"amount": 0}, "invalidValue", "amount"},
		"amount negative":                    {change{"amount": -1}, "invalidValue", "amount"},
		"amount with a tenth of a cent":      {change{"amount": "1.001"}, "invalidValue", "amount"},
		"amount with zeros behind":           {change{"amount": "1.5000"}, "", ""},
		"amount that is no number":           {change{"amount": "ten"}, "invalidValue", "amount"},
		"no currency":                        {change{"currency": nil}, "missingParameter", "currency"},
		"unknown currency":                   {change{"currency": "XXX"}, "invalidValue", "currency"},
		"no label":                           {change{"label": nil}, "missingParameter", "label"},
		"blank label":                        {change{"label": "  "}, "missingParameter", "label"},
		"no date type":                       {change{"execution_date_type": nil}, "missingParameter", "execution_date_type"},
		"unknown date type":                  {change{"execution_date_type": "someday"}, "invalidValue", "execution_date_type"},
		"reference of 31":                    {change{"reference_id": long[:31]}, "", ""},
		"reference of 31, in characters":     {change{"reference_id": strings.Repeat("é", 31)}, "", ""},
		"reference of 32":                    {change{"reference_id": long[:32]}, "invalidValue", "reference_id"},
		"no beneficiary":                     {change{"beneficiary": nil}, "missingParameter", "beneficiary"},
		"IBAN checksum":                      {change{"beneficiary": account1(change{"identification": "FR7630006000011234567890188"})}, "invalidValue", "beneficiary.identification"},
		"IBAN with spaces":                   {change{"beneficiary": account1(change{"identification": "FR76 3000 6000 0112 3456 7890 189"})}, "", ""},
		"no beneficiary label":               {change{"beneficiary": account1(change{"label": ""})}, "missingParameter", "beneficiary.label"},
		"misspelt scheme":                    {change{"beneficiary": account1(change{"scheme_name": "scheme_iban"})}, "invalidValue", "scheme_name"},
		"no scheme":                          {change{"beneficiary": account1(change{"scheme_name": ""})}, "missingParameter", "scheme_name"},
		"sort code":                          {change{"beneficiary": account1(change{"scheme_name": "sort_code_account_number", "identification": "12345612345678"})}, "", ""},
		"payer given":                        {change{"/payer": account1()}, "", ""},
		"payer with a wrong IBAN":            {change{"/payer": account1(change{"identification": "FR76"})}, "invalidValue", "payer.identification"},
		"connector":                          {change{"/connector_uuid": TestConnector}, "", ""},
		"connector by its old number":        {change{"/id_connector": 59}, "", ""},
		"unknown connector":                  {change{"/connector_uuid": "nope"}, "invalidValue", "connector_uuid"},
		"connector that has no instant":      {change{"/connector_uuid": Snail}, "invalidValue", "connector_uuid"},
		"deferred":                           {deferred, "", ""},
		"deferred without date":              {merge(deferred, change{"execution_date": nil}), "missingParameter", "execution_date"},
		"deferred into the past":             {merge(deferred, change{"execution_date": "2026-06-30"}), "invalidValue", "execution_date"},
		"deferred to no date":                {merge(deferred, change{"execution_date": "2026-13-01"}), "invalidValue", "execution_date"},
		"periodic":                           {periodic, "", ""},
		"periodic without frequency":         {merge(periodic, change{"frequency": nil}), "missingParameter", "frequency"},
		"periodic with unknown frequency":    {merge(periodic, change{"frequency": "hourly"}), "invalidValue", "frequency"},
		"periodic without start":             {merge(periodic, change{"start_date": nil}), "missingParameter", "start_date"},
		"periodic that ends before it began": {merge(periodic, change{"end_date": "2026-07-31"}), "invalidValue", "end_date"},
		"bulk":                               {change{"/instructions": []any{first, first}}, "", ""},
		"bulk of two kinds":                  {change{"/instructions": []any{first, second}}, "invalidValue", "execution_date_type"},
		"unknown kind of person":             {change{"/payer_identity": change{"kind": "robot"}}, "invalidValue", "kind"},
		"identification without scheme":      {change{"/payer_identity": change{"identification": "1"}}, "missingParameter", "scheme_name"},
		"name too long":                      {change{"/payer_identity": change{"last_name": long[:256]}}, "invalidValue", "payer_identity"},
		"a text where an object belongs":     {change{"beneficiary": "me"}, "invalidValue", "beneficiary"},
	} {
		a := r.call("POST", "/2.0/payments", orderBody(c.change))
		if c.code == "" {
			if a.status != 200 || a.path("state") != "created" {
				t.Errorf("%s: %d %s", name, a.status, a.text)
			}
			continue
		}
		description, _ := a.path("description").(string)
		if a.status != 400 || a.path("code") != c.code || !strings.Contains(description, c.word) {
			t.Errorf("%s: %d %s", name, a.status, a.text)
		}
	}
	if a := r.call("POST", "/2.0/payments", "{"); a.status != 400 || a.path("code") != "invalidValue" {
		t.Errorf("half a body: %d %s", a.status, a.text)
	}
}

func TestStricterDomain(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) { c.MaxAmount, c.RequireIdentities = 1000, true })
	who := change{
		"/payer_identity": change{"first_name": "A", "last_name": "B"}, "amount": 10,
		"beneficiary_identity": change{"kind": "corporate", "scheme_name": "siren", "identification": "012345678"},
	}
	r.create(who)
	for word, c := range map[string]change{
		"limit": {"amount": "10.01"}, "payer_identity": {"/payer_identity": nil},
		"beneficiary_identity": {"beneficiary_identity": nil},
	} {
		if a := r.call("POST", "/2.0/payments", orderBody(who, c)); a.status != 400 || !strings.Contains(a.text, word) {
			t.Errorf("%s: %d %s", word, a.status, a.text)
		}
	}
}

func TestPaymentObjectIsComplete(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.create(change{"amount": 1, "/payer_identity": change{"kind": "individual", "first_name": "Ada", "email": "a@b.example", "external_ref": "X1"}})
	for _, path := range []string{
		"id", "state", "state_detail", "action", "error_code", "error_description", "fields", "validate_uri",
		"connector_uuid", "id_connector", "validate_mechanism", "register_date", "client_redirect_uri", "client_state", "payer", "payer_identity",
		"instructions",
	} {
		if _, ok := a.body[path]; !ok {
			t.Errorf("%s is missing", path)
		}
	}
	r.want(a, map[string]any{
		"register_date":                         "2026-07-01 12:00:00", // 10:00 UTC in a Paris summer
		"client_state":                          "s-1",
		"fields":                                []any{},
		"instructions.0.amount":                 "1.0000000000",
		"instructions.0.currency.id":            "EUR",
		"instructions.0.currency.symbol":        "€",
		"instructions.0.currency.prefix":        false,
		"instructions.0.currency.crypto":        false,
		"instructions.0.currency.precision":     2,
		"instructions.0.currency.marketcap":     nil,
		"instructions.0.currency.name":          "Euro",
		"instructions.0.beneficiary.bic":        "SBOXFR2XXXX", // filled in from the IBAN
		"instructions.0.beneficiary.issuer":     "SBOXFR2XXXX",
		"instructions.0.beneficiary.id_account": nil,
		"instructions.0.exec_date":              nil,
		"payer_identity.external_ref":           "X1",
		"payer_identity.first_name":             nil, // sensitive
	})
	reference := fmt.Sprint(a.path("instructions.0.reference_id"))
	if len(reference) != 29 || !strings.HasSuffix(reference, "-1") {
		t.Errorf("generated reference %q", reference)
	}
	path := fmt.Sprintf("/2.0/payments/%d?show_sensitive=true", a.id())
	r.want(r.call("GET", path, nil), map[string]any{"payer_identity.first_name": "Ada", "payer_identity.email": "a@b.example"})
	r.want(r.callAs(r.tokenFor("payments:read-only"), "GET", path, nil), map[string]any{"payer_identity.first_name": nil})
}

func TestBulkSharesItsGeneratedReference(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one := orderBody()["instructions"].([]any)[0]
	a := r.create(change{"/instructions": []any{one, one}})
	first, second := fmt.Sprint(a.path("instructions.0.reference_id")), fmt.Sprint(a.path("instructions.1.reference_id"))
	if first[:27] != second[:27] || !strings.HasSuffix(second, "-2") {
		t.Errorf("%s and %s", first, second)
	}
	r.must(r.b.Settle(a.id(), StatePartial, ""))
	r.want(r.get(a.id()), map[string]any{"state": "partial", "instructions.0.state": "rejected", "instructions.1.state": "done"})
}

func TestParseCents(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"1": 100, "0.01": 1, "50.90": 5090, "50.9": 5090, "1.5000000000": 150, "123456789012.99": 12345678901299,
		"": 0, ".5": 0, "1e2": 0, "+1": 0, "-1": 0, "1.005": 0, "0": 0, "1,5": 0, "1234567890123": 0,
	} {
		if got, ok := parseCents(text); got*int64(map[bool]int{true: 1}[ok]) != want {
			t.Errorf("%q: %d %v", text, got, ok)
		}
	}
	var a amount
	if json.Unmarshal([]byte(`"12.34"`), &a) != nil || a != 1234 {
		t.Error("text", a)
	}
}
