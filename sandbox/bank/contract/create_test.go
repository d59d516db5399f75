package contract

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// creating: 200, not 201, and a payment that nobody has validated.
func creating(p *provider) {
	a := p.create()
	p.hold("a new payment", a, object{
		"state": "created", "state_detail": nil, "action": nil, "error_code": nil, "error_description": nil, "validate_uri": nil,
		"connector_uuid": nil, "client_redirect_uri": p.redirect, "client_state": "contract", "instructions.0.state": nil,
	})
	for _, kind := range []string{"first_open_day", "instant"} {
		p.hold(kind, p.create(change{"execution_date_type": kind}), object{"state": "created", "instructions.0.execution_date_type": kind})
	}
	day := time.Now().UTC().AddDate(0, 0, 10).Format(time.DateOnly)
	p.hold("deferred", p.create(change{"execution_date_type": "deferred", "execution_date": day}), object{
		"state": "created", "instructions.0.execution_date_type": "deferred", "instructions.0.execution_date": day,
	})
	today := time.Now().UTC().Format(time.DateOnly)
	if p.standIn != nil {
		today = "2026-07-01"
	}
	p.hold("deferred to today", p.create(change{"execution_date_type": "deferred", "execution_date": today}), object{"instructions.0.execution_date": today})
	p.hold("a sort code", p.create(change{"beneficiary": object{
		"scheme_name": "sort_code_account_number", "identification": "12345612345678", "label": "Shop",
	}}), object{"instructions.0.beneficiary.scheme_name": "sort_code_account_number", "instructions.0.beneficiary.issuer": nil})
	longest := strings.Repeat("é", 2000)
	p.hold("a state of 2000 characters", p.create(change{"/client_state": longest}), object{"client_state": longest})
	p.hold("without a state of the client's", p.create(change{"/client_state": nil}), object{"client_state": nil})
	p.hold("with a preset bank", p.create(change{"/connector_uuid": testConnector}), object{"connector_uuid": testConnector, "state": "created"})
	p.hold("with the payer's account", p.create(change{"/payer": account(payerIBAN, "Ada Payer")}), object{
		"payer.identification": payerIBAN, "payer.label": "Ada Payer", "payer.scheme_name": "iban",
	})
	p.hold("an IBAN with spaces", p.create(change{"beneficiary": account("FR76 3000 6000 0112 3456 7890 189", "Shop")}), object{
		"instructions.0.beneficiary.identification": shopIBAN,
	})
}

// members holds the names of the Payment object, and the form of its values.
func members(p *provider) {
	a := p.create()
	for _, name := range []string{
		"id", "state", "state_detail", "action", "error_code", "error_description", "fields", "validate_uri", "connector_uuid", "id_connector",
		"validate_mechanism", "register_date", "client_redirect_uri", "client_state", "payer", "payer_identity", "instructions",
	} {
		if _, ok := a.body[name]; !ok {
			p.Errorf("%s is not there: %s", name, a.text)
		}
	}
	instruction, ok := a.at("instructions.0").(object)
	if !ok {
		p.Fatalf("no instruction: %s", a.text)
	}
	for _, name := range []string{
		"reference_id", "amount", "currency", "label", "execution_date_type", "execution_date", "exec_date", "beneficiary", "beneficiary_identity", "state",
	} {
		if _, ok := instruction[name]; !ok {
			p.Errorf("instructions.0.%s is not there: %s", name, a.text)
		}
	}
	for path, form := range map[string]string{
		"id":                                    `^[0-9]+$`,
		"register_date":                         `^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$`,
		"instructions.0.amount":                 `^4\.20{0,9}$`,
		"instructions.0.currency.id":            `^EUR$`,
		"instructions.0.currency.precision":     `^2$`,
		"instructions.0.beneficiary.issuer":     `^[A-Z0-9]{8}([A-Z0-9]{3})?$`,
		"instructions.0.beneficiary.id":         `^[0-9]+$`,
		"instructions.0.beneficiary_identity":   `corporate`,
		"instructions.0.beneficiary.id_account": `^<nil>$`,
	} {
		if got := fmt.Sprint(a.at(path)); !regexp.MustCompile(form).MatchString(got) {
			p.Errorf("%s is %s, want %s", path, got, form)
		}
	}
	if list, ok := a.at("fields").([]any); !ok || len(list) > 0 {
		p.assume(false, "fields of a new payment are %v", a.at("fields"))
	}
	if p.standIn != nil {
		p.hold("the time of Paris", a, object{"register_date": "2026-07-01 12:00:00"})
	}
}

// amounts: from a number or a text to ten decimals, to the cent.
func amounts(p *provider) {
	for sent, want := range map[any]string{
		1: "1.0000000000", "1": "1.0000000000", "0.01": "0.0100000000", 2.5: "2.5000000000", "9.99": "9.9900000000", "7.10": "7.1000000000", "10": "10.0000000000",
		"3.5000000000": "3.5000000000",
	} {
		a := p.create(change{"amount": sent})
		got := fmt.Sprint(a.at("instructions.0.amount"))
		if strings.TrimRight(got, "0") != strings.TrimRight(want, "0") {
			p.Errorf("%v comes back as %s", sent, got)
		}
		p.assume(got == want, "%v is written as %s", sent, got)
	}
}

// labels come back as they were sent, and 140 characters are what a transfer has room for.
func labels(p *provider) {
	for _, label := range []string{
		"Order 1042", "done - Order 1042", "Café crème, 2 × 3 €", `Says "yes" \ no`, "<b>&amp;</b>", "Ürün № 7", strings.Repeat("x", 140), strings.Repeat("é", 140),
	} {
		p.hold(label, p.create(change{"label": label}), object{"instructions.0.label": label})
	}
}

// references: 31 characters of the client's, or one random part for the whole payment and a number.
func references(p *provider) {
	own := "C" + fmt.Sprint(time.Now().UnixNano())
	p.hold("the client's", p.create(change{"reference_id": own}), object{"instructions.0.reference_id": own})
	longest := (own + strings.Repeat("X", 31))[:31]
	p.hold("of 31 characters", p.create(change{"reference_id": longest}), object{"instructions.0.reference_id": longest})
	first, second := p.create().string("instructions.0.reference_id"), p.create().string("instructions.0.reference_id")
	if first == "" || first == second {
		p.Errorf("made up: %q and %q", first, second)
	}
	p.assume(regexp.MustCompile(`^[0-9A-Za-z]{27}-1$`).MatchString(first), "made up: %q", first)
}

// noIdempotence: the same request twice is two payments, and so is the same reference. A client that does not know
// whether a request was carried out must look for its reference before it sends the request again.
func noIdempotence(p *provider) {
	reference := change{"reference_id": "T" + fmt.Sprint(time.Now().UnixNano())}
	first, second := p.create(reference), p.create(reference)
	if first.id() == second.id() {
		p.Errorf("the same request gave the same payment %s: the API is idempotent now", first.id())
	}
	found := p.call("GET", "/payments?reference_id="+first.string("instructions.0.reference_id"), nil)
	if list, ok := found.at("payments").([]any); !ok || len(list) != 2 {
		p.Errorf("both are found by their reference: %s", found.text)
	}
}

// bulks: several instructions are one payment with one reference each, and share the day on which they are executed.
func bulks(p *provider) {
	a := p.create(change{"/instructions": []any{p.part("1.10"), p.part("2.20"), p.part("3.30")}})
	list, ok := a.at("instructions").([]any)
	if !ok || len(list) != 3 {
		p.Fatalf("three parts: %s", a.text)
	}
	base, number, _ := strings.Cut(a.string("instructions.0.reference_id"), "-")
	p.assume(number == "1" && a.string("instructions.2.reference_id") == base+"-3", "the references of a bulk: %s", a.text)
	p.refuse("two kinds", p.call("POST", "/payments", p.order(change{"/instructions": []any{
		p.part("1.00"), p.part("1.00", change{"execution_date_type": "first_open_day"}),
	}})), 400, "invalidValue")
	day := func(n int) string { return time.Now().UTC().AddDate(0, 0, n).Format(time.DateOnly) }
	p.refuse("two days", p.call("POST", "/payments", p.order(change{"/instructions": []any{
		p.part("1.00", change{"execution_date_type": "deferred", "execution_date": day(9)}),
		p.part("1.00", change{"execution_date_type": "deferred", "execution_date": day(10)}),
	}})), 400, "invalidValue")
}

// part is one instruction of a bulk.
func (p *provider) part(amount string, changes ...change) any {
	p.Helper()
	body := p.order(append([]change{{"amount": amount}}, changes...)...)
	list, ok := body["instructions"].([]any)
	if !ok {
		p.Fatal("an order has instructions")
	}
	return list[0]
}

// sensitive: who people are is told to those who ask for it and may.
func sensitive(p *provider) {
	id := p.create().id()
	path := "/payments/" + id
	p.hold("not asked for", p.call("GET", path, nil), object{"payer_identity.kind": "individual", "payer_identity.first_name": nil})
	p.hold("asked for", p.call("GET", path+"?show_sensitive=true", nil), object{"payer_identity.first_name": "Ada", "payer_identity.last_name": "Payer"})
	p.hold("asked for by who may not", p.as(p.tokenFor("payments:read-only"), "GET", path+"?show_sensitive=true", nil), object{"payer_identity.first_name": nil})
	p.hold("asked for by who may that alone", p.as(p.tokenFor("payments:allow-sensitive"), "GET", path+"?show_sensitive=true", nil), object{
		"payer_identity.first_name": "Ada", "instructions.0.beneficiary_identity.identification": "732829320",
	})
	a := p.call("POST", "/payments?show_sensitive=true", p.order())
	p.hold("asked for with the creation", a, object{"payer_identity.first_name": "Ada", "instructions.0.beneficiary_identity.org_name": "Shop"})
}
