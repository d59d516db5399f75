package webhookapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

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
	g.DELETE("/push/subscriptions/:id", a.unsubscribe, login)
	g.POST("/push/subscriptions/:id/test", a.testSubscription, login)
}

// subscription shows only the push service's host, because the rest of the endpoint's URL is a capability.
type subscription struct {
	ID              string  `json:"id"`
	PushService     string  `json:"push_service"`
	Description     string  `json:"description"`
	Livemode        bool    `json:"livemode"`
	CreatedAt       string  `json:"created_at"`
	LastDeliveredAt *string `json:"last_delivered_at"`
}

func subscriptionView(s *webhooksv1.PushSubscription) subscription {
	return subscription{
		ID: s.GetId(), PushService: s.GetPushService(), Description: s.GetDescription(), Livemode: s.GetLivemode(),
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
		Description string `json:"description"`
		Livemode    bool   `json:"livemode"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if err := web.Required("endpoint", in.Endpoint, "keys.p256dh", in.Keys.P256dh, "keys.auth", in.Keys.Auth); err != nil {
		return err
	}
	who := caller.Of(c).Login
	res, err := web.Call(c, callTimeout, a.push.Subscribe, &webhooksv1.SubscribeRequest{
		MerchantId: who.MerchantID, UserId: who.ID, Livemode: in.Livemode, Endpoint: in.Endpoint,
		P256Dh: in.Keys.P256dh, Auth: in.Keys.Auth, Description: in.Description,
	})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusCreated, subscriptionView(res.GetSubscription()))
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
