package seqino_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"european-pay.eu/eupay/sandbox/einvoicing"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/seqino"
)

func TestTheSandboxAnswersAsInThePlatformsDocumentation(t *testing.T) {
	t.Parallel()
	hooks := make(chan hook, 1000)
	p, client := startSandbox(t, hooks)
	c := &contract{T: t, client: client, run: newRun(), ref: "merchant-1", sandbox: p, approve: func(c *contract, _ platform.Link) {
		if err := p.Approve(c.id); err != nil {
			c.Fatal(err)
		}
	}}
	c.everything()
	c.hooks(hooks)
}

// hook is a webhook as it came.
type hook struct {
	body   []byte
	header map[string]string
}

const hookSecret = "whsec_of_the_contract"

// hooks reads what the platform's webhooks refer to: the mandate, and the life cycle of a document.
func (c *contract) hooks(came <-chan hook) {
	c.Helper()
	missing := map[string]bool{"mandate.created": true, "mandate.activated": true, "invoice.created": true, "invoice.status_updated": true}
	for len(missing) > 0 {
		select {
		case h := <-came:
			got, err := c.client.ReadHook(h.body, h.header)
			kind, _, _ := strings.Cut(got.Type, ".")
			if err != nil || got.ID == "" || got.ClientID != c.id || got.ObjectType != kind || got.ObjectID == "" {
				c.Fatalf("%s is %+v, %v", h.body, got, err)
			}
			if _, err := c.client.ReadHook(append(h.body, ' '), h.header); !errors.Is(err, platform.ErrSignature) {
				c.Errorf("changed on the way: %v", err)
			}
			delete(missing, got.Type)
		case <-c.Context().Done():
			c.Fatalf("nobody told of %v", missing)
		}
	}
}

const contractKey = "key-of-the-contract"

// startSandbox runs a stand-in that moves documents on at once, and a receiver of its webhooks.
func startSandbox(t *testing.T, hooks chan<- hook) (*einvoicing.Platform, *seqino.Client) {
	t.Helper()
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		h := hook{body: body, header: map[string]string{}}
		for name := range r.Header {
			h.header[name] = r.Header.Get(name)
		}
		select {
		case hooks <- h:
		default: // the test has seen enough
		}
	}))
	t.Cleanup(receiver.Close)
	p, err := einvoicing.New(einvoicing.Config{APIKey: contractKey, WebhookURL: receiver.URL, WebhookSecret: hookSecret})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(p.Handler())
	t.Cleanup(srv.Close)
	runs(t, p)
	client, err := seqino.New(seqino.Config{BaseURL: srv.URL + "/api", APIKey: contractKey, WebhookSecret: hookSecret})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return p, client
}

// runs runs the platform until the test ends.
func runs(t *testing.T, p *einvoicing.Platform) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-done, p.Close()); err != nil {
			t.Error(err)
		}
	})
}

// The stand-in loses the answer to every kind of call after its effect: nothing is there twice in the end.
func TestLostAnswersAtTheSandbox(t *testing.T) {
	t.Parallel()
	p, client := startSandbox(t, make(chan hook))
	c := &contract{T: t, client: client, run: newRun(), ref: "merchant-1", sandbox: p}
	lose := func(operation string) {
		if _, err := p.AddFault(einvoicing.Fault{Kind: "lost-answer", Operation: operation, Times: 1}); err != nil {
			t.Fatal(err)
		}
	}
	// again calls until an answer comes through; each operation loses one. A read that the platform cut off is sent again by
	// net/http where the connection was not new, so not every loss is seen.
	again := func(call func() error, operations ...string) {
		t.Helper()
		for _, o := range operations {
			lose(o)
		}
		err := call()
		for n := 0; err != nil && n < len(operations); n++ {
			var e *seqino.Error
			if !errors.As(err, &e) || e.Class != seqino.Unreachable {
				t.Fatalf("%v: got %v", operations, err)
			}
			err = call()
		}
		if err != nil {
			t.Fatalf("%v: got %v", operations, err)
		}
	}
	s := invoicetest.Settings()
	again(func() (err error) {
		c.id, err = client.EnsureClient(t.Context(), platform.Client{Ref: c.ref, Name: s.LegalName, Email: s.Email})
		return err
	}, "create-client", "list-clients")
	if err := p.Approve(c.id); err != nil {
		t.Fatal(err)
	}
	again(func() error {
		_, err := client.EnsureMandate(t.Context(), c.id, platform.MandateRequest{Ref: c.ref, SIREN: s.SIREN(), Start: invoicetest.Issued})
		return err
	}, "create-mandate", "list-mandates")
	one := c.submission("b2b")
	again(func() error {
		r, err := client.Submit(t.Context(), c.id, one)
		one.DraftID = r.DraftID
		return err
	}, "create-draft", "validate", "put-draft", "get-draft")
	if docs := p.Documents(); len(docs) != 1 || docs[0].Received != 1 {
		t.Errorf("the platform has %+v", docs)
	}
}
