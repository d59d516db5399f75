package webhookapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

type delivery struct {
	ID         string `json:"id"`
	EndpointID string `json:"endpoint_id"`
	// EventID is the webhook-id header of all attempts.
	EventID       string  `json:"event_id"`
	EventType     string  `json:"event_type"`
	Reference     string  `json:"reference"`
	Sequence      int64   `json:"sequence"`
	Status        string  `json:"status"`
	AttemptCount  int32   `json:"attempt_count"`
	NextAttemptAt *string `json:"next_attempt_at"`
	CreatedAt     string  `json:"created_at"`
	DeliveredAt   *string `json:"delivered_at"`
	// Body is the exact text that was signed and sent, so it is not an object here.
	Body     string    `json:"body,omitempty"`
	Attempts []attempt `json:"attempts,omitempty"`
}

func deliveryView(d *webhooksv1.Delivery) delivery {
	v := delivery{
		ID: d.GetId(), EndpointID: d.GetEndpointId(), EventID: d.GetEventId(), EventType: d.GetEventType(), Reference: d.GetReference(),
		Sequence: d.GetSequence(), Status: d.GetStatus(), AttemptCount: d.GetAttemptCount(), NextAttemptAt: web.OptionalStamp(d.GetNextAttemptAt()),
		CreatedAt: web.Stamp(d.GetCreatedAt()), DeliveredAt: web.OptionalStamp(d.GetDeliveredAt()), Body: string(d.GetBody()),
	}
	for _, a := range d.GetAttempts() {
		v.Attempts = append(v.Attempts, attemptView(a, d.GetEventType(), d.GetEventId()))
	}
	return v
}

// maxFilter is longer than any value that a filter can match.
const maxFilter = 200

func (a *API) deliveries(c echo.Context) error {
	number, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	if err := checkFilters(c, "endpoint_id", "status", "reference", "event_type", "event_id", "starting_after"); err != nil {
		return err
	}
	theirs, err := merchantReference(c)
	if err != nil {
		return err
	}
	after, err := web.After(c)
	if err != nil {
		return err
	}
	if after != "" {
		number = 0
	}
	created, err := between(c, "created_after", "created_before")
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.webhooks.ListDeliveries, &webhooksv1.ListDeliveriesRequest{
		MerchantId: of.MerchantID, Livemode: of.Livemode, Page: int32(number), Limit: int32(limit), EndpointId: c.QueryParam("endpoint_id"),
		Status: c.QueryParam("status"), Reference: c.QueryParam("reference"), EventType: c.QueryParam("event_type"),
		CreatedAfter: created.after, CreatedBefore: created.before,
		EventId: c.QueryParam("event_id"), MerchantReference: theirs, StartingAfter: after,
	})
	if err != nil {
		return err
	}
	if after != "" {
		return web.Answer(c, http.StatusOK, web.CursoredOf(res.GetDeliveries(), deliveryView, res.GetHasMore()))
	}
	return web.Answer(c, http.StatusOK, web.ListingOf(res.GetDeliveries(), deliveryView, number, limit, res.GetTotal()).AtLeast(res.GetTotalIsMinimum()))
}

// checkFilters requires short visible ASCII, as all our ids, statuses, event types and references are.
func checkFilters(c echo.Context, names ...string) error {
	var bad []errs.Field
	for _, name := range names {
		value := c.QueryParam(name)
		ok := len(value) <= maxFilter
		for i := range len(value) {
			ok = ok && value[i] > ' ' && value[i] < 0x7f
		}
		if !ok {
			bad = append(bad, errs.Field{Field: name, Message: name + " must be at most 200 visible ASCII characters."})
		}
	}
	if len(bad) > 0 {
		return errs.Invalid(bad...)
	}
	return nil
}

func (a *API) deliveryOf(c echo.Context, body *bool) (caller.Whose, string, error) {
	of, err := caller.WhoseOf(c, body)
	if err != nil {
		return caller.Whose{}, "", err
	}
	id, err := web.PathID(c, "id", "Webhook delivery")
	return of, id, err
}

func (a *API) delivery(c echo.Context) error {
	of, id, err := a.deliveryOf(c, nil)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.webhooks.GetDelivery, &webhooksv1.GetDeliveryRequest{MerchantId: of.MerchantID, Livemode: of.Livemode, Id: id})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, deliveryView(res.GetDelivery()))
}
