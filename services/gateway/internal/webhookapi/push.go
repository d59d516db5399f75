package webhookapi

import (
	"cmp"
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const subscriptionNoun = "Push subscription"

// A browser belongs to a logged-in user, so these endpoints accept no API key.
func (a *API) registerPush(g *web.API) {
	login := a.access.Login(caller.Team...)
	g.GET("/push/key", a.pushKey, login)
	g.GET("/push/subscriptions", a.subscriptions, login)
	g.POST("/push/subscriptions", a.subscribe, login)
	g.PATCH("/push/subscriptions/:id", a.changeSubscription, login)
	g.DELETE("/push/subscriptions/:id", a.unsubscribe, login)
	g.POST("/push/subscriptions/:id/test", a.testSubscription, login)
}

// subscription shows only the push service's host, because the rest of the endpoint's URL is a capability.
type subscription struct {
	ID              string   `json:"id"`
	PushService     string   `json:"push_service"`
	Description     string   `json:"description"`
	Livemode        bool     `json:"livemode"`
	EventTypes      []string `json:"event_types"`
	Language        string   `json:"language"`
	CreatedAt       string   `json:"created_at"`
	LastDeliveredAt *string  `json:"last_delivered_at"`
}

func subscriptionView(s *webhooksv1.PushSubscription) subscription {
	return subscription{
		ID: s.GetId(), PushService: s.GetPushService(), Description: s.GetDescription(), Livemode: s.GetLivemode(),
		EventTypes: append([]string{}, s.GetEventTypes()...), Language: s.GetLanguage(),
		CreatedAt: web.Stamp(s.GetCreatedAt()), LastDeliveredAt: web.OptionalStamp(s.GetLastDeliveredAt()),
	}
}

func (a *API) pushKey(c echo.Context) error {
	res, err := web.Call(c, callTimeout, a.push.GetPushKey, &webhooksv1.GetPushKeyRequest{})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, map[string]string{"public_key": res.GetPublicKey()})
}

// subscriptions lists the user's own browsers of both modes. They are few, so the service returns all of them.
func (a *API) subscriptions(c echo.Context) error {
	number, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	who := caller.Of(c).Login
	res, err := web.Call(c, callTimeout, a.push.ListSubscriptions, &webhooksv1.ListSubscriptionsRequest{MerchantId: who.MerchantID, UserId: who.ID})
	if err != nil {
		return err
	}
	all := res.GetSubscriptions()
	from := min((number-1)*limit, len(all))
	return web.Answer(c, http.StatusOK, web.ListingOf(all[from:min(from+limit, len(all))], subscriptionView, number, limit, int64(len(all))))
}

// subscribe accepts the output of PushSubscription.toJSON. The expiration time is not stored: the browser renews a subscription
// by itself, and the push service reports one that has expired.
func (a *API) subscribe(c echo.Context) error {
	var in struct {
		Endpoint       string `json:"endpoint"`
		ExpirationTime *int64 `json:"expirationTime"`
		Keys           struct {
			P256dh string `json:"p256dh"`
			Auth   string `json:"auth"`
		} `json:"keys"`
		Description string    `json:"description"`
		Livemode    bool      `json:"livemode"`
		EventTypes  *[]string `json:"event_types"`
		Language    string    `json:"language"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if err := web.Required("endpoint", in.Endpoint, "keys.p256dh", in.Keys.P256dh, "keys.auth", in.Keys.Auth); err != nil {
		return err
	}
	chosen, err := chosenTypes(in.EventTypes)
	if err != nil {
		return err
	}
	who := caller.Of(c).Login
	res, err := web.Call(c, callTimeout, a.push.Subscribe, &webhooksv1.SubscribeRequest{
		MerchantId: who.MerchantID, UserId: who.ID, Livemode: in.Livemode, Endpoint: in.Endpoint,
		P256Dh: in.Keys.P256dh, Auth: in.Keys.Auth, Description: in.Description,
		EventTypes: chosen, Language: cmp.Or(in.Language, caller.DeviceOf(c).Language),
	})
	if err != nil {
		return err
	}
	v := subscriptionView(res.GetSubscription())
	if err := a.noteBrowser(c, "push.subscribed", v.asDetail()); err != nil {
		return err
	}
	return web.Answer(c, http.StatusCreated, v)
}

// changeSubscription changes what a browser is told of, without its subscribing anew.
func (a *API) changeSubscription(c echo.Context) error {
	var in struct {
		EventTypes *[]string `json:"event_types"`
		Language   *string   `json:"language"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if in.EventTypes == nil && in.Language == nil {
		return web.NothingToDo("event_types, language")
	}
	req := &webhooksv1.UpdateSubscriptionRequest{}
	var err error
	if req.EventTypes, err = chosenTypes(in.EventTypes); err != nil {
		return err
	}
	if in.Language != nil {
		if err := web.Required("language", *in.Language); err != nil {
			return err
		}
		req.Language = *in.Language
	}
	if req.Id, err = web.PathID(c, "id", subscriptionNoun); err != nil {
		return err
	}
	who := caller.Of(c).Login
	req.MerchantId, req.UserId = who.MerchantID, who.ID
	res, err := web.Call(c, callTimeout, a.push.UpdateSubscription, req)
	if err != nil {
		return err
	}
	v := subscriptionView(res.GetSubscription())
	if err := a.noteBrowser(c, "push.updated", v.asDetail()); err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, v)
}

// chosenTypes refuses an empty list: to the webhooks service it means that nothing is said.
func chosenTypes(given *[]string) ([]string, error) {
	if given == nil {
		return nil, nil
	}
	if len(*given) == 0 {
		return nil, errs.Invalid(errs.Field{Field: "event_types", Message: "event_types must have at least one entry. Delete the subscription to be told nothing."})
	}
	return *given, nil
}

// asDetail is what the audit log keeps of a subscription.
func (s subscription) asDetail() map[string]any {
	return map[string]any{
		"subscription": s.ID, "push_service": s.PushService, "description": s.Description, "livemode": s.Livemode, "event_types": s.EventTypes, "language": s.Language,
	}
}

// noteBrowser writes to the audit log what was done, also if the caller has gone meanwhile. The webhooks service has done it then, so that
// nothing is noted that was refused.
func (a *API) noteBrowser(c echo.Context, action string, detail map[string]any) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request().Context()), callTimeout)
	defer cancel()
	return a.audit.NoteBrowser(ctx, caller.Of(c).Login.ID, action, detail)
}

func (a *API) unsubscribe(c echo.Context) error {
	id, err := web.PathID(c, "id", subscriptionNoun)
	if err != nil {
		return err
	}
	who := caller.Of(c).Login
	if _, err := web.Call(c, callTimeout, a.push.Unsubscribe, &webhooksv1.UnsubscribeRequest{MerchantId: who.MerchantID, UserId: who.ID, Id: id}); err != nil {
		return err
	}
	if err := a.noteBrowser(c, "push.unsubscribed", map[string]any{"subscription": id}); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (a *API) testSubscription(c echo.Context) error {
	id, err := web.PathID(c, "id", subscriptionNoun)
	if err != nil {
		return err
	}
	who := caller.Of(c).Login
	res, err := web.Call(c, callTimeout, a.push.TestSubscription, &webhooksv1.TestSubscriptionRequest{MerchantId: who.MerchantID, UserId: who.ID, Id: id})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, map[string]string{"result": res.GetResult()})
}
