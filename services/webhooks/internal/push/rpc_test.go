package push

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"european-pay.eu/eupay/internal/errs"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/webhooks/internal/egress"
)

// smuggle writes a subscription past the checks, as one whose name came to lead elsewhere.
func (f *fixture) smuggle(i int, t target) (id string) {
	f.t.Helper()
	s := subscription{ID: fmt.Sprintf("00000000-0000-7000-8000-%012d", i), Merchant: "m_1", User: "u_1"}
	sealed, err := s.seal(f.deps.Vault, t)
	if err != nil {
		f.t.Fatal(err)
	}
	_, err = f.pool.Exec(context.Background(), `insert into push_subscriptions
		(id, merchant_id, user_id, livemode, endpoint_hash, push_service, key_id, sealed, description, created_at)
		values ($1, 'm_1', 'u_1', false, $2, $3, $4, $5, '', $6)`, s.ID, t.hash(), t.service(), sealed.KeyID, sealed.Data, f.clock.Now())
	if err != nil {
		f.t.Fatal(err)
	}
	return s.ID
}

// try asks for a test message of m_1's u_1 and returns the result.
func (f *fixture) try(id string) string {
	f.t.Helper()
	resp, err := f.Server.TestSubscription(context.Background(), &webhooksv1.TestSubscriptionRequest{MerchantId: "m_1", UserId: "u_1", Id: id})
	if err != nil {
		f.t.Fatal(err)
	}
	return resp.GetResult()
}

func fieldsOf(err error) string {
	var names []string
	if err != nil {
		for _, field := range errs.From(err).Fields {
			names = append(names, field.Field)
		}
	}
	return strings.Join(names, " ")
}

func TestTheSameBrowserIsRecognised(t *testing.T) {
	t.Parallel()
	f := setup(t)
	b := newBrowser(t)
	first := f.subscribe("m_1", "u_1", b)
	renewed := newBrowser(t)
	b.key, b.auth = renewed.key, renewed.auth // the browser made new keys
	if again := f.subscribe("m_1", "u_1", b); again.GetId() != first.GetId() || len(f.subscriptions("m_1", "u_1")) != 1 {
		t.Errorf("%v after %v", again, first)
	}
	f.publish(f.event("payment.completed", payment()))
	b.next(t) // decrypts with the new keys
	f.drained()
}

// Two people share the till: who logs in takes the browser over, with nothing that was meant for the other.
func TestABrowserIsTakenOverByAnotherUser(t *testing.T) {
	t.Parallel()
	f := setup(t)
	b := newBrowser(t)
	b.answers(status(http.StatusServiceUnavailable))
	first := f.subscribe("m_1", "u_1", b)
	f.publish(f.event("payment.completed", payment()))
	b.next(t)
	f.putOffUntil(f.clock.Now().Add(backoff[0]))
	second := f.subscribe("m_2", "u_9", b)
	if first.GetId() == second.GetId() || len(f.subscriptions("m_1", "u_1")) != 0 || len(f.subscriptions("m_2", "u_9")) != 1 || f.messages() != 0 {
		t.Errorf("first %v, second %v, %d messages", first, second, f.messages())
	}
	f.clock.Advance(backoff[0])
	f.mustClaim(0)
}

func TestAUserHasAtMostTwentyBrowsers(t *testing.T) {
	t.Parallel()
	f := prepare(t, true)
	b := newBrowser(t)
	var wait sync.WaitGroup
	refused := make(chan error, 30)
	for i := range 30 {
		wait.Go(func() {
			r := request("m_1", "u_1", b)
			r.Endpoint, r.Livemode = fmt.Sprintf("%s/%d", b.URL, i), i%2 == 0
			if _, err := f.Server.Subscribe(t.Context(), r); err != nil {
				refused <- err
			}
		})
	}
	wait.Wait()
	close(refused)
	if n := len(f.subscriptions("m_1", "u_1")); n != maxPerUser || len(refused) != 10 {
		t.Errorf("%d subscriptions, %d refused", n, len(refused))
	}
	for err := range refused {
		if fieldsOf(err) != "endpoint" {
			t.Error(err)
		}
	}
	f.subscribe("m_1", "u_2", b)
}

// Two requests for one browser at the same moment leave one subscription.
func TestOneBrowserTwiceAtOnce(t *testing.T) {
	t.Parallel()
	f := prepare(t, true)
	b := newBrowser(t)
	var wait sync.WaitGroup
	for i := range 20 {
		wait.Go(func() {
			if _, err := f.Server.Subscribe(t.Context(), request("m_1", fmt.Sprintf("u_%d", i%3), b)); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if n := f.count(`select count(*) from push_subscriptions`); n != 1 {
		t.Errorf("%d subscriptions", n)
	}
}

func TestForeignSubscriptionsDoNotExist(t *testing.T) {
	t.Parallel()
	f := prepare(t, true)
	b := newBrowser(t)
	id := f.subscribe("m_1", "u_1", b).GetId()
	for _, who := range []struct{ merchant, user, id string }{
		{"m_2", "u_1", id}, {"m_1", "u_2", id}, {"m_1", "u_1", "x"}, {"m_1", "u_1", "00000000-0000-0000-0000-000000000000"},
	} {
		_, err := f.Server.Unsubscribe(t.Context(), &webhooksv1.UnsubscribeRequest{MerchantId: who.merchant, UserId: who.user, Id: who.id})
		if !errs.Is(err, errs.NotFoundCode) {
			t.Errorf("%v unsubscribes: %v", who, err)
		}
		_, err = f.Server.TestSubscription(t.Context(), &webhooksv1.TestSubscriptionRequest{MerchantId: who.merchant, UserId: who.user, Id: who.id})
		if !errs.Is(err, errs.NotFoundCode) {
			t.Errorf("%v tests: %v", who, err)
		}
	}
	if len(f.subscriptions("m_2", "u_1")) != 0 || len(f.subscriptions("m_1", "u_2")) != 0 {
		t.Error("foreign subscriptions are listed")
	}
	if _, err := f.Server.Unsubscribe(t.Context(), &webhooksv1.UnsubscribeRequest{MerchantId: "m_1", UserId: "u_1", Id: id}); err != nil {
		t.Error(err)
	}
	if len(f.subscriptions("m_1", "u_1")) != 0 {
		t.Error("still there")
	}
	b.silent(t)
}

func TestATestMessageReturnsItsResult(t *testing.T) {
	t.Parallel()
	f := prepare(t, true)
	b := newBrowser(t)
	id := f.subscribe("m_1", "u_1", b).GetId()
	if got := f.try(id); got != "sent" {
		t.Errorf("got %q", got)
	}
	if h := b.next(t); h.payload["type"] != "test" || h.payload["title"] != "Test notification" || h.header.Get("Ttl") != "60" || h.length != 4096 {
		t.Errorf("got %s", h.text)
	}
	if s := f.subscriptions("m_1", "u_1"); s[0].GetLastDeliveredAt() == nil || s[0].GetPushService() != b.URL {
		t.Errorf("got %v", s)
	}
	b.answers(status(http.StatusBadGateway))
	if got := f.try(id); got != egress.Status {
		t.Errorf("got %q", got)
	}
	b.answers(status(http.StatusGone))
	if got := f.try(id); got != "gone" || len(f.subscriptions("m_1", "u_1")) != 0 {
		t.Errorf("got %q", got)
	}
	closed := newBrowser(t)
	id = f.subscribe("m_1", "u_1", closed).GetId()
	closed.Close()
	if got := f.try(id); got != egress.Refused {
		t.Errorf("got %q", got)
	}
}

func TestOneTestOfAMerchantAtATime(t *testing.T) {
	t.Parallel()
	f := prepare(t, true)
	b := newBrowser(t)
	id := f.subscribe("m_1", "u_1", b).GetId()
	release, first := make(chan struct{}), make(chan string, 1)
	b.answers(func(http.ResponseWriter, *http.Request) { <-release })
	go func() { first <- f.try(id) }()
	b.next(t)
	_, err := f.Server.TestSubscription(t.Context(), &webhooksv1.TestSubscriptionRequest{MerchantId: "m_1", UserId: "u_1", Id: id})
	if !errs.Is(err, errs.RateLimitExceeded) || errs.From(err).RetryAfter == 0 {
		t.Errorf("got %v", err)
	}
	close(release)
	if got := <-first; got != "sent" {
		t.Errorf("got %q", got)
	}
	b.answers(nil)
	if got := f.try(id); got != "sent" {
		t.Errorf("got %q", got)
	}
}

func TestNothingReadableIsStored(t *testing.T) {
	t.Parallel()
	f := prepare(t, true)
	b := newBrowser(t)
	f.subscribe("m_1", "u_1", b)
	n := f.count(`select count(*) from push_subscriptions s where s::text like '%secret-capability%' or encode(sealed, 'escape') like '%secret-capability%'`)
	if n != 0 {
		t.Error("the URL is readable in the table")
	}
	if f.subscriptions("m_1", "u_1")[0].GetPushService() != b.URL {
		t.Error("the list shows more or less than the push service")
	}
	// A row moved to another id cannot be decrypted.
	if _, err := f.pool.Exec(t.Context(), `update push_subscriptions set id = '00000000-0000-7000-8000-000000000000'`); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Server.TestSubscription(t.Context(), &webhooksv1.TestSubscriptionRequest{MerchantId: "m_1", UserId: "u_1", Id: "00000000-0000-7000-8000-000000000000"}); err == nil {
		t.Error("a sealed part was opened in another row")
	}
}

func TestPushThatIsNotSetUp(t *testing.T) {
	t.Parallel()
	f := prepare(t, true)
	b := newBrowser(t)
	id := f.subscribe("m_1", "u_1", b).GetId()
	f.deps.Key = nil
	f.Push = New(f.deps)
	f.run()
	_, keyErr := f.Server.GetPushKey(t.Context(), &webhooksv1.GetPushKeyRequest{})
	_, subErr := f.Server.Subscribe(t.Context(), request("m_1", "u_1", b))
	_, testErr := f.Server.TestSubscription(t.Context(), &webhooksv1.TestSubscriptionRequest{MerchantId: "m_1", UserId: "u_1", Id: id})
	for _, err := range []error{keyErr, subErr, testErr} {
		if !errs.Is(err, errs.Unavailable) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := f.Server.Unsubscribe(t.Context(), &webhooksv1.UnsubscribeRequest{MerchantId: "m_1", UserId: "u_1", Id: id}); err != nil || len(f.subscriptions("m_1", "u_1")) != 0 {
		t.Errorf("a browser cannot be taken away: %v", err)
	}
}
