package webhooks

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/boot"
	settings "european-pay.eu/eupay/internal/run/config"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/webhooks/migrations"
)

// The application server's and the browser's keys of RFC 8291 appendix A.
const (
	pushPrivate = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
	pushPublic  = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
	browserKey  = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
	browserAuth = "BTBZMqHH6r4Tts7J_aSIgg"
)

// pushing is setup with a client of PushService.
func pushing(t *testing.T, private, subject string) (*fixture, webhooksv1.PushServiceClient) {
	t.Helper()
	b := natstest.New(t)
	f := &fixture{t: t, bus: b, clock: newClock(), cfg: config(t, pgtest.Database(t, "webhooks", migrations.Files), b.NC.ConnectedUrl())}
	f.cfg.PushPrivateKey, f.cfg.PushSubject = private, subject
	f.start()
	conn, err := boot.Dial(identitytest.Load(t, identity.Gateway), identity.Webhooks, f.GRPCAddr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return f, webhooksv1.NewPushServiceClient(conn)
}

func subscribing(endpoint string) *webhooksv1.SubscribeRequest {
	return &webhooksv1.SubscribeRequest{MerchantId: "m_1", UserId: "u_1", Endpoint: endpoint, P256Dh: browserKey, Auth: browserAuth}
}

func TestAPaymentIsPushedBesideItsWebhook(t *testing.T) {
	t.Parallel()
	f, api := pushing(t, pushPrivate, "mailto:ops@example.com")
	hook, browser := newSink(t, status(http.StatusOK)), newSink(t, status(http.StatusCreated))
	f.endpoint(hook.URL)
	key, err := api.GetPushKey(t.Context(), &webhooksv1.GetPushKeyRequest{})
	if err != nil || key.GetPublicKey() != pushPublic {
		t.Fatalf("key %v, %v", key, err)
	}
	if _, err := api.Subscribe(t.Context(), subscribing(browser.URL+"/send")); err != nil {
		t.Fatal(err)
	}
	f.publish(f.changed("payment.completed", payment()))
	hook.next(t)
	if h := browser.next(t); h.path != "/send" || len(h.body) != 4096 || !strings.HasSuffix(h.header.Get("Authorization"), ", k="+pushPublic) {
		t.Errorf("%s, %d bytes, %v", h.path, len(h.body), h.header)
	}
}

func TestWithoutPushEverythingElseRuns(t *testing.T) {
	t.Parallel()
	f, api := pushing(t, "", "")
	hook := newSink(t, status(http.StatusOK))
	f.endpoint(hook.URL)
	if _, err := api.GetPushKey(t.Context(), &webhooksv1.GetPushKeyRequest{}); !errs.Is(err, errs.Unavailable) || !strings.Contains(errs.From(err).Message, "not set up") {
		t.Errorf("key: %v", err)
	}
	if _, err := api.Subscribe(t.Context(), subscribing("https://push.example/")); !errs.Is(err, errs.Unavailable) {
		t.Errorf("subscribe: %v", err)
	}
	f.publish(f.changed("payment.completed", payment()))
	hook.next(t)
}

func TestPushSettingsAreReadAndChecked(t *testing.T) {
	t.Parallel()
	env := map[string]string{"EUPAY_DATABASE_URL": "x", "EUPAY_WEBHOOK_MASTER_KEY": strings.Repeat("07", 32), "EUPAY_PUSH_PRIVATE_KEY": pushPrivate}
	maps.Copy(env, identity.Files{Cert: "c", Key: "k", CA: "a"}.Settings())
	var cfg Config
	if err := settings.Parse(&cfg, env); err == nil || !strings.Contains(err.Error(), "EUPAY_PUSH_SUBJECT") || strings.Contains(err.Error(), pushPrivate) {
		t.Errorf("a key alone: %v", err)
	}
	env["EUPAY_PUSH_SUBJECT"] = "https://example.com"
	if err := settings.Parse(&cfg, env); err != nil || cfg.PushPrivateKey != pushPrivate {
		t.Errorf("both: %v", err)
	}
}

// TestAMerchantIsWarnedWhenItsOnlyEndpointFails: there is no other endpoint that could hear of it.
func TestAMerchantIsWarnedWhenItsOnlyEndpointFails(t *testing.T) {
	t.Parallel()
	f, api := pushing(t, pushPrivate, "mailto:ops@example.com")
	browser := newSink(t, status(http.StatusCreated))
	s := newSwitched(t, http.StatusInternalServerError)
	id, _ := f.endpoint(s.URL, "*")
	if _, err := api.Subscribe(t.Context(), subscribing(browser.URL+"/send")); err != nil {
		t.Fatal(err)
	}
	failed := func(n int) {
		p := payment()
		p.Reference, p.Status = fmt.Sprintf("PAY-20260617-F%015X", n), "failed"
		f.publish(f.changed("payment.failed", p))
	}
	for i := range 12 {
		failed(i)
	}
	browser.next(t)
	f.idle()
	if n := f.count("pending"); n != 12 {
		t.Errorf("%d deliveries are open, want 12: an endpoint is not told of itself that it fails", n)
	}
	var types []string
	if err := f.core.Pool.QueryRow(t.Context(), `select array_agg(event_type) from outbox`).Scan(&types); err != nil || len(types) != 1 || types[0] != "webhook_endpoint.failing" {
		t.Errorf("announced %v, %v", types, err)
	}
	// Not again within a day, however it fails; that it is disabled is said at once.
	f.clock.Advance(2 * time.Hour)
	failed(12)
	s.code.Store(http.StatusGone)
	failed(13)
	f.isDisabledSoon(id)
	browser.next(t)
	if err := f.core.Pool.QueryRow(t.Context(), `select array_agg(event_type order by id) from outbox`).Scan(&types); err != nil || len(types) != 2 || types[1] != "webhook_endpoint.disabled" {
		t.Errorf("announced %v, %v", types, err)
	}
}

func (f *fixture) isDisabledSoon(id string) {
	f.t.Helper()
	eventually(f.t, "it is disabled", func() bool { return !f.read(id).GetEnabled() })
}
