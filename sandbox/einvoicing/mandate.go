package einvoicing

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
)

func (m *mandate) view() map[string]any {
	v := map[string]any{
		"id": m.ID, "external_ref": m.Ref, "status": m.Status, "start_date": m.Start, "end_date": nil, "directory_entry": m.Entry,
	}
	if m.End != "" {
		v["end_date"] = m.End
	}
	return v
}

// mandatesOf returns the mandates of a client, oldest first.
func (p *Platform) mandatesOf(clientID string) []*mandate {
	var found []*mandate
	for _, m := range p.state.mandates {
		if m.Client == clientID {
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(a, b *mandate) int {
		if d := a.Made.Compare(b.Made); d != 0 {
			return d
		}
		return strings.Compare(a.ID, b.ID)
	})
	return found
}

func (p *Platform) createMandate(c *call) (any, error) {
	var in struct {
		Start string `json:"start_date"`
		Entry entry  `json:"directory_entry"`
		Ref   string `json:"external_ref"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if _, err := time.Parse(time.DateOnly, in.Start); err != nil {
		return nil, wrong("start_date", "is not a date")
	}
	if !upTo(in.Ref, 100) {
		return nil, wrong("external_ref", "must have 1 to 100 characters")
	}
	if err := checkEntry(in.Entry); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if id := p.state.refs[refKey("mandate", c.client.ID, in.Ref)]; id != "" {
		return nil, conflict("there is a mandate with this external_ref", id)
	}
	m := &mandate{ID: newID("mdt"), Client: c.client.ID, Ref: in.Ref, Start: in.Start, Entry: in.Entry, Made: p.cfg.Now().UTC(), Status: "pending_kyc"}
	if err := p.save(line{Mandate: m}); err != nil {
		return nil, err
	}
	if err := p.announce("mandate.created", c.client.ID, "mandate", m.ID, nil); err != nil {
		return nil, err
	}
	if err := p.afterMandate(c.client, m); err != nil {
		return nil, err
	}
	c.status = http.StatusCreated
	return m.view(), nil
}

func checkEntry(e entry) error {
	switch {
	case !document.ValidSIREN(e.SIREN) || strings.HasPrefix(e.SIREN, unknownSIREN):
		return wrong("directory_entry.siren", "is not in the directory")
	case e.SIRET != "" && (!document.ValidSIRET(e.SIRET) || !strings.HasPrefix(e.SIRET, e.SIREN)):
		return wrong("directory_entry.siret", "is not an establishment of the SIREN")
	case e.Suffix != "" && e.SIRET != "", e.Routing != "" && e.SIRET == "":
		return wrong("directory_entry", "a suffix goes without a SIRET, a routing identifier with one")
	}
	return nil
}

// afterMandate decides at once, or schedules a decision, if no person is needed: by the settings, or by a word in the client's
// name.
func (p *Platform) afterMandate(x *client, m *mandate) error {
	if x.Decided == "approved" {
		return p.setMandate(m, "active", "mandate.activated")
	}
	if x.Decided == "refused" {
		return p.setMandate(m, "error", "mandate.failed")
	}
	auto := p.auto.Load()
	next := ""
	if auto.Enabled {
		next = "approve"
	}
	for _, word := range strings.Fields(x.Name) {
		if w, ok := strings.CutPrefix(word, "sandbox:"); ok && slices.Contains([]string{"approve", "refuse", "expire"}, w) {
			next = w
		}
	}
	if next == "" {
		return nil
	}
	if next == "expire" {
		next = "approve-then-expire"
	}
	x.Next, x.Due = next, p.cfg.Now().UTC().Add(time.Duration(auto.DelayMS)*time.Millisecond)
	p.plan(x.N, x.Due)
	return p.save(line{Client: x})
}

// stepClient applies what was planned for a client. The caller holds mu.
func (p *Platform) stepClient(x *client) error {
	if x.Next == "" || p.cfg.Now().Before(x.Due) {
		return nil
	}
	next := x.Next
	x.Next, x.Due = "", time.Time{}
	switch next {
	case "expire":
		return p.expireAll(x)
	case "approve-then-expire":
		x.Next, x.Due = "expire", p.cfg.Now().UTC().Add(p.cfg.AnswerAfter)
		p.plan(x.N, x.Due)
	}
	if x.Decided == "" {
		return p.decide(x, next != "refuse")
	}
	return p.save(line{Client: x})
}

func (p *Platform) expireAll(x *client) error {
	for _, m := range p.mandatesOf(x.ID) {
		if m.Status == "active" {
			if err := p.setMandate(m, "expired", "mandate.expired"); err != nil {
				return err
			}
		}
	}
	return p.save(line{Client: x})
}

func (p *Platform) setMandate(m *mandate, status, hook string) error {
	m.Status = status
	if status == "expired" {
		m.End = p.cfg.Now().UTC().Format(time.DateOnly)
	}
	if err := p.save(line{Mandate: m}); err != nil {
		return err
	}
	return p.announce(hook, m.Client, "mandate", m.ID, nil)
}

func (p *Platform) listMandates(c *call) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	items := []map[string]any{}
	status := c.r.URL.Query().Get("status_filter")
	for _, m := range p.mandatesOf(c.client.ID) {
		if status == "" || m.Status == status {
			items = append(items, m.view())
		}
	}
	return list(items), nil
}

// mayIssue reports whether a client has a mandate for a SIREN today, in the earliest time zone of the world.
func (p *Platform) mayIssue(clientID, siren string) error {
	today := p.cfg.Now().UTC().Add(14 * time.Hour).Format(time.DateOnly)
	for _, m := range p.state.mandates {
		if m.Client == clientID && m.Status == "active" && m.Entry.SIREN == siren && m.Start <= today {
			return nil
		}
	}
	return errNoMandate
}

// directory is the national directory, which contains every SIREN that does not begin with 404. One that begins with 405 cannot be
// addressed yet; one that begins with 406 receives only at its establishments and at a part of one.
func (p *Platform) directory(c *call) (any, error) {
	siren := c.r.PathValue("siren")
	if !document.ValidSIREN(siren) || strings.HasPrefix(siren, unknownSIREN) {
		return nil, errNotFound
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	name := "Entreprise " + siren
	address := map[string]any{"street_name": "1 place du Marché", "city_name": "Lyon", "postal_zone": "69001", "country_code": "FR"}
	entries := []map[string]any{{"nature": "Private", "addressable": !strings.HasPrefix(siren, notYetSIREN), "postal_address": address}}
	if strings.HasPrefix(siren, manyLinesSIREN) {
		entries = manyLines(siren, address)
	}
	for _, m := range p.state.mandates {
		if m.Entry.SIREN != siren {
			continue
		}
		if x := p.state.clients[m.Client]; x != nil {
			name = x.Name
		}
		if m.Entry.SIRET != "" {
			entries = append(entries, map[string]any{"siret": m.Entry.SIRET, "nature": "Private", "addressable": m.Status == "active"})
		}
	}
	return map[string]any{"siren": siren, "name": name, "entries": entries}, nil
}

// manyLines are the lines of a business that receives at two establishments, at a part of the first, and not as a whole.
func manyLines(siren string, address map[string]any) []map[string]any {
	first, second := document.SIRETOf(siren, 1), document.SIRETOf(siren, 2)
	return []map[string]any{
		{"nature": "Private", "addressable": false},
		{"siret": first, "nature": "Private", "addressable": true, "postal_address": address},
		{"siret": first, "routing_identifier": "COMPTA", "routing_identifier_type": "0224", "nature": "Private", "addressable": true},
		{"siret": second, "nature": "Private", "addressable": true},
	}
}
