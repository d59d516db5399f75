package webhookapi

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

type attempt struct {
	// ID, DeliveryID, EventType and Reference are present only in the list of an endpoint's attempts.
	ID              string            `json:"id,omitempty"`
	DeliveryID      string            `json:"delivery_id,omitempty"`
	EventType       string            `json:"event_type,omitempty"`
	Reference       string            `json:"reference,omitempty"`
	Number          int32             `json:"number"`
	StartedAt       string            `json:"started_at"`
	DurationMS      float64           `json:"duration_ms"`
	RequestHeaders  map[string]string `json:"request_headers"`
	ResponseStatus  int32             `json:"response_status"`
	ResponseHeaders map[string]string `json:"response_headers"`
	ResponseBody    string            `json:"response_body"`
	Error           string            `json:"error,omitempty"`
}

func attemptView(a *webhooksv1.Attempt, eventType, eventID string) attempt {
	return attempt{
		Number: a.GetNumber(), StartedAt: web.Stamp(a.GetStartedAt()), DurationMS: float64(a.GetDurationMicros()) / 1000,
		RequestHeaders: requestHeaders(a, eventType, eventID), ResponseStatus: a.GetResponseStatus(),
		ResponseHeaders: headersOf(a.GetResponseHeaders()), ResponseBody: string(a.GetResponseBody()), Error: a.GetError(),
	}
}

// requestHeaders returns the headers of an attempt except secret ones. Signatures are not stored.
func requestHeaders(a *webhooksv1.Attempt, eventType, eventID string) map[string]string {
	h := map[string]string{
		"Content-Type": "application/json", "User-Agent": "EUPay-Webhooks/1.0", "X-EuPay-Event": eventType,
		"webhook-timestamp": strconv.FormatInt(a.GetStartedAt().GetSeconds(), 10),
	}
	if eventID != "" {
		h["webhook-id"] = eventID
	}
	return h
}

// headersOf parses "Name: value" lines. Repeated headers are joined as in RFC 9110, 5.3.
func headersOf(lines string) map[string]string {
	h := map[string]string{}
	for line := range strings.Lines(lines) {
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if !ok {
			continue
		}
		if before, again := h[name]; again {
			value = before + ", " + value
		}
		h[name] = value
	}
	return h
}

// attempts lists the requests to one endpoint.
func (a *API) attempts(c echo.Context) error {
	number, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	of, id, err := a.endpointOf(c, nil)
	if err != nil {
		return err
	}
	if err := checkFilters(c, "outcome", "starting_after"); err != nil {
		return err
	}
	after, err := web.After(c)
	if err != nil {
		return err
	}
	if after != "" {
		number = 0
	}
	started, err := between(c, "started_after", "started_before")
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.webhooks.ListAttempts, &webhooksv1.ListAttemptsRequest{
		MerchantId: of.MerchantID, Livemode: of.Livemode, EndpointId: id, Page: int32(number), Limit: int32(limit),
		Outcome: c.QueryParam("outcome"), StartedAfter: started.after, StartedBefore: started.before, StartingAfter: after,
	})
	if err != nil {
		return err
	}
	if after != "" {
		return web.Answer(c, http.StatusOK, web.CursoredOf(res.GetAttempts(), listedAttempt, res.GetHasMore()))
	}
	return web.Answer(c, http.StatusOK, web.ListingOf(res.GetAttempts(), listedAttempt, number, limit, res.GetTotal()))
}

func listedAttempt(a *webhooksv1.Attempt) attempt {
	v := attemptView(a, a.GetEventType(), "")
	v.ID, v.DeliveryID, v.EventType, v.Reference = a.GetId(), a.GetDeliveryId(), a.GetEventType(), a.GetReference()
	return v
}
