// Package caller authenticates requests: it admits API keys and logged-in users, and tells the handlers who is calling, for which
// merchant and in which mode. All parts of the API use it.
package caller

import (
	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/apikey"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/device"
	"european-pay.eu/eupay/services/gateway/internal/user"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// Caller is an API key or a logged-in user.
type Caller struct {
	// Key is nil for a person.
	Key *apikey.Key
	// Login is the user with the role, the session and its last proof; zero for a key.
	Login user.Presence
}

const inContext = "eupay.caller"

// Of returns the caller that Access admitted; zero if it admitted none.
func Of(c echo.Context) Caller {
	who, _ := c.Get(inContext).(Caller)
	return who
}

// Set stores the caller for the handlers. Access calls it.
func Set(c echo.Context, who Caller) { c.Set(inContext, who) }

// MerchantID returns the merchant of the key or user; empty if the user belongs to none.
func (w Caller) MerchantID() string {
	if w.Key != nil {
		return w.Key.Merchant.ID
	}
	return w.Login.MerchantID
}

// Actor is the caller as histories and the audit log write it.
func (w Caller) Actor() audit.Actor {
	if w.Key != nil {
		return audit.Actor("key:" + w.Key.ID)
	}
	return audit.ByUser(w.Login.ID)
}

// Whose is the merchant and the mode that a request is for.
type Whose struct {
	MerchantID string
	Livemode   bool
}

// WhoseOf returns the merchant and the mode of a request. A key has a mode; a user names it in the body or the query, and the
// default is test mode. body is nil if the body names none. It refuses a mode that differs from the key's.
func WhoseOf(c echo.Context, body *bool) (Whose, error) {
	asked, err := AskedMode(c, body)
	if err != nil {
		return Whose{}, err
	}
	who := Of(c)
	if who.Key == nil {
		return Whose{who.Login.MerchantID, asked != nil && *asked}, nil
	}
	if asked != nil && *asked != who.Key.Livemode {
		return Whose{}, errs.Invalid(errs.Field{Field: "livemode", Message: "livemode must be that of the API key, or absent."})
	}
	return Whose{who.Key.Merchant.ID, who.Key.Livemode}, nil
}

// AskedMode returns the mode that the query or the body names; nil for none.
func AskedMode(c echo.Context, body *bool) (*bool, error) {
	if !c.QueryParams().Has("livemode") {
		return body, nil
	}
	text := c.QueryParam("livemode")
	live := text == "true"
	if !live && text != "false" {
		return nil, errs.Invalid(errs.Field{Field: "livemode", Message: "livemode must be true or false."})
	}
	if body != nil && *body != live {
		return nil, errs.Invalid(errs.Field{Field: "livemode", Message: "livemode differs between the body and the query."})
	}
	return &live, nil
}

// DeviceOf tells where the request comes from.
func DeviceOf(c echo.Context) device.Device {
	h := c.Request().Header
	return device.Device{IP: web.ClientIP(c), UserAgent: h.Get("User-Agent"), Language: device.Language(h.Get("Accept-Language"))}
}
