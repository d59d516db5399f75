package bank

import (
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
	"time"
)

func (a answer) ids(t *testing.T) string {
	t.Helper()
	list, ok := a.path("payments").([]any)
	if !ok {
		t.Fatalf("%d %s", a.status, a.text)
	}
	ids := ""
	for _, p := range list {
		ids += p.(map[string]any)["id"].(json.Number).String()
	}
	return ids
}

// TestList has payments 1 to 5, made a day apart.
func TestList(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) { c.FirstID = 1 })
	day := func(n int) string { return time.Date(2026, 7, n, 0, 0, 0, 0, paris).Format(time.DateOnly) }
	make := func(c change) int64 {
		r.token = r.tokenFor("payments:admin")
		id := r.create(c).id()
		r.clock.Add(24 * time.Hour)
		return id
	}
	make(change{"reference_id": "A", "amount": 30})
	r.must(r.b.Authorise(make(change{"reference_id": "B", "amount": 20})))
	r.must(r.b.Settle(make(change{"reference_id": "A", "amount": 10, "execution_date_type": "first_open_day"}), StateRejected, "invalidLabel"))
	r.must(r.b.AuthoriseWith(make(change{"reference_id": "C", "amount": 40, "/payer": account1()}), Choice{Connector: "shrug"}))
	other := "DE89370400440532013000"
	make(change{"reference_id": "D", "amount": 5, "beneficiary": account1(change{"identification": other})})
	r.token = r.tokenFor("payments:admin")
	for query, want := range map[string]string{
		"":                                     "12345",
		"reference_id=A":                       "13",
		"reference_id=none":                    "",
		"reference_id=A&state=created":         "1",
		"state=done":                           "2",
		"state=accepted":                       "4",
		"error_code=invalidLabel":              "3",
		"connector_uuid=" + Shrug:              "4",
		"connector_uuid=null":                  "15",
		"id_connector=41":                      "4",
		"id_connector=null":                    "15",
		"payer_identification=" + testIBAN:     "4",
		"beneficiary_identification=" + other:  "5",
		"execution_date_type=first_open_day":   "3",
		"limit=2":                              "12",
		"limit=2&offset=1":                     "23",
		"offset=4":                             "5",
		"offset=9":                             "",
		"reverse=true":                         "54321",
		"reverse=false":                        "12345",
		"order_by=amount":                      "53214",
		"order_by=amount&reverse=true&limit=1": "4",
		"order_by=state":                       "41523",
		"min_date=" + day(3):                   "345",
		"max_date=" + day(3):                   "12",
		"min_date=" + day(2) + "&max_date=" + day(4): "23",
		"max_date=2026-07-03+12:00:00":               "12",
		"min_date=2026-07-03+12:00:00":               "345",
		"min_date=2026-07":                           "12345",
		"max_date=2026":                              "",
		"filter=validate_date&min_date=" + day(4):    "4",
		"filter=validate_date":                       "24",
		"bank_payment_id=7":                          "", // no payment has one
		"website=w":                                  "",
		"id_connector_source=1":                      "",
		"website=null":                               "12345",
	} {
		a := r.call("GET", "/2.0/payments?"+query, nil)
		if got := a.ids(t); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	for _, query := range []string{"limit=x", "limit=-1", "offset=x", "order_by=colour", "filter=x", "min_date=yesterday"} {
		if a := r.call("GET", "/2.0/payments?"+query, nil); a.status != 400 || a.path("code") != "invalidValue" {
			t.Errorf("%s: %d", query, a.status)
		}
	}
	r.want(r.call("GET", "/2.0/payments?limit=1", nil), map[string]any{"total": 5})
}

func TestPageIsBounded(t *testing.T) {
	t.Parallel()
	found := make([]*record, 1500)
	for _, text := range []string{"", "5000"} {
		q := url.Values{}
		if text != "" {
			q.Set("limit", text)
		}
		if page, err := paginate(found, q); err != nil || len(page) != 1000 {
			t.Errorf("limit %q: %d %v", text, len(page), err)
		}
	}
}

func TestConnectors(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.callAs("", "GET", "/2.0/connectors", nil) // public
	list := a.path("connectors").([]any)
	if fmt.Sprint(a.path("total")) != fmt.Sprint(len(list)) || len(list) != len(connectors) {
		t.Errorf("%d of %v", len(list), a.path("total"))
	}
	instant := r.create().id()
	if got := r.call("GET", fmt.Sprintf("/2.0/connectors?id_payment=%d", instant), nil); len(got.path("connectors").([]any)) != len(list)-1 {
		t.Errorf("banks for an instant payment: %s", got.text)
	}
	r.want(r.callAs("", "GET", "/2.0/connectors/"+TestConnector, nil), map[string]any{
		"uuid": TestConnector, "slug": "EXA",
		"name": "Connecteur de test", "payment_settings.cancellation_available": true, "payment_settings.maximum_number_of_instructions": 10,
	})
	r.want(r.callAs("", "GET", "/2.0/connectors/"+NoWayBack, nil), map[string]any{
		"payment_settings.cancellation_available":  false,
		"payment_settings.partial_status_tracking": []any{},
	})
	r.want(r.callAs("", "GET", "/2.0/connectors/"+Shrug, nil), map[string]any{"payment_settings.partial_status_tracking.1": "instant"})
	if a := r.call("GET", "/2.0/connectors/none", nil); a.status != 404 {
		t.Error(a.status)
	}
	if a := r.call("GET", "/2.0/connectors?country_codes=DE,XX", nil); len(a.path("connectors").([]any)) != 1 {
		t.Error(a.text)
	}
	if a := r.call("GET", "/2.0/connectors?country_codes=XX", nil); len(a.path("connectors").([]any)) != 0 {
		t.Error(a.text)
	}
}
