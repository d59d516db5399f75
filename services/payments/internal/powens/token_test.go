package powens

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const sandbox = "http://bank.example"

func TestParallelCallsShareOneToken(t *testing.T) {
	t.Parallel()
	p := &provider{handle: answering(200, created)}
	c := connect(t, p)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := c.CreatePayment(t.Context(), order()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if tokens, calls := p.counts(); tokens != 1 || calls != 50 {
		t.Errorf("%d tokens for %d calls", tokens, calls)
	}
}

func TestATokenIsRenewedBeforeItEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &provider{handle: answering(200, created)}
		c, end := inMemory(p, config(sandbox))
		defer end()
		steps := []struct {
			after time.Duration
			want  int
		}{{0, 1}, {14 * time.Minute, 1}, {2 * time.Minute, 2}, {14 * time.Minute, 2}, {40 * time.Minute, 3}}
		for i, s := range steps {
			time.Sleep(s.after) // the bubble's clock
			if _, err := c.GetPayment(t.Context(), "42"); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if tokens, _ := p.counts(); tokens != s.want {
				t.Errorf("step %d: %d tokens, want %d", i, tokens, s.want)
			}
		}
	})
}

func TestATokenWithAShorterLifeIsRenewedEarlier(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &provider{handle: answering(200, created), token: answering(200, `{"token":"t","expires_in":"60"}`)}
		c, end := inMemory(p, config(sandbox))
		defer end()
		for range 2 {
			if _, err := c.GetPayment(t.Context(), "42"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(55 * time.Second) // the bubble's clock
		}
		if tokens, _ := p.counts(); tokens != 2 {
			t.Errorf("%d tokens", tokens)
		}
	})
}

// While no new token is available, the current one is used until it expires.
func TestAFailedTokenRenewalKeepsTheCurrentToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &provider{handle: answering(200, created), token: inTurn(answering(200, `{"token":"t"}`), answering(500, ``))}
		c, end := inMemory(p, config(sandbox))
		defer end()
		for range 27 * 30 {
			if _, err := c.GetPayment(t.Context(), "42"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Second) // the bubble's clock
		}
		_, err := c.CreatePayment(t.Context(), order())
		if err == nil || IsAmbiguous(err) || IsRefused(err) {
			t.Errorf("without a token the payment was not sent: %v", err)
		}
		if tokens, calls := p.counts(); calls != 27*30 || tokens > 12*6+2 { // one each 10 s, from the 15th minute on
			t.Errorf("%d calls, %d requests for tokens", calls, tokens)
		}
	})
}

// A 401 was not executed: the same request goes out again with a fresh token, a create too.
func TestARevokedTokenIsRenewedOnce(t *testing.T) {
	t.Parallel()
	p := &provider{}
	p.handle = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer token-1" {
			answering(401, `{"code":"unauthorized","description":"x","request_id":"r"}`)(w, r)
			return
		}
		answering(200, created)(w, r)
	}
	c := connect(t, p)
	if _, err := c.CreatePayment(t.Context(), order()); err != nil {
		t.Fatal(err)
	}
	if tokens, calls := p.counts(); tokens != 2 || calls != 2 {
		t.Errorf("%d tokens, %d calls", tokens, calls)
	}
}

func TestAClientWithoutRightsDoesNotLoop(t *testing.T) {
	t.Parallel()
	p := &provider{handle: answering(401, `{"code":"unauthorized"}`)}
	_, err := connect(t, p).CreatePayment(t.Context(), order())
	if err == nil || IsAmbiguous(err) || IsRefused(err) {
		t.Errorf("got %v", err)
	}
	if tokens, calls := p.counts(); tokens != 2 || calls != 2 {
		t.Errorf("%d tokens, %d calls", tokens, calls)
	}
}

// Whatever happens to the request for a token, the payment itself was not sent.
func TestWithoutATokenNothingIsSent(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"wrong credentials": answering(401, `{"code":"invalid_client"}`), "refused": answering(400, `{"error":"invalid_client","error_description":"secret `+secret+`"}`),
		"hang up": hangUp, "internal": answering(500, ``), "empty": answering(200, `{}`), "not JSON": answering(200, `<`), "too many": answering(429, ``),
	} {
		p := &provider{handle: answering(200, created), token: h}
		_, err := connect(t, p).CreatePayment(t.Context(), order())
		if err == nil || IsAmbiguous(err) || IsRefused(err) {
			t.Errorf("%s: got %v", name, err)
		}
		if tokens, calls := p.counts(); tokens != 1 || calls != 0 || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %d requests for tokens, %d calls: %v", name, tokens, calls, err)
		}
	}
}

func TestWrongCredentialsAreNotRetriedForEachPayment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &provider{token: answering(401, `{"code":"unauthorized"}`)}
		c, end := inMemory(p, config(sandbox))
		defer end()
		for range 100 {
			if _, err := c.CreatePayment(t.Context(), order()); err == nil {
				t.Fatal("no error")
			}
			time.Sleep(100 * time.Millisecond) // the bubble's clock
		}
		if tokens, _ := p.counts(); tokens != 10 {
			t.Errorf("%d requests for tokens within 10 s", tokens)
		}
	})
}

// The caller that started the renewal may give up without affecting the others.
func TestATokenRenewalOutlivesTheCallerThatStartedIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(5 * time.Second) // the bubble's clock
			answering(200, `{"token":"t"}`)(w, r)
		}
		p := &provider{handle: answering(200, created), token: slow}
		c, end := inMemory(p, config(sandbox))
		defer end()
		var wg sync.WaitGroup
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, err := c.CreatePayment(ctx, order()); !errors.Is(err, context.DeadlineExceeded) || IsAmbiguous(err) {
				t.Errorf("the impatient one got %v", err)
			}
		})
		wg.Go(func() {
			if _, err := c.CreatePayment(t.Context(), order()); err != nil {
				t.Errorf("the patient one got %v", err)
			}
		})
		wg.Wait()
		if tokens, calls := p.counts(); tokens != 1 || calls != 1 {
			t.Errorf("%d tokens, %d calls", tokens, calls)
		}
	})
}

func TestAClosedClientFails(t *testing.T) {
	t.Parallel()
	c := connect(t, &provider{handle: answering(200, created)})
	c.Close()
	if _, err := c.GetPayment(t.Context(), "42"); !errors.Is(err, errClosed) {
		t.Errorf("got %v", err)
	}
}
