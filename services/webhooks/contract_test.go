package webhooks

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/sdk/go/webhook"
)

func TestAWebhookMatchesTheAPIReference(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(http.StatusOK))
	_, secret := f.endpoint(s.URL + "/hook?a=1")
	e := f.changed("payment.completed", payment())
	f.publish(e)
	got := s.next(t)

	const want = `{"event":"payment.completed","timestamp":"2026-06-17T12:25:30Z","sequence":3,"data":{"reference":"PAY-20260617-0B25921FB72918ED","amount":29.99,"currency":"EUR","status":"completed","merchant_reference":"ORDER-1042"}}`
	if string(got.body) != want {
		t.Errorf("body\n got %s\nwant %s", got.body, want)
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "EUPay-Webhooks/1.0", "X-EuPay-Event": "payment.completed",
		"webhook-id": e.ID, "webhook-timestamp": strconv.FormatInt(f.clock.Now().Unix(), 10), "Idempotency-Key": "", "Accept-Encoding": "",
	} {
		if h := got.header.Get(name); h != value {
			t.Errorf("header %s is %q, want %q", name, h, value)
		}
	}
	if err := webhook.EuPay(secret, got.body, got.header.Get("X-EuPay-Signature")); err != nil {
		t.Error(err)
	}
	if err := standard(got, secret, f.clock.Now()); err != nil {
		t.Error(err)
	}
	d := f.settled("delivered", 1)
	if string(d.GetBody()) != want || d.GetAttempts()[0].GetResponseStatus() != 200 || d.GetDeliveredAt() == nil {
		t.Errorf("stored delivery: %v", d)
	}
}

func standard(h hit, secret string, now time.Time) error {
	return webhook.Standard(secret, h.header.Get("webhook-id"), h.header.Get("webhook-timestamp"), h.header.Get("webhook-signature"), h.body, now, 5*time.Minute)
}

func TestARefundIsAnnouncedWithItsAmounts(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(http.StatusNoContent))
	f.endpoint(s.URL)
	p := payment()
	p.Status, p.Sequence, p.MerchantReference, p.AmountRefundedCents = "refunded", 4, "", 1050
	p.MetadataJson = []byte(`{"b":"<é&>","a":"1"}`)
	f.publish(f.event("payment.refunded", &eventsv1.PaymentChanged{
		Payment: p, OccurredAt: timestamppb.New(f.clock.Now().Add(-time.Minute)), RefundReference: "REF-20260617-1", RefundAmountCents: 1000,
	}))
	const want = `{"event":"payment.refunded","timestamp":"2026-06-17T12:24:30Z","sequence":4,"data":{"reference":"PAY-20260617-0B25921FB72918ED","amount":29.99,"currency":"EUR","status":"refunded","merchant_reference":null,"metadata":{"b":"<é&>","a":"1"},"amount_refunded":10.5,"refund_reference":"REF-20260617-1","refund_amount":10}}`
	if got := s.next(t); string(got.body) != want {
		t.Errorf("body\n got %s\nwant %s", got.body, want)
	}
}

func TestAttemptsFollowTheDefaultSchedule(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(http.StatusInternalServerError))
	_, secret := f.endpoint(s.URL)
	f.publish(f.changed("payment.failed", payment()))
	first := s.next(t)
	for i, wait := range []time.Duration{5 * time.Second, 30 * time.Second, 5 * time.Minute, 30 * time.Minute} {
		d := f.settled("pending", int32(i+1))
		if due := f.clock.Now().Add(wait); !d.GetNextAttemptAt().AsTime().Equal(due) {
			t.Fatalf("after attempt %d the next is due at %v, want %v", i+1, d.GetNextAttemptAt().AsTime(), due)
		}
		f.clock.Advance(wait - time.Microsecond)
		if jobs, err := f.engine.ClaimNow(t.Context()); err != nil || jobs != 0 {
			t.Fatalf("%d deliveries were due too early, %v", jobs, err)
		}
		f.clock.Advance(time.Microsecond)
		f.engine.Wake()
		again := s.next(t)
		if string(again.body) != string(first.body) || again.header.Get("webhook-id") != first.header.Get("webhook-id") {
			t.Errorf("attempt %d is not a repetition of the first", i+2)
		}
		if err := standard(again, secret, f.clock.Now()); err != nil {
			t.Errorf("attempt %d: %v", i+2, err)
		}
	}
	d := f.settled("exhausted", 5)
	for i, a := range d.GetAttempts() {
		if a.GetNumber() != int32(i+1) || a.GetResponseStatus() != 500 || a.GetError() != "status" {
			t.Errorf("attempt: %v", a)
		}
	}
	f.clock.Advance(24 * time.Hour)
	if jobs, err := f.engine.ClaimNow(t.Context()); err != nil || jobs != 0 {
		t.Errorf("%d deliveries due after the last attempt, %v", jobs, err)
	}
}

// TestARotationBreaksNoServerThatHasTheOldSecret: who follows the documents checks X-EuPay-Signature, and gets to know the
// new secret only with the next deployment.
func TestARotationBreaksNoServerThatHasTheOldSecret(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(http.StatusOK))
	id, old := f.endpoint(s.URL)
	fresh := f.rotate(id, 3600)
	f.publish(f.changed("payment.completed", payment()))
	got := s.next(t)
	for _, secret := range []string{old, fresh} {
		if err := standard(got, secret, f.clock.Now()); err != nil {
			t.Error(err)
		}
	}
	if webhook.EuPay(old, got.body, got.header.Get("X-EuPay-Signature")) != nil {
		t.Error("X-EuPay-Signature is not by the old secret")
	}
	if until := f.read(id).GetOldSecretUntil().AsTime(); !until.Equal(f.clock.Now().Add(time.Hour)) {
		t.Errorf("the old secret is said to sign until %v", until)
	}
	f.clock.Advance(time.Hour)
	next := payment()
	next.Sequence++
	f.publish(f.changed("payment.completed", next))
	got = s.next(t)
	if standard(got, old, f.clock.Now()) == nil || standard(got, fresh, f.clock.Now()) != nil {
		t.Error("the old secret signs beyond the overlap, or the new one does not")
	}
	if webhook.EuPay(fresh, got.body, got.header.Get("X-EuPay-Signature")) != nil || f.read(id).GetOldSecretUntil() != nil {
		t.Error("the overlap is over, and the documented header is not by the new secret")
	}
}

func TestAPromotedSecretSignsAloneAtOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(http.StatusOK))
	id, old := f.endpoint(s.URL)
	fresh := f.rotate(id, 3600)
	again := &webhooksv1.RotateSecretRequest{MerchantId: "m_1", Id: id, OverlapSeconds: 3600}
	if _, err := f.api.RotateSecret(t.Context(), again); !errs.Is(err, errs.InvalidState) {
		t.Errorf("a third secret beside the two: %v", err)
	}
	if _, err := f.api.PromoteSecret(t.Context(), &webhooksv1.PromoteSecretRequest{MerchantId: "m_2", Id: id}); !errs.Is(err, errs.NotFoundCode) {
		t.Errorf("another merchant promotes: %v", err)
	}
	for range 2 { // once more changes nothing
		resp, err := f.api.PromoteSecret(t.Context(), &webhooksv1.PromoteSecretRequest{MerchantId: "m_1", Id: id})
		if err != nil || resp.GetEndpoint().GetOldSecretUntil() != nil {
			t.Fatalf("%v, %v", resp, err)
		}
	}
	f.publish(f.changed("payment.completed", payment()))
	got := s.next(t)
	if err := webhook.Verify(fresh, got.header, got.body, f.clock.Now(), time.Minute); err != nil {
		t.Error(err)
	}
	if standard(got, old, f.clock.Now()) == nil || webhook.EuPay(fresh, got.body, got.header.Get("X-EuPay-Signature")) != nil {
		t.Error("the old secret still signs")
	}
	if _, err := f.api.RotateSecret(t.Context(), again); err != nil {
		t.Errorf("the next rotation: %v", err)
	}
	if f.rotate(id, 0) == fresh || f.read(id).GetOldSecretUntil() != nil {
		t.Error("a rotation without overlap does not replace both")
	}
}
