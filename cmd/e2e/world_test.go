package e2e

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"european-pay.eu/eupay/cmd/internal/stack"
	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/sandbox/bank"
)

// settings shorten waiting times. Every test calls from its own address, like callers behind a load balancer, so that limits by
// address do not apply to the tests together.
var settings = map[string]string{
	"EUPAY_TRUSTED_PROXIES":      "127.0.0.1",
	"EUPAY_BCRYPT_COST":          "4",
	"EUPAY_USER_READS":           "100000", // one login does the work of many
	"EUPAY_USER_WRITES":          "100000",
	"EUPAY_MERCHANT_READS":       "100000",
	"EUPAY_MERCHANT_WRITES":      "100000",
	"EUPAY_PATIENCE":             "6", // the race detector makes everything slow
	"EUPAY_CREATE_DEADLINE":      "30s",
	"EUPAY_WEBHOOK_SCHEDULE":     "0s,100ms,200ms,300ms,400ms",
	"EUPAY_PAYMENTS_QUIET_FIRST": "2s",
	"EUPAY_PAYMENTS_QUIET_MAX":   "4s",
	"EUPAY_PAYMENTS_SWEEP_EVERY": "100ms",
}

// patience limits every wait for something that must happen.
const patience = 2 * time.Minute

// world is a running system with its operator's access.
type world struct {
	options stack.Options
	stack   *stack.Stack
	live    *bank.Bank // where live keys' payments go; it sends no webhooks
	client  *http.Client
	admin   func() (string, error)
}

// newWorld starts a system with its own database. env overrides the settings.
func newWorld(t testing.TB, env map[string]string) *world {
	t.Helper()
	w := prepareWorld(t, env)
	w.start(t)
	t.Cleanup(func() { w.stack.Stop() })
	return w
}

// systems has one for each system that runs: the shared one and two more are enough for one machine.
var systems = make(chan struct{}, 3)

// prepareWorld is newWorld without its start. It waits until there are few systems.
func prepareWorld(t testing.TB, env map[string]string) *world {
	t.Helper()
	systems <- struct{}{}
	t.Cleanup(func() { <-systems })
	dir, err := os.MkdirTemp("", "eupay-e2e-") //nolint:usetesting // the shared system's t is no test's
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	live, liveURL := liveBank(t)
	all := maps.Clone(settings)
	all["EUPAY_POWENS_LIVE_BASE_URL"], all["EUPAY_POWENS_LIVE_CLIENT_ID"], all["EUPAY_POWENS_LIVE_CLIENT_SECRET"] = liveURL, "live", "live-secret"
	maps.Copy(all, env)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost, transport.Proxy = 128, nil
	w := &world{
		options: stack.Options{Dir: dir, DatabaseURL: pgtest.Empty(t), Env: all, Bank: quickBank, Invoicing: quickPlatform, Log: openLog(t)},
		live:    live,
		client:  &http.Client{Transport: transport, CheckRedirect: stay},
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	})
	return w
}

// firstID of both banks: the test bank and the live bank use the same numbers, and must still not be confused.
const firstID = 1

// liveBank is the provider's production system for this system.
func liveBank(t testing.TB) (*bank.Bank, string) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	address := "http://" + server.Listener.Addr().String()
	b, err := bank.New(bank.Config{BaseURL: address, ClientID: "live", ClientSecret: "live-secret", FirstID: firstID})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = b.Handler()
	server.Start()
	t.Cleanup(server.Close)
	return b, address
}

func quickBank(c *bank.Config) {
	c.FirstID = firstID
	c.InstantPhase, c.ClassicPhase = 50*time.Millisecond, 50*time.Millisecond
	c.WebhookRetry = 100 * time.Millisecond
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// start starts the system; after a stop, on the same folder, database and ports.
func (w *world) start(t testing.TB) {
	t.Helper()
	if w.stack != nil {
		w.options.Ports = w.stack.System().Ports
	}
	s, err := stack.Start(context.Background(), w.options)
	if err != nil {
		t.Fatal(err)
	}
	w.stack = s
	w.admin = sync.OnceValues(func() (string, error) {
		a, err := w.caller().try(http.MethodPost, "/auth/login", object{"email": system.AdminEmail, "password": s.System().Secrets.AdminLogin}.json())
		if err != nil || a.status != http.StatusOK {
			return "", fmt.Errorf("the admin cannot log in: %d %s, %w", a.status, a.raw, err)
		}
		var session struct{ Token string }
		return session.Token, a.read(&session)
	})
}

func (w *world) url() string { return w.stack.URL() + "/api/v1" }

var addresses atomic.Uint32

// caller returns a new caller.
func (w *world) caller() caller {
	n := addresses.Add(1)
	return caller{w: w, ip: fmt.Sprintf("198.18.%d.%d", n/250, n%250+1)}
}

// The pauses between two polls of eventually. They grow, so that waiting tests leave the processor to working ones.
const (
	firstPause = 20 * time.Millisecond
	maxPause   = 500 * time.Millisecond
)

// eventually waits until the condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for pause := firstPause; !holds(); pause = min(pause*3/2, maxPause) {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			t.Fatalf("this never became true: %s", what)
		}
	}
}
