package contract

import (
	"strings"
	"time"
)

// required: what must be there, by name. The description says which one it is.
func required(p *provider) {
	periodic := change{"execution_date_type": "periodic", "frequency": "monthly", "start_date": "2099-01-01"}
	for what, c := range map[string]struct {
		changes []change
		word    string
	}{
		"no redirect":             {[]change{{"/client_redirect_uri": nil}}, "client_redirect_uri"},
		"no instructions":         {[]change{{"/instructions": nil}}, "instructions"},
		"empty instructions":      {[]change{{"/instructions": []any{}}}, "instructions"},
		"no amount":               {[]change{{"amount": nil}}, "amount"},
		"no currency":             {[]change{{"currency": nil}}, "currency"},
		"no label":                {[]change{{"label": nil}}, "label"},
		"blank label":             {[]change{{"label": "  "}}, "label"},
		"no kind":                 {[]change{{"execution_date_type": nil}}, "execution_date_type"},
		"no beneficiary":          {[]change{{"beneficiary": nil}}, "beneficiary"},
		"no scheme":               {[]change{{"beneficiary": object{"identification": shopIBAN, "label": "Shop"}}}, "scheme_name"},
		"no identification":       {[]change{{"beneficiary": object{"scheme_name": "iban", "label": "Shop"}}}, "identification"},
		"no name of the account":  {[]change{{"beneficiary": object{"scheme_name": "iban", "identification": shopIBAN}}}, "label"},
		"payer without a scheme":  {[]change{{"/payer": object{"identification": payerIBAN, "label": "Ada"}}}, "payer.scheme_name"},
		"payer without a number":  {[]change{{"/payer": object{"scheme_name": "iban", "label": "Ada"}}}, "payer.identification"},
		"deferred without a day":  {[]change{{"execution_date_type": "deferred"}}, "execution_date"},
		"periodic, no frequency":  {[]change{periodic, {"frequency": nil}}, "frequency"},
		"periodic, no start":      {[]change{periodic, {"start_date": nil}}, "start_date"},
		"no payer identity":       {[]change{{"/payer_identity": nil}}, "payer_identity"},
		"no beneficiary identity": {[]change{{"beneficiary_identity": nil}}, "beneficiary_identity"},
		"payer without a name":    {[]change{{"/payer_identity": object{"first_name": "Ada"}}}, "last_name"},
		"payer without the other": {[]change{{"/payer_identity": object{"last_name": "Payer"}}}, "first_name"},
		"a company's scheme":      {[]change{{"beneficiary_identity": object{"kind": "corporate", "identification": "732829320"}}}, "scheme_name"},
		"a company's number":      {[]change{{"beneficiary_identity": object{"kind": "corporate", "scheme_name": "siren"}}}, "identification"},
		"a number, no scheme":     {[]change{{"/payer_identity": object{"first_name": "A", "last_name": "B", "identification": "1"}}}, "scheme_name"},
	} {
		p.refused(what, p.order(c.changes...), "missingParameter", c.word)
	}
}

// refused sends a payment that must not be taken. The real provider may take what only guides or reference demand.
func (p *provider) refused(what string, body any, code, word string) {
	p.Helper()
	a := p.call("POST", "/payments", body)
	if a.status == 200 {
		p.assume(false, "%s: taken: %s", what, a.text)
		return
	}
	p.refuse(what, a, 400, code)
	p.assume(strings.Contains(a.string("description"), word), "%s: the description does not name %s: %s", what, word, a.text)
}

func wrongValues(p *provider) {
	yesterday := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	long := strings.Repeat("x", 2001)
	periodic := change{"execution_date_type": "periodic", "frequency": "monthly", "start_date": "2099-01-01"}
	for what, c := range map[string]struct {
		changes []change
		word    string
	}{
		"redirect with a query":    {[]change{{"/client_redirect_uri": p.redirect + "?a=1"}}, "client_redirect_uri"},
		"redirect with a mark":     {[]change{{"/client_redirect_uri": p.redirect + "?"}}, "client_redirect_uri"},
		"redirect that is none":    {[]change{{"/client_redirect_uri": "javascript:alert(1)"}}, "client_redirect_uri"},
		"redirect not registered":  {[]change{{"/client_redirect_uri": "https://evil.example/return"}}, "client_redirect_uri"},
		"redirect that looks like": {[]change{{"/client_redirect_uri": "https://shop.example.evil.example/"}}, "client_redirect_uri"},
		"state of 2001":            {[]change{{"/client_state": long}}, "client_state"},
		"amount zero":              {[]change{{"amount": 0}}, "amount"},
		"amount below zero":        {[]change{{"amount": -1}}, "amount"},
		"a tenth of a cent":        {[]change{{"amount": "1.001"}}, "amount"},
		"an exponent":              {[]change{{"amount": "1e2"}}, "amount"},
		"a comma":                  {[]change{{"amount": "1,50"}}, "amount"},
		"amount in words":          {[]change{{"amount": "ten"}}, "amount"},
		"amount, a list":           {[]change{{"amount": []int{1}}}, "amount"},
		"above the cap":            {[]change{{"amount": "10.01"}}, "amount"},
		"unknown currency":         {[]change{{"currency": "XXX"}}, "currency"},
		"currency in small":        {[]change{{"currency": "eur"}}, "currency"},
		"long label":               {[]change{{"label": long[:141]}}, "label"},
		"long reference":           {[]change{{"reference_id": long[:32]}}, "reference_id"},
		"unknown kind":             {[]change{{"execution_date_type": "someday"}}, "execution_date_type"},
		"IBAN's check digits":      {[]change{{"beneficiary": account("FR7630006000011234567890188", "Shop")}}, "beneficiary.identification"},
		"IBAN too short":           {[]change{{"beneficiary": account("FR76", "Shop")}}, "beneficiary.identification"},
		"a sort code of 13":        {[]change{{"beneficiary": object{"scheme_name": "sort_code_account_number", "identification": "1234561234567", "label": "S"}}}, "identification"},
		"an IBAN for a sort code":  {[]change{{"beneficiary": object{"scheme_name": "sort_code_account_number", "identification": shopIBAN, "label": "S"}}}, "identification"},
		"misspelt scheme":          {[]change{{"beneficiary": object{"scheme_name": "scheme_iban", "identification": shopIBAN, "label": "S"}}}, "scheme_name"},
		"beneficiary, a text":      {[]change{{"beneficiary": "Shop"}}, "beneficiary"},
		"instructions, an object":  {[]change{{"/instructions": object{}}}, "instructions"},
		"payer's check digits":     {[]change{{"/payer": account("FR1420041010050500013M02607", "Ada")}}, "payer.identification"},
		"unknown bank":             {[]change{{"/connector_uuid": "00000000-0000-0000-0000-000000000000"}}, "connector_uuid"},
		"unknown old number":       {[]change{{"/id_connector": 999999}}, "id_connector"},
		"into the past":            {[]change{{"execution_date_type": "deferred", "execution_date": yesterday}}, "execution_date"},
		"no such day":              {[]change{{"execution_date_type": "deferred", "execution_date": "2099-02-30"}}, "execution_date"},
		"a day in another form":    {[]change{{"execution_date_type": "deferred", "execution_date": "30/01/2099"}}, "execution_date"},
		"unknown frequency":        {[]change{periodic, {"frequency": "hourly"}}, "frequency"},
		"a schedule into the past": {[]change{periodic, {"start_date": yesterday}}, "start_date"},
		"ends before it begins":    {[]change{periodic, {"end_date": "2098-12-31"}}, "end_date"},
		"unknown kind of person":   {[]change{{"/payer_identity": object{"kind": "robot", "first_name": "A", "last_name": "B"}}}, "kind"},
	} {
		p.refused(what, p.order(c.changes...), "invalidValue", c.word)
	}
	p.refused("half a body", `{"client_redirect_uri":`, "invalidValue", "")
	p.refused("a list", `[]`, "invalidValue", "")
	p.refused("nothing", nil, "missingParameter", "client_redirect_uri")
}

// bounds: each text of an identity has one, and is taken up to it.
func bounds(p *provider) {
	for name, most := range map[string]int{
		"external_ref": 255, "first_name": 255, "last_name": 255, "email": 255, "identification": 255, "issuer": 255, "org_name": 255,
		"org_legal_status": 128, "postal_address": 512, "org_hq_address": 512, "org_business_address": 512,
	} {
		who := object{"kind": "individual", "first_name": "Ada", "last_name": "Payer", "scheme_name": "national_id_number", name: strings.Repeat("é", most)}
		if a := p.call("POST", "/payments", p.order(change{"/payer_identity": who})); a.status != 200 {
			p.Errorf("%s of %d: %d %s", name, most, a.status, a.text)
		}
		who[name] = strings.Repeat("x", most+1)
		p.refused(name, p.order(change{"/payer_identity": who}), "invalidValue", name)
	}
}

// envelope: code, description, message and request_id, for every status, and never a page.
func envelope(p *provider) {
	id := p.create().id()
	for what, c := range map[string]struct {
		method, path string
		body         any
		status       int
		code         string
	}{
		"unknown payment":       {"GET", "/payments/1", nil, 404, "notFound"},
		"a number that is none": {"GET", "/payments/x", nil, 404, "notFound"},
		"a number too large":    {"GET", "/payments/99999999999999999999", nil, 404, "notFound"},
		"unknown route":         {"GET", "/refunds", nil, 404, "notFound"},
		"deeper route":          {"GET", "/payments/" + id + "/refunds", nil, 404, "notFound"},
		"a payment is kept":     {"DELETE", "/payments/" + id, nil, 405, "methodNotAllowed"},
		"nor put":               {"PUT", "/payments", object{}, 405, "methodNotAllowed"},
		"no operation":          {"POST", "/payments/" + id, object{}, 400, "missingParameter"},
		"no JSON":               {"POST", "/payments/" + id, "{", 400, "invalidValue"},
		"wrong type":            {"POST", "/payments/" + id, `{"cancel":"yes"}`, 400, "invalidValue"},
		"wrong filter":          {"GET", "/payments?filter=x", nil, 400, "invalidValue"},
	} {
		a := p.call(c.method, c.path, c.body)
		p.refuse(what, a, c.status, c.code)
		for _, name := range []string{"message", "request_id"} {
			_, has := a.body[name]
			p.assume(has, "%s: %s is not in the envelope: %s", what, name, a.text)
		}
		p.assume(strings.HasPrefix(a.header.Get("Content-Type"), "application/json"), "%s: %s", what, a.header.Get("Content-Type"))
	}
	first, second := p.call("GET", "/payments/1", nil), p.call("GET", "/payments/1", nil)
	if first.at("request_id") == second.at("request_id") {
		p.Errorf("two requests have one id: %s", first.text)
	}
}
