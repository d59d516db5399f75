package e2e

import (
	"net/http"
	"testing"

	"github.com/google/uuid"

	eupay "european-pay.eu/eupay/sdk/go"
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
	portal   caller        // with the login
	api      caller        // with the key
	office   *eupay.Client // with the login, in test mode
	client   *eupay.Client // with the key
	key      apiKey
	site     *site
	endpoint string // id of the webhook endpoint
}

// Types of the API, as the Go client decodes them.
type (
	payment  = eupay.Payment
	change   = eupay.PaymentChange
	delivery = eupay.Delivery
	session  = eupay.Session
	apiKey   = eupay.APIKey
)

// headers of a key, for raw requests.
func headers(k apiKey) []string {
	return []string{"X-Api-Key", k.APIKey, "X-Api-Secret", string(k.APISecret)}
}

// newMerchant registers a merchant like a person: profile, IBAN, the admin's approval, key and webhook endpoint.
func (w *world) newMerchant(t testing.TB) *merchant {
	t.Helper()
	m := w.register(t)
	m.enable(t, true)
	m.key = m.newKey(t, eupay.APIKeyParams{Name: "shop", PerMinute: 10_000})
	m.api, m.client = m.portalless().with(headers(m.key)...), m.portalless().client(m.key.APIKey, m.key.APISecret)
	m.site = newSite(t)
	made, err := m.office.WebhookEndpoints.Create(t.Context(), eupay.EndpointParams{URL: m.site.url + "/hooks"})
	if err != nil {
		t.Fatal(err)
	}
	m.endpoint, m.site.secret = made.ID, string(made.Secret)
	return m
}

// register creates a merchant who may do nothing yet.
func (w *world) register(t testing.TB) *merchant {
	t.Helper()
	m := w.newcomer(t)
	if _, err := m.office.Merchant.Update(t.Context(), eupay.MerchantChange{IBAN: eupay.Ptr(merchantIBAN)}); err != nil {
		t.Fatalf("the IBAN is refused: %v", err)
	}
	return m
}

// newcomer creates a merchant without an IBAN.
func (w *world) newcomer(t testing.TB) *merchant {
	t.Helper()
	m := &merchant{w: w, Name: "Café de l’Été", Email: uuid.NewString() + "@example.com", portal: w.caller()}
	public := m.portal.client("", "")
	s, err := public.Auth.Register(t.Context(), eupay.Registration{Email: m.Email, Password: password, Name: m.Name})
	if err != nil {
		t.Fatal(err)
	}
	m.ID, m.office, m.portal = s.MerchantID, public.WithToken(s.Token), m.portal.with("Authorization", "Bearer "+string(s.Token))
	return m
}

// portalless returns a caller at the merchant's address without a login.
func (m *merchant) portalless() caller { return caller{w: m.w, ip: m.portal.ip} }

// enable is the admin's decision about the merchant.
func (m *merchant) enable(t testing.TB, enabled bool) {
	t.Helper()
	m.admin(t, eupay.GatewayParams{Enabled: enabled})
}

// enableLive is the admin's decision about live mode, which requires more of the profile.
func (m *merchant) enableLive(t testing.TB) {
	t.Helper()
	change := eupay.MerchantChange{LegalStatus: eupay.Ptr("SARL"), SIREN: eupay.Ptr("552100554")}
	if _, err := m.office.Merchant.Update(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	m.admin(t, eupay.GatewayParams{Enabled: true, Live: eupay.Ptr(true)})
}

func (m *merchant) admin(t testing.TB, decision eupay.GatewayParams) {
	t.Helper()
	token, err := m.w.admin()
	if err != nil {
		t.Fatal(err)
	}
	admin := m.w.caller().client("", "").WithToken(eupay.Secret(token)).Admin
	if _, err := admin.EnableGateway(t.Context(), m.ID, decision); err != nil {
		t.Fatal(err)
	}
}

func (m *merchant) newKey(t testing.TB, in eupay.APIKeyParams) apiKey {
	t.Helper()
	k, err := m.office.APIKeys.Create(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return *k
}

// order returns a request body with the fields that every payment needs, and more.
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

// paid creates a completed payment.
func (m *merchant) paid(t testing.TB, more object) payment {
	t.Helper()
	p := m.pays(t, more)
	m.w.bank().authorise(t, p.Reference, object{})
	m.site.next(t, "payment.completed", p.Reference)
	return p
}

func (m *merchant) get(t testing.TB, reference string) payment {
	t.Helper()
	p, err := m.client.Payments.Get(t.Context(), reference)
	if err != nil {
		t.Fatal(err)
	}
	return *p
}

func (m *merchant) history(t testing.TB, reference string) []change {
	t.Helper()
	list, err := m.client.Payments.History(t.Context(), reference)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (m *merchant) deliveries(t testing.TB, reference string) []delivery {
	t.Helper()
	page, err := m.client.WebhookDeliveries.List(t.Context(), eupay.DeliveryListParams{Reference: reference})
	if err != nil {
		t.Fatal(err)
	}
	return page.Data
}
