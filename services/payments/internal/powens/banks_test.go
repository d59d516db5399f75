package powens_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"european-pay.eu/eupay/services/payments/internal/powens"
)

func TestTheSandboxListsItsBanks(t *testing.T) {
	t.Parallel()
	_, c := sandbox(t)
	found := make(map[string]powens.Bank)
	for _, country := range []string{"FR", "BE"} {
		banks, err := c.Banks(t.Context(), country)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range banks {
			found[country+" "+b.Name] = b
		}
	}
	snail, nowhere := found["FR Snail Savings (Sandbox)"], found["BE Bank of Nowhere (Sandbox)"]
	if slices.Contains(snail.Kinds, powens.Instant) || snail.Minimum["deferred"] != 1 || !snail.Cancellable || snail.Unstable {
		t.Errorf("the snail: %+v", snail)
	}
	if nowhere.ID == "" || len(nowhere.Frequencies) == 0 || len(nowhere.Partial) > 0 || found["BE Snail Savings (Sandbox)"].ID != "" {
		t.Errorf("%d banks, nowhere: %+v", len(found), nowhere)
	}
	resp, err := http.Get(nowhere.LogoURL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "image/webp" {
		t.Errorf("the picture: %s %v", resp.Status, resp.Header)
	}
}

func TestAPaymentOpensAtItsBank(t *testing.T) {
	t.Parallel()
	_, c := sandbox(t)
	r := request("PAY-BANK", powens.Instant)
	r.BankID = "5a0d0b01-0001-5b0c-8000-000000000001"
	p, err := c.CreatePayment(t.Context(), r)
	if err != nil || p.BankID != r.BankID {
		t.Errorf("%+v %v", p, err)
	}
}

// One bank that cannot be read, or that cannot be paid from, must not hide the others.
func TestStrangeBanksAreLeftOut(t *testing.T) {
	t.Parallel()
	const settings = `"payment_settings":{"beneficiary_types":["iban"],"execution_date_types":["instant"],"maximum_amount":null,"minimum_amount":{"instant":"x","deferred":12.5},"minimum_date_delta_days":"1.0","maximum_date_delta_days":null}`
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"access_token":"t","token":"t","expires_in":600,"connectors":[
			{"uuid":"5A0D0B01-0001-5B0C-8000-000000000001","name":"Good","products":["bank","pay"],"hidden":null,` + settings + `},
			{"uuid":"../../etc","name":"Path","products":["pay"],` + settings + `},
			{"uuid":"5a0d0b01-0002-5b0c-8000-000000000001","name":"Reads only","products":["bank"],` + settings + `},
			{"uuid":"5a0d0b01-0003-5b0c-8000-000000000001","name":"Hidden","hidden":true,"products":["pay"],` + settings + `},
			{"uuid":"5a0d0b01-0004-5b0c-8000-000000000001","name":"UK","products":["pay"],"payment_settings":{"beneficiary_types":["sort_code_account_number"]}},
			{"uuid":"5a0d0b01-0005-5b0c-8000-000000000001","name":"None","products":["pay"],"payment_settings":null},
			{"uuid":"5a0d0b01-0006-5b0c-8000-000000000001","name":["?"],"products":"pay"}, 7]}`))
	}))
	t.Cleanup(srv.Close)
	banks, err := clientOf(t, srv.URL).Banks(t.Context(), "FR")
	if err != nil || len(banks) != 1 || banks[0].ID != "5a0d0b01-0001-5b0c-8000-000000000001" {
		t.Fatalf("%+v %v", banks, err)
	}
	if b := banks[0]; b.EarliestDays != 1 || b.LatestDays != 0 || b.Minimum["deferred"] != 1250 || b.Minimum["instant"] != 0 {
		t.Errorf("%+v", b)
	}
}

func clientOf(t *testing.T, base string) *powens.Client {
	t.Helper()
	c := powens.New(powens.Config{
		BaseURL: base, LinksURL: base, ClientID: "client", ClientSecret: "secret", RedirectURI: "https://eupay.example/return", CallTimeout: 5 * time.Second,
	}, time.Now, slog.New(slog.DiscardHandler))
	t.Cleanup(c.Close)
	return c
}
