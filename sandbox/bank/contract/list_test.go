package contract

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// reading: what was created is what is read, and nothing of it changes by looking.
func reading(p *provider) {
	made := p.create()
	for range 2 {
		a := p.payment(made.id())
		if a.text != made.text && p.standIn != nil {
			p.Errorf("created as %s\nread as %s", made.text, a.text)
		}
		p.hold("read", a, object{"id": made.id(), "state": "created", "instructions.0.reference_id": made.string("instructions.0.reference_id")})
	}
}

// ids are the payments of a list, in its order.
func (p *provider) ids(query string) []string {
	p.Helper()
	a := p.call("GET", "/payments?"+query, nil)
	list, ok := a.at("payments").([]any)
	if a.status != 200 || !ok {
		p.Fatalf("%s: %d %s", query, a.status, a.text)
	}
	var ids []string
	for n := range list {
		ids = append(ids, fmt.Sprint(a.at(fmt.Sprintf("payments.%d.id", n))))
	}
	return ids
}

// mark makes three payments that only this list finds, by their beneficiary.
func (p *provider) mark() (query string, made []string) {
	p.Helper()
	reference := "L" + fmt.Sprint(time.Now().UnixNano())
	for _, amount := range []string{"3.00", "1.00", "2.00"} {
		made = append(made, p.create(change{"amount": amount, "reference_id": reference}).id())
	}
	return "reference_id=" + reference, made
}

// listing: oldest first, or in the order that is asked for, a page at a time.
func listing(p *provider) {
	query, made := p.mark()
	oldest, backwards := slices.Clone(made), slices.Clone(made)
	slices.Reverse(backwards)
	for more, want := range map[string][]string{
		"":                                    oldest,
		"&reverse=true":                       backwards,
		"&reverse=false":                      oldest,
		"&order_by=id":                        oldest,
		"&order_by=register_date":             oldest,
		"&order_by=amount":                    {made[1], made[2], made[0]},
		"&order_by=amount&reverse=true":       {made[0], made[2], made[1]},
		"&order_by=state":                     oldest,
		"&order_by=connectors":                oldest,
		"&order_by=instruction_count":         oldest,
		"&order_by=execution_date_type":       oldest,
		"&limit=2":                            made[:2],
		"&limit=2&offset=2":                   made[2:],
		"&limit=2&offset=1":                   made[1:],
		"&offset=3":                           nil,
		"&limit=1000":                         oldest,
		"&min_date=2020":                      oldest,
		"&min_date=2099-01-01":                nil,
		"&max_date=2020-01":                   nil,
		"&max_date=2099":                      oldest,
		"&filter=register_date&max_date=2099": oldest,
	} {
		if got := p.ids(query + more); !slices.Equal(got, want) {
			p.Errorf("%s: %v, want %v", more, got, want)
		}
	}
	for _, wrong := range []string{"limit=x", "limit=-1", "offset=x", "order_by=colour", "min_date=yesterday", "max_date=2026-13", "filter=birthday"} {
		p.refuse(wrong, p.call("GET", "/payments?"+wrong, nil), 400, "invalidValue")
	}
	a := p.call("GET", "/payments?"+query+"&limit=1", nil)
	p.assume(fmt.Sprint(a.at("total")) == "3", "a page says how many there are: %s", a.text)
}

// byReference is how a client finds out whether a payment was made whose answer was lost: to the letter, and in all parts.
func byReference(p *provider) {
	run := fmt.Sprint(time.Now().UnixNano())
	one, longer := p.create(change{"reference_id": "R" + run}).id(), p.create(change{"reference_id": "R" + run + "0"}).id()
	bulk := p.create(change{"/instructions": []any{p.part("1.00", change{"reference_id": "A" + run}), p.part("1.00", change{"reference_id": "B" + run})}}).id()
	odd := p.create(change{"reference_id": "O&=" + run[9:]}).id()
	for reference, want := range map[string]string{
		"R" + run: one, "R" + run + "0": longer, "A" + run: bulk, "B" + run: bulk, "O&=" + run[9:]: odd, "R" + run + "00": "", strings.ToLower("R" + run): "",
	} {
		got := p.ids("reference_id=" + url.QueryEscape(reference))
		if want == "" && len(got) != 0 || want != "" && !slices.Equal(got, []string{want}) {
			p.Errorf("%s: %v, want %q", reference, got, want)
		}
	}
	if got := p.ids("reference_id=R" + run + "&state=done"); len(got) != 0 {
		p.Errorf("filters do not add up: %v", got)
	}
}

// filtered: each filter by itself, on payments that differ in it.
func filtered(p *provider) {
	created := p.create().id()
	preset := p.create(change{"/connector_uuid": testConnector, "execution_date_type": "first_open_day"}).id()
	done := p.create(change{"/payer": account(payerIBAN, "Ada Payer")}).id()
	p.authorise(done, "exa")
	rejected := p.create(change{"label": "rjct - X", "beneficiary": account(payerIBAN, "Other")}).id()
	p.authorise(rejected, "nowhere")
	for query, want := range map[string][]string{
		"state=created": {created, preset}, "state=done": {done}, "state=rejected": {rejected}, "state=pending": nil,
		"error_code=noSpecifiedReason": {rejected}, "error_code=null": {created, preset, done},
		"connector_uuid=null": {created}, "connector_uuid=" + testConnector: {preset, done}, "id_connector=null": {created},
		"execution_date_type=first_open_day":      {preset},
		"beneficiary_identification=" + payerIBAN: {rejected}, "beneficiary_identification=" + shopIBAN: {created, preset, done},
		"payer_identification=" + payerIBAN: {done}, "payer_identification=null": {created, preset},
		"filter=validate_date&min_date=2026": {done, rejected}, "filter=validate_date&max_date=2026": nil,
		"bank_payment_id=x": nil, "website=x": nil, "id_connector_source=7": nil, "bank_payment_id=null": {created, preset, done, rejected},
	} {
		if got := p.ids(query); !slices.Equal(got, want) {
			p.Errorf("%s: %v, want %v", query, got, want)
		}
	}
}
