package webhookapi

import (
	"encoding/json"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/eventtype"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// event is an event as in its webhook.
type event struct {
	// ID is the webhook-id header of all deliveries.
	ID                string  `json:"id"`
	Type              string  `json:"type"`
	Reference         string  `json:"reference"`
	MerchantReference *string `json:"merchant_reference"`
	Sequence          int64   `json:"sequence"`
	CreatedAt         string  `json:"created_at"`
	// Body is the body of the webhook for the event's own type.
	Body json.RawMessage `json:"body"`
}

func eventView(e *webhooksv1.Event) event {
	v := event{
		ID: e.GetId(), Type: e.GetType(), Reference: e.GetReference(), Sequence: e.GetSequence(), CreatedAt: web.Stamp(e.GetCreatedAt()), Body: e.GetBody(),
	}
	if ref := e.GetMerchantReference(); ref != "" {
		v.MerchantReference = &ref
	}
	return v
}

func (a *API) events(c echo.Context) error {
	_, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	if err := checkFilters(c, "event_type", "reference", "starting_after"); err != nil {
		return err
	}
	theirs, err := merchantReference(c)
	if err != nil {
		return err
	}
	created, err := between(c, "created_after", "created_before")
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.webhooks.ListEvents, &webhooksv1.ListEventsRequest{
		MerchantId: of.MerchantID, Livemode: of.Livemode, Limit: int32(limit), StartingAfter: c.QueryParam("starting_after"),
		EventType: c.QueryParam("event_type"), Reference: c.QueryParam("reference"), MerchantReference: theirs,
		CreatedAfter: created.after, CreatedBefore: created.before,
	})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.CursoredOf(res.GetEvents(), eventView, res.GetHasMore()))
}

// merchantReference reads the merchant's reference, which may be any text.
func merchantReference(c echo.Context) (string, error) {
	text := c.QueryParam("merchant_reference")
	if len(text) > maxFilter || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return "", errs.Invalid(errs.Field{Field: "merchant_reference", Message: "merchant_reference must be text of at most 200 bytes."})
	}
	return text, nil
}

func (a *API) event(c echo.Context) error {
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	id, err := web.PathID(c, "id", "Event")
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.webhooks.GetEvent, &webhooksv1.GetEventRequest{MerchantId: of.MerchantID, Livemode: of.Livemode, Id: id})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, eventView(res.GetEvent()))
}

// typeOfEvent is an entry of the catalogue.
type typeOfEvent struct {
	Type        string          `json:"type"`
	Description string          `json:"description"`
	Default     bool            `json:"default"`
	Schema      json.RawMessage `json:"schema"`
	Example     json.RawMessage `json:"example"`
}

// typesOfEvents returns the catalogue, which is the same for all callers.
func (a *API) typesOfEvents(c echo.Context) error {
	list, err := eventtype.All()
	if err != nil {
		return err
	}
	rows := struct {
		Data []typeOfEvent `json:"data"`
	}{make([]typeOfEvent, len(list))}
	for i, t := range list {
		rows.Data[i] = typeOfEvent{t.Name, t.Description, t.Default, t.Schema, t.Example}
	}
	return web.Answer(c, http.StatusOK, rows)
}

// backfilled is the result of a backfill or of its dry run.
type backfilled struct {
	Count   int64   `json:"count"`
	More    bool    `json:"more"`
	DryRun  bool    `json:"dry_run"`
	FirstAt *string `json:"first_at"`
	LastAt  *string `json:"last_at"`
	// Token is present only in the answer to a dry run.
	Token string `json:"token,omitempty"`
}

func (a *API) backfillEndpoint(c echo.Context) error {
	var in struct {
		Since      *string  `json:"since"`
		Until      *string  `json:"until"`
		EventTypes []string `json:"event_types"`
		DryRun     bool     `json:"dry_run"`
		Token      string   `json:"token"`
		Livemode   *bool    `json:"livemode"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	when, err := spanOf("since", in.Since, "until", in.Until)
	if err != nil {
		return err
	}
	if !in.DryRun && (in.Since != nil || in.Until != nil || in.EventTypes != nil) {
		return errs.Invalid(errs.Field{Field: "token", Message: "Without dry_run give the token of the dry run and nothing else: it says what is sent."})
	}
	of, id, err := a.endpointOf(c, in.Livemode)
	if err != nil {
		return err
	}
	res, err := web.Call(c, bulkTimeout, a.webhooks.BackfillEndpoint, &webhooksv1.BackfillEndpointRequest{
		MerchantId: of.MerchantID, Livemode: of.Livemode, Id: id, Since: when.after, Until: when.before, EventTypes: in.EventTypes,
		DryRun: in.DryRun, Token: in.Token,
	})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, backfilled{
		Count: res.GetCount(), More: res.GetMore(), DryRun: in.DryRun, FirstAt: web.OptionalStamp(res.GetFirstAt()), LastAt: web.OptionalStamp(res.GetLastAt()),
		Token: res.GetToken(),
	})
}
