package seqino

import (
	"errors"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

var (
	merchant   = platform.Client{Ref: "m-1", Name: "Martin & fils", Email: "compta@martin.example"}
	line       = platform.MandateRequest{Ref: "m-1", SIREN: "732829320", SIRET: "73282932000074", Start: "2026-11-21"}
	noClients  = answering(200, `{"items":[]}`)
	cli1       = `{"id":"cli_1","organization_name":"Martin & fils","contact_email":"compta@martin.example","external_ref":"m-1","status":"active"}`
	newClient  = `{"organization_name":"Martin & fils","contact_email":"compta@martin.example","external_ref":"m-1"}`
	newMandate = `{"start_date":"2026-11-21","directory_entry":{"siren":"732829320","siret":"73282932000074"},"external_ref":"m-1"}`
	second     = strings.Replace(newMandate, `"m-1"`, `"m-1-2"`, 1)
	third      = strings.Replace(newMandate, `"m-1"`, `"m-1-3"`, 1)
)

const (
	findClient = "GET /clients?external_ref=m-1"
	entry      = `"directory_entry":{"siren":"732829320","siret":"73282932000074","suffix":null}`
)

func mandate(id, status string) string {
	return `{"id":"` + id + `","status":"` + status + `","start_date":"2026-11-21","end_date":null,` + entry + `}`
}

func mandates(all ...string) exchange {
	return exchange{want: "GET /mandates", answer: answering(200, `{"items":[`+strings.Join(all, ",")+`]}`)}
}

func TestEnsureClient(t *testing.T) {
	t.Parallel()
	for name, exchanges := range map[string][]exchange{
		"a new one":          {{findClient, "", noClients}, {"POST /clients", newClient, answering(201, cli1)}},
		"no list at all":     {{findClient, "", answering(404, ``)}, {"POST /clients", newClient, answering(201, cli1)}},
		"it is there":        {{findClient, "", answering(200, `{"items":[`+cli1+`]}`)}},
		"it is the answer":   {{findClient, "", answering(200, cli1)}},
		"another's is shown": {{findClient, "", answering(200, `{"items":[{"id":"cli_9","external_ref":"m-9"}]}`)}, {"POST /clients", newClient, answering(201, cli1)}},
		"another was faster": {{findClient, "", noClients}, {"POST /clients", newClient, answering(409, `{"existing_id":"cli_1"}`)}},
		"another was faster, unnamed": {
			{findClient, "", noClients},
			{"POST /clients", newClient, answering(409, conflict)},
			{findClient, "", answering(200, `{"items":[`+cli1+`]}`)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if id, err := talk(t, exchanges...).EnsureClient(t.Context(), merchant); err != nil || id != "cli_1" {
				t.Errorf("got %q, %v", id, err)
			}
		})
	}
}

func TestEnsureClientFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		talk  []exchange
		class Class
	}{
		"the look-up is lost":     {[]exchange{{findClient, "", hangUp}}, Unreachable},
		"the answer is lost":      {[]exchange{{findClient, "", noClients}, {"POST /clients", newClient, hangUp}}, Unreachable},
		"the e-mail is wrong":     {[]exchange{{findClient, "", noClients}, {"POST /clients", newClient, answering(422, `{"error":"e-mail"}`)}}, Refused},
		"no id":                   {[]exchange{{findClient, "", noClients}, {"POST /clients", newClient, answering(201, `{}`)}}, Unexpected},
		"a conflict with nothing": {[]exchange{{findClient, "", noClients}, {"POST /clients", newClient, answering(409, ``)}, {findClient, "", noClients}}, Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id, err := talk(t, tt.talk...).EnsureClient(t.Context(), merchant)
			var e *Error
			if !errors.As(err, &e) || e.Class != tt.class || id != "" {
				t.Errorf("got %q, %v", id, err)
			}
		})
	}
	if _, err := talk(t).EnsureClient(t.Context(), platform.Client{Name: "no ref"}); err == nil {
		t.Error("a client without a ref was made")
	}
}

func TestEnsureMandate(t *testing.T) {
	t.Parallel()
	other := `{"id":"mdt_8","status":"active","directory_entry":{"siren":"732829320"}}`
	create := func(body string, status int, answer string) exchange {
		return exchange{"POST /mandates", body, answering(status, answer)}
	}
	named := func(id string) string { return `{"existing_id":"` + id + `"}` }
	for name, tt := range map[string]struct {
		talk []exchange
		want platform.Mandate
	}{
		"a new one":       {[]exchange{mandates(), create(newMandate, 201, mandate("mdt_1", "processing"))}, platform.Mandate{ID: "mdt_1", Status: platform.MandatePending}},
		"of another line": {[]exchange{mandates(other), create(newMandate, 201, mandate("mdt_1", "active"))}, platform.Mandate{ID: "mdt_1", Status: platform.MandateActive}},
		"it waits":        {[]exchange{mandates(other, mandate("mdt_1", "pending_kyc"))}, platform.Mandate{ID: "mdt_1", Status: platform.MandatePending}},
		"active goes first": {
			[]exchange{mandates(mandate("mdt_1", "created"), mandate("mdt_2", "active"), mandate("mdt_3", "error"), mandate("mdt_4", "created"))},
			platform.Mandate{ID: "mdt_2", Status: platform.MandateActive},
		},
		"only ended ones": {
			[]exchange{mandates(mandate("mdt_1", "expired"), mandate("mdt_2", "error")), create(third, 201, mandate("mdt_3", "created"))},
			platform.Mandate{ID: "mdt_3", Status: platform.MandatePending},
		},
		"another was faster": {
			[]exchange{mandates(), create(newMandate, 409, named("mdt_1")), mandates(mandate("mdt_1", "created"))},
			platform.Mandate{ID: "mdt_1", Status: platform.MandatePending},
		},
		"another was faster, unnamed": {
			[]exchange{mandates(), create(newMandate, 409, ``), mandates(mandate("mdt_1", "created"))},
			platform.Mandate{ID: "mdt_1", Status: platform.MandatePending},
		},
		"the platform writes the line differently": {
			[]exchange{mandates(other), create(newMandate, 409, named("mdt_8")), mandates(other)},
			platform.Mandate{ID: "mdt_8", Status: platform.MandateActive},
		},
		"an ended one that had another line": {
			[]exchange{
				mandates(), create(newMandate, 409, named("mdt_7")), mandates(`{"id":"mdt_7","status":"expired","directory_entry":{}}`),
				create(second, 201, mandate("mdt_9", "created")),
			},
			platform.Mandate{ID: "mdt_9", Status: platform.MandatePending},
		},
		"refused at once": {[]exchange{mandates(), create(newMandate, 201, mandate("mdt_1", "error"))}, platform.Mandate{ID: "mdt_1", Status: platform.MandateFailed}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := talk(t, tt.talk...).EnsureMandate(t.Context(), client1, line); err != nil || got != tt.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestEnsureMandateFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		talk  []exchange
		class Class
	}{
		"no list":            {[]exchange{{"GET /mandates", "", answering(200, `{}`)}}, Unexpected},
		"a list of what":     {[]exchange{{"GET /mandates", "", answering(200, `{"items":[{"id":""}]}`)}}, Unexpected},
		"no such client":     {[]exchange{{"GET /mandates", "", answering(404, ``)}}, NotFound},
		"no id":              {[]exchange{mandates(), {"POST /mandates", newMandate, answering(201, `{"status":"active"}`)}}, Unexpected},
		"a conflict unnamed": {[]exchange{mandates(), {"POST /mandates", newMandate, answering(409, ``)}, mandates()}, Conflict},
		"a conflict unseen":  {[]exchange{mandates(), {"POST /mandates", newMandate, answering(409, `{"existing_id":"x"}`)}, mandates()}, Conflict},
		"the answer is lost": {[]exchange{mandates(), {"POST /mandates", newMandate, hangUp}}, Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := talk(t, tt.talk...).EnsureMandate(t.Context(), client1, line)
			var e *Error
			if !errors.As(err, &e) || e.Class != tt.class || got != (platform.Mandate{}) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestMandate(t *testing.T) {
	t.Parallel()
	words := map[string]platform.MandateStatus{
		"processing": platform.MandatePending, "created": platform.MandatePending, "pending_kyc": platform.MandatePending,
		"active": platform.MandateActive, "expired": platform.MandateExpired, "error": platform.MandateFailed,
		"a new word": platform.MandatePending, "": platform.MandatePending,
	}
	for word, want := range words {
		c := talk(t, mandates(mandate("mdt_0", "active"), mandate("mdt_1", word)))
		if got, err := c.Mandate(t.Context(), client1, "mdt_1"); err != nil || got != (platform.Mandate{ID: "mdt_1", Status: want}) {
			t.Errorf("%q: got %+v, %v", word, got, err)
		}
	}
	if _, err := talk(t, mandates(mandate("mdt_0", "active"))).Mandate(t.Context(), client1, "mdt_1"); !errors.Is(err, platform.ErrNotFound) {
		t.Errorf("a mandate that is not there: %v", err)
	}
}

func TestOnboardingLink(t *testing.T) {
	t.Parallel()
	asked := exchange{want: "POST /clients/onboarding-link", body: `{"include_kyc":true,"include_signature":true}`}
	for body, want := range map[string]platform.Link{
		`{"url":"https://kyc.example/l/1?t=x","expires_at":"2026-11-22T10:00:00+01:00"}`: {
			URL: "https://kyc.example/l/1?t=x", Expires: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC),
		},
		`{"url":"https://kyc.example/l/1"}`:                               {URL: "https://kyc.example/l/1"},
		`{"url":"http://127.0.0.1:4012/kyc/1"}`:                           {URL: "http://127.0.0.1:4012/kyc/1"},
		`{"url":"http://kyc.example/l/1"}`:                                {},
		`{"url":"http://127.0.0.1.evil.example"}`:                         {},
		`{"url":"javascript:alert(1)"}`:                                   {},
		`{"url":"https://user@kyc.example"}`:                              {},
		`{"url":"//kyc.example"}`:                                         {},
		`{"url":""}`:                                                      {},
		`{"url":"https://kyc.example/` + strings.Repeat("a", 2048) + `"}`: {},
	} {
		asked.answer = answering(200, body)
		got, err := talk(t, asked).OnboardingLink(t.Context(), client1)
		if got != want || (err == nil) != (want.URL != "") {
			t.Errorf("%.80s: got %+v, %v", body, got, err)
		}
	}
	live, err := New(Config{BaseURL: "https://pdp.example/api", APIKey: apiKey})
	if err != nil || live.safeLink("http://127.0.0.1/kyc") {
		t.Errorf("a link to this machine from a platform that is elsewhere: %v", err)
	}
}

func TestAClientIDIsOne(t *testing.T) {
	t.Parallel()
	if _, err := talk(t).Mandate(t.Context(), "cli 1", "mdt_1"); err == nil {
		t.Error("sent")
	}
}
