package einvoicing

import (
	"crypto/rand"
	"net/http"
	"slices"

	"european-pay.eu/eupay/sandbox/internal/fault"
)

// eventTypes are all event types of webhooks.
var eventTypes = []string{
	"webhook.test", "invoice.created", "invoice.received", "invoice.status_updated", "mandate.created", "mandate.activated", "mandate.expired",
	"mandate.failed",
}

// createWebhook registers the sponsor's webhook. There can be one.
func (p *Platform) createWebhook(c *call) (any, error) {
	var in struct {
		URL    string   `json:"url"`
		Events []string `json:"events"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if !isWebAddress(in.URL) {
		return nil, wrong("url", "is not an http(s) address")
	}
	if len(in.Events) == 0 {
		return nil, wrong("events", "at least one is needed")
	}
	for _, e := range in.Events {
		if !slices.Contains(eventTypes, e) {
			return nil, wrong("events", "a name is not known")
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state.hook != nil {
		return nil, conflict("there is a webhook, and only one is offered", p.state.hook.ID)
	}
	r := &registration{ID: newID("whk"), URL: in.URL, Events: in.Events, Secret: "whsec_" + rand.Text()}
	if err := p.save(line{Hook: r}); err != nil {
		return nil, err
	}
	c.status = http.StatusCreated
	return r, nil
}

func (p *Platform) listWebhooks(*call) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state.hook == nil {
		return list[registration](nil), nil
	}
	shown := *p.state.hook
	shown.Secret = ""
	return list([]registration{shown}), nil
}

func (p *Platform) listEventTypes(*call) (any, error) { return list(eventTypes), nil }

// announce queues a webhook. The caller holds mu.
func (p *Platform) announce(kind, clientID, objectType, object string, faults []fault.Fault) error {
	if p.state.hook == nil || !slices.Contains(p.state.hook.Events, kind) {
		return nil
	}
	n := &notice{ID: newID("evt"), Type: kind, Client: clientID, ObjectType: objectType, Object: object, At: p.cfg.Now().UTC(), Faults: faults}
	if err := p.save(line{Notice: n}); err != nil {
		return err
	}
	p.hooks.enqueue(n)
	return nil
}

// acknowledge records that a webhook needs no more attempts.
func (p *Platform) acknowledge(n *notice) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.save(line{Ack: n.ID}); err != nil {
		p.cfg.Log.Error("webhook will be repeated after a restart", "webhook", n.ID, "error", err)
	}
}

// target is the registered webhook; nil if there is none.
func (p *Platform) target() *registration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state.hook
}
