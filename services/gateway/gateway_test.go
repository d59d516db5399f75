package gateway

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/bcrypt"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/config"
	"european-pay.eu/eupay/services/gateway/internal/apidoc/apidoctest"
	"european-pay.eu/eupay/services/gateway/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	demoKey    = "pk_test_0123456789abcdef0123456789abcdef"
	demoSecret = "sk_test_0123456789abcdef0123456789abcdef"
)

func open(t *testing.T) *Service {
	t.Helper()
	srv := natstest.Server(t)
	cfg := Config{
		Base:     boot.Base{Plain: boot.Plain{DatabaseURL: pgtest.Database(t, "gateway", migrations.FS), DatabaseConns: 8}, NATSURL: srv.URL(), TLS: identitytest.Files(t, identity.Gateway)},
		HTTPAddr: "127.0.0.1:0", PublicURL: "http://127.0.0.1", JWTSecret: strings.Repeat("j", 32), BcryptCost: bcrypt.MinCost,
		PaymentsAddr: "127.0.0.1:1", WebhooksAddr: "127.0.0.1:1", QRAddr: "127.0.0.1:1", EInvoiceAddr: "127.0.0.1:1",
		CreateDeadline: 200 * time.Millisecond,
	}
	s, err := New(t.Context(), cfg, boot.Deps{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func run(t *testing.T, s *Service) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func get(t *testing.T, url string, headers ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	apidoctest.New(t).Check(t, r, resp)
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestRoutesAreDescribed(t *testing.T) {
	t.Parallel()
	apidoctest.New(t).Routes(t, open(t).echo)
}

func TestRunsAndStops(t *testing.T) {
	t.Parallel()
	s := open(t)
	stop := run(t, s)
	_, err := s.Seed(t.Context(), Demo{
		Merchant: Merchant{Name: "My Store", Email: "owner@shop.example", IBAN: "FR7630006000011234567890189"}, MerchantPassword: "correct horse battery staple",
		Keys: []DemoKey{{Public: demoKey, Secret: demoSecret, PerMinute: 100}},
	})
	if err != nil {
		t.Fatal(err)
	}
	api := "http://" + s.HTTPAddr() + "/api/v1"
	payment := api + "/gateway/payments/PAY-20260617-0B25921FB72918ED"
	for _, c := range []struct {
		url     string
		headers []string
		status  int
		text    string
	}{
		{payment, nil, 400, "MISSING_CREDENTIALS"},
		{payment + "/qr.png", nil, 400, "MISSING_CREDENTIALS"},
		{api + "/webhook-endpoints", nil, 401, "UNAUTHENTICATED"},
		{api + "/einvoice/enrollment", nil, 400, "MISSING_CREDENTIALS"},
		{api + "/einvoice/settings", nil, 401, "UNAUTHENTICATED"},
		{payment, []string{"X-Api-Key", demoKey, "X-Api-Secret", "sk_test_wrong"}, 401, "INVALID_SECRET"},
		{payment, []string{"X-Api-Key", "pk_test_nobody", "X-Api-Secret", demoSecret}, 401, "INVALID_API_KEY"},
		// The key is good; the payments service is not there.
		{payment, []string{"X-Api-Key", demoKey, "X-Api-Secret", demoSecret}, 503, "SERVICE_UNAVAILABLE"},
		{api + "/openapi.json", nil, 200, `"openapi":"3.1.0"`},
		{api + "/openapi.yaml", nil, 200, "openapi: 3.1.0"},
		{api + "/nothing", nil, 404, "NOT_FOUND"},
		{api + "/webhooks/powens", nil, 405, "METHOD_NOT_ALLOWED"},
	} {
		if status, body := get(t, c.url, c.headers...); status != c.status || !strings.Contains(body, c.text) {
			t.Errorf("%s %v: %d %.200s", c.url, c.headers, status, body)
		}
	}
	stop()
	s.Close()
	s.Close()
}

func TestSettings(t *testing.T) {
	t.Parallel()
	vars := map[string]string{
		"EUPAY_DATABASE_URL": "postgres://x", "EUPAY_PUBLIC_URL": "https://api.example", "EUPAY_JWT_SECRET": strings.Repeat("s", 32),
		"EUPAY_TLS_CERT": "c", "EUPAY_TLS_KEY": "k", "EUPAY_TLS_CA": "a",
		"EUPAY_TRUSTED_PROXIES": "10.0.0.0/8, 2001:db8::1", "REDIS_URL": "redis://127.0.0.1:6379/0",
	}
	var good Config
	if err := config.Parse(&good, vars); err != nil {
		t.Fatal(err)
	}
	if good.HTTPAddr != "127.0.0.1:8080" || good.CreateDeadline != 10*time.Second || good.RateLimit != 100 || len(good.TrustedProxies) != 2 {
		t.Errorf("%+v", good)
	}
	for name, value := range map[string]string{
		"EUPAY_JWT_SECRET": "short", "EUPAY_PUBLIC_URL": "api.example", "EUPAY_TRUSTED_PROXIES": "everyone", "REDIS_URL": "http://x",
		"EUPAY_CREATE_DEADLINE": "1h", "EUPAY_RATE_LIMIT": "-1", "EUPAY_PASSKEY_DOMAIN": "evil.example",
	} {
		wrong := map[string]string{}
		for k, v := range vars {
			wrong[k] = v
		}
		wrong[name] = value
		err := config.Parse(&Config{}, wrong)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: %v", name, value, err)
		}
		if err != nil && name == "EUPAY_JWT_SECRET" && strings.Contains(err.Error(), value+" ") {
			t.Errorf("the secret is in %v", err)
		}
	}
}
