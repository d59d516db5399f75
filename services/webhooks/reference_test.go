package webhooks

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	reference "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"european-pay.eu/eupay/sdk/go/webhook"
	"european-pay.eu/eupay/services/webhooks/internal/delivery"
	"european-pay.eu/eupay/services/webhooks/internal/secret"
)

// judge tells what one verifier thinks of a request at a time.
type judge func(t *testing.T, secret string, h http.Header, body []byte, now time.Time) error

func ours(_ *testing.T, secret string, h http.Header, body []byte, now time.Time) error {
	return webhook.Verify(secret, h, body, now, 5*time.Minute)
}

// referenced asks the library of the specification's authors. It reads the clock, so it runs in a bubble whose clock
// is moved to now.
func referenced(t *testing.T, secret string, h http.Header, body []byte, now time.Time) (err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(now))
		wh, wrong := reference.NewWebhook(secret)
		if wrong != nil {
			t.Fatal(wrong)
		}
		err = wh.Verify(body, h)
	})
	return err
}

var judges = map[string]judge{"ours": ours, "the reference": referenced}

// signers make the headers of a webhook with one secret.
var signers = map[string]func(t *testing.T, secret, id string, at time.Time, body []byte) http.Header{
	"the service": func(t *testing.T, secret, id string, at time.Time, body []byte) http.Header {
		t.Helper()
		h, err := delivery.Headers(id, "payment.completed", body, []string{secret}, at)
		if err != nil {
			t.Fatal(err)
		}
		return h
	},
	"the reference": func(t *testing.T, secret, id string, at time.Time, body []byte) http.Header {
		t.Helper()
		wh, err := reference.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		signature, err := wh.Sign(id, at, body)
		if err != nil {
			t.Fatal(err)
		}
		return http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {strconv.FormatInt(at.Unix(), 10)}, "Webhook-Signature": {signature}}
	},
}

func TestWeAgreeWithTheReferenceLibrary(t *testing.T) {
	t.Parallel()
	at, body := time.Date(2026, 6, 17, 12, 25, 30, 0, time.UTC), []byte(`{"event":"payment.completed","data":{"payer":"Zoë"}}`)
	right := secret.New()
	for signer, sign := range signers {
		h := sign(t, right, "evt_1", at, body)
		with := func(name, value string) http.Header {
			changed := maps.Clone(h)
			changed.Set(name, value)
			return changed
		}
		signature := h.Get("webhook-signature")
		foreign := sign(t, secret.New(), "evt_1", at, body).Get("webhook-signature")
		for name, c := range map[string]struct {
			secret string
			header http.Header
			body   []byte
			now    time.Time
			ok     bool
		}{
			"as it is":            {right, h, body, at, true},
			"at the edge":         {right, h, body, at.Add(5 * time.Minute), true},
			"among others":        {right, with("webhook-signature", "v1a,AAAA "+foreign+" "+signature), body, at, true},
			"changed body":        {right, h, body[:len(body)-1], at, false},
			"old timestamp":       {right, h, body, at.Add(5*time.Minute + time.Second), false},
			"future timestamp":    {right, h, body, at.Add(-5*time.Minute - time.Second), false},
			"wrong secret":        {secret.New(), h, body, at, false},
			"other id":            {right, with("webhook-id", "evt_2"), body, at, false},
			"other timestamp":     {right, with("webhook-timestamp", strconv.FormatInt(at.Unix()+1, 10)), body, at, false},
			"truncated signature": {right, with("webhook-signature", signature[:len(signature)-4]), body, at, false},
			"only others":         {right, with("webhook-signature", "v1a,AAAA "+foreign), body, at, false},
			"v1a alone":           {right, with("webhook-signature", "v1a"+signature[2:]), body, at, false},
			"no signature":        {right, with("webhook-signature", ""), body, at, false},
		} {
			for who, accepts := range judges {
				t.Run(fmt.Sprintf("%s by %s/%s", name, signer, who), func(t *testing.T) {
					if err := accepts(t, c.secret, c.header, c.body, c.now); (err == nil) != c.ok {
						t.Errorf("accepted is not %v: %v", c.ok, err)
					}
				})
			}
		}
	}
}
