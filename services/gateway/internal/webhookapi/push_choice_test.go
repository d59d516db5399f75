package webhookapi

import (
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/errs"
)

// types are the kinds of event in an answer about a subscription.
func types(answer map[string]any) string {
	var names []string
	list, _ := answer["event_types"].([]any)
	for _, name := range list {
		text, _ := name.(string)
		names = append(names, text)
	}
	return strings.Join(names, " ")
}

func TestWhatABrowserIsToldOfIsChosenAndChanged(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.Register(t, "owner@example.com")
	made := f.Must(t, owner, "POST", "/push/subscriptions", fromToJSON+`,"event_types":["payment.failed"],"language":"fr"}`)
	if types(made.JSON) != "payment.failed" || made.Str("language") != "fr" {
		t.Errorf("made %s", made.Text)
	}
	path := "/push/subscriptions/" + made.Str("id")
	if r := f.Must(t, owner, "PATCH", path, `{"event_types":["payment.completed","invoice.rejected"]}`); types(r.JSON) != "payment.completed invoice.rejected" || r.Str("language") != "fr" {
		t.Errorf("kinds: %s", r.Text)
	}
	if r := f.Must(t, owner, "PATCH", path, `{"language":"en"}`); types(r.JSON) != "payment.completed invoice.rejected" || r.Str("language") != "en" {
		t.Errorf("language: %s", r.Text)
	}
	for body, field := range map[string]string{`{"event_types":[]}`: "event_types", `{"language":""}`: "language", `{"livemode":true}`: "livemode", `{}`: "body"} {
		if r := f.Refused(t, errs.ValidationError, owner, "PATCH", path, body); r.Fields() != field {
			t.Errorf("%s: %q is refused", body, r.Fields())
		}
	}
	if row := f.Must(t, owner, "GET", "/push/subscriptions", "").Rows()[0]; types(row) != "payment.completed invoice.rejected" {
		t.Errorf("in the end %v", row)
	}
}

func TestBrowsersAreInTheAuditLog(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.Register(t, "owner@example.com")
	id := f.Must(t, owner, "POST", "/push/subscriptions", fromToJSON+`,"description":"Till"}`).Str("id")
	f.Must(t, owner, "PATCH", "/push/subscriptions/"+id, `{"event_types":["payment.failed"]}`)
	f.Must(t, owner, "DELETE", "/push/subscriptions/"+id, "")
	// What was refused is not noted.
	f.Refused(t, errs.NotFoundCode, owner, "DELETE", "/push/subscriptions/"+id, "")
	f.Refused(t, errs.NotFoundCode, owner, "PATCH", "/push/subscriptions/"+id, `{"language":"fr"}`)
	f.Refused(t, errs.ValidationError, owner, "POST", "/push/subscriptions", `{"endpoint":"http://push.example",`+pushKeys+`}`)
	got := f.Rows(t, `select concat_ws(' ', action, detail->>'subscription', detail->>'description', detail->>'event_types', merchant_id is not null)
		from audit_log where action like 'push.%' order by id`)
	want := []string{
		"push.subscribed " + id + ` Till ["payment.completed"] t`, "push.updated " + id + ` Till ["payment.failed"] t`, "push.unsubscribed " + id + " t",
	}
	if !slices.Equal(got, want) {
		t.Errorf("noted %q, want %q", got, want)
	}
	if n := f.Rows(t, `select detail::text from audit_log where action like 'push.%' and detail::text similar to '%(secret|p256dh|auth)%'`); len(n) != 0 {
		t.Errorf("the log shows how to send to a browser: %v", n)
	}
}
