package e2e

import (
	"net/http"
	"testing"
	"time"
)

func TestAWebhookIsSentAgainUntilItIsAccepted(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	p := m.pays(t, object{"reference": "ORDER-1", "metadata": object{"cart": 7, "note": "<b>&é"}})
	m.site.answerNext(http.StatusInternalServerError, http.StatusFound, http.StatusNotFound)
	m.w.bank().authorise(t, p.Reference, object{})
	last := m.site.wait(t, "the attempt that is taken", p.Reference, func(h hook) bool { return h.status == http.StatusOK })
	tries := m.site.about(t, p.Reference)
	if len(tries) != 4 {
		t.Fatalf("%d attempts came, want 4", len(tries))
	}
	waits := []time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 300 * time.Millisecond}
	for i, h := range tries {
		if id := h.header.Get("webhook-id"); id == "" || id != tries[0].header.Get("webhook-id") || string(h.raw) != string(tries[0].raw) {
			t.Errorf("attempt %d has the id %q and the body %s", i+1, id, h.raw)
		}
		if i > 0 && h.at.Sub(tries[i-1].at) < waits[i-1] {
			t.Errorf("attempt %d came %s after the one before, before its time", i+1, h.at.Sub(tries[i-1].at))
		}
	}
	if string(last.body.Data.Metadata) != `{"cart":7,"note":"<b>&é"}` {
		t.Errorf("the metadata came back as %s", last.body.Data.Metadata)
	}
	eventually(t, "the delivery is booked", func() bool {
		list := m.deliveries(t, p.Reference)
		return len(list) == 1 && list[0].Status == "delivered" && list[0].AttemptCount == 4 && list[0].EventID == last.header.Get("webhook-id")
	})
}

func TestAWebhookThatIsNeverAcceptedIsExhaustedAndListed(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	p := m.pays(t, nil)
	m.site.answerNext(500, 500, 500, 500, 500, 500, 500)
	m.w.bank().authorise(t, p.Reference, object{})
	eventually(t, "the delivery is given up", func() bool {
		list := m.deliveries(t, p.Reference)
		return len(list) == 1 && list[0].Status == "exhausted" && list[0].AttemptCount == 5
	})
	if tries := m.site.about(t, p.Reference); len(tries) != 5 {
		t.Errorf("%d attempts came, want 5", len(tries))
	}
}

// An endpoint gets the events that it subscribes to: by default the three of the API reference, the others only by name.
func TestAnEndpointGetsTheEventsItAsksFor(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	fine := newSite(t)
	in := object{"url": fine.url + "/hooks", "event_types": []string{"payment.pending_sca", "payment.cancelled"}}
	fine.secret = must[struct{ Secret string }](t, m.api.do(t, http.MethodPost, "/webhook-endpoints", in.json()), http.StatusCreated).Secret
	p := m.pays(t, nil)
	fine.next(t, "payment.pending_sca", p.Reference)
	if a := m.cancel(t, p.Reference); a.status != http.StatusOK {
		t.Fatalf("%s", a.raw)
	}
	fine.next(t, "payment.cancelled", p.Reference)
	m.site.next(t, "payment.failed", p.Reference)
	for _, h := range append(m.site.about(t, p.Reference), fine.about(t, p.Reference)...) {
		switch h.body.Event {
		case "payment.failed", "payment.pending_sca", "payment.cancelled":
		default:
			t.Errorf("%s came, which nobody asked for", h.body.Event)
		}
	}
	if n := len(m.site.about(t, p.Reference)); n != 1 {
		t.Errorf("the documented endpoint got %d webhooks", n)
	}
}

func TestAReplacedSecretStopsSigning(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	m.paid(t, nil)
	rotated := must[struct{ Secret string }](t, m.portal.do(t, http.MethodPost, "/webhook-endpoints/"+m.endpoint+"/rotate-secret", ""), http.StatusOK)
	if rotated.Secret == "" || rotated.Secret == m.site.secret {
		t.Fatal("the secret stayed the same")
	}
	m.paid(t, nil) // the old one signs on, until the merchant has the new one in place
	m.portal.do(t, http.MethodPost, "/webhook-endpoints/"+m.endpoint+"/promote-secret", "")
	m.site.mu.Lock()
	m.site.secret, m.site.hooks = rotated.Secret, nil
	m.site.mu.Unlock()
	m.paid(t, nil) // verified with the new secret
}

// Webhooks about one payment arrive in order, even if the first is not accepted at once.
func TestTheWebhookOfARefundFollowsThatOfTheCompletion(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	p := m.pays(t, nil)
	m.site.answerNext(500, 500)
	m.w.bank().authorise(t, p.Reference, object{})
	eventually(t, "the payment is completed", func() bool { return m.get(t, p.Reference).Status == "completed" })
	m.refund(t, p, "")
	completed := false
	for _, h := range m.site.about(t, p.Reference) {
		completed = completed || h.body.Event == "payment.completed" && h.status == http.StatusOK
		if h.body.Event == "payment.refunded" && !completed {
			t.Error("the refund was told before the completion")
		}
	}
}

func TestAHangingServerDelaysNoOtherMerchant(t *testing.T) {
	t.Parallel()
	stuck, other := shared.newMerchant(t), shared.newMerchant(t)
	waiting := stuck.site.hang(t)
	const n = 8
	for range n {
		p := stuck.pays(t, nil)
		stuck.w.bank().authorise(t, p.Reference, object{})
	}
	eventually(t, "the webhooks hang", func() bool { return waiting() == n })
	p := other.paid(t, nil)
	eventually(t, "one attempt is recorded", func() bool {
		told := other.deliveries(t, p.Reference)
		return len(told) == 1 && told[0].AttemptCount == 1 && told[0].Status == "delivered"
	})
}
