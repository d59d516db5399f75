package e2e

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	eupay "european-pay.eu/eupay/sdk/go"
)

// linked is a merchant who hears of links.
func (w *world) linked(t *testing.T) *merchant {
	t.Helper()
	m := w.newMerchant(t)
	if _, err := m.office.WebhookEndpoints.Update(t.Context(), m.endpoint, eupay.EndpointChange{EventTypes: &[]string{"*"}}); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *merchant) link(t *testing.T, p eupay.PaymentLinkParams) *eupay.PaymentLink {
	t.Helper()
	if p.Description == "" {
		p.Description = "Bicycle"
	}
	l, err := m.client.PaymentLinks.Create(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// opens is a payer at a new address, who begins to pay a link.
func (w *world) opens(t *testing.T, l *eupay.PaymentLink, amount eupay.Amount) (*eupay.LinkPayment, error) {
	t.Helper()
	return w.caller().client("", "").Payers.PayLink(t.Context(), path.Base(l.URL), eupay.LinkPaymentParams{Amount: amount, IdempotencyKey: uuid.NewString()})
}

func (m *merchant) linkIs(t *testing.T, id string, status eupay.PaymentLinkStatus) *eupay.PaymentLink {
	t.Helper()
	var l *eupay.PaymentLink
	eventually(t, "link "+id+" is "+string(status), func() bool {
		var err error
		l, err = m.client.PaymentLinks.Get(t.Context(), id)
		return err == nil && l.Status == status
	})
	return l
}

// linkEvent is the data of an event about a link.
type linkEvent struct {
	ID               string
	Status           string
	PaymentReference string      `json:"payment_reference"`
	PaymentAmount    json.Number `json:"payment_amount"`
}

func (h hook) link(t *testing.T) linkEvent {
	t.Helper()
	var body struct{ Data linkEvent }
	if err := json.Unmarshal(h.raw, &body); err != nil {
		t.Fatal(err)
	}
	return body.Data
}

func TestAPaymentLinkIsPaid(t *testing.T) {
	t.Parallel()
	m := shared.linked(t)
	l := m.link(t, eupay.PaymentLinkParams{
		Amount: 2999, Reference: "LINK-1", SuccessURL: m.site.url + "/thanks", Metadata: eupay.Metadata{"table": "7"}, IdempotencyKey: uuid.NewString(),
	})
	if l.Status != eupay.PaymentLinkActive || l.Reusable || l.MaxUses != 1 || !strings.HasPrefix(l.URL, m.w.stack.URL()+"/l/") {
		t.Fatalf("the link is %+v", l)
	}
	public := m.w.caller().client("", "").Payers
	seen, err := public.OpenLink(t.Context(), path.Base(l.URL))
	if err != nil || seen.MerchantName != m.Name || seen.Amount != 2999 || seen.Description != "Bicycle" || seen.Status != eupay.PaymentLinkActive || seen.Payment != nil {
		t.Errorf("the payer sees %+v, %v", seen, err)
	}
	p, err := m.w.opens(t, l, 0)
	if err != nil || p.PaymentURL == "" || p.Amount != 2999 {
		t.Fatalf("%+v, %v", p, err)
	}
	again, err := m.w.opens(t, l, 2999)
	if err != nil || again.Reference != p.Reference || !again.Replayed {
		t.Errorf("opened again: %+v, %v", again, err)
	}
	m.w.bank().authorise(t, p.Reference, nil)
	event := m.site.next(t, "payment_link.paid", "LINK-1").link(t)
	if event.ID != l.ID || event.Status != "paid" || event.PaymentReference != p.Reference || event.PaymentAmount != "29.99" {
		t.Errorf("the webhook says %+v", event)
	}
	l = m.linkIs(t, l.ID, eupay.PaymentLinkPaid)
	if l.UsesPaid != 1 || l.AmountPaid != 2999 || len(l.History) != 2 || l.History[1].PaymentReference != p.Reference {
		t.Errorf("the link is %+v", l)
	}
	made := m.get(t, p.Reference)
	if made.PaymentLinkID != l.ID || made.MerchantReference != "LINK-1" || made.Description != "Bicycle" || made.SuccessURL != m.site.url+"/thanks" || made.Metadata["table"] != "7" {
		t.Errorf("the payment is %+v", made)
	}
	page, err := m.client.PaymentLinks.Payments(t.Context(), l.ID, eupay.ListParams{})
	if err != nil || len(page.Data) != 1 || page.Data[0].Reference != p.Reference || page.Pagination.Total != 1 {
		t.Errorf("its payments are %+v, %v", page, err)
	}
	if _, err := m.w.opens(t, l, 0); !errors.Is(err, eupay.ErrInvalidState) {
		t.Errorf("paid again: %v", err)
	}
	if seen, err = public.OpenLink(t.Context(), path.Base(l.URL)); err != nil || seen.Status != eupay.PaymentLinkPaid || seen.Payment == nil || seen.Payment.Reference != p.Reference {
		t.Errorf("the payer sees %+v, %v", seen, err)
	}
	// A refund gives the money back and reopens nothing.
	if _, err := m.client.Refunds.Create(t.Context(), p.Reference, eupay.RefundParams{}); err != nil {
		t.Fatal(err)
	}
	if l = m.linkIs(t, l.ID, eupay.PaymentLinkPaid); l.AmountPaid != 2999 {
		t.Errorf("after a refund: %+v", l)
	}
}

func TestAFailedPaymentFreesItsLink(t *testing.T) {
	t.Parallel()
	m := shared.linked(t)
	l := m.link(t, eupay.PaymentLinkParams{MinimumAmount: 500, MaximumAmount: 1000, Reference: "LINK-2"})
	for _, wrong := range []eupay.Amount{0, 499, 1001} {
		if _, err := m.w.opens(t, l, wrong); !errors.Is(err, eupay.ErrValidation) {
			t.Errorf("%d cents: %v", wrong, err)
		}
	}
	p, err := m.w.opens(t, l, 700)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.w.opens(t, l, 800); !errors.Is(err, eupay.ErrInvalidState) {
		t.Errorf("another amount while one is open: %v", err)
	}
	m.w.bank().act(t, "refuse", p.Reference, nil)
	m.site.next(t, "payment.cancelled", p.Reference)
	eventually(t, "the place is free", func() bool {
		now, err := m.client.PaymentLinks.Get(t.Context(), l.ID)
		return err == nil && now.UsesOpen == 0
	})
	second, err := m.w.opens(t, l, 800)
	if err != nil || second.Reference == p.Reference || second.Amount != 800 {
		t.Fatalf("%+v, %v", second, err)
	}
	m.w.bank().authorise(t, second.Reference, nil)
	m.linkIs(t, l.ID, eupay.PaymentLinkPaid)
}

func TestALinkExpiresAndIsRevoked(t *testing.T) {
	t.Parallel()
	m := shared.linked(t)
	short := m.link(t, eupay.PaymentLinkParams{Amount: 100, Reference: "LINK-3", ExpiresAt: time.Now().Add(time.Hour)})
	if _, err := m.client.PaymentLinks.Expire(t.Context(), short.ID, time.Now().Add(-time.Hour)); !errors.Is(err, eupay.ErrValidation) {
		t.Errorf("an expiry in the past: %v", err)
	}
	if l, err := m.client.PaymentLinks.Expire(t.Context(), short.ID, time.Time{}); err != nil || !l.ExpiresAt.IsZero() {
		t.Errorf("never: %+v, %v", l, err)
	}
	if _, err := m.client.PaymentLinks.Expire(t.Context(), short.ID, time.Now().Add(2*time.Second)); err != nil {
		t.Fatal(err)
	}
	if got := m.site.next(t, "payment_link.expired", "LINK-3").link(t); got.ID != short.ID || got.Status != "expired" {
		t.Errorf("the webhook says %+v", got)
	}
	if _, err := m.w.opens(t, short, 0); !errors.Is(err, eupay.ErrInvalidState) {
		t.Errorf("expired: %v", err)
	}
	// One that a payer has open when it is revoked is paid all the same.
	l := m.link(t, eupay.PaymentLinkParams{Amount: 100, Reference: "LINK-4"})
	p, err := m.w.opens(t, l, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if after, err := m.client.PaymentLinks.Revoke(t.Context(), l.ID); err != nil || after.Status != eupay.PaymentLinkRevoked {
			t.Fatalf("%+v, %v", after, err)
		}
	}
	m.site.next(t, "payment_link.revoked", "LINK-4")
	m.w.bank().authorise(t, p.Reference, nil)
	if got := m.site.next(t, "payment_link.paid", "LINK-4").link(t); got.Status != "paid" || got.PaymentReference != p.Reference {
		t.Errorf("the webhook says %+v", got)
	}
	if _, err := m.client.PaymentLinks.QRImage(t.Context(), l.ID, eupay.QRImageParams{}); !errors.Is(err, eupay.ErrInvalidState) {
		t.Errorf("the code of a link that has ended: %v", err)
	}
}

func TestAStockIsSoldOnce(t *testing.T) {
	t.Parallel()
	m := shared.linked(t)
	const stock, payers = 3, 12
	l := m.link(t, eupay.PaymentLinkParams{Amount: 100, Reusable: true, MaxUses: stock, Reference: "LINK-5"})
	var made, refused atomic.Int64
	var references sync.Map
	var racing sync.WaitGroup
	for range payers {
		racing.Go(func() {
			switch p, err := m.w.opens(t, l, 0); {
			case err == nil:
				made.Add(1)
				references.Store(p.Reference, true)
			case errors.Is(err, eupay.ErrInvalidState):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	racing.Wait()
	if made.Load() != stock || refused.Load() != payers-stock {
		t.Fatalf("%d made, %d refused", made.Load(), refused.Load())
	}
	if seen, err := m.w.caller().client("", "").Payers.OpenLink(t.Context(), path.Base(l.URL)); err != nil || seen.Status != "taken" {
		t.Errorf("the payer sees %+v, %v", seen, err)
	}
	references.Range(func(reference, _ any) bool {
		m.w.bank().authorise(t, reference.(string), nil)
		return true
	})
	if l = m.linkIs(t, l.ID, eupay.PaymentLinkPaid); l.UsesPaid != stock || l.AmountPaid != stock*100 {
		t.Errorf("the link is %+v", l)
	}
}

func TestALinkIsItsMerchantsAlone(t *testing.T) {
	t.Parallel()
	m, other := shared.newMerchant(t), shared.newMerchant(t)
	l := m.link(t, eupay.PaymentLinkParams{Amount: 100})
	links := other.client.PaymentLinks
	_, got := links.Get(t.Context(), l.ID)
	_, expired := links.Expire(t.Context(), l.ID, time.Now().Add(time.Hour))
	_, revoked := links.Revoke(t.Context(), l.ID)
	_, paid := links.Payments(t.Context(), l.ID, eupay.ListParams{})
	_, drawn := links.QRImage(t.Context(), l.ID, eupay.QRImageParams{})
	for what, err := range map[string]error{"get": got, "expire": expired, "revoke": revoked, "payments": paid, "draw": drawn} {
		if !errors.Is(err, eupay.ErrNotFound) {
			t.Errorf("%s another merchant's link: %v", what, err)
		}
	}
	if page, err := links.List(t.Context(), eupay.PaymentLinkListParams{}); err != nil || len(page.Data) != 0 {
		t.Errorf("another merchant's list: %+v, %v", page, err)
	}
	if picture, err := m.client.PaymentLinks.QRImage(t.Context(), l.ID, eupay.QRImageParams{}); err != nil || len(picture.Data) == 0 {
		t.Errorf("the own code: %v", err)
	}
	// Guesses are limited by address.
	guesser := m.w.caller().client("", "").Payers
	var last error
	for range 70 {
		if _, last = guesser.OpenLink(t.Context(), "1111111111"); !errors.Is(last, eupay.ErrNotFound) {
			break
		}
	}
	var limited *eupay.Error
	if !errors.As(last, &limited) || limited.Status != http.StatusTooManyRequests {
		t.Errorf("seventy guesses: %v", last)
	}
}

// hosted is a link that the bank connection hosts.
func (m *merchant) hosted(t *testing.T, reference string) *eupay.PaymentLink {
	t.Helper()
	return m.link(t, eupay.PaymentLinkParams{
		Amount: 4200, Reference: reference, Host: "powens", Customer: &eupay.Payer{FirstName: "Ada", LastName: "Payer"}, IdempotencyKey: uuid.NewString(),
	})
}

// paysHosted is a payer at the page of the bank connection.
func (m *merchant) paysHosted(t *testing.T, l *eupay.PaymentLink) {
	t.Helper()
	resp, err := m.w.client.Post(l.URL, "application/x-www-form-urlencoded", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	to, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || to.Query().Get("payment_id") == "" {
		t.Fatalf("the page leads to %q, %v", resp.Header.Get("Location"), err)
	}
	m.w.bank().do(t, http.MethodPost, "/payments/"+to.Query().Get("payment_id")+"/authorise", "{}", nil)
}

func TestAHostedLinkIsPaidAndRefunded(t *testing.T) {
	t.Parallel()
	m := shared.linked(t)
	l := m.hosted(t, "HOSTED-1")
	if l.URL == "" || l.Host != "powens" || strings.Contains(l.URL, "/l/") {
		t.Fatalf("the link is %+v", l)
	}
	m.paysHosted(t, l)
	event := m.site.next(t, "payment_link.paid", "HOSTED-1").link(t)
	p := m.get(t, event.PaymentReference)
	if event.ID != l.ID || p.Status != eupay.PaymentCompleted || p.PaymentLinkID != l.ID || p.Amount != 4200 || p.MerchantReference != "HOSTED-1" {
		t.Errorf("the webhook says %+v, the payment is %+v", event, p)
	}
	if n := len(m.w.bank().orders(t, p.Reference)); n != 1 {
		t.Errorf("the bank has %d payments", n)
	}
	if _, err := m.client.Refunds.Create(t.Context(), p.Reference, eupay.RefundParams{Amount: 1000}); err != nil {
		t.Errorf("its refund: %v", err)
	}
	open := m.hosted(t, "HOSTED-2")
	if _, err := m.client.PaymentLinks.Revoke(t.Context(), open.ID); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the bank connection has revoked it", func() bool {
		now, err := m.client.PaymentLinks.Get(t.Context(), open.ID)
		return err == nil && now.Status == eupay.PaymentLinkRevoked && now.StatusDetail == ""
	})
	for what, wrong := range map[string]eupay.PaymentLinkParams{
		"an open amount": {Description: "x", Host: "powens"}, "many uses": {Description: "x", Amount: 100, Reusable: true, Host: "powens"}, "another host": {Description: "x", Amount: 100, Host: "paypal"},
	} {
		if _, err := m.client.PaymentLinks.Create(t.Context(), wrong); !errors.Is(err, eupay.ErrValidation) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestFaultALostHostedLinkIsFound: the bank connection makes the link, and its answer is lost; later it does not revoke. It runs alone, because
// the faults would hit others.
func TestFaultALostHostedLinkIsFound(t *testing.T) {
	m := shared.linked(t)
	fault := func(kind, operation string, times int) {
		m.w.bank().do(t, http.MethodPost, "/faults", object{"kind": kind, "operation": operation, "times": times}.json(), nil)
	}
	fault("lost-answer", "createlink", 1)
	l := m.hosted(t, "HOSTED-3")
	eventually(t, "the link has its address", func() bool {
		now, err := m.client.PaymentLinks.Get(t.Context(), l.ID)
		l = now
		return err == nil && now.URL != ""
	})
	fault("error", "revokelink", 5)
	m.paysHosted(t, l)
	if _, err := m.client.PaymentLinks.Revoke(t.Context(), l.ID); err != nil {
		t.Fatal(err)
	}
	// The payer was faster than the revocation: the money came, and counts.
	if event := m.site.next(t, "payment_link.paid", "HOSTED-3").link(t); event.ID != l.ID {
		t.Errorf("the webhook says %+v", event)
	}
	if now := m.linkIs(t, l.ID, eupay.PaymentLinkPaid); now.UsesPaid != 1 {
		t.Errorf("the link is %+v", now)
	}
}
