package qr

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/config"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "0123456789abcdef0123456789abcdef"

// noon is what the service's clock says: half an hour before request expires.
var noon = time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)

// start runs the whole service, with pairs of a setting and its value, and returns it with a client.
func start(t *testing.T, settings ...string) (*Service, qrv1.QRServiceClient) {
	t.Helper()
	return startAt(t, func() time.Time { return noon }, settings...)
}

func startAt(t *testing.T, now func() time.Time, settings ...string) (*Service, qrv1.QRServiceClient) {
	t.Helper()
	vars := map[string]string{
		"EUPAY_DATABASE_URL": pgtest.Database(t, "qr", migrations.FS), "EUPAY_NATS_URL": natstest.New(t).NC.ConnectedUrl(),
		"EUPAY_GRPC_ADDR": "127.0.0.1:0", "EUPAY_QR_SIGNING_KEY": key, "EUPAY_QR_BASE_URL": "https://pay.example/",
	}
	maps.Copy(vars, identitytest.Settings(t, identity.QR))
	for i := 0; i < len(settings); i += 2 {
		vars[settings[i]] = settings[i+1]
	}
	cfg := Config{}
	if err := config.Parse(&cfg, vars); err != nil {
		t.Fatal(err)
	}
	svc, err := New(t.Context(), cfg, boot.Deps{Log: slog.New(slog.DiscardHandler), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- svc.Run(ctx) }()
	conn, err := boot.Dial(identitytest.Load(t, identity.Gateway), identity.QR, svc.GRPCAddr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		svc.Close()
	})
	if _, err := healthv1.NewHealthClient(conn).Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil {
		t.Fatalf("health: %v", err)
	}
	return svc, qrv1.NewQRServiceClient(conn)
}

func request() *qrv1.SignGatewayPaymentRequest {
	return &qrv1.SignGatewayPaymentRequest{
		Reference: "PAY-20260617-0123456789ABCDEF", MerchantId: "0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2", MerchantName: "My Store",
		AmountCents: 2999, Currency: "EUR", ExpiresAt: timestamppb.New(time.Date(2026, 6, 17, 12, 30, 0, 0, time.UTC)),
	}
}

func TestAGatewayPaymentIsSigned(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	got, err := client.SignGatewayPayment(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	data, ok := strings.CutPrefix(got.GetQrData(), "https://pay.example/pay?data=")
	if !ok || got.GetDeepLinkData() != "eupay://pay?data="+data {
		t.Fatalf("got %v", got)
	}
	again, err := client.SignGatewayPayment(t.Context(), request())
	if err != nil || again.GetQrData() != got.GetQrData() {
		t.Errorf("the same request gives another answer: %v, %v", again, err)
	}
}

func TestABadRequestNamesTheFields(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	for field, spoil := range map[string]func(*qrv1.SignGatewayPaymentRequest){
		"reference":     func(r *qrv1.SignGatewayPaymentRequest) { r.Reference = "" },
		"merchant_id":   func(r *qrv1.SignGatewayPaymentRequest) { r.MerchantId = strings.Repeat("x", 65) },
		"merchant_name": func(r *qrv1.SignGatewayPaymentRequest) { r.MerchantName = strings.Repeat("x", 561) },
		"amount_cents":  func(r *qrv1.SignGatewayPaymentRequest) { r.AmountCents = 0 },
		"currency":      func(r *qrv1.SignGatewayPaymentRequest) { r.Currency = "USD" },
		"expires_at":    func(r *qrv1.SignGatewayPaymentRequest) { r.ExpiresAt = nil },
	} {
		req := request()
		spoil(req)
		_, err := client.SignGatewayPayment(t.Context(), req)
		e := errs.From(err)
		if e == nil || e.Code != errs.ValidationError || len(e.Fields) != 1 || e.Fields[0].Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
}

func TestTheServiceReportsItsHealth(t *testing.T) {
	t.Parallel()
	svc, _ := start(t)
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
}

// anyIdentity is enough for settings that are only read.
var anyIdentity = identity.Files{Cert: "c", Key: "k", CA: "a"}

func TestUnsafeSettingsAreRefused(t *testing.T) {
	t.Parallel()
	for name, vars := range map[string]map[string]string{
		"no key": {}, "short key": {"EUPAY_QR_SIGNING_KEY": key[1:]}, "no site": {"EUPAY_QR_SIGNING_KEY": key, "EUPAY_QR_BASE_URL": "pay.example"},
		"short old key": {"EUPAY_QR_SIGNING_KEY": key, "EUPAY_QR_OLD_SIGNING_KEYS": key + "," + key[1:]},
		"no old site":   {"EUPAY_QR_SIGNING_KEY": key, "EUPAY_QR_OLD_BASE_URLS": "pay.example"},
	} {
		vars["EUPAY_DATABASE_URL"] = "postgres://x"
		maps.Copy(vars, anyIdentity.Settings())
		err := config.Parse(&Config{}, vars)
		if err == nil || strings.Contains(err.Error(), key[1:]) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	good := Config{}
	vars := anyIdentity.Settings()
	vars["EUPAY_DATABASE_URL"], vars["EUPAY_QR_SIGNING_KEY"] = "postgres://x", key
	err := config.Parse(&good, vars)
	if err != nil || good.BaseURL != "https://www.european-pay.fr" {
		t.Errorf("got %+v, %v", good.BaseURL, err)
	}
}
