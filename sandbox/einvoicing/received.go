package einvoicing

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// inbound is a document that another platform sent to a client. N orders them, and is the cursor of their list.
type inbound struct {
	ID, Client, Format string
	N                  int64
	At                 time.Time
	Events             []event
	// Answers are the ids of the statuses that the client sent, by its reference.
	Answers map[string]string
}

// The formats of documents (the minimum base of the DGFiP specifications), and their media types.
var formats = map[string]string{"factur-x": "application/pdf", "cii": "application/xml", "ubl": "application/xml"}

// listedAtOnce is the size of a page of the list of received documents.
const listedAtOnce = 50

// Received is a document that a client received, as the management shows it.
type Received struct {
	ID     string `json:"invoice_id"`
	Client string `json:"client_id"`
	Format string `json:"format"`
	Status string `json:"status"`
	// Events are the codes of its life cycle so far, and Reasons the codes of their reasons.
	Events  []int    `json:"events"`
	Reasons []string `json:"reasons"`
}

// Deliver gives a client, named by its id or external_ref, a document of a supplier, as if its platform had sent it. The document is
// not looked at: what other platforms let through is part of the world outside. It returns the document's id.
func (p *Platform) Deliver(client, format string, file []byte) (string, error) {
	if formats[format] == "" {
		return "", wrong("format", "must be factur-x, cii or ubl")
	}
	if len(file) == 0 {
		return "", wrong("file", "is missing")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.clientNamed(client)
	if x == nil {
		return "", errNotFound
	}
	if !slices.ContainsFunc(p.mandatesOf(x.ID), func(m *mandate) bool { return m.Status == "active" }) {
		return "", errNoMandate
	}
	i := &inbound{ID: newID("inv"), Client: x.ID, Format: format, N: p.nextNumber(), At: p.cfg.Now().UTC(), Answers: map[string]string{}}
	for _, code := range []int{codeReceived, codeAvailable} {
		i.Events = append(i.Events, event{ID: newID("lce"), Code: code, At: i.At, Emitter: emitter(code)})
	}
	if err := p.keepFile(i.ID, bytes.Clone(file)); err != nil {
		return "", err
	}
	if err := p.save(line{Inbound: i}); err != nil {
		return "", err
	}
	return i.ID, p.announce("invoice.received", x.ID, "invoice", i.ID, nil)
}

// ReceivedDocuments returns all received documents, oldest first.
func (p *Platform) ReceivedDocuments() []Received {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := []Received{}
	for _, i := range p.inboundOf("") {
		r := Received{ID: i.ID, Client: i.Client, Format: i.Format, Status: statusName(i.status())}
		for _, e := range i.Events {
			r.Events = append(r.Events, e.Code)
			if e.ReasonCode != "" {
				r.Reasons = append(r.Reasons, e.ReasonCode)
			}
		}
		found = append(found, r)
	}
	return found
}

// inboundOf returns the documents of a client, or of all, in the order in which they came. The caller holds mu.
func (p *Platform) inboundOf(clientID string) []*inbound {
	all := slices.DeleteFunc(slices.Collect(maps.Values(p.state.inbound)), func(i *inbound) bool { return clientID != "" && i.Client != clientID })
	slices.SortFunc(all, func(a, b *inbound) int { return int(a.N - b.N) })
	return all
}

func (i *inbound) status() int { return i.Events[len(i.Events)-1].Code }

// listReceived lists a client's received documents after one of them, oldest first.
func (p *Platform) listReceived(c *call) (any, error) {
	q := c.r.URL.Query()
	if q.Get("direction") != "incoming" {
		return nil, wrong("direction", "only incoming is offered here")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var from int64
	if after := q.Get("after"); after != "" {
		i := p.state.inbound[after]
		if i == nil || i.Client != c.client.ID {
			return nil, errNotFound
		}
		from = i.N
	}
	items := []map[string]any{}
	for _, i := range p.inboundOf(c.client.ID) {
		if i.N > from && len(items) < listedAtOnce {
			items = append(items, map[string]any{
				"invoice_id": i.ID, "format": i.Format, "received_at": timestamp(i.At), "lifecycle_status": statusName(i.status()),
			})
		}
	}
	return list(items), nil
}

// originalFile returns a received document as it came; ok is false if the client has no such document.
func (p *Platform) originalFile(c *call, id string) (answer raw, ok bool, err error) {
	p.mu.Lock()
	i := p.state.inbound[id]
	p.mu.Unlock()
	if i == nil || i.Client != c.client.ID {
		return raw{}, false, nil
	}
	data, err := p.readFile(i.ID)
	return raw{formats[i.Format], data}, true, err
}

// buyerMoves are the statuses that a buyer may give after each status. 210 is the end.
var buyerMoves = map[int][]int{
	codeAvailable: {204, 205, 206, 207, 208, 210, 211}, 204: {205, 206, 207, 208, 210, 211}, 205: {207, 211}, 206: {205, 207, 210, 211},
	207: {205, 206, 208, 210}, 208: {205, 206, 207, 210}, 209: {205, 206, 207, 210}, 211: {211},
}

// sendStatus records a status of the buyer.
func (p *Platform) sendStatus(c *call) (any, error) {
	var in struct {
		Ref        string `json:"external_ref"`
		ObjectType string `json:"object_type"`
		Object     string `json:"object_id"`
		Status     string `json:"status_code"`
		ReasonCode string `json:"rejection_reason"`
		Reason     string `json:"reason"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if !upTo(in.Ref, 100) {
		return nil, wrong("external_ref", "must have 1 to 100 characters")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	i := p.state.inbound[in.Object]
	if in.ObjectType != "invoice" || i == nil || i.Client != c.client.ID {
		return nil, errNotFound
	}
	if id := i.Answers[in.Ref]; id != "" {
		return nil, conflict("there is a status with this external_ref", id)
	}
	code := codeOf(in.Status)
	if !slices.Contains(buyerMoves[i.status()], code) {
		return nil, wrong("status_code", in.Status+" cannot follow "+statusName(i.status()))
	}
	if _, needed := reasons[code]; needed && !slices.Contains(buyerReasons, in.ReasonCode) {
		return nil, wrong("rejection_reason", "must be a reason of the buyer with "+in.Status)
	}
	e := event{ID: newID("lce"), Code: code, ReasonCode: in.ReasonCode, Reason: in.Reason, At: p.cfg.Now().UTC(), Emitter: emitter(code)}
	i.Events = append(i.Events, e)
	i.Answers[in.Ref] = e.ID
	if err := p.save(line{Inbound: i}); err != nil {
		return nil, err
	}
	c.status = http.StatusCreated
	return e.view(), p.announce("invoice.status_updated", i.Client, "invoice", i.ID, nil)
}

// buyerReasons are the codes of reasons that a buyer may give (status 210 in the code list of the life cycle).
var buyerReasons = strings.Fields(`TX_TVA_ERR MONTANTTOTAL_ERR CALCUL_ERR NON_CONFORME DOUBLON DEST_ERR TRANSAC_INC EMMET_INC CONTRAT_TERM
	DOUBLE_FACT CMD_ERR ADR_ERR REF_CT_ABSENT`)
