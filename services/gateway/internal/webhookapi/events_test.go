package webhookapi

import (
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
)

func TestEventsAreReadWithoutAnEndpoint(t *testing.T) {
	t.Parallel()
	f, owner, _ := recovery(t)
	r := f.Must(t, owner, "GET", "/events?event_type=payment.completed&reference=PAY-1&merchant_reference=Table%207%2C%20caf%C3%A9&limit=7&starting_after=evt0"+
		"&created_after=2026-06-17T12:00:00Z&created_before=2026-06-17T13:00:00Z", "")
	const shown = `{"id":"evt1","type":"payment.completed","reference":"PAY-1","merchant_reference":"Table 7","sequence":3,"created_at":"2026-06-17T12:00:00.000Z",` +
		`"body":{"event":"payment.completed","timestamp":"2026-06-17T12:00:00Z","sequence":3,"data":{"reference":"PAY-1"}}}`
	if r.Text != `{"data":[`+shown+`],"has_more":true}`+"\n" {
		t.Errorf("listed %s", r.Text)
	}
	q := f.hooks.lastRequest().(*webhooksv1.ListEventsRequest)
	if q.GetEventType() != "payment.completed" || q.GetReference() != "PAY-1" || q.GetMerchantReference() != "Table 7, café" || q.GetLimit() != 7 ||
		q.GetStartingAfter() != "evt0" || !q.GetCreatedAfter().AsTime().Equal(noon) || !q.GetCreatedBefore().AsTime().Equal(noon.Add(time.Hour)) {
		t.Errorf("asked for %v", q)
	}
	if r := f.Must(t, owner, "GET", "/events/evt1", ""); r.Text != shown+"\n" {
		t.Errorf("read %s", r.Text)
	}
	f.Refused(t, errs.NotFoundCode, owner, "GET", "/events/evt2", "")
	f.Refused(t, errs.ValidationError, owner, "GET", "/events?merchant_reference=%00", "")
	types := f.Must(t, owner, "GET", "/events/types", "")
	if len(types.Rows()) < 30 || !strings.Contains(types.Text, `"type":"payment.completed"`) || !strings.Contains(types.Text, `"default":true`) {
		t.Errorf("catalogue %s", types.Text)
	}
}

func TestEventsNeedTheScopeAndTheMode(t *testing.T) {
	t.Parallel()
	f, owner, path := recovery(t)
	reader, writer := f.APIKey(t, owner, "false", `["webhooks:read"]`), f.APIKey(t, owner, "false", `["webhooks:write"]`)
	live := f.APIKey(t, owner, "true", `["webhooks:read"]`)
	for _, at := range []string{"/events", "/events/types", "/events/evt1"} {
		f.Must(t, reader, "GET", at, "")
		f.Refused(t, errs.InsufficientScope, writer, "GET", at, "")
	}
	f.Refused(t, errs.ValidationError, reader, "GET", "/events?livemode=true", "")
	f.Must(t, live, "GET", "/events", "")
	if q := f.hooks.lastRequest().(*webhooksv1.ListEventsRequest); !q.GetLivemode() {
		t.Error("a live key sees test events")
	}
	const dry = `{"since":"2026-06-17T12:00:00Z","dry_run":true}`
	f.Refused(t, errs.InsufficientScope, reader, "POST", path+"/backfill", dry)
	f.Must(t, writer, "POST", path+"/backfill", dry)
	f.Refused(t, errs.NotFoundCode, f.Register(t, "stranger@example.com"), "POST", path+"/backfill", dry)
}

func TestABackfillIsConfirmedByItsToken(t *testing.T) {
	t.Parallel()
	f, owner, path := recovery(t)
	r := f.Must(t, owner, "POST", path+"/backfill", `{"since":"2026-06-17T12:00:00Z","until":"2026-06-17T13:00:00Z","event_types":["payment.completed"],"dry_run":true}`)
	if r.Text != `{"count":7,"more":false,"dry_run":true,"first_at":"2026-06-17T12:00:00.000Z","last_at":"2026-06-17T12:00:00.000Z","token":"t.t"}`+"\n" {
		t.Errorf("dry run %s", r.Text)
	}
	if q := f.hooks.lastRequest().(*webhooksv1.BackfillEndpointRequest); !q.GetDryRun() || !q.GetSince().AsTime().Equal(noon) || len(q.GetEventTypes()) != 1 {
		t.Errorf("asked for %v", q)
	}
	if r := f.Must(t, owner, "POST", path+"/backfill", `{"token":"t.t"}`); r.Text != `{"count":7,"more":false,"dry_run":false,"first_at":null,"last_at":null}`+"\n" {
		t.Errorf("real run %s", r.Text)
	}
	if r := f.Refused(t, errs.ValidationError, owner, "POST", path+"/backfill", `{"token":"t.t","since":"2026-06-17T12:00:00Z"}`); r.Fields() != "token" {
		t.Errorf("refused %s", r.Text)
	}
}

func TestAListOfDeliveriesContinuesAfterTheLast(t *testing.T) {
	t.Parallel()
	f, owner, _ := recovery(t)
	r := f.Must(t, owner, "GET", "/webhook-deliveries?starting_after=d9&event_id=evt1&merchant_reference=caf%C3%A9", "")
	if len(r.Rows()) != 2 || r.JSON["has_more"] != false || r.JSON["pagination"] != nil {
		t.Errorf("listed %s", r.Text)
	}
	if q := f.hooks.lastRequest().(*webhooksv1.ListDeliveriesRequest); q.GetStartingAfter() != "d9" || q.GetEventId() != "evt1" || q.GetMerchantReference() != "café" || q.GetPage() != 0 {
		t.Errorf("asked for %v", q)
	}
	if r := f.Refused(t, errs.ValidationError, owner, "GET", "/webhook-deliveries?starting_after=d9&page=2", ""); r.Fields() != "starting_after" {
		t.Errorf("refused %s", r.Text)
	}
}
