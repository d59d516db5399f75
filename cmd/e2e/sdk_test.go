package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/sdk/go/webhook"
)

// client is the Go client of the caller. It does not retry: a test that expects one request sees one.
func (c caller) client(key string, secret eupay.Secret) *eupay.Client {
	return eupay.New(key, secret, eupay.Options{BaseURL: c.w.stack.URL(), HTTPClient: &http.Client{Transport: behind{c}}, Retries: -1})
}

// behind acts as the load balancer that reports the caller's address.
type behind struct{ c caller }

// RoundTrip implements http.RoundTripper.
func (b behind) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("X-Forwarded-For", b.c.ip)
	return b.c.w.client.Transport.RoundTrip(r)
}

// TestAnIntegratorNeedsNothingButTheGoClient, from registering to a refund.
func TestAnIntegratorNeedsNothingButTheGoClient(t *testing.T) {
	t.Parallel()
	ctx, at, shop := t.Context(), shared.caller(), newSite(t)
	login, err := at.client("", "").Auth.Register(ctx, eupay.Registration{
		Email: uuid.NewString() + "@example.com", Password: password, Name: "Café de l’Été", IBAN: merchantIBAN,
	})
	if err != nil {
		t.Fatal(err)
	}
	token, err := shared.admin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := at.client("", "").WithToken(eupay.Secret(token)).Admin.EnableGateway(ctx, login.MerchantID, eupay.GatewayParams{Enabled: true}); err != nil {
		t.Fatal(err)
	}
	key, err := at.client("", "").WithToken(login.Token).APIKeys.Create(ctx, eupay.APIKeyParams{Name: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	client := at.client(key.APIKey, key.APISecret)
	endpoint, err := client.WebhookEndpoints.Create(ctx, eupay.EndpointParams{URL: shop.url + "/hooks"})
	if err != nil {
		t.Fatal(err)
	}
	shop.secret = string(endpoint.Secret)

	params := eupay.PaymentParams{
		Amount: 2999, Description: "Order #1042", Reference: "ORDER-1042", SuccessURL: shop.url + "/success", CancelURL: shop.url + "/cancel",
		Metadata: eupay.Metadata{"cart": "c-1"},
	}
	made, err := client.Payments.Create(ctx, params)
	if err != nil || made.Status != eupay.PaymentPendingSCA || made.PaymentURL == "" || made.QRData == nil || made.Replayed {
		t.Fatalf("%+v, %v", made, err)
	}
	if again, err := client.Payments.Create(ctx, params); err != nil || !again.Replayed || again.Reference != made.Reference {
		t.Errorf("the same reference: %+v, %v", again, err)
	}
	if picture, err := client.Payments.QRImage(ctx, made.Reference, eupay.QRImageParams{}); err != nil || picture.ContentType != "image/png" || len(picture.Data) < 100 {
		t.Errorf("the code: %+v, %v", picture, err)
	}
	shared.bank().authorise(t, made.Reference, object{})
	hook := shop.next(t, "payment.completed", made.Reference)
	if event, err := webhook.Parse(hook.raw); err != nil || event.Data.(*webhook.Payment).Amount != 2999 || event.Data.(*webhook.Payment).Metadata["cart"] != "c-1" {
		t.Errorf("%s: %v", hook.raw, err)
	}
	if now, err := client.Payments.Get(ctx, made.Reference); err != nil || now.Status != eupay.PaymentCompleted || now.MerchantReference != "ORDER-1042" || now.CompletedAt.IsZero() {
		t.Errorf("%+v, %v", now, err)
	}
	if public, err := client.Payments.Status(ctx, made.Reference); err != nil || public.Status != eupay.PaymentCompleted {
		t.Errorf("%+v, %v", public, err)
	}
	refund, err := client.Refunds.Create(ctx, made.Reference, eupay.RefundParams{Amount: 1000})
	if err != nil || refund.OriginalReference != made.Reference || refund.Amount != 1000 {
		t.Fatalf("%+v, %v", refund, err)
	}
	if list, err := client.Refunds.List(ctx, made.Reference); err != nil || len(list) != 1 || list[0].Reference != refund.Reference {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := client.Refunds.Create(ctx, made.Reference, eupay.RefundParams{Amount: 2500}); !errors.Is(err, eupay.ErrRefundExceedsPayment) {
		t.Errorf("too much: %v", err)
	}
}

func TestTheGoClientReadsListsToTheirEnd(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	var made []string
	for range 5 {
		made = append([]string{m.pays(t, nil).Reference}, made...)
	}
	var read []string
	for p, err := range m.client.Payments.All(t.Context(), eupay.PaymentListParams{ListParams: eupay.ListParams{Limit: 2}, Status: eupay.PaymentPendingSCA}) {
		if err != nil {
			t.Fatal(err)
		}
		if len(read) == 1 {
			m.pays(t, nil) // nothing comes twice, nothing is missing
		}
		read = append(read, p.Reference)
	}
	if !slices.Equal(read, made) {
		t.Errorf("read %v\nmade %v", read, made)
	}
	for i := range 5 {
		if _, err := m.office.Tables.Create(t.Context(), eupay.TableParams{Name: fmt.Sprint("Table ", i)}); err != nil {
			t.Fatal(err)
		}
	}
	names := ""
	for table, err := range m.office.Tables.All(t.Context(), eupay.ListParams{Limit: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		names += table.Name[6:]
	}
	if names != "01234" {
		t.Errorf("the tables are %s", names)
	}
}

func TestTheGoClientReturnsTheAPIsErrors(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	var refused *eupay.Error
	if _, err := m.client.Payments.Create(t.Context(), eupay.PaymentParams{Amount: 1_000_001}); !errors.As(err, &refused) || refused.Code != eupay.ErrValidation ||
		refused.Status != http.StatusBadRequest || refused.RequestID == "" || len(refused.Fields) != 2 {
		t.Errorf("%+v", err)
	}
	if _, err := m.client.Payments.Get(t.Context(), "PAY-20260617-0B25921FB72918ED"); !errors.Is(err, eupay.ErrNotFound) {
		t.Errorf("nobody's payment: %v", err)
	}
	if _, err := m.client.Products.List(t.Context(), eupay.ProductListParams{}); !errors.Is(err, eupay.ErrUnauthenticated) {
		t.Errorf("what takes a login: %v", err)
	}
	if _, err := m.portalless().client(m.key.APIKey, "sk_test_wrong").Payments.List(t.Context(), eupay.PaymentListParams{}); !errors.Is(err, eupay.ErrInvalidSecret) {
		t.Errorf("a wrong secret: %v", err)
	}
}

// TestALostAnswerCreatesNoSecondPayment: the answer to the first request never arrives, and the client repeats it.
func TestALostAnswerCreatesNoSecondPayment(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	cut := &lossy{next: behind{m.portalless()}}
	client := eupay.New(m.key.APIKey, m.key.APISecret, eupay.Options{BaseURL: shared.stack.URL(), HTTPClient: &http.Client{Transport: cut}})
	p, err := client.Payments.Create(t.Context(), eupay.PaymentParams{Amount: 2999, Description: "Order", SuccessURL: m.site.url, CancelURL: m.site.url})
	if err != nil || !p.Replayed || cut.sent.Load() != 2 {
		t.Fatalf("%+v, %v after %d requests", p, err, cut.sent.Load())
	}
	list, err := client.Payments.List(t.Context(), eupay.PaymentListParams{})
	if err != nil || len(list.Data) != 1 || list.Data[0].Reference != p.Reference {
		t.Errorf("%+v, %v", list, err)
	}
}

// lossy loses the first answer.
type lossy struct {
	next http.RoundTripper
	sent atomic.Int32
}

// RoundTrip implements http.RoundTripper.
func (l *lossy) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(r)
	if l.sent.Add(1) == 1 && err == nil {
		return nil, errors.Join(errors.New("the cable is cut"), resp.Body.Close())
	}
	return resp, err
}
