package einvoicing

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/mail"
	"strconv"
	"strings"
	"time"
)

// view is a client in an answer.
func (c *client) view() map[string]any {
	return map[string]any{
		"id": c.ID, "organization_name": c.Name, "contact_email": c.Email, "external_ref": c.Ref, "status": c.Status,
	}
}

func (p *Platform) createClient(c *call) (any, error) {
	var in struct {
		Name  string `json:"organization_name"`
		Email string `json:"contact_email"`
		Ref   string `json:"external_ref"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if !upTo(in.Name, 255) {
		return nil, wrong("organization_name", "must have 1 to 255 characters")
	}
	if a, err := mail.ParseAddress(in.Email); err != nil || a.Address != in.Email || len(in.Email) > 255 {
		return nil, wrong("contact_email", "must be an e-mail address of at most 255 characters")
	}
	if !upTo(in.Ref, 100) {
		return nil, wrong("external_ref", "must have 1 to 100 characters")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if id := p.state.refs[refKey("client", "", in.Ref)]; id != "" {
		return nil, conflict("there is a client with this external_ref", id)
	}
	made := &client{ID: newID("cli"), N: p.nextNumber(), Ref: in.Ref, Name: in.Name, Email: in.Email, Status: "pending"}
	if err := p.save(line{Client: made}); err != nil {
		return nil, err
	}
	c.status = http.StatusCreated
	return made.view(), nil
}

func (p *Platform) listClients(c *call) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	items := []map[string]any{}
	ref := c.r.URL.Query().Get("external_ref")
	for _, x := range p.state.clients {
		if ref == "" || x.Ref == ref {
			items = append(items, x.view())
		}
	}
	return list(items), nil
}

func (p *Platform) getClient(c *call) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.state.clients[c.r.PathValue("id")]
	if x == nil {
		return nil, errNotFound
	}
	return x.view(), nil
}

func (p *Platform) deleteClient(c *call) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.state.clients[c.r.PathValue("id")]
	if x == nil {
		return nil, errNotFound
	}
	for _, m := range p.state.mandates {
		if m.Client == x.ID {
			return nil, conflict("a client with mandates cannot be deleted", "")
		}
	}
	c.status = http.StatusNoContent
	return nil, p.save(line{Gone: x.ID})
}

// onboardingLink creates a link to the page on which the merchant proves its identity. The link alone is enough to decide there.
func (p *Platform) onboardingLink(c *call) (any, error) {
	var in struct {
		KYC       bool `json:"include_kyc"`
		Signature bool `json:"include_signature"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	x := c.client
	x.LinkEnds = p.cfg.Now().Add(p.cfg.LinkLife).UTC().Truncate(time.Second)
	if err := p.save(line{Client: x}); err != nil {
		return nil, err
	}
	return map[string]any{"url": p.cfg.BaseURL + "/onboarding/" + p.linkToken(x), "expires_at": timestamp(x.LinkEnds)}, nil
}

func (p *Platform) onboardingStatus(c *call) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	status := "pending"
	switch {
	case c.client.Decided != "":
		status = "completed"
	case !c.client.LinkEnds.IsZero() && !p.cfg.Now().Before(c.client.LinkEnds):
		status = "expired"
	}
	return map[string]any{"status": status}, nil
}

// linkToken is the secret in an onboarding link: the client, the expiry, and our signature.
func (p *Platform) linkToken(x *client) string {
	claim := x.ID + "." + strconv.FormatInt(x.LinkEnds.Unix(), 10)
	return claim + "." + p.proof(claim)
}

func (p *Platform) proof(claim string) string {
	mac := hmac.New(sha256.New, p.key[:])
	mac.Write([]byte("onboarding " + claim))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// readToken returns the client of a link that has not expired. The caller holds mu.
func (p *Platform) readToken(token string) *client {
	at := strings.LastIndexByte(token, '.')
	if at < 0 || !hmac.Equal([]byte(token[at+1:]), []byte(p.proof(token[:at]))) {
		return nil
	}
	id, ends, _ := strings.Cut(token[:at], ".")
	until, err := strconv.ParseInt(ends, 10, 64)
	if err != nil || p.cfg.Now().Unix() >= until {
		return nil
	}
	return p.state.clients[id]
}

// decide records whether a merchant's identity is approved, and what follows for its mandates. The caller holds mu.
func (p *Platform) decide(x *client, approved bool) error {
	if x.Decided != "" {
		return conflict("the identity of this client has been decided already", "")
	}
	x.Decided, x.Status = "refused", "inactive"
	status, hook := "error", "mandate.failed"
	if approved {
		x.Decided, x.Status = "approved", "active"
		status, hook = "active", "mandate.activated"
	}
	if err := p.save(line{Client: x}); err != nil {
		return err
	}
	for _, m := range p.mandatesOf(x.ID) {
		if m.Status == "pending_kyc" {
			if err := p.setMandate(m, status, hook); err != nil {
				return err
			}
		}
	}
	return nil
}
