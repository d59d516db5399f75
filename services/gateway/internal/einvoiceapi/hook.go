package einvoiceapi

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// maxHook is the maximum size of the platform's webhooks, which only name what has changed.
const maxHook = 64 << 10

// hook forwards a webhook of the platform unchanged. The service has the secret and verifies it.
func (a *API) hook(livemode bool) echo.HandlerFunc {
	return func(c echo.Context) error {
		body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, maxHook))
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			return errs.New(errs.PayloadTooLarge, "The body is larger than %d KiB.", maxHook>>10)
		case err != nil:
			return errs.Invalid(errs.Field{Field: "body", Message: "The body could not be read to its end."})
		}
		ctx, cancel := web.Calling(c, readTimeout)
		defer cancel()
		req := &einvoicev1.HandlePlatformHookRequest{Body: body, Headers: hookHeaders(c.Request().Header), Livemode: livemode}
		if _, err := a.Invoices.HandlePlatformHook(ctx, req); err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	}
}

// hookHeaders omits credentials, which belong to a caller who used the wrong address.
func hookHeaders(h http.Header) map[string]string {
	out := make(map[string]string, len(h))
	for name, values := range h {
		switch name = strings.ToLower(name); name {
		case "authorization", "cookie", "x-api-key", "x-api-secret":
		default:
			out[name] = strings.ToValidUTF8(strings.Join(values, ", "), "")
		}
	}
	return out
}
