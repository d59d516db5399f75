package powens_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"european-pay.eu/eupay/sandbox/bank"
	"european-pay.eu/eupay/services/payments/internal/powens"
)

func linkRequest(reference string) powens.LinkRequest {
	r := request(reference, powens.Instant)
	return powens.LinkRequest{
		ReferenceID: reference, Amount: r.Amount, Currency: r.Currency, Label: r.Label, ExecutionType: r.ExecutionType,
		Beneficiary: r.Beneficiary, BeneficiaryIdentity: r.BeneficiaryIdentity,
		PayerIdentity: powens.Identity{Kind: powens.Individual, FirstName: "Ada", LastName: "Payer"},
	}
}

func TestTheSandboxHostsALink(t *testing.T) {
	t.Parallel()
	b, c := sandbox(t, func(cfg *bank.Config) { cfg.RequireIdentities = true })
	r := linkRequest("PAY-LINK-1")
	r.RedirectURI, r.RedirectState = "https://shop.example/thanks", "PAY-LINK-1"
	l, err := c.CreateLink(t.Context(), r)
	if err != nil || l.URL == "" || l.ReferenceID != "PAY-LINK-1" || l.Amount != 2999 || l.LastPaymentID != "" || l.AttemptState != "" || !l.RevokedAt.IsZero() {
		t.Fatalf("%+v, %v", l, err)
	}
	if _, err := c.CreateLink(t.Context(), linkRequest("PAY-LINK-2")); err != nil {
		t.Fatal(err)
	}
	if found, err := c.FindLinks(t.Context(), "PAY-LINK-1"); err != nil || len(found) != 1 || found[0].ID != l.ID {
		t.Errorf("found %+v, %v", found, err)
	}
	if found, err := c.FindLinks(t.Context(), "PAY-LINK-3"); err != nil || len(found) != 0 {
		t.Errorf("found %+v, %v", found, err)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Post(l.URL, "application/x-www-form-urlencoded", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	tried, err := c.GetLink(t.Context(), l.ID)
	if err != nil || tried.LastPaymentID == "" || tried.AttemptState != powens.Created {
		t.Fatalf("%+v, %v", tried, err)
	}
	if p, err := c.GetPayment(t.Context(), tried.LastPaymentID); err != nil || p.ReferenceID != "PAY-LINK-1" || p.Amount != 2999 {
		t.Errorf("its payment: %+v, %v", p, err)
	}
	for range 2 {
		if err := c.RevokeLink(t.Context(), l.ID); err != nil {
			t.Errorf("revoke: %v", err)
		}
	}
	if ended, err := c.GetLink(t.Context(), l.ID); err != nil || ended.RevokedAt.IsZero() {
		t.Errorf("%+v, %v", ended, err)
	}
	if _, err := c.GetLink(t.Context(), "00000000-0000-4000-8000-000000000000"); !powens.IsMissing(err) {
		t.Errorf("an unknown link: %v", err)
	}
	r.Label = ""
	if _, err := c.CreateLink(t.Context(), r); !powens.IsRefused(err) {
		t.Errorf("without a label: %v", err)
	}
	if b.Stats()["createlink"] != 3 {
		t.Errorf("stats %v", b.Stats())
	}
}

// TestALostLinkIsFound: the create is sent once, and what it did is in the list.
func TestALostLinkIsFound(t *testing.T) {
	t.Parallel()
	b, c := sandbox(t)
	if _, err := b.AddFault(bank.Fault{Kind: "lost-answer", Operation: "createlink", Times: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreateLink(t.Context(), linkRequest("PAY-LOST")); !powens.IsAmbiguous(err) {
		t.Fatalf("a lost answer: %v", err)
	}
	if found, err := c.FindLinks(t.Context(), "PAY-LOST"); err != nil || len(found) != 1 || b.Stats()["createlink"] != 1 {
		t.Errorf("found %+v, %v", found, err)
	}
}

func TestStrangeLinksAreNotBelieved(t *testing.T) {
	t.Parallel()
	const id = "00000000-0000-4000-8000-000000000001"
	answer := ""
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/auth/token") {
			_, _ = w.Write([]byte(`{"token":"t"}`))
			return
		}
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(srv.Close)
	client := clientOf(t, srv.URL)
	for _, answer = range []string{`{}`, `{"id":"7"}`, `{"id":"00000000-0000-4000-8000-000000000002"}`, `[]`, `<html>`} {
		if l, err := client.GetLink(t.Context(), id); err == nil {
			t.Errorf("%s is %+v", answer, l)
		}
	}
	for _, answer = range []string{`{}`, `null`, `[{"id":"7"}]`, `<html>`} {
		if found, err := client.FindLinks(t.Context(), "PAY-1"); err == nil {
			t.Errorf("the list %s has %+v", answer, found)
		}
	}
	answer = `{"id":"` + id + `","url":"javascript:alert(1)","last_payment_id":7,"attempt_state":"unavailable","revoked_at":"2026-06-17 14:00:00","amount":"29.9900000000"}`
	l, err := client.GetLink(t.Context(), id)
	if err != nil || l.URL != "" || l.LastPaymentID != "7" || l.AttemptState != "" || l.RevokedAt.UTC().Hour() != 12 || l.Amount != 2999 {
		t.Errorf("%+v, %v", l, err)
	}
}
