package einvoicing

import (
	"encoding/json"
	"slices"
	"time"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/internal/fault"
)

// deposit stores a valid document, unless its number was used before. The caller holds mu.
func (p *Platform) deposit(clientID string, from *draft, ref string, d *document.Document, data json.RawMessage, pdf []byte) (*invoice, error) {
	if before := p.state.numbers[numberKey(d.Seller.SIREN, d.Issued, d.Number)]; before != nil {
		if err := p.countDuplicate(before); err != nil {
			return nil, err
		}
		return nil, refused(document.Problem{
			Rule: "DOUBLON", Field: "invoice_number", Message: d.Number + " was used before by this seller in this year",
		})
	}
	now := p.cfg.Now().UTC()
	_, faults := wishOf(d.Buyer.Name)
	i := &invoice{
		ID: newID("inv"), N: p.nextNumber(), Client: clientID, Ref: ref, Number: d.Number, Issued: d.Issued, SIREN: d.Seller.SIREN,
		Audience: d.Audience(), Type: d.Type, Data: data, Gross: d.Totals.Gross, Received: 1, Plan: p.future(clientID, d),
		Faults: slices.DeleteFunc(faults, func(f fault.Fault) bool { return !f.Kind.IsHook() }),
	}
	for _, v := range d.VAT {
		i.Rates = append(i.Rates, v.Rate)
	}
	i.happen(wish{Code: codeDeposited}, now)
	p.planNext(i, now)
	if err := p.keepFile(i.ID, pdf); err != nil {
		return nil, err
	}
	if from != nil {
		i.Draft = from.ID
	}
	if err := p.save(line{Invoice: i}); err != nil {
		return nil, err
	}
	return i, p.announce("invoice.created", clientID, "invoice", i.ID, i.Faults)
}

func (p *Platform) countDuplicate(i *invoice) error {
	i.Received++
	return p.save(line{Invoice: i})
}

// happen records a status.
func (i *invoice) happen(w wish, at time.Time) {
	i.Events = append(i.Events, event{ID: newID("lce"), Code: w.Code, ReasonCode: w.ReasonCode, Reason: w.Reason, At: at, Emitter: emitter(w.Code)})
}

// status is the newest one that says something about the document.
func (i *invoice) status() int {
	for _, e := range slices.Backward(i.Events) {
		if !secondDelivery(e.Code, e.ReasonCode) {
			return e.Code
		}
	}
	return codeDeposited
}

// ended reports whether nothing more can happen.
func (i *invoice) ended() bool {
	return slices.ContainsFunc(i.Events, func(e event) bool { return final(e.Code) && !secondDelivery(e.Code, e.ReasonCode) })
}

// planNext schedules the first event of the plan.
func (p *Platform) planNext(i *invoice, from time.Time) {
	i.Due = time.Time{}
	if len(i.Plan) > 0 {
		i.Due = from.Add(p.delay(i.Plan[0]))
	}
	p.plan(i.N, i.Due)
}

// step applies what is due for the client or invoice with this number. The caller holds mu.
func (p *Platform) step(n int64) {
	id := p.state.steps[n]
	var err error
	if i := p.state.invoices[id]; i != nil {
		err = p.stepInvoice(i)
	} else if c := p.state.clients[id]; c != nil {
		err = p.stepClient(c)
	}
	if err != nil {
		p.cfg.Log.Error("did not move on", "id", id, "error", err)
	}
}

func (p *Platform) stepInvoice(i *invoice) error {
	if i.Due.IsZero() || p.cfg.Now().Before(i.Due) {
		return nil
	}
	w, at := i.Plan[0], i.Due
	i.Plan = slices.Clone(i.Plan[1:])
	return p.enterStatus(line{}, i, w, at)
}

// enterStatus gives an invoice a status, plans the next one and announces it. Its cause is stored with it, so that a killed
// process keeps both or neither.
func (p *Platform) enterStatus(cause line, i *invoice, w wish, at time.Time) error {
	i.happen(w, at)
	if final(w.Code) && !secondDelivery(w.Code, w.ReasonCode) {
		i.Plan = nil
	}
	p.planNext(i, at)
	cause.Invoice = i
	if err := p.save(cause); err != nil {
		return err
	}
	return p.announce("invoice.status_updated", i.Client, "invoice", i.ID, i.Faults)
}

// ownInvoice finds an invoice of the client. The caller holds mu.
func (p *Platform) ownInvoice(c *call, id string) (*invoice, error) {
	i := p.state.invoices[id]
	if i == nil || i.Client != c.client.ID {
		return nil, errNotFound
	}
	return i, nil
}

func (p *Platform) invoiceData(c *call) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i, err := p.ownInvoice(c, c.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	var data map[string]json.RawMessage
	if err := json.Unmarshal(i.Data, &data); err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"invoice_id": i.ID, "invoice_number": i.Number, "external_ref": i.Ref, "lifecycle_status": statusName(i.status()),
	} {
		if data[name], err = json.Marshal(value); err != nil {
			return nil, err
		}
	}
	return data, nil
}

func (p *Platform) file(c *call) (any, error) {
	format := c.r.URL.Query().Get("format")
	if format != "" && format != "factur-x" && format != "original" {
		return nil, wrong("format", "must be factur-x, or original for a received document")
	}
	if format == "original" {
		answer, ok, err := p.originalFile(c, c.r.PathValue("id"))
		if err == nil && !ok {
			err = errNotFound
		}
		return answer, err
	}
	p.mu.Lock()
	i, err := p.ownInvoice(c, c.r.PathValue("id"))
	p.mu.Unlock()
	if err != nil {
		return nil, err
	}
	pdf, err := p.readFile(i.ID)
	if err != nil {
		return nil, err
	}
	if pdf == nil {
		return nil, errNotFound
	}
	return raw{"application/pdf", pdf}, nil
}

func (p *Platform) lifecycleEvents(c *call) (any, error) {
	q := c.r.URL.Query()
	if q.Get("object_type") != "invoice" {
		return nil, wrong("object_type", "only invoice is offered here")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var events []event
	if in := p.state.inbound[q.Get("object_id")]; in != nil && in.Client == c.client.ID {
		events = in.Events
	} else {
		i, err := p.ownInvoice(c, q.Get("object_id"))
		if err != nil {
			return nil, err
		}
		events = i.Events
	}
	items := []map[string]any{}
	for _, e := range events {
		items = append(items, e.view())
	}
	return list(items), nil
}

func (e event) view() map[string]any {
	v := map[string]any{
		"id": e.ID, "status_code": statusName(e.Code), "timestamp": timestamp(e.At), "emitter": e.Emitter, "is_mandatory": mandatory(e.Code),
	}
	if e.ReasonCode != "" {
		v["rejection_reason"], v["reason"] = e.ReasonCode, e.Reason
	}
	return v
}
