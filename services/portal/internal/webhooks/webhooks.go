// Package webhooks serves the pages on which owners set up endpoints, follow their deliveries and send events again.
package webhooks

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"net/http"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

const (
	perPage = 25
	// mostEndpoints is more than an account has.
	mostEndpoints = 100
	// tail is how many deliveries the live page shows.
	tail = 30
)

// Register adds the pages to the site.
func Register(s *web.Site) error {
	s.For(web.Owners, "GET /portal/webhooks", list)
	s.For(web.Owners, "GET /portal/webhooks/new", newPage)
	s.Once(web.Owners, "POST /portal/webhooks/new", create)
	s.For(web.Owners, "GET /portal/webhooks/deliveries", deliveries)
	s.For(web.Owners, "GET /portal/webhooks/deliveries/{id}", delivery)
	s.Once(web.Owners, "POST /portal/webhooks/deliveries/{id}/resend", resend)
	s.For(web.Owners, "GET /portal/webhooks/live", live)
	s.For(web.Owners, "GET /portal/webhooks/live/rows", liveRows)
	s.For(web.Owners, "GET /portal/webhooks/events", events)
	s.For(web.Owners, "GET /portal/webhooks/endpoints/{id}", endpoint)
	for name, handle := range map[string]web.Handler{
		"": update, "/enabled": enable, "/delete": remove, "/promote": promote, "/recover": recoverMissed, "/backfill": backfill,
	} {
		s.For(web.Owners, "POST /portal/webhooks/endpoints/{id}"+name, handle)
	}
	s.Once(web.Owners, "POST /portal/webhooks/endpoints/{id}/rotate", rotate)
	s.Once(web.Owners, "POST /portal/webhooks/endpoints/{id}/test", test)
	return s.Templates("webhooks", templates)
}

func list(r *web.Request) error {
	endpoints, err := r.API.WebhookEndpoints.List(r.Ctx(), eupay.ListParams{Limit: mostEndpoints})
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, "webhooks/list", endpoints.Data)
}

// deliveryPage is what the list of deliveries shows.
type deliveryPage struct {
	Deliveries []eupay.Delivery
	Endpoints  []eupay.Endpoint
	Types      []eupay.EventType
	Statuses   []eupay.DeliveryStatus
	Filter     *web.Form
	Filtered   bool
	web.Paging
}

// statuses are those that the list can be narrowed to.
var statuses = []eupay.DeliveryStatus{
	eupay.DeliveryPending, eupay.DeliveryWaiting, eupay.DeliveryDelivered, eupay.DeliveryExhausted, eupay.DeliveryMissed, eupay.DeliveryCancelled,
}

func deliveries(r *web.Request) error {
	f := &web.Form{Values: r.URL.Query(), Fields: map[string]string{}}
	got, err := r.API.WebhookDeliveries.List(r.Ctx(), eupay.DeliveryListParams{
		ListParams: r.ListPage(perPage), EndpointID: f.Get("endpoint"), Status: eupay.DeliveryStatus(f.Get("status")),
		EventType: f.Get("type"), Reference: f.Get("reference"),
	})
	if errors.Is(err, eupay.ErrValidation) { // nothing can match what is no reference
		got, err = &eupay.Page[eupay.Delivery]{}, nil
	}
	if err != nil {
		return err
	}
	endpoints, err := r.API.WebhookEndpoints.List(r.Ctx(), eupay.ListParams{Limit: mostEndpoints})
	if err != nil {
		return err
	}
	types, err := r.API.Events.Types(r.Ctx())
	if err != nil {
		return err
	}
	out := deliveryPage{Deliveries: got.Data, Endpoints: endpoints.Data, Types: types, Statuses: statuses, Filter: f}
	for _, name := range []string{"endpoint", "status", "type", "reference"} {
		out.Filtered = out.Filtered || f.Get(name) != ""
	}
	out.Paging = web.PagingOf(got.Pagination)
	return r.Render(http.StatusOK, "webhooks/deliveries", out)
}

// deliveryView is what the page of one delivery shows.
type deliveryView struct {
	*eupay.Delivery
	// Endpoint is nil once it is deleted.
	Endpoint *eupay.Endpoint
	// Text is the body, indented.
	Text     string
	Attempts []attempt
	// MayResend: it is not under way, and its endpoint is there.
	MayResend bool
}

// attempt is one request as the page shows it.
type attempt struct {
	eupay.Attempt
	Milliseconds float64
}

func delivery(r *web.Request) error {
	d, err := r.API.WebhookDeliveries.Get(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := deliveryView{Delivery: d, Text: pretty([]byte(d.Body))}
	if v.Endpoint, err = r.API.WebhookEndpoints.Get(r.Ctx(), d.EndpointID); err != nil && !isNotFound(err) {
		return err
	} else if err != nil {
		v.Endpoint = nil
	}
	v.MayResend = v.Endpoint != nil && (d.Status == eupay.DeliveryDelivered || d.Status == eupay.DeliveryExhausted || d.Status == eupay.DeliveryMissed)
	for i := len(d.Attempts) - 1; i >= 0; i-- { // the newest first
		a := attempt{Attempt: d.Attempts[i]}
		if a.Milliseconds, err = a.DurationMS.Float64(); err != nil {
			a.Milliseconds = 0
		}
		v.Attempts = append(v.Attempts, a)
	}
	return r.Render(http.StatusOK, "webhooks/delivery", v)
}

// pretty indents JSON; what is none stays as it is.
func pretty(raw []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return string(raw)
	}
	return b.String()
}

func resend(r *web.Request) error {
	id := r.PathValue("id")
	if _, err := r.API.WebhookDeliveries.Resend(r.Ctx(), id); err != nil {
		return err
	}
	return r.Redirect("/portal/webhooks/deliveries/"+id, "webhook_resent")
}

// tailView is what the live page shows.
type tailView struct {
	Deliveries []eupay.Delivery
	Paused     bool
	// Failed: the newest could not be read; the page asks again.
	Failed bool
}

func newest(r *web.Request) (tailView, error) {
	got, err := r.API.WebhookDeliveries.List(r.Ctx(), eupay.DeliveryListParams{ListParams: eupay.ListParams{Limit: tail}})
	if err != nil {
		return tailView{Failed: true}, err
	}
	return tailView{Deliveries: got.Data}, nil
}

func live(r *web.Request) error {
	v, err := newest(r)
	if err != nil {
		return err
	}
	v.Paused = r.URL.Query().Get("paused") != ""
	return r.Render(http.StatusOK, "webhooks/live", v)
}

// liveRows is the part that the live page fetches again and again. A fault is shown in its place, so the page goes on.
func liveRows(r *web.Request) error {
	v, err := newest(r)
	if err != nil && isLoggedOut(err) {
		return err
	}
	return r.RenderPart("webhooks/live", "live_rows", v)
}

// eventType is one entry of the catalogue.
type eventType struct {
	eupay.EventType
	Text string
}

func events(r *web.Request) error {
	types, err := r.API.Events.Types(r.Ctx())
	if err != nil {
		return err
	}
	var shown struct {
		Types    []eventType
		Snippets []snippet
	}
	for _, t := range types {
		shown.Types = append(shown.Types, eventType{EventType: t, Text: pretty(t.Example)})
	}
	shown.Snippets = snippets
	return r.Render(http.StatusOK, "webhooks/events", shown)
}
