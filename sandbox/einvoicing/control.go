package einvoicing

import (
	"slices"
	"strings"
)

// Document is a deposited document, as the management shows it.
type Document struct {
	ID       string `json:"invoice_id"`
	Number   string `json:"invoice_number"`
	Client   string `json:"client_id"`
	SIREN    string `json:"siren"`
	Ref      string `json:"external_ref"`
	Type     string `json:"type_code"`
	Audience string `json:"audience"`
	Status   string `json:"status"`
	// Received is how often it was sent: 1, and 1 more for every refused duplicate.
	Received int `json:"received"`
	// Collected is the sum reported with status 212, in cents, and Gross the document's total.
	Collected int64 `json:"collected_cents"`
	Gross     int64 `json:"gross_cents"`
	// Events are the codes of its life cycle so far, 200 first.
	Events []int `json:"events"`
}

// Report is an accepted report or collection, as the management shows it.
type Report struct {
	ID     string `json:"id"`
	Client string `json:"client_id"`
	Ref    string `json:"external_ref"`
	// Kind is sales, payments or collection.
	Kind     string `json:"kind"`
	Type     string `json:"report_type,omitempty"`
	SIREN    string `json:"siren"`
	Start    string `json:"period_start,omitempty"`
	End      string `json:"period_end,omitempty"`
	Replaced bool   `json:"replaced"`
	// Invoice and Date are those of a collection.
	Invoice string `json:"invoice_number,omitempty"`
	Date    string `json:"payment_date,omitempty"`
	// Cents are the sums: of a collection, of all payments, or of all sales including VAT.
	Cents int64 `json:"cents"`
}

// Documents returns all deposited documents, oldest first.
func (p *Platform) Documents() []Document {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tick()
	var all []*invoice
	for _, i := range p.state.invoices {
		all = append(all, i)
	}
	slices.SortFunc(all, func(a, b *invoice) int { return int(a.N - b.N) })
	found := []Document{}
	for _, i := range all {
		found = append(found, i.document())
	}
	return found
}

func (i *invoice) document() Document {
	d := Document{
		ID: i.ID, Number: i.Number, Client: i.Client, SIREN: i.SIREN, Ref: i.Ref, Type: i.Type, Audience: i.Audience,
		Status: statusName(i.status()), Received: i.Received, Collected: i.Collected, Gross: i.Gross,
	}
	for _, e := range i.Events {
		d.Events = append(d.Events, e.Code)
	}
	return d
}

// Reports returns all accepted reports, oldest first.
func (p *Platform) Reports() []Report {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := []Report{}
	for _, id := range p.state.order {
		if r := p.state.reports[id]; r != nil {
			found = append(found, r.shown())
		}
	}
	return found
}

func (r *report) shown() Report {
	v := Report{ID: r.ID, Client: r.Client, Ref: r.Ref, Kind: r.Kind, Replaced: r.Replaced}
	if x := r.Collection; x != nil {
		v.SIREN, v.Invoice, v.Date, v.Cents = x.SIREN, x.Invoice, x.Date, x.Amount
	}
	if x := r.Period; x != nil {
		v.Type, v.SIREN, v.Start, v.End = x.Type, x.SIREN, x.Start, x.End
		for _, s := range x.Sales {
			v.Cents += s.Net + s.Tax
		}
		for _, i := range x.Invoices {
			if i.Type == "381" {
				i.Net, i.Tax = -i.Net, -i.Tax
			}
			v.Cents += i.Net + i.Tax
		}
		for _, p := range x.Paid {
			for _, part := range p.Rates {
				v.Cents += part.Amount
			}
		}
		for _, day := range x.Payments {
			for _, part := range day.Rates {
				v.Cents += part.Amount
			}
		}
	}
	return v
}

// SetStatus gives a document, named by id or number, a status as its buyer or a platform would: a code such as "210" or a name,
// with a reason if one is required. Statuses that must come before it are recorded at once.
func (p *Platform) SetStatus(invoice, status, reasonCode, reason string) error {
	code := codeOf(status)
	if code == 0 {
		return wrong("status", "is not a status after DEPOSITED")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tick()
	i := p.named(invoice)
	if i == nil {
		return errNotFound
	}
	if i.ended() {
		return conflict("the document has ended: "+statusName(i.status()), "")
	}
	if code <= codeAvailable && slices.ContainsFunc(i.Events, func(e event) bool {
		return e.Code >= code && !secondDelivery(e.Code, e.ReasonCode)
	}) {
		return conflict("the document has been there: "+statusName(i.status()), "")
	}
	now := p.cfg.Now().UTC()
	twice := secondDelivery(code, reasonCode)
	for !twice && len(i.Plan) > 0 && i.Plan[0].Code <= min(code, codeAvailable) && code != codeRejected {
		w := i.Plan[0]
		i.Plan = slices.Clone(i.Plan[1:])
		if w.Code == code { // the planned status happens now, with the caller's values
			break
		}
		if err := p.enterStatus(line{}, i, w, now); err != nil {
			return err
		}
	}
	return p.enterStatus(line{}, i, wish{Code: code, ReasonCode: reasonCode, Reason: reason}.withReason(), now)
}

// named finds an invoice by its id or number.
func (p *Platform) named(name string) *invoice {
	if i := p.state.invoices[name]; i != nil {
		return i
	}
	for _, i := range p.state.invoices {
		if i.Number == name {
			return i
		}
	}
	return nil
}

// Approve and Refuse decide about a client's identity, as a person on the page would. The client is named by its id or
// external_ref.
func (p *Platform) Approve(client string) error { return p.decideNamed(client, true) }

// Refuse is the opposite of Approve.
func (p *Platform) Refuse(client string) error { return p.decideNamed(client, false) }

func (p *Platform) decideNamed(name string, approved bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.clientNamed(name)
	if x == nil {
		return errNotFound
	}
	return p.decide(x, approved)
}

func (p *Platform) clientNamed(name string) *client {
	if x := p.state.clients[name]; x != nil {
		return x
	}
	return p.state.clients[p.state.refs[refKey("client", "", name)]]
}

// Expire ends all active mandates of a client.
func (p *Platform) Expire(client string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.clientNamed(client)
	if x == nil {
		return errNotFound
	}
	return p.expireAll(x)
}

// TestWebhook sends a webhook.test.
func (p *Platform) TestWebhook() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.announce("webhook.test", "", "", "", nil)
}

// clients returns all clients with their mandates, for the management.
func (p *Platform) clientList() []map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tick()
	items := []map[string]any{}
	for _, x := range p.state.clients {
		v := x.view()
		v["decided"] = x.Decided
		mandates := []map[string]any{}
		for _, m := range p.mandatesOf(x.ID) {
			mandates = append(mandates, m.view())
		}
		v["mandates"] = mandates
		items = append(items, v)
	}
	slices.SortFunc(items, func(a, b map[string]any) int {
		return strings.Compare(a["external_ref"].(string), b["external_ref"].(string))
	})
	return items
}
