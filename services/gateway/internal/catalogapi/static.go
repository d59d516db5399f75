package catalogapi

import (
	"embed"
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
)

//go:embed illustrations/*.svg
var illustrations embed.FS

// RegisterStatic serves the illustrations that the image search finds, without authentication. They contain no script, and the
// Content-Security-Policy of all answers would not run one.
func RegisterStatic(e *echo.Echo) {
	e.GET("/static/product-images/:name", func(c echo.Context) error {
		content, err := illustrations.ReadFile("illustrations/" + c.Param("name"))
		if err != nil {
			return errs.NotFound("Image")
		}
		h := c.Response().Header()
		h.Set(echo.HeaderCacheControl, "public, max-age=86400")
		h.Set(echo.HeaderAccessControlAllowOrigin, "*")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		return c.Blob(http.StatusOK, "image/svg+xml", content)
	})
}
