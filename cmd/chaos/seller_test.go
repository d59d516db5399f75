package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"european-pay.eu/eupay/cmd/internal/system"
	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/sdk/go/webhook"
)

type object = map[string]any

// seller is a merchant with a login, an API key and a webhook endpoint for all events.
type seller struct {
	*client               // with the API key
	portal  *client       // with the login
	api     *eupay.Client // with the API key
	office  *eupay.Client // with the login
}

// newSeller registers a merchant who takes payments on the account. Each new event of its webhooks goes to hears, in the order in which
// they come and one at a time.
func newSeller(t *testing.T, w *world, name, iban string, hears func(*webhook.Event)) *seller {
	t.Helper()
	do := func(c *client, method, path string, body, into any, want int) {
		t.Helper()
		if status := c.call(t.Context(), method, path, body, into); status != want {
			t.Fatalf("%s %s: %d\n%s", method, path, status, w.log(system.Gateway))
		}
	}
	var admin, owner struct {
		Token    string
		Merchant string `json:"merchant_id"`
	}
	stranger := newClient(t, w)
	do(stranger, http.MethodPost, "/auth/login", object{"email": system.AdminEmail, "password": w.sys.Secrets.AdminLogin}, &admin, http.StatusOK)
	registration := object{"email": name + "@example.com", "password": "correct horse battery", "name": name}
	do(stranger, http.MethodPost, "/auth/register", registration, &owner, http.StatusCreated)
	s := &seller{portal: newClient(t, w, "Authorization", "Bearer "+owner.Token)}
	do(s.portal, http.MethodPatch, "/merchant", object{"iban": iban}, nil, http.StatusOK)
	do(newClient(t, w, "Authorization", "Bearer "+admin.Token), http.MethodPost, "/admin/merchants/"+owner.Merchant+"/gateway", object{"enabled": true}, nil, http.StatusOK)
	var key struct {
		Public string       `json:"api_key"`
		Secret eupay.Secret `json:"api_secret"`
	}
	do(s.portal, http.MethodPost, "/merchant/api-keys", object{"name": "shop", "per_minute": 10_000}, &key, http.StatusCreated)
	s.client = newClient(t, w, "X-Api-Key", key.Public, "X-Api-Secret", string(key.Secret))
	s.api, s.office = s.sdk(key.Public, key.Secret), s.sdk("", "").WithToken(eupay.Secret(owner.Token))
	s.portal.hear([]string{"*"}, hears)
	return s
}

// sdk is the Go client of the API. It repeats nothing by itself: see insistOn.
func (c *client) sdk(key string, secret eupay.Secret) *eupay.Client {
	return eupay.New(key, secret, eupay.Options{BaseURL: c.w.sys.URL(), HTTPClient: c.http, Retries: -1})
}

// receiverFault is what goes wrong at a receiver of a webhook: nothing, or it fails before or after it has worked on it.
type receiverFault int

const (
	failsBefore receiverFault = iota + 1
	failsAfter
)

// hear registers a webhook endpoint of the caller, for events of the types; nil: those of payments. Each event whose signature verifies goes to hears, once by its id: it must always have the same content. It returns the
// address of the endpoint.
func (c *client) hear(types []string, hears func(*webhook.Event)) (address string) {
	c.t.Helper()
	var endpoint struct{ Secret string }
	registered, turn, known := make(chan struct{}), make(chan struct{}, 1), make(map[string]string)
	hook := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		var fault receiverFault
		if c.w.fails != nil {
			fault = c.w.fails()
		}
		if fault == failsBefore {
			answer.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		<-registered
		event, err := webhook.ConstructEvent(endpoint.Secret, r.Header, body)
		if err != nil {
			c.t.Errorf("a webhook does not verify: %v", err)
			return
		}
		turn <- struct{}{}
		defer func() { <-turn }()
		if before, ok := known[event.ID]; !ok {
			known[event.ID] = string(body)
			hears(event)
		} else {
			c.heardAgain.Add(1)
			if before != string(body) {
				c.t.Errorf("the webhook %s has two contents: %s and %s", event.ID, before, body)
			}
		}
		if fault == failsAfter {
			answer.WriteHeader(http.StatusInternalServerError)
		}
	}))
	c.t.Cleanup(hook.Close)
	body := object{"url": hook.URL}
	if types != nil {
		body["event_types"] = types
	}
	status := c.call(c.t.Context(), http.MethodPost, "/webhook-endpoints", body, &endpoint)
	close(registered)
	if status != http.StatusCreated {
		c.t.Fatalf("webhook endpoint: %d", status)
	}
	return hook.URL
}

// insistOn asks, less and less often, until there is an answer that is no failure of a server and no request for patience. The request must
// be one that can be repeated: a read, or one with a key of its own. The error is that of ctx or an *eupay.Error.
func insistOn[T any](ctx context.Context, ask func(context.Context) (T, error)) (answer T, err error) {
	for wait := shortPause; ; wait = min(2*wait, time.Second) {
		answer, err = ask(ctx)
		var refused *eupay.Error
		if err == nil || errors.As(err, &refused) && refused.Status < 500 && refused.Status != http.StatusTooManyRequests {
			return answer, err
		}
		if ctx.Err() != nil {
			return answer, ctx.Err()
		}
		<-after(wait)
	}
}

// refusedWith reports whether the API refused a request with that code.
func refusedWith(err error, code eupay.Code) bool {
	var refused *eupay.Error
	return errors.As(err, &refused) && refused.Code == code
}

// unexpected reports an error that is not the end of the test.
func (s *seller) unexpected(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		s.t.Errorf("%s: %v", what, err)
	}
}

// pays makes a payment that its payer authorises, and returns its reference. A payment that the bank never took fails, and is made again.
func (s *seller) pays(ctx context.Context, p eupay.PaymentParams) (string, bool) {
	own := p.Reference
	for try := range 5 {
		p.Reference = fmt.Sprint(own, "-", try)
		made, err := insistOn(ctx, func(ctx context.Context) (*eupay.Payment, error) {
			made, err := s.api.Payments.Create(ctx, p)
			if err == nil && made.PaymentURL == "" && made.Status != eupay.PaymentFailed {
				return nil, errNoAddress
			}
			return made, err
		})
		if err != nil {
			s.unexpected(ctx, "pay "+own, err)
			return "", false
		}
		if made.PaymentURL != "" && s.authorise(ctx, made.Reference) {
			return made.Reference, true
		}
	}
	return "", false
}

// begin is a payer who opens a link until there is a way to the bank. key is what this payer and this payment have alone.
func (s *seller) begin(ctx context.Context, payer eupay.Payers, link string, amount eupay.Amount, key string) (*eupay.LinkPayment, error) {
	p := eupay.LinkPaymentParams{Amount: amount, IdempotencyKey: "a payer at the link, " + key}
	promised := ""
	return insistOn(ctx, func(ctx context.Context) (*eupay.LinkPayment, error) {
		made, err := payer.PayLink(ctx, path.Base(link), p)
		if err != nil {
			return nil, err
		}
		if promised != "" && made.Reference != promised {
			s.t.Errorf("%s became two payments: %s and %s", key, promised, made.Reference)
		}
		promised = made.Reference
		if made.PaymentURL == "" && made.Status == eupay.PaymentPending {
			return nil, errNoAddress
		}
		return made, nil
	})
}

// errNoAddress: the payer cannot be sent to the bank yet.
var errNoAddress = errors.New("there is no address yet")

// payerAddresses counts the addresses from which payers have sent something.
var payerAddresses atomic.Int64

// newPayer is somebody without an account who is on the move: each request comes from a new address, as limits count requests by it.
func newPayer(t *testing.T, w *world) eupay.Payers {
	t.Helper()
	c := newClient(t, w)
	c.http.Transport = moving{c.http.Transport}
	return c.sdk("", "").Payers
}

// moving acts as the load balancer that reports the caller's address.
type moving struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (m moving) RoundTrip(r *http.Request) (*http.Response, error) {
	n := payerAddresses.Add(1)
	r.Header.Set("X-Forwarded-For", fmt.Sprintf("198.18.%d.%d", n/250%250, n%250+1))
	return m.RoundTripper.RoundTrip(r)
}

// payment reads a payment of the seller, also one that a link or a subscription made.
func (s *seller) payment(ctx context.Context, reference string) (*eupay.Payment, error) {
	return insistOn(ctx, func(ctx context.Context) (*eupay.Payment, error) { return s.api.Payments.Get(ctx, reference) })
}

// agree waits until check finds nothing wrong with any of the things, and then looks at all of them once more, for what came too often.
// What is wrong is reported.
func agree[T any](ctx context.Context, t *testing.T, things []T, check func(context.Context, T) []string) {
	t.Helper()
	for range 2 {
		for _, x := range things {
			var wrong []string
			until(ctx, rest, func() bool {
				wrong = check(ctx, x)
				return len(wrong) == 0
			})
			if len(wrong) > 0 {
				t.Error(strings.Join(wrong, "\n"))
			}
			if ctx.Err() != nil {
				t.Error("the time is over, others were not compared")
				return
			}
		}
	}
}

// onlyOnce tells whether a list of REST has another number of things than were asked for: a repeated request makes nothing twice.
func onlyOnce[T any](list iter.Seq2[T, error], want int) []string {
	n := 0
	for _, err := range list {
		if err != nil {
			return []string{err.Error()}
		}
		n++
	}
	if n != want {
		return []string{fmt.Sprintf("%d were asked for, %d are listed", want, n)}
	}
	return nil
}
