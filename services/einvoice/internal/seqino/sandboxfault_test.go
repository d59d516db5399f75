package seqino_test

import (
	"errors"
	"testing"

	"european-pay.eu/eupay/sandbox/einvoicing"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// faults are what goes wrong with a call at the platform and passes: none of it is a final no.
var faults = []einvoicing.Fault{
	{Kind: "error"},
	{Kind: "error", Status: 502},
	{Kind: "error", Status: 503},
	{Kind: "cut"},
	{Kind: "lost-answer"},
	{Kind: "garbage"},
	{Kind: "rate-limit"},
	{Kind: "rate-limit", RetryAfter: 1},
	{Kind: "unauthorized"},
	{Kind: "late", LatencyMS: 1},
	{Kind: "slow", LatencyMS: 1},
}

// Whatever goes wrong with whichever call on the way: the document is not taken for refused, and is deposited once in the end.
func TestTheClientComesThroughEachFaultOfTheSandbox(t *testing.T) {
	t.Parallel()
	p, client := startSandbox(t, make(chan hook))
	c := &contract{T: t, client: client, run: newRun(), ref: "merchant-faults", sandbox: p, approve: func(c *contract, _ platform.Link) {
		if err := p.Approve(c.id); err != nil {
			c.Fatal(err)
		}
	}}
	c.enrol()
	deposited := len(p.Documents())
	for _, operation := range []string{"create-draft", "validate"} {
		for _, f := range faults {
			c.run = newRun()
			f.Operation, f.Times = operation, 1
			if _, err := p.AddFault(f); err != nil {
				t.Fatal(err)
			}
			c.comesThrough(operation + " " + string(f.Kind))
			if deposited++; len(p.Documents()) != deposited {
				t.Errorf("%s %s: %d documents, want %d", operation, f.Kind, len(p.Documents()), deposited)
			}
			if err := p.SetFaults(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, d := range p.Documents() {
		if d.Received > 2 { // a validation whose answer was lost is seen a second time, and never a third
			t.Errorf("%s was sent %d times", d.Number, d.Received)
		}
	}
}

// comesThrough submits a document until it is deposited, as its sender does: twice are enough.
func (c *contract) comesThrough(what string) {
	c.Helper()
	s := c.submission("b2b-siren-only")
	first, err := c.client.Submit(c.Context(), c.id, s)
	var no *platform.Refused
	if errors.As(err, &no) || errors.Is(err, platform.ErrNoMandate) || errors.Is(err, platform.ErrNotFound) {
		c.Errorf("%s is taken for final: %v", what, err)
	}
	if s.DraftID = first.DraftID; err == nil {
		return
	}
	if again, err := c.client.Submit(c.Context(), c.id, s); err != nil || again.InvoiceID == "" {
		c.Errorf("%s, again: %+v, %v", what, again, err)
	}
}
