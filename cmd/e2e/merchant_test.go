package e2e

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
)

const (
	merchantIBAN = "FR1420041010050500013M02606"
	password     = "correct horse battery"
)

// merchant is a merchant with a login, an API key and a server.
type merchant struct {
	w        *world
	ID, Name string
	Email    string
	portal   caller // with the login
	api      caller // with the key
	key      apiKey
	site     *site
	endpoint string // id of the webhook endpoint
}

type apiKey struct {
	ID     string
	Public string `json:"api_key"`
	Secret string `json:"api_secret"`
}

func (k apiKey) headers() []string { return []string{"X-Api-Key", k.Public, "X-Api-Secret", k.Secret} }

type session struct {
	Token        string
	RefreshToken string `json:"refresh_token"`
	Role         string
	MerchantID   string `json:"merchant_id"`
}

// newMerchant registers a merchant as one would by hand: profile, IBAN, the admin's consent, key and webhook endpoint.
func (w *world) newMerchant(t testing.TB) *merchant {
	t.Helper()
	m := w.register(t)
	m.enable(t, true)
	m.key = m.newKey(t, object{"name": "shop", "per_minute": 10_000})
	m.api = m.portalless().with(m.key.headers()...)
	m.site = newSite(t)
	made := must[struct{ ID, Secret string }](t, m.portal.do(t, http.MethodPost, "/webhook-endpoints", object{"url": m.site.url + "/hooks"}.json()), http.StatusCreated)
	m.endpoint, m.site.secret = made.ID, made.Secret
	return m
}

// register makes a merchant who may not do anything yet.
func (w *world) register(t testing.TB) *merchant {
	t.Helper()
	m := &merchant{w: w, Name: "Café de l’Été", Email: uuid.NewString() + "@example.com", portal: w.caller()}
	in := object{"email": m.Email, "password": password, "name": m.Name}
	s := must[session](t, m.portal.do(t, http.MethodPost, "/auth/register", in.json()), http.StatusCreated)
	m.ID, m.portal = s.MerchantID, m.portal.with("Authorization", "Bearer "+s.Token)
	if a := m.portal.do(t, http.MethodPatch, "/merchant", object{"iban": merchantIBAN}.json()); a.status != http.StatusOK {
		t.Fatalf("the IBAN is refused: %s", a.raw)
	}
	return m
}

// portalless is the merchant's address without login.
func (m *merchant) portalless() caller { return caller{w: m.w, ip: m.portal.ip} }

// enable is the admin's decision about the merchant.
func (m *merchant) enable(t testing.TB, enabled bool) {
	t.Helper()
	m.admin(t, object{"enabled": enabled})
}

// enableLive is the admin's decision about real money, which wants more of the profile.
func (m *merchant) enableLive(t testing.TB) {
	t.Helper()
	if a := m.portal.do(t, http.MethodPatch, "/merchant", object{"legal_status": "SARL", "siren": "552100554"}.json()); a.status != http.StatusOK {
		t.Fatalf("the profile is refused: %s", a.raw)
	}
	m.admin(t, object{"enabled": true, "live": true})
}

func (m *merchant) admin(t testing.TB, decision object) {
	t.Helper()
	token, err := m.w.admin()
	if err != nil {
		t.Fatal(err)
	}
	admin := m.w.caller().with("Authorization", "Bearer "+token)
	if a := admin.do(t, http.MethodPost, "/admin/merchants/"+m.ID+"/gateway", decision.json()); a.status != http.StatusOK {
		t.Fatalf("the gateway was not switched: %d %s", a.status, a.raw)
	}
}

func (m *merchant) newKey(t testing.TB, in object) apiKey {
	t.Helper()
	return must[apiKey](t, m.portal.do(t, http.MethodPost, "/merchant/api-keys", in.json()), http.StatusCreated)
}

// payment is a payment or refund as the API shows it.
type payment struct {
	Reference         string
	Original          string `json:"original_reference"`
	Amount            json.Number
	Currency          string
	Status            string
	Detail            string      `json:"status_detail"`
	Failure           string      `json:"failure_code"`
	PaymentURL        string      `json:"payment_url"`
	AuthorisationURL  string      `json:"authorisation_url"`
	MerchantReference string      `json:"merchant_reference"`
	AmountRefunded    json.Number `json:"amount_refunded"`
	CancelRequested   bool        `json:"cancel_requested"`
	Livemode          bool
	CreatedAt         time.Time `json:"created_at"`
}

// order is a request body with the fields that every payment needs, and more.
func (m *merchant) order(more object) string {
	o := object{"amount": 29.99, "description": "Order 1042", "success_url": m.site.url + "/success", "cancel_url": m.site.url + "/cancel"}
	for name, value := range more {
		o[name] = value
	}
	return o.json()
}

// pays creates a payment that waits for its payer.
func (m *merchant) pays(t testing.TB, more object) payment {
	t.Helper()
	p := mustData[payment](t, m.api.do(t, http.MethodPost, "/gateway/payments", m.order(more)), http.StatusCreated)
	if p.Status != "pending_sca" || p.PaymentURL == "" {
		t.Fatalf("the payment cannot be paid: %+v", p)
	}
	return p
}

// paid creates a payment that was completed.
func (m *merchant) paid(t testing.TB, more object) payment {
	t.Helper()
	p := m.pays(t, more)
	m.w.bank().authorise(t, p.Reference, object{})
	m.site.next(t, "payment.completed", p.Reference)
	return p
}

func (m *merchant) get(t testing.TB, reference string) payment {
	t.Helper()
	return mustData[payment](t, m.api.do(t, http.MethodGet, "/gateway/payments/"+reference, ""), http.StatusOK)
}

// change is an entry of a payment's history.
type change struct {
	Sequence int64
	Status   string
	Detail   string
	Cause    string
	At       time.Time `json:"occurred_at"`
}

func (m *merchant) history(t testing.TB, reference string) []change {
	t.Helper()
	return mustData[[]change](t, m.api.do(t, http.MethodGet, "/gateway/payments/"+reference+"/history", ""), http.StatusOK)
}

// delivery is what became of a webhook.
type delivery struct {
	ID, Status string
	EventID    string `json:"event_id"`
	EventType  string `json:"event_type"`
	Attempts   int    `json:"attempt_count"`
}

func (m *merchant) deliveries(t testing.TB, reference string) []delivery {
	t.Helper()
	return must[struct{ Data []delivery }](t, m.api.do(t, http.MethodGet, "/webhook-deliveries?reference="+reference, ""), http.StatusOK).Data
}
