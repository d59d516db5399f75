// Package qrimageapi serves pictures of QR codes: of payments, of the merchant, and on printable cards. The qr service signs and
// draws; this package decides who may have which code, and whether it can still be paid.
package qrimageapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// callTimeout is the deadline for all reads and the drawing of one picture.
const callTimeout = 5 * time.Second

// Code is a permanent QR code of a merchant.
type Code struct {
	// Text is the content of the code.
	Text string
	// URL is short enough to be typed; empty if there is none.
	URL string
}

// Table is what the card of a table shows.
type Table struct {
	Name, Zone string
	// URL is the content of the code: the table's menu.
	URL string
}

// Deps are the dependencies of New.
type Deps struct {
	Merchants *merchant.Merchants
	Payments  paymentsv1.PaymentsServiceClient
	QR        qrv1.QRServiceClient
	Links     paymentsv1.LinksServiceClient
	Render    qrv1.RenderServiceClient
	Access    *caller.Access
	Now       func() time.Time
	// Drawn limits what is drawn for one merchant.
	Drawn echo.MiddlewareFunc
	// Deployment determines the mode of merchants' codes.
	Deployment gate.Deployment
	// MerchantCode is the merchant's permanent code. Nil: SERVICE_UNAVAILABLE.
	MerchantCode func(ctx context.Context, m merchant.Merchant) (Code, error)
	// Table is a table of the merchant, or NOT_FOUND. Nil: SERVICE_UNAVAILABLE.
	Table func(ctx context.Context, merchantID, tableID string) (Table, error)
	// LogoChanged passes the logo to other users; a nil file removes it. Nil: there are none.
	LogoChanged func(ctx context.Context, merchantID string, file []byte) error
}

// API has the handlers. Make it with New.
type API struct{ Deps }

// New returns the API.
func New(d Deps) *API { return &API{d} }

// Register puts the endpoints on the group of /api/v1.
func (a *API) Register(g *web.API) {
	read, team := a.Access.KeyOrLogin(rights.PaymentsRead, caller.Team...), a.Access.Login(caller.Team...)
	owner := a.Access.Login(caller.Owner...)
	g.GET("/gateway/payments/:reference/qr.png", a.payment(png), read, a.Drawn)
	g.GET("/gateway/payments/:reference/qr.svg", a.payment(svg), read, a.Drawn)
	links := a.Access.KeyOrLogin(rights.LinksRead, rights.RolesWith(rights.LinksRead)...)
	g.GET("/gateway/payment-links/:id/qr.png", a.link(png), links, a.Drawn)
	g.GET("/gateway/payment-links/:id/qr.svg", a.link(svg), links, a.Drawn)
	g.GET("/qr/merchant.png", a.merchant(png), team, a.Drawn)
	g.GET("/qr/merchant.svg", a.merchant(svg), team, a.Drawn)
	g.GET("/qr/cards/merchant.pdf", a.merchantCard, team, a.Drawn)
	g.GET("/table-order/tables/:id/card.pdf", a.tableCard, team, a.Drawn)
	g.GET("/merchant/logo", a.logo, team)
	g.PUT("/merchant/logo", a.setLogo, owner, a.Drawn)
	g.DELETE("/merchant/logo", a.removeLogo, owner)
}

// account is whose code is asked for, and the mode.
func (a *API) account(c echo.Context) (merchant.Merchant, bool, error) {
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return merchant.Merchant{}, false, err
	}
	if key := caller.Of(c).Key; key != nil {
		return key.Merchant, of.Livemode, nil
	}
	m, err := a.user(c)
	return m, of.Livemode, err
}

// user is the merchant of the logged-in user.
func (a *API) user(c echo.Context) (merchant.Merchant, error) {
	return a.Merchants.Get(c.Request().Context(), caller.Of(c).MerchantID())
}

// kind is a file format.
type kind struct {
	format      qrv1.ImageFormat
	contentType string
}

var (
	png = kind{qrv1.ImageFormat_IMAGE_FORMAT_PNG, "image/png"}
	svg = kind{qrv1.ImageFormat_IMAGE_FORMAT_SVG, "image/svg+xml"}
	pdf = kind{contentType: "application/pdf"}
)

// send answers with a file, or 304 if the caller has it already. A browser may cache it but must revalidate it each time, because
// a payment ends and a logo changes.
func send(c echo.Context, k kind, file []byte) error {
	sum := sha256.Sum256(file)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	h := c.Response().Header()
	h.Set(echo.HeaderCacheControl, "private, no-cache")
	h.Set("ETag", tag)
	// An SVG that is opened directly may show the embedded logo and load nothing else.
	h.Set("Content-Security-Policy", "default-src 'none'; img-src data:; frame-ancestors 'none'")
	if matches(c.Request().Header.Values("If-None-Match"), tag) {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, k.contentType, file)
}

// matches evaluates If-None-Match (RFC 9110, 13.1.2), which uses the weak comparison.
func matches(headers []string, tag string) bool {
	for _, header := range headers {
		for candidate := range strings.SplitSeq(header, ",") {
			if candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/"); candidate == tag || candidate == "*" {
				return true
			}
		}
	}
	return false
}
