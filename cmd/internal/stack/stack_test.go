package stack_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/cmd/internal/payer"
	"european-pay.eu/eupay/cmd/internal/pgbinaries"
	"european-pay.eu/eupay/cmd/internal/receiver"
	"european-pay.eu/eupay/cmd/internal/stack"
	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/internal/pgserver"
	"european-pay.eu/eupay/internal/run/boot"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/sdk/go/webhook"
)

func TestMain(m *testing.M) {
	pgbinaries.Child()
	os.Exit(m.Run())
}

func folder(t *testing.T) string {
	t.Helper()
	dir, err := pgserver.VolatileDir("eupay-stack-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func start(t *testing.T, o stack.Options) *stack.Stack {
	t.Helper()
	o.Volatile = true
	o.Log = logOnFailure(t, o.Dir)
	o.Env = map[string]string{"EUPAY_BCRYPT_COST": "4"} // the race detector makes bcrypt very slow
	s, err := stack.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// logOnFailure keeps the system's log in its folder and shows it when the test fails. It is no t.Output: the callbacks of
// a closed NATS connection may still write a line after the test.
func logOnFailure(t *testing.T, dir string) *slog.Logger {
	t.Helper()
	f, err := os.CreateTemp(dir, "log-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer f.Close()
		content, err := os.ReadFile(f.Name())
		if t.Failed() {
			t.Logf("%s%v", content, err)
		}
	})
	return slog.New(slog.NewTextHandler(f, nil))
}

// call sends an API request with the demo's key and returns the status and the data of the answer.
func call(t *testing.T, s *stack.Stack, method, path, body string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	secrets := s.System().Secrets
	req.Header.Set("X-Api-Key", secrets.APIKey)
	req.Header.Set("X-Api-Secret", secrets.APISecret)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Data map[string]any `json:"data"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return resp.StatusCode, answer.Data
}

// documented is the request of the API reference.
const documented = `{"amount": 29.99, "currency": "EUR", "description": "Order #1042", "reference": "ORDER-1042",
	"success_url": "https://yourstore.com/success", "cancel_url": "https://yourstore.com/cancel"}`

func create(t *testing.T, s *stack.Stack) (reference, link string) {
	t.Helper()
	status, data := call(t, s, http.MethodPost, "/gateway/payments", documented)
	reference, _ = data["reference"].(string)
	link, _ = data["payment_url"].(string)
	if status != http.StatusCreated && status != http.StatusOK || !strings.HasPrefix(reference, "PAY-") || link == "" {
		t.Fatalf("create: %d %v", status, data)
	}
	return reference, link
}

// merchantID is the demo merchant's, which every payment names in its QR code.
func merchantID(t *testing.T, s *stack.Stack) (id string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.System().DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), `select id::text from gateway.merchants where email = $1`, system.MerchantEmail).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// listen opens a merchant's server and registers it.
func listen(t *testing.T, s *stack.Stack) (hooks *receiver.Receiver, secret string) {
	t.Helper()
	hooks, err := receiver.Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(hooks.Close)
	who, err := s.System().As(system.Gateway)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := boot.Dial(who, system.Webhooks, system.Loopback(s.System().Ports.GRPC[system.Webhooks]))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	made, err := webhooksv1.NewWebhooksServiceClient(conn).CreateEndpoint(t.Context(), &webhooksv1.CreateEndpointRequest{MerchantId: merchantID(t, s), Url: hooks.URL})
	if err != nil {
		t.Fatal(err)
	}
	return hooks, made.GetSecret()
}

func receive(t *testing.T, hooks *receiver.Receiver, secret, event, reference string) {
	t.Helper()
	hook, err := hooks.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := webhook.EuPay(secret, hook.Body, hook.Header.Get("X-EuPay-Signature")); err != nil {
		t.Error(err)
	}
	if hook.Header.Get("X-EuPay-Event") != event || !bytes.Contains(hook.Body, []byte(reference)) {
		t.Errorf("got %s %s", hook.Header.Get("X-EuPay-Event"), hook.Body)
	}
}

func TestEverythingIsThereAfterAStopAndAStart(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	first := start(t, stack.Options{Dir: dir})
	reference, link := create(t, first)
	image := upload(t, first)
	ports := first.System().Ports
	first.Stop()
	first.Stop() // twice is harmless

	second := start(t, stack.Options{Dir: dir, Ports: ports})
	if first.System().Secrets != second.System().Secrets || first.System().DatabaseURL != second.System().DatabaseURL {
		t.Error("the secrets changed")
	}
	if again, _ := create(t, second); again != reference {
		t.Errorf("the payment %s was forgotten: the same request made %s", reference, again)
	}
	if _, err := (payer.Payer{}).Pay(t.Context(), link, payer.Authorise); err != nil {
		t.Errorf("the link from before the stop: %v", err)
	}
	if status, answer := send(t, http.MethodGet, image, "", ""); status != http.StatusOK || answer != picture {
		t.Errorf("the image from before the stop: %d %q", status, answer)
	}
}

func TestPartsCanBeKilledAndRestarted(t *testing.T) {
	t.Parallel()
	s := start(t, stack.Options{Dir: folder(t)})
	hooks, secret := listen(t, s)
	reference, link := create(t, s)

	if _, err := (payer.Payer{}).Pay(t.Context(), link, payer.Authorise); err != nil {
		t.Fatal(err)
	}
	// The bank's news of the outcome finds nobody in.
	s.KillNATS()
	if nc, err := s.System().DialNATS(); err == nil {
		nc.Close()
		t.Error("NATS answers after its death")
	}
	s.KillPostgres()
	if conn, err := pgx.Connect(t.Context(), s.System().DatabaseURL); err == nil {
		t.Error("PostgreSQL answers after its death", conn.Close(t.Context()))
	}
	if err := errors.Join(s.StartPostgres(t.Context()), s.StartNATS(), s.RestartPayments(t.Context())); err != nil {
		t.Fatal(err)
	}
	receive(t, hooks, secret, "payment.completed", reference)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Wait(ctx); err != nil {
		t.Errorf("a killed part counts as failed: %v", err)
	}
}

func TestTheFailureOfAPartIsReportedWithItsReason(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := start(t, stack.Options{Dir: dir})
	// Somebody stops the database behind our back: the first line of its pid file is its process.
	content, err := os.ReadFile(filepath.Join(dir, "postgres", "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "PostgreSQL") {
		t.Errorf("got %v", err)
	}
}

func TestAnOccupiedPortIsReportedAndEverythingIsStopped(t *testing.T) {
	t.Parallel()
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	_, err = stack.Start(t.Context(), stack.Options{Dir: folder(t), Ports: system.Ports{HTTP: other.Addr().(*net.TCPAddr).Port}})
	if err == nil || !strings.Contains(err.Error(), "is taken") {
		t.Errorf("got %v", err)
	}
}
