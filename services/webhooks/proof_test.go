package webhooks

import (
	"net/http"
	"strings"
	"testing"
	"time"

	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
)

// tried is the one attempt of a test.
func (f *fixture) tried(id string) *webhooksv1.Attempt {
	f.t.Helper()
	resp, err := f.api.TestEndpoint(f.t.Context(), &webhooksv1.TestEndpointRequest{MerchantId: "m_1", Id: id})
	if err != nil {
		f.t.Fatal(err)
	}
	return resp.GetDelivery().GetAttempts()[0]
}

// talkative answers with data that only its owner should read, and, if configured, with the challenge.
func talkative(code *int, echo *string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		value := r.Header.Get("EuPay-Challenge")
		if *echo == "header" {
			w.Header().Set("EuPay-Challenge", value)
		}
		w.Header().Set("X-Inside", "secret")
		w.WriteHeader(*code)
		body := "secret"
		if *echo == "body" {
			body += `{"challenge":"` + value + `"}`
		}
		w.Write([]byte(body))
	}
}

// shown reports whether an attempt shows any details.
func shown(a *webhooksv1.Attempt) bool {
	return strings.Contains(a.String(), "secret") && a.GetResponseStatus() != 0
}

// A merchant that registers someone else's URL must not learn what is there.
func TestATestOfAnUnprovenURLHidesItsResult(t *testing.T) {
	t.Parallel()
	f := setup(t)
	code, echo := http.StatusOK, ""
	s := newSink(t, talkative(&code, &echo))
	id, _ := f.endpoint(s.URL)
	if a := f.tried(id); shown(a) || a.GetError() != "" || a.GetDurationMicros() != 0 || a.GetResponseStatus() != 200 {
		t.Errorf("taken: %v", a)
	}
	closed := newSink(t, status(200))
	closed.Close()
	gone, _ := f.endpoint(closed.URL)
	for name, id := range map[string]string{"a refusal": id, "nobody there": gone} {
		code = http.StatusTeapot
		if a := f.tried(id); a.GetError() != "unproven" || a.GetResponseStatus() != 0 || a.GetDurationMicros() != 0 || len(a.GetResponseBody()) != 0 || shown(a) {
			t.Errorf("%s: %v", name, a)
		}
	}
	echo = "header" // of an error page, which anybody's server may make of what it was sent
	if a := f.tried(id); shown(a) {
		t.Errorf("an error proves the URL: %v", a)
	}
	for range 3 {
		h := s.next(t)
		if value := h.header.Get("EuPay-Challenge"); len(value) != 64 || strings.Contains(string(h.body), value) {
			t.Errorf("challenge %q of %s", value, h.body)
		}
	}
}

func TestAnEchoedChallengeProvesTheURL(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"header", "body"} {
		f := setup(t)
		code, echo := http.StatusOK, where
		s := newSink(t, talkative(&code, &echo))
		id, _ := f.endpoint(s.URL)
		if a := f.tried(id); !shown(a) {
			t.Errorf("%s: %v", where, a)
		}
		code, echo = http.StatusTeapot, ""
		if a := f.tried(id); !shown(a) || a.GetError() != "status" || a.GetResponseStatus() != http.StatusTeapot {
			t.Errorf("%s, then a failure: %v", where, a)
		}
		first, second := s.next(t), s.next(t)
		if first.header.Get("EuPay-Challenge") == second.header.Get("EuPay-Challenge") {
			t.Error("two tests have the same challenge")
		}
		elsewhere := newSink(t, talkative(&code, &echo))
		if _, err := f.api.UpdateEndpoint(t.Context(), &webhooksv1.UpdateEndpointRequest{MerchantId: "m_1", Id: id, Url: &elsewhere.URL}); err != nil {
			t.Fatal(err)
		}
		f.clock.Advance(5 * time.Second) // the sender looks at the endpoint anew
		if a := f.tried(id); shown(a) {
			t.Errorf("a new URL is proven by the old one: %v", a)
		}
	}
}

func TestARealDeliveryProvesTheURL(t *testing.T) {
	t.Parallel()
	f := setup(t)
	code, echo := http.StatusOK, ""
	s := newSink(t, talkative(&code, &echo))
	id, _ := f.endpoint(s.URL)
	taken := func(n int) {
		t.Helper()
		eventually(t, "deliveries are taken", func() bool { return f.counts()["delivered"] == n })
	}
	f.publish(f.completed(1))
	taken(1)
	if h := s.next(t); h.header.Get("EuPay-Challenge") != "" {
		t.Error("a real event has a challenge")
	}
	if a := f.tried(id); !shown(a) {
		t.Errorf("%v", a)
	}
	elsewhere := newSink(t, talkative(&code, &echo))
	if _, err := f.api.UpdateEndpoint(t.Context(), &webhooksv1.UpdateEndpointRequest{MerchantId: "m_1", Id: id, Url: &elsewhere.URL}); err != nil {
		t.Fatal(err)
	}
	f.clock.Advance(5 * time.Second)
	f.publish(f.completed(2)) // may still have gone to the old URL, had another replica sent it
	taken(3)
	if a := f.tried(id); shown(a) {
		t.Errorf("a delivery to the old URL proves the new one: %v", a)
	}
	f.clock.Advance(2 * time.Minute)
	f.publish(f.completed(3))
	taken(5)
	if a := f.tried(id); !shown(a) {
		t.Errorf("%v", a)
	}
}
