package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"european-pay.eu/eupay/cmd/internal/stack"
	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/sandbox/bank"
	"european-pay.eu/eupay/sandbox/einvoicing"
	"european-pay.eu/eupay/sdk/go/webhook"
)

func TestMain(m *testing.M) {
	code := m.Run()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// patience limits every wait for something that must happen.
const patience = 60 * time.Second

func startStack(t *testing.T) *stack.Stack {
	t.Helper()
	s, err := stack.Start(context.Background(), stack.Options{
		Dir: t.TempDir(), DatabaseURL: pgtest.Empty(t), Log: slog.New(slog.DiscardHandler), RatePerMinute: 10_000,
		Env: map[string]string{
			"EUPAY_BCRYPT_COST": "4", "EUPAY_PAYMENTS_QUIET_FIRST": "2s", "EUPAY_PAYMENTS_QUIET_MAX": "4s", "EUPAY_PAYMENTS_SWEEP_EVERY": "100ms",
		},
		Bank: func(c *bank.Config) {
			c.InstantPhase, c.ClassicPhase, c.WebhookRetry = 50*time.Millisecond, 50*time.Millisecond, 100*time.Millisecond
		},
		Invoicing: func(c *einvoicing.Config) {
			c.TransmitAfter, c.ReceiveAfter, c.AvailableAfter, c.AnswerAfter, c.WebhookRetry = 0, 0, 0, 0, 100*time.Millisecond
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func environment(s *stack.Stack) map[string]string {
	secrets := s.System().Secrets
	return map[string]string{
		"EUPAY_API_URL": s.URL() + "/", "EUPAY_API_KEY": secrets.APIKey, "EUPAY_API_SECRET": secrets.APISecret,
		"EUPAY_MERCHANT_EMAIL": system.MerchantEmail, "EUPAY_MERCHANT_PASSWORD": secrets.MerchantLogin,
		"EUPAY_BANK_MGMT_URL": s.System().BankManagementURL(),
	}
}

// shop is a merchant's server under development.
type shop struct {
	*httptest.Server
	hooks chan hook

	mu     sync.Mutex
	status int
}

type hook struct {
	header http.Header
	body   []byte
	Event  string
	Data   struct{ Reference, Status string }
}

func openShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{hooks: make(chan hook, 100), status: http.StatusOK}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := hook{header: r.Header}
		h.body, _ = io.ReadAll(r.Body)
		if err := json.Unmarshal(h.body, &h); err != nil {
			t.Errorf("%s: %v", h.body, err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.hooks <- h
		w.WriteHeader(s.status)
		s.status = http.StatusOK
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *shop) answerNext(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

// next waits for the next webhook and checks both signatures.
func (s *shop) next(t *testing.T, secret string) hook {
	t.Helper()
	select {
	case h := <-s.hooks:
		if err := webhook.EuPay(secret, h.body, h.header.Get("X-EuPay-Signature")); err != nil {
			t.Error(err)
		}
		err := webhook.Standard(secret, h.header.Get("webhook-id"), h.header.Get("webhook-timestamp"), h.header.Get("webhook-signature"), h.body, time.Now(), 5*time.Minute)
		if err != nil {
			t.Error(err)
		}
		return h
	case <-time.After(patience):
		t.Fatal("no webhook arrived")
		return hook{}
	}
}

// listening is a running eupay listen.
type listening struct {
	lines chan string
	stop  func() error
}

func listen(t *testing.T, vars map[string]string, args ...string) *listening {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	in, out := io.Pipe()
	l, done, read := &listening{lines: make(chan string, 1000)}, make(chan error, 1), make(chan struct{})
	go func() {
		done <- run(ctx, append([]string{"listen"}, args...), vars, terminal{out, out})
		out.Close()
	}()
	go func() {
		defer close(read)
		r := newLines(in)
		for line, ok := r(); ok; line, ok = r() {
			l.lines <- line
		}
		close(l.lines)
	}()
	l.stop = sync.OnceValue(func() error { cancel(); err := <-done; <-read; return err })
	t.Cleanup(func() { _ = l.stop() })
	return l
}

func newLines(in io.Reader) func() (string, bool) {
	var kept []byte
	return func() (string, bool) {
		for {
			if line, rest, ok := bytes.Cut(kept, []byte("\n")); ok {
				kept = rest
				return string(line), true
			}
			b := make([]byte, 4096)
			n, err := in.Read(b)
			kept = append(kept, b[:n]...)
			if err != nil && n == 0 {
				return "", false
			}
		}
	}
}

// sees waits for a line and returns the groups of the pattern.
func (l *listening) sees(t *testing.T, pattern string) []string {
	t.Helper()
	exp, limit := regexp.MustCompile(pattern), time.After(patience)
	for {
		select {
		case line, ok := <-l.lines:
			if !ok {
				t.Fatalf("it ended before %s: %v", pattern, l.stop())
			}
			if groups := exp.FindStringSubmatch(line); groups != nil {
				return groups
			}
		case <-limit:
			t.Fatalf("it never printed %s", pattern)
		}
	}
}

// invoke runs a command until it ends.
func invoke(t *testing.T, vars map[string]string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), args, vars, terminal{&out, &out})
	return out.String(), err
}

func trigger(t *testing.T, vars map[string]string, args ...string) (reference string) {
	t.Helper()
	out, err := invoke(t, vars, append([]string{"trigger"}, args...)...)
	words := strings.Fields(out)
	if err != nil || len(words) != 4 || words[0] != args[0] || !strings.HasPrefix(words[1], "PAY-") {
		t.Fatalf("trigger %v: %q, %v", args, out, err)
	}
	return words[1]
}

const all = "--events=payment.completed,payment.failed,payment.cancelled,payment.refunded"
