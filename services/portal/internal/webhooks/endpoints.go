package webhooks

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

func isNotFound(err error) bool { return errors.Is(err, eupay.ErrNotFound) }

func isLoggedOut(err error) bool { return errors.Is(err, eupay.ErrUnauthenticated) }

// tick is a type of event with its box.
type tick struct {
	eupay.EventType
	Ticked bool
}

func ticks(types []eupay.EventType, f *web.Form) []tick {
	list := make([]tick, len(types))
	for i, t := range types {
		list[i] = tick{EventType: t, Ticked: slices.Contains(f.Values["event_types"], t.Type)}
	}
	return list
}

func newPage(r *web.Request) error { return showNew(r, http.StatusOK, web.NewForm()) }

func showNew(r *web.Request, status int, f *web.Form) error {
	types, err := r.API.Events.Types(r.Ctx())
	if err != nil {
		return err
	}
	return r.Render(status, "webhooks/new", struct {
		Form  *web.Form
		Types []tick
	}{f, ticks(types, f)})
}

// typed is what the form of an endpoint says.
type typed struct {
	url, description string
	types            []string
	rate             int
}

func read(r *web.Request, f *web.Form) typed {
	v := typed{url: f.Get("url"), description: f.Get("description"), types: []string{}}
	switch f.Get("which") {
	case "all":
		v.types = []string{"*"}
	case "some":
		v.types = append(v.types, f.Values["event_types"]...)
		if len(v.types) == 0 { // to the API none at all would mean the usual ones
			f.Wrong("event_types", r.Text.T("webhooks.types_none"))
		}
	}
	if text := f.Get("rate_limit"); text != "" {
		var err error
		if v.rate, err = strconv.Atoi(text); err != nil || v.rate < 0 {
			f.Wrong("rate_limit", r.Text.T("webhooks.rate_wrong"))
		}
	}
	return v
}

func refused(r *web.Request, f *web.Form, err error) bool {
	if !r.Refused(f, err) {
		return false
	}
	for name, what := range f.Fields {
		if base, _, ok := strings.Cut(name, "["); ok {
			delete(f.Fields, name)
			f.Wrong(base, what)
		}
	}
	return true
}

func create(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	in := read(r, f)
	if f.OK() {
		e, err := r.API.WebhookEndpoints.Create(r.Ctx(), eupay.EndpointParams{URL: in.url, Description: in.description, EventTypes: in.types, RateLimit: in.rate})
		if err == nil {
			return showSecret(r, e)
		}
		if !refused(r, f, err) {
			return err
		}
	}
	return showNew(r, http.StatusUnprocessableEntity, f)
}

// showSecret answers with the secret, this once.
func showSecret(r *web.Request, e *eupay.Endpoint) error {
	r.Uncompressed()
	return r.Render(http.StatusOK, "webhooks/secret", struct {
		*eupay.Endpoint
		Plain    string
		Snippets []snippet
	}{e, string(e.Secret), snippets})
}

// view is what the page of an endpoint shows.
type view struct {
	*eupay.Endpoint
	Form, Rotate, Recover, Backfill, Delete *web.Form
	Types                                   []tick
	Attempts                                []attempt
	Deliveries                              []eupay.Delivery
	// Missed is the answer to a dry run of recovering; nil: none was asked for. Past is that of a backfill.
	Missed *eupay.Redriven
	Past   *eupay.Backfilled
	// Tested is the delivery of a test that was just made.
	Tested *deliveryView
	Sinces []since
}

// since is a choice of how far back to go.
type since struct{ Key, Value string }

func (r *room) sinces() []since {
	now := r.Site.Now().UTC().Truncate(time.Second)
	return []since{
		{"1h", now.Add(-time.Hour).Format(time.RFC3339)},
		{"24h", now.Add(-24 * time.Hour).Format(time.RFC3339)},
		{"7d", now.AddDate(0, 0, -7).Format(time.RFC3339)},
		{"30d", now.AddDate(0, 0, -30).Format(time.RFC3339)},
	}
}

// room is a request about one endpoint.
type room struct {
	*web.Request
	id string
}

func of(r *web.Request) *room { return &room{Request: r, id: r.PathValue("id")} }

func (r *room) path() string { return "/portal/webhooks/endpoints/" + r.id }

func endpoint(r *web.Request) error { return of(r).show(http.StatusOK, view{}) }

// show renders the page of an endpoint; what is nil in v is as it is at first.
func (r *room) show(status int, v view) error {
	var err error
	if v.Endpoint, err = r.API.WebhookEndpoints.Get(r.Ctx(), r.id); err != nil {
		return err
	}
	types, err := r.API.Events.Types(r.Ctx())
	if err != nil {
		return err
	}
	attempts, err := r.API.WebhookEndpoints.Attempts(r.Ctx(), r.id, eupay.AttemptListParams{ListParams: eupay.ListParams{Limit: 10}})
	if err != nil {
		return err
	}
	sent, err := r.API.WebhookDeliveries.List(r.Ctx(), eupay.DeliveryListParams{ListParams: eupay.ListParams{Limit: 10}, EndpointID: r.id})
	if err != nil {
		return err
	}
	v.Deliveries = sent.Data
	for _, a := range attempts.Data {
		shown := attempt{Attempt: a}
		if shown.Milliseconds, err = a.DurationMS.Float64(); err != nil {
			shown.Milliseconds = 0
		}
		v.Attempts = append(v.Attempts, shown)
	}
	v.fill(types)
	v.Sinces = r.sinces()
	return r.Render(status, "webhooks/endpoint", v)
}

// fill makes the forms that nobody has sent.
func (v *view) fill(types []eupay.EventType) {
	if v.Form == nil {
		v.Form = web.NewForm("url", v.URL, "description", v.Description, "rate_limit", strconv.Itoa(v.RateLimit), "which", "some")
		v.Form.Values["event_types"] = v.EventTypes
		if slices.Contains(v.EventTypes, "*") {
			v.Form.Values.Set("which", "all")
		}
	}
	for _, f := range []**web.Form{&v.Recover, &v.Backfill, &v.Delete} {
		if *f == nil {
			*f = web.NewForm()
		}
	}
	if v.Rotate == nil {
		v.Rotate = web.NewForm("overlap", "86400")
	}
	v.Types = ticks(types, v.Form)
}

func update(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	in := read(r, f)
	if f.OK() {
		change := eupay.EndpointChange{URL: &in.url, Description: &in.description, EventTypes: &in.types, RateLimit: &in.rate}
		if _, err := r.API.WebhookEndpoints.Update(r.Ctx(), r.PathValue("id"), change); err == nil {
			return r.Redirect(of(r).path(), "saved")
		} else if !refused(r, f, err) {
			return err
		}
	}
	return of(r).show(http.StatusUnprocessableEntity, view{Form: f})
}

func enable(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	on, notice := f.Is("on"), "webhook_disabled"
	if on {
		notice = "webhook_enabled"
	}
	if _, err := r.API.WebhookEndpoints.Update(r.Ctx(), r.PathValue("id"), eupay.EndpointChange{Enabled: &on}); err != nil {
		return err
	}
	return r.Redirect(of(r).path(), notice)
}

func remove(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if !f.Is("sure") {
		f.Wrong("sure", r.Text.T("webhooks.delete_sure_wrong"))
		return of(r).show(http.StatusUnprocessableEntity, view{Delete: f})
	}
	if err := r.API.WebhookEndpoints.Delete(r.Ctx(), r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect("/portal/webhooks", "webhook_deleted")
}

func rotate(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	overlap, err := strconv.Atoi(f.Get("overlap"))
	if err != nil {
		overlap = 0
	}
	e, err := r.API.WebhookEndpoints.RotateSecret(r.Ctx(), r.PathValue("id"), eupay.RotationParams{OverlapSeconds: &overlap})
	if err == nil {
		return showSecret(r, e)
	}
	if !refused(r, f, err) {
		return err
	}
	return of(r).show(http.StatusUnprocessableEntity, view{Rotate: f})
}

func promote(r *web.Request) error {
	if _, err := r.API.WebhookEndpoints.PromoteSecret(r.Ctx(), r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(of(r).path(), "webhook_promoted")
}

func test(r *web.Request) error {
	d, err := r.API.WebhookEndpoints.Test(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := deliveryView{Delivery: d, Text: pretty([]byte(d.Body))}
	for _, a := range d.Attempts {
		shown := attempt{Attempt: a}
		if shown.Milliseconds, err = a.DurationMS.Float64(); err != nil {
			shown.Milliseconds = 0
		}
		v.Attempts = append(v.Attempts, shown)
	}
	return of(r).show(http.StatusOK, view{Tested: &v})
}

// recoverMissed counts first; the answer has the button that sends.
func recoverMissed(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	from, err := time.Parse(time.RFC3339, f.Get("since"))
	if err != nil {
		f.Wrong("since", r.Text.T("webhooks.since_wrong"))
		return of(r).show(http.StatusUnprocessableEntity, view{Recover: f})
	}
	sure := f.Is("sure")
	got, err := r.API.WebhookEndpoints.Recover(r.Ctx(), r.PathValue("id"), eupay.RecoverParams{Since: from, DryRun: !sure})
	switch {
	case err == nil && sure && !got.More:
		return r.Redirect(of(r).path(), "webhook_recovered")
	case err == nil && sure: // thousands are left: the button stays
		f.Values.Del("sure")
		return of(r).show(http.StatusOK, view{Recover: f, Missed: got})
	case err == nil:
		return of(r).show(http.StatusOK, view{Recover: f, Missed: got})
	case !refused(r, f, err):
		return err
	}
	return of(r).show(http.StatusUnprocessableEntity, view{Recover: f})
}

// backfill counts first, which gives a token; with the token it sends.
func backfill(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	p := eupay.BackfillParams{Token: f.Get("token")}
	if p.Token == "" {
		p.DryRun = true
		if p.Since, err = time.Parse(time.RFC3339, f.Get("since")); err != nil {
			f.Wrong("since", r.Text.T("webhooks.since_wrong"))
			return of(r).show(http.StatusUnprocessableEntity, view{Backfill: f})
		}
	}
	got, err := r.API.WebhookEndpoints.Backfill(r.Ctx(), r.PathValue("id"), p)
	switch {
	case err == nil && !p.DryRun && !got.More:
		return r.Redirect(of(r).path(), "webhook_backfilled")
	case err == nil:
		if got.Token == "" {
			got.Token = p.Token
		}
		return of(r).show(http.StatusOK, view{Backfill: f, Past: got})
	case !refused(r, f, err):
		return err
	}
	f.Values.Del("token") // it may be too old: count again
	return of(r).show(http.StatusUnprocessableEntity, view{Backfill: f})
}
