package einvoice

import (
	"context"
	"log/slog"
	"net/http"
	"testing"

	"go.uber.org/goleak"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/vaulttest"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheServiceRunsAndReportsItsHealth(t *testing.T) {
	t.Parallel()
	cfg := Config{}
	vars := identitytest.Settings(t, identity.EInvoice)
	vars["EUPAY_DATABASE_URL"], vars["EUPAY_NATS_URL"], vars["EUPAY_GRPC_ADDR"] = pgtest.Empty(t), natstest.New(t).NC.ConnectedUrl(), "127.0.0.1:0"
	err := config.Parse(&cfg, vars)
	if err != nil {
		t.Fatal(err)
	}
	svc, err := New(t.Context(), cfg, boot.Deps{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer svc.Close()
	vaulttest.KnowsAll(t, svc.core.Pool, nil) // it seals nothing
	for _, table := range []string{"inbox", "outbox"} {
		var n int
		if err := svc.core.Pool.QueryRow(t.Context(), `select count(*) from `+table).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s: %d rows, %v", table, n, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- svc.Run(ctx) }()

	conn, err := boot.Dial(identitytest.Load(t, identity.Gateway), identity.EInvoice, svc.GRPCAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := healthv1.NewHealthClient(conn).Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil {
		t.Errorf("gRPC health: %v", err)
	}
	for _, path := range []string{"/livez", "/readyz"} {
		resp, err := http.Get("http://" + svc.ManagementAddr() + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	cancel()
	if err := <-done; err != nil {
		t.Errorf("run: %v", err)
	}
}

func TestALeaseThatEndsBeforeItsCallIsRefused(t *testing.T) {
	t.Parallel()
	for lease, good := range map[string]bool{"5s": true, "3s": false} {
		err := config.Parse(&Config{}, map[string]string{
			"EUPAY_DATABASE_URL": "postgres://localhost/eupay", "EUPAY_NATS_URL": "nats://localhost", "EUPAY_EINVOICE_LEASE": lease,
			"EUPAY_SEQINO_TEST_BASE_URL": "http://127.0.0.1:1", "EUPAY_SEQINO_TEST_API_KEY": "k", "EUPAY_SEQINO_TEST_WEBHOOK_SECRET": "s",
			"EUPAY_SEQINO_TEST_CALL_TIMEOUT": "2s", "EUPAY_TLS_CERT": "c", "EUPAY_TLS_KEY": "k", "EUPAY_TLS_CA": "a",
		})
		if (err == nil) != good {
			t.Errorf("%s: %v", lease, err)
		}
	}
}
