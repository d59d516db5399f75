package powens_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"european-pay.eu/eupay/sandbox/bank"
	"european-pay.eu/eupay/services/payments/internal/powens"
)

// The client against the sandbox bank, over real HTTP: each must accept what the other sends.
func sandbox(t *testing.T, change ...func(*bank.Config)) (*bank.Bank, *powens.Client) {
	t.Helper()
	cfg := bank.Config{ClientID: "client", ClientSecret: "secret", Log: slog.New(slog.DiscardHandler)}
	var handler http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(srv.Close)
	cfg.BaseURL = srv.URL
	for _, c := range change {
		c(&cfg)
	}
	b, err := bank.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	handler = b.Handler()
	client := powens.New(powens.Config{
		BaseURL: srv.URL, ClientID: "client", ClientSecret: "secret", LinksURL: srv.URL, RedirectURI: "https://eupay.example/return", CallTimeout: 5 * time.Second,
	}, time.Now, slog.New(slog.DiscardHandler))
	t.Cleanup(client.Close)
	return b, client
}

func request(reference, executionType string) powens.CreateRequest {
	return powens.CreateRequest{
		ReferenceID: reference, State: reference, Amount: 2999, Currency: "EUR", Label: "Order 1042", ExecutionType: executionType,
		Beneficiary:         powens.Account{IBAN: "FR1420041010050500013M02606", Label: "Shop"},
		BeneficiaryIdentity: powens.Identity{Kind: powens.Corporate, OrgName: "Shop", LegalStatus: "SARL", SIREN: "732829320"},
	}
}

func TestTheSandboxTakesEveryKindOfPayment(t *testing.T) {
	t.Parallel()
	_, c := sandbox(t)
	for _, kind := range []string{powens.Instant, powens.FirstOpenDay, powens.Deferred} {
		r := request("PAY-"+kind, kind)
		if kind == powens.Deferred {
			r.ExecutionDate = time.Now().AddDate(0, 0, 7).UTC().Format(time.DateOnly)
		}
		p, err := c.CreatePayment(t.Context(), r)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if p.State != powens.Created || p.Amount != 2999 || p.Currency != "EUR" || p.ReferenceID != r.ReferenceID || p.ID == "" {
			t.Errorf("%s: got %+v", kind, p)
		}
		if url, err := c.PaymentURL(t.Context(), p.ID, r.State); err != nil || url == "" {
			t.Errorf("%s: URL %q, %v", kind, url, err)
		}
	}
}

func TestAPaymentIsReadAndFoundByItsReference(t *testing.T) {
	t.Parallel()
	b, c := sandbox(t)
	made, err := c.CreatePayment(t.Context(), request("PAY-1", powens.Instant))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreatePayment(t.Context(), request("PAY-10", powens.Instant)); err != nil {
		t.Fatal(err)
	}
	found, err := c.FindByReference(t.Context(), "PAY-1")
	if err != nil || len(found) != 1 || found[0].ID != made.ID {
		t.Errorf("found %+v, %v", found, err)
	}
	known := b.ByReference("PAY-1")
	if len(known) != 1 {
		t.Fatalf("the bank has %d", len(known))
	}
	if err := b.Authorise(known[0].ID); err != nil {
		t.Fatal(err)
	}
	got, err := c.GetPayment(t.Context(), made.ID)
	if err != nil || got.State != powens.Done || got.Payer == nil || got.Payer.IBAN == "" {
		t.Errorf("after the payer said yes: %+v, %v", got, err)
	}
}

func TestTheSandboxRefusesWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, c := sandbox(t)
	wrong := request("PAY-1", powens.Instant)
	wrong.Beneficiary.IBAN = "FR1420041010050500013M02607"
	if _, err := c.CreatePayment(t.Context(), wrong); !powens.IsRefused(err) || powens.IsAmbiguous(err) {
		t.Errorf("a wrong IBAN: %v", err)
	}
	if _, err := c.GetPayment(t.Context(), "404"); !powens.IsRefused(err) {
		t.Errorf("an unknown payment: %v", err)
	}
}

func TestCancellationAtTheSandbox(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, connector string
		outcome         powens.Outcome
		spelling        string
	}{
		{name: "at once", connector: bank.Nowhere, outcome: powens.Cancelled},
		{name: "the payer approves", connector: bank.AskTwice, outcome: powens.NeedsPayer},
		{name: "the payer approves, older spelling", connector: bank.AskTwice, outcome: powens.NeedsPayer, spelling: "cancelling_webauth"},
		{name: "not supported", connector: bank.NoWayBack, outcome: powens.NotSupported},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b, c := sandbox(t, func(cfg *bank.Config) { cfg.CancellingDetail, cfg.ClassicPhase = tt.spelling, time.Hour })
			r := request("PAY-1", powens.FirstOpenDay)
			r.Label = "pdng/done - Order"
			p, err := c.CreatePayment(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if err := b.AuthoriseWith(b.ByReference("PAY-1")[0].ID, bank.Choice{Connector: tt.connector}); err != nil {
				t.Fatal(err)
			}
			got, err := c.CancelPayment(t.Context(), p.ID, "PAY-1")
			if err != nil || got.Outcome != tt.outcome || (got.URL != "") != (tt.outcome == powens.NeedsPayer) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}
