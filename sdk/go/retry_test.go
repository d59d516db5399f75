package eupay

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"
)

func TestARequestIsSentAgainWithTheSameKey(t *testing.T) {
	t.Parallel()
	s := serve(t, breaks, refuses(503, "SERVICE_UNAVAILABLE"), says(201, paid))
	p, err := s.client(Options{}).Payments.Create(t.Context(), PaymentParams{Amount: 2999, Description: "Order #1042"})
	if err != nil || p.Amount != 2999 || p.Replayed || len(s.requests()) != 3 {
		t.Fatalf("%+v, %v, after %d requests", p, err, len(s.requests()))
	}
	key := s.requests()[0].header.Get("Idempotency-Key")
	for _, r := range s.requests() {
		if r.header.Get("Idempotency-Key") != key || key == "" || r.body != `{"amount":29.99,"description":"Order #1042"}` {
			t.Errorf("%s with key %q", r.body, r.header.Get("Idempotency-Key"))
		}
	}
	for i, pause := range s.pauses {
		if low := firstPause / 2 << i; pause < low || pause > 2*low {
			t.Errorf("pause %d is %s", i, pause)
		}
	}
}

func TestEveryRequestHasAKeyOfItsOwnUnlessItIsGiven(t *testing.T) {
	t.Parallel()
	s := serve(t, says(201, paid, "Idempotent-Replayed", "true"))
	c := s.client(Options{})
	for _, key := range []string{"", "", "order-1042"} {
		if p, err := c.Payments.Create(t.Context(), PaymentParams{Amount: 1, Description: "x", IdempotencyKey: key}); err != nil || !p.Replayed {
			t.Fatal(p, err)
		}
	}
	keys := map[string]bool{}
	for _, r := range s.requests() {
		keys[r.header.Get("Idempotency-Key")] = true
	}
	if len(keys) != 3 || !keys["order-1042"] {
		t.Errorf("the keys are %v", keys)
	}
}

func TestOnlyWhatIsSafeIsSentAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		call  func(context.Context, *Client) error
		times int
	}{
		"a read": {func(ctx context.Context, c *Client) error { _, err := c.Payments.Get(ctx, "PAY-1"); return err }, 3},
		"a replacement": {func(ctx context.Context, c *Client) error {
			_, err := c.Offers.Replace(ctx, "1", OfferParams{})
			return err
		}, 3},
		"a removal": {func(ctx context.Context, c *Client) error { return c.WebhookEndpoints.Delete(ctx, "1") }, 3},
		"a refund": {func(ctx context.Context, c *Client) error {
			_, err := c.Refunds.Create(ctx, "PAY-1", RefundParams{})
			return err
		}, 3},
		"a POST without a key": {func(ctx context.Context, c *Client) error { _, err := c.Payments.Cancel(ctx, "PAY-1"); return err }, 1},
		"a PATCH": {func(ctx context.Context, c *Client) error {
			_, err := c.Merchant.Update(ctx, MerchantChange{})
			return err
		}, 1},
		"a token for one use":   {func(ctx context.Context, c *Client) error { _, err := c.Auth.Refresh(ctx, "t"); return err }, 1},
		"a stream, by who asks": {func(ctx context.Context, c *Client) error { _, err := c.Listener.Open(ctx, ListenParams{}); return err }, 1},
	} {
		for cause, answer := range map[string]http.HandlerFunc{"503": refuses(503, "SERVICE_UNAVAILABLE"), "no answer": breaks} {
			s := serve(t, answer)
			if err := c.call(t.Context(), s.client(Options{})); err == nil || len(s.requests()) != c.times {
				t.Errorf("%s: %d requests after %s, %v", name, len(s.requests()), cause, err)
			}
		}
	}
}

func TestWhatWouldFailAgainIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for status, times := range map[int]int{400: 1, 404: 1, 409: 1, 500: 1, 429: 3, 502: 3, 503: 3, 504: 3, 302: 1} {
		s := serve(t, refuses(status, "X"))
		if _, err := s.client(Options{}).Payments.Get(t.Context(), "PAY-1"); err == nil || len(s.requests()) != times {
			t.Errorf("%d: %d requests, %v", status, len(s.requests()), err)
		}
	}
}

func TestRetriesAreAsManyAsTheOptionsSay(t *testing.T) {
	t.Parallel()
	for retries, times := range map[int]int{-1: 1, 0: 3, 4: 5} {
		s := serve(t, refuses(503, "SERVICE_UNAVAILABLE"))
		if _, err := s.client(Options{Retries: retries}).Payments.Get(t.Context(), "PAY-1"); !errors.Is(err, ErrServiceUnavailable) || len(s.requests()) != times {
			t.Errorf("%d: %d requests, %v", retries, len(s.requests()), err)
		}
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	s := serve(t, refuses(429, "RATE_LIMIT_EXCEEDED", "Retry-After", "7"), says(200, paid))
	if _, err := s.client(Options{}).Payments.Get(t.Context(), "PAY-1"); err != nil || len(s.pauses) != 1 || s.pauses[0] != 7*time.Second {
		t.Errorf("%v, pauses %v", err, s.pauses)
	}
	s = serve(t, says(429, `{"code":"RATE_LIMIT_EXCEEDED","message":"No.","retry_after":9}`), says(200, paid))
	if _, err := s.client(Options{}).Payments.Get(t.Context(), "PAY-1"); err != nil || len(s.pauses) != 1 || s.pauses[0] != 9*time.Second {
		t.Errorf("without the header: %v, pauses %v", err, s.pauses)
	}
	var refused *Error
	s = serve(t, refuses(429, "RATE_LIMIT_EXCEEDED", "Retry-After", "3600"))
	if _, err := s.client(Options{}).Payments.Get(t.Context(), "PAY-1"); !errors.As(err, &refused) || refused.RetryAfter != time.Hour || len(s.requests()) != 1 {
		t.Errorf("an hour: %v after %d requests", err, len(s.requests()))
	}
}

func TestRetryAfterMayBeATime(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "x": 0, "-1": 0, "5": 5 * time.Second, "Wed, 17 Jun 2026 12:00:09 GMT": 9 * time.Second, "Wed, 17 Jun 2026 11:00:00 GMT": 0,
	} {
		if got := retryAfter(http.Header{"Retry-After": {text}}, func() time.Time { return now }); got != want {
			t.Errorf("%q: %s", text, got)
		}
	}
}

func TestNobodyWaitsForWhatComesAfterTheDeadline(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s := serve(t, refuses(429, "RATE_LIMIT_EXCEEDED", "Retry-After", "30"))
	if _, err := s.client(Options{}).Payments.Get(ctx, "PAY-1"); !errors.Is(err, ErrRateLimitExceeded) || len(s.pauses) != 0 {
		t.Errorf("%v, pauses %v", err, s.pauses)
	}
}

func TestWhoCancelsEndsTheCall(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, refuses(503, "SERVICE_UNAVAILABLE"))
	c := s.client(Options{})
	c.sleep = func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }
	_, err := assemble(c.caller).Payments.Get(ctx, "PAY-1")
	if !errors.Is(err, context.Canceled) || !errors.Is(err, ErrServiceUnavailable) || len(s.requests()) != 1 {
		t.Errorf("while it waits: %v, %d requests", err, len(s.requests()))
	}
	if _, err := c.Payments.Get(ctx, "PAY-1"); !errors.Is(err, context.Canceled) || len(s.requests()) != 1 {
		t.Errorf("before it begins: %v, %d requests", err, len(s.requests()))
	}
	if err := wait(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("wait: %v", err)
	}
}
