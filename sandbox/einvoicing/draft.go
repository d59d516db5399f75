package einvoicing

import (
	"encoding/json"
	"net/http"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/cii"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/pdf"
)

func (d *draft) view() map[string]any {
	v := map[string]any{"id": d.ID, "external_ref": d.Ref, "status": "draft"}
	if d.Invoice != "" {
		v["status"], v["invoice_id"], v["invoice_number"] = "validated", d.Invoice, d.Number
	}
	return v
}

// readDraft parses the body of a draft, and reports what is still wrong with it.
func readDraft(c *call) (*document.Wire, []document.Problem, error) {
	var w document.Wire
	if err := c.decode(&w); err != nil {
		return nil, nil, err
	}
	_, problems := checkData(&w)
	return &w, problems, nil
}

// checkData validates the JSON by itself.
func checkData(w *document.Wire) (*document.Document, []document.Problem) {
	d, problems := w.Document()
	problems = append(problems, d.Check()...)
	if problems == nil {
		problems = []document.Problem{}
	}
	return d, problems
}

func (p *Platform) createDraft(c *call) (any, error) {
	w, problems, err := readDraft(c)
	if err != nil {
		return nil, err
	}
	if !upTo(w.ExternalRef, 100) {
		return nil, wrong("external_ref", "must have 1 to 100 characters")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if id := p.state.refs[refKey("draft", c.client.ID, w.ExternalRef)]; id != "" {
		return nil, conflict("there is a draft with this external_ref", id)
	}
	d := &draft{ID: newID("draft"), Client: c.client.ID, Ref: w.ExternalRef, Data: c.body}
	if err := p.save(line{Draft: d}); err != nil {
		return nil, err
	}
	c.status = http.StatusCreated
	v := d.view()
	v["errors"] = problems
	return v, nil
}

// ownDraft finds the draft in the path. The caller holds mu.
func (p *Platform) ownDraft(c *call) (*draft, error) {
	d := p.state.drafts[c.r.PathValue("id")]
	if d == nil || d.Client != c.client.ID {
		return nil, errNotFound
	}
	return d, nil
}

func (p *Platform) getDraft(c *call) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d, err := p.ownDraft(c)
	if err != nil {
		return nil, err
	}
	return d.view(), nil
}

func (p *Platform) listDrafts(c *call) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	items := []map[string]any{}
	ref := c.r.URL.Query().Get("external_ref")
	for _, d := range p.state.drafts {
		if d.Client == c.client.ID && (ref == "" || d.Ref == ref) {
			items = append(items, d.view())
		}
	}
	return list(items), nil
}

func (p *Platform) putDraft(c *call) (any, error) {
	w, problems, err := readDraft(c)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	d, err := p.openDraft(c)
	if err != nil {
		return nil, err
	}
	if w.ExternalRef != "" && w.ExternalRef != d.Ref {
		return nil, wrong("external_ref", "cannot be changed")
	}
	d.Data = c.body
	v := d.view()
	v["errors"] = problems
	return v, p.save(line{Draft: d})
}

// openDraft finds the draft in the path if it can still be changed. The caller holds mu.
func (p *Platform) openDraft(c *call) (*draft, error) {
	d, err := p.ownDraft(c)
	if err == nil && d.Invoice != "" {
		return nil, conflict("the draft was validated", "")
	}
	return d, err
}

func (p *Platform) deleteDraft(c *call) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d, err := p.openDraft(c)
	if err != nil {
		return nil, err
	}
	c.status = http.StatusNoContent
	return nil, p.save(line{Gone: d.ID})
}

func (p *Platform) validateData(c *call) (any, error) {
	_, problems, err := readDraft(c)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, refused(problems...)
	}
	return map[string]any{"valid": true}, nil
}

// validate checks a draft and the attached file, and deposits the invoice.
func (p *Platform) validate(c *call) (any, error) {
	var in struct {
		Format string `json:"format"`
		File   []byte `json:"file"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	w, ref, err := p.draftToValidate(c)
	if err != nil {
		return nil, err
	}
	if w.Buyer != nil {
		_, faults := wishOf(w.Buyer.Name)
		if err := p.strike(c, ref, faults); err != nil {
			return nil, err
		}
	}
	if in.Format != "factur-x" {
		return nil, wrong("format", "must be factur-x")
	}
	d, problems := checkData(w)
	found, more := readFacturX(in.File)
	problems = append(problems, more...)
	if found != nil {
		problems = append(problems, document.Compare(d, found)...)
	}
	if len(problems) > 0 {
		return nil, refused(problems...)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	draft, err := p.openDraft(c) // again: another call may have been faster
	if err != nil {
		return nil, err
	}
	i, err := p.deposit(c.client.ID, draft, draft.Ref, found, draft.Data, in.File)
	if err != nil {
		return nil, err
	}
	return map[string]any{"draft_id": draft.ID, "invoice_id": i.ID, "invoice_number": i.Number, "status": statusName(codeDeposited)}, nil
}

// draftToValidate returns the data of a draft whose seller may issue.
func (p *Platform) draftToValidate(c *call) (*document.Wire, string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d, err := p.ownDraft(c)
	if err != nil {
		return nil, "", err
	}
	if d.Invoice != "" {
		if err := p.countDuplicate(p.state.invoices[d.Invoice]); err != nil {
			return nil, "", err
		}
		return nil, "", conflict("the draft was validated", "")
	}
	var w document.Wire
	if err := json.Unmarshal(d.Data, &w); err != nil {
		return nil, "", err
	}
	if w.Seller != nil && w.Seller.SIREN != "" { // without one the draft is refused for that reason
		err = p.mayIssue(c.client.ID, w.Seller.SIREN)
	}
	return &w, d.Ref, err
}

// readFacturX parses the invoice in a PDF and checks both. The document is nil if there is none to compare with.
func readFacturX(file []byte) (*document.Document, []document.Problem) {
	if len(file) == 0 {
		return nil, []document.Problem{{Rule: "PDF", Field: "file", Message: "is missing"}}
	}
	xml, problems := pdf.Read(file)
	if xml == nil {
		return nil, problems
	}
	d, more := cii.Read(xml)
	problems = append(problems, more...)
	if d != nil {
		problems = append(problems, d.Check()...)
	}
	return d, problems
}

// submitFile deposits a document that was sent without a draft.
func (p *Platform) submitFile(c *call) (any, error) {
	var in struct {
		Ref    string `json:"external_ref"`
		Format string `json:"format"`
		File   []byte `json:"file"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if !upTo(in.Ref, 100) {
		return nil, wrong("external_ref", "must have 1 to 100 characters")
	}
	if in.Format != "factur-x" {
		return nil, wrong("format", "must be factur-x")
	}
	found, problems := readFacturX(in.File)
	if len(problems) > 0 {
		return nil, refused(problems...)
	}
	data, err := json.Marshal(found.Wire())
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if id := p.state.refs[refKey("file", c.client.ID, in.Ref)]; id != "" {
		return nil, conflict("there is a document with this external_ref", id)
	}
	if err := p.mayIssue(c.client.ID, found.Seller.SIREN); err != nil {
		return nil, err
	}
	i, err := p.deposit(c.client.ID, nil, in.Ref, found, data, in.File)
	if err != nil {
		return nil, err
	}
	c.status = http.StatusCreated
	return map[string]any{"invoice_id": i.ID, "invoice_number": i.Number, "status": statusName(codeDeposited)}, nil
}
