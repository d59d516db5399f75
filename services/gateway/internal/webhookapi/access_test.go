package webhookapi

import (
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/directory"
	"european-pay.eu/eupay/services/gateway/internal/portaltest"
)

// matrix lists every endpoint that requires a login and who is admitted.
var matrix = []portaltest.Row{
	{"GET", "/webhook-endpoints", "", "merchant staff accountant"},
	{"POST", "/webhook-endpoints", `{}`, "merchant"},
	{"GET", "/webhook-endpoints/" + nobody, "", "merchant staff accountant"},
	{"PATCH", "/webhook-endpoints/" + nobody, `{}`, "merchant"},
	{"DELETE", "/webhook-endpoints/" + nobody, "", "merchant"},
	{"POST", "/webhook-endpoints/" + nobody + "/rotate-secret", "", "merchant"},
	{"POST", "/webhook-endpoints/" + nobody + "/promote-secret", "", "merchant"},
	{"POST", "/webhook-endpoints/" + nobody + "/backfill", `{"since":"2026-06-17T12:00:00Z","dry_run":true}`, "merchant"},
	{"GET", "/events", "", "merchant staff accountant"},
	{"GET", "/events/types", "", "merchant staff accountant"},
	{"GET", "/events/" + nobody, "", "merchant staff accountant"},
	{"POST", "/webhook-endpoints/" + nobody + "/test", "", "merchant"},
	{"POST", "/webhook-endpoints/" + nobody + "/recover", `{"since":"2026-06-17T12:00:00Z"}`, "merchant"},
	{"GET", "/webhook-endpoints/" + nobody + "/attempts", "", "merchant staff accountant"},
	{"GET", "/webhook-deliveries", "", "merchant staff accountant"},
	{"POST", "/webhook-deliveries/resend", `{"reference":"PAY-1"}`, "merchant"},
	{"POST", "/webhook-deliveries/" + nobody + "/resend", "", "merchant"},
	{"GET", "/webhook-deliveries/" + nobody, "", "merchant staff accountant"},
	{"GET", "/push/key", "", "merchant staff accountant"},
	{"GET", "/push/subscriptions", "", "merchant staff accountant"},
	{"POST", "/push/subscriptions", `{}`, "merchant staff accountant"},
	{"PATCH", "/push/subscriptions/" + nobody, `{"language":"fr"}`, "merchant staff accountant"},
	{"DELETE", "/push/subscriptions/" + nobody, "", "merchant staff accountant"},
	{"POST", "/push/subscriptions/" + nobody + "/test", "", "merchant staff accountant"},
	{"GET", "/webhook-listener", "", "merchant staff accountant"},
	{"GET", "/webhook-listener/events", "", "merchant staff accountant"},
}

func TestRoleMatrix(t *testing.T) {
	t.Parallel()
	setup(t).CheckRoles(t, matrix)
}

// Every route is in the matrix; those of logins, merchants and admins are in another.
func TestMatrixIsComplete(t *testing.T) {
	t.Parallel()
	setup(t).CheckComplete(t, matrix, nil, "/auth/", "/customer/", "/merchant", "/admin/")
}

func TestANewSecretRequiresAFreshProofOfALogin(t *testing.T) {
	t.Parallel()
	f := setup(t, func(d *directory.Deps) { d.StepUp = true })
	owner := f.Register(t, "owner@example.com")
	key := f.APIKey(t, owner, "false", bothScopes) // the login itself is a proof
	f.Clock.Advance(5 * time.Minute)
	path := "/webhook-endpoints/" + nobody + "/rotate-secret"
	if r := f.Refused(t, errs.StepUpRequired, owner, "POST", path, ""); !strings.Contains(r.Text, "your password to POST /auth/step-up") {
		t.Errorf("the answer does not say what to do: %s", r.Text)
	}
	f.Must(t, key, "GET", "/webhook-endpoints", "")
	f.Refused(t, errs.NotFoundCode, key, "POST", path, "")
	f.Must(t, owner, "POST", "/auth/step-up", `{"password":"`+portaltest.Password+`"}`)
	f.Refused(t, errs.NotFoundCode, owner, "POST", path, "")
}

func TestRefusedBodies(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.Register(t, "owner@example.com")
	for _, c := range []struct {
		method, path, body, fields string
	}{
		{"POST", "/webhook-endpoints", `{}`, "url"},
		{"POST", "/webhook-endpoints", `{"url":"ftp://example.com"}`, "url"},
		{"POST", "/webhook-endpoints", `{"url":"https://example.com","secret":"mine"}`, "secret"},
		{"POST", "/webhook-endpoints?livemode=true", `{"url":"https://example.com","livemode":false}`, "livemode"},
		{"PATCH", "/webhook-endpoints/x", `{"livemode":true}`, "body"},
		{"POST", "/webhook-endpoints/x/rotate-secret", `{"overlap_seconds":604801}`, "overlap_seconds"},
		{"GET", "/webhook-endpoints?livemode=yes", "", "livemode"},
		{"GET", "/webhook-deliveries?status=a%00b&reference=%FF&event_type=" + strings.Repeat("x", 201), "", "reference status"},
		{"GET", "/webhook-deliveries?event_type=" + strings.Repeat("x", 201), "", "event_type"},
	} {
		if r := f.Refused(t, errs.ValidationError, owner, c.method, c.path, c.body); r.Fields() != c.fields {
			t.Errorf("%s %s %s refuses %q, want %q", c.method, c.path, c.body, r.Fields(), c.fields)
		}
	}
}
