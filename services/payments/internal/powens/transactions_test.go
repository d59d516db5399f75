package powens_test

import (
	"testing"
	"time"

	"european-pay.eu/eupay/services/payments/internal/powens"
)

func TestLinesAreReadLeniently(t *testing.T) {
	t.Parallel()
	c := accountsAt(t, "", map[string]string{
		"GET /2.0/users/me/accounts/70/transactions": `{"transactions":[
			{"id":1,"id_account":70,"value":29.99,"date":"2026-06-17","original_wording":"VIR SEPA PAY-1","coming":false,"deleted":null,"last_update":"2026-06-17 14:05:00",
			 "informations":{"b":"second","a":"first"},"counterparty":{"label":"Ada","account_scheme_name":"iban","account_identification":"fr76 3000 6000 0112 3456 7890 189"}},
			{"id":"2","id_account":"70","value":"-10.5000000000","rdate":"2026-06-16","wording":"REFUND","coming":true,"deleted":"2026-06-17 00:00:00","informations":[],"counterparty":"odd"},
			{"id":3,"id_account":70,"value":0,"date":"2026-06-17"},{"id":4,"id_account":70,"value":1.234,"date":"2026-06-17"},{"id":5,"id_account":70,"value":1,"date":"yesterday"},
			{"id":6,"id_account":71,"value":1,"date":"2026-06-17"},{"value":1,"date":"2026-06-17"}],"total":7}`,
	})
	lines, more, err := c.Lines(t.Context(), powens.User{Token: userToken}, "70", time.Now(), 0)
	if err != nil || more || len(lines) != 2 {
		t.Fatalf("%+v %t %v", lines, more, err)
	}
	day := time.Date(2026, 6, 17, 0, 0, 0, 0, time.UTC)
	first := powens.BankLine{
		ID: "1", Cents: 2999, On: day, Updated: time.Date(2026, 6, 17, 12, 5, 0, 0, time.UTC), Text: "VIR SEPA PAY-1\nfirst\nsecond", Payer: "Ada",
		IBAN: "FR7630006000011234567890189",
	}
	if lines[0] != first {
		t.Errorf("%+v", lines[0])
	}
	if l := lines[1]; l.Cents != -1050 || !l.Coming || !l.Deleted || !l.On.Equal(day.AddDate(0, 0, -1)) || l.Text != "REFUND" {
		t.Errorf("%+v", l)
	}
	if _, _, err := c.Lines(t.Context(), powens.User{Token: userToken}, "../1", time.Now(), 0); !powens.IsGone(err) {
		t.Errorf("an id that changes the path: %v", err)
	}
}

func TestAConsentThatHasEndedIsSeen(t *testing.T) {
	t.Parallel()
	c := accountsAt(t, "", map[string]string{
		"GET /2.0/users/me/connections": `{"connections":[{"id":7,"state":null,"expire":"2026-12-14 09:00:00"},{"id":8,"state":"SCARequired"},{"id":9,"state":"websiteUnavailable"}]}`,
	})
	u := powens.User{Token: userToken}
	good, err := c.Connection(t.Context(), u, "7")
	if err != nil || good.NeedsOwner() || !good.Ends.Equal(time.Date(2026, 12, 14, 8, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v, %v", good, err)
	}
	if ended, err := c.Connection(t.Context(), u, "8"); err != nil || !ended.NeedsOwner() {
		t.Errorf("%+v, %v", ended, err)
	}
	if away, err := c.Connection(t.Context(), u, "9"); err != nil || away.NeedsOwner() {
		t.Errorf("%+v, %v", away, err)
	}
	if _, err := c.Connection(t.Context(), u, "10"); !powens.IsGone(err) {
		t.Errorf("no connection: %v", err)
	}
}
