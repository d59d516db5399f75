package webhookapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const endpointNoun = "Webhook endpoint"

type endpoint struct {
	ID             string   `json:"id"`
	Livemode       bool     `json:"livemode"`
	URL            string   `json:"url"`
	Description    string   `json:"description"`
	EventTypes     []string `json:"event_types"`
	RateLimit      int32    `json:"rate_limit"`
	Enabled        bool     `json:"enabled"`
	DisabledReason string   `json:"disabled_reason,omitempty"`
	Health         health   `json:"health"`
	// OldSecretUntil is null if no rotation is in progress.
	OldSecretUntil *string `json:"old_secret_until"`
	CreatedAt      string  `json:"created_at"`
	UpdatedAt      string  `json:"updated_at"`
	// Secret is present only in the answer that creates it.
	Secret string `json:"secret,omitempty"`
}

type health struct {
	State               string   `json:"state"`
	FailingSince        *string  `json:"failing_since"`
	ConsecutiveFailures int32    `json:"consecutive_failures"`
	RetryAt             *string  `json:"retry_at"`
	LastError           string   `json:"last_error"`
	HeldEventTypes      []string `json:"held_event_types"`
}

func endpointView(e *webhooksv1.Endpoint) endpoint {
	return endpoint{
		ID: e.GetId(), Livemode: e.GetLivemode(), URL: e.GetUrl(), Description: e.GetDescription(), EventTypes: append([]string{}, e.GetEventTypes()...),
		Enabled: e.GetEnabled(), DisabledReason: e.GetDisabledReason(), CreatedAt: web.Stamp(e.GetCreatedAt()), UpdatedAt: web.Stamp(e.GetUpdatedAt()),
		RateLimit: e.GetRateLimit(), Health: healthView(e.GetHealth()), OldSecretUntil: web.OptionalStamp(e.GetOldSecretUntil()),
	}
}

func healthView(h *webhooksv1.EndpointHealth) health {
	return health{
		State: h.GetState(), FailingSince: web.OptionalStamp(h.GetFailingSince()), ConsecutiveFailures: h.GetConsecutiveFailures(),
		RetryAt: web.OptionalStamp(h.GetRetryAt()), LastError: h.GetLastError(), HeldEventTypes: append([]string{}, h.GetHeldEventTypes()...),
	}
}

// endpoints lists the merchant's endpoints in the mode. They are few, so the service returns all of them.
func (a *API) endpoints(c echo.Context) error {
	number, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.webhooks.ListEndpoints, &webhooksv1.ListEndpointsRequest{MerchantId: of.MerchantID, Livemode: of.Livemode})
	if err != nil {
		return err
	}
	all := res.GetEndpoints()
	from := min((number-1)*limit, len(all))
	return web.Answer(c, http.StatusOK, web.ListingOf(all[from:min(from+limit, len(all))], endpointView, number, limit, int64(len(all))))
}

// createEndpoint leaves validation to the webhooks service, which alone knows the URLs that it will call.
func (a *API) createEndpoint(c echo.Context) error {
	var in struct {
		URL         string   `json:"url"`
		Description string   `json:"description"`
		EventTypes  []string `json:"event_types"`
		RateLimit   int32    `json:"rate_limit"`
		Livemode    *bool    `json:"livemode"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if err := web.Required("url", in.URL); err != nil {
		return err
	}
	of, err := caller.WhoseOf(c, in.Livemode)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.webhooks.CreateEndpoint, &webhooksv1.CreateEndpointRequest{
		MerchantId: of.MerchantID, Livemode: of.Livemode, Url: in.URL, Description: in.Description, EventTypes: in.EventTypes,
		RateLimit: in.RateLimit,
	})
	if err != nil {
		return err
	}
	v := endpointView(res.GetEndpoint())
	v.Secret = res.GetSecret()
	return web.Answer(c, http.StatusCreated, v)
}

func (a *API) endpoint(c echo.Context) error {
	of, id, err := a.endpointOf(c, nil)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.webhooks.GetEndpoint, &webhooksv1.GetEndpointRequest{MerchantId: of.MerchantID, Livemode: of.Livemode, Id: id})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, endpointView(res.GetEndpoint()))
}

func (a *API) endpointOf(c echo.Context, body *bool) (caller.Whose, string, error) {
	of, err := caller.WhoseOf(c, body)
	if err != nil {
		return caller.Whose{}, "", err
	}
	id, err := web.PathID(c, "id", endpointNoun)
	return of, id, err
}

func (a *API) updateEndpoint(c echo.Context) error {
	var in struct {
		URL         *string   `json:"url"`
		Description *string   `json:"description"`
		EventTypes  *[]string `json:"event_types"`
		RateLimit   *int32    `json:"rate_limit"`
		Enabled     *bool     `json:"enabled"`
		Livemode    *bool     `json:"livemode"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if in.URL == nil && in.Description == nil && in.EventTypes == nil && in.RateLimit == nil && in.Enabled == nil {
		return web.NothingToDo("url, description, event_types, rate_limit, enabled")
	}
	of, id, err := a.endpointOf(c, in.Livemode)
	if err != nil {
		return err
	}
	req := &webhooksv1.UpdateEndpointRequest{
		MerchantId: of.MerchantID, Livemode: of.Livemode, Id: id, Url: in.URL, Description: in.Description, Enabled: in.Enabled,
		RateLimit: in.RateLimit,
	}
	if in.EventTypes != nil {
		req.EventTypes = &webhooksv1.EventTypes{Values: *in.EventTypes}
	}
	res, err := web.Call(c, callTimeout, a.webhooks.UpdateEndpoint, req)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, endpointView(res.GetEndpoint()))
}

func (a *API) deleteEndpoint(c echo.Context) error {
	of, id, err := a.endpointOf(c, nil)
	if err != nil {
		return err
	}
	req := &webhooksv1.DeleteEndpointRequest{MerchantId: of.MerchantID, Livemode: of.Livemode, Id: id}
	if _, err := web.Call(c, callTimeout, a.webhooks.DeleteEndpoint, req); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (a *API) rotateEndpointSecret(c echo.Context) error {
	overlap, err := hookOverlap(c)
	if err != nil {
		return err
	}
	of, id, err := a.endpointOf(c, nil)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.webhooks.RotateSecret, &webhooksv1.RotateSecretRequest{
		MerchantId: of.MerchantID, Livemode: of.Livemode, Id: id, OverlapSeconds: overlap,
	})
	if err != nil {
		return err
	}
	v := endpointView(res.GetEndpoint())
	v.Secret = res.GetSecret()
	return web.Answer(c, http.StatusOK, v)
}

// defaultOverlap is how many seconds the old secret continues to sign if the request does not say: a day, to deploy the new one.
const defaultOverlap = 24 * 60 * 60

func hookOverlap(c echo.Context) (int64, error) {
	var in struct {
		OverlapSeconds *int64 `json:"overlap_seconds"`
	}
	if err := web.DecodeOptional(c, &in); err != nil {
		return 0, err
	}
	if in.OverlapSeconds == nil {
		return defaultOverlap, nil
	}
	return *in.OverlapSeconds, nil
}

func (a *API) promoteEndpointSecret(c echo.Context) error {
	var in modeOnly
	if err := web.DecodeOptional(c, &in); err != nil {
		return err
	}
	of, id, err := a.endpointOf(c, in.Livemode)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.webhooks.PromoteSecret, &webhooksv1.PromoteSecretRequest{MerchantId: of.MerchantID, Livemode: of.Livemode, Id: id})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, endpointView(res.GetEndpoint()))
}
