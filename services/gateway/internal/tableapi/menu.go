package tableapi

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// menu passes the bytes of the qr service on. A guest's browser keeps them and asks each time whether they still hold.
func (a *API) menu(c echo.Context) error {
	merchantID, token, err := pair(c)
	if err != nil {
		return err
	}
	if err := web.Limited(c, a.MenuLimiter, "menu:"+merchantID+":"+tokenKey(token), menuPerMinute); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	header := c.Request().Header
	packed := takesGzip(header.Get(echo.HeaderAcceptEncoding))
	res, err := a.Tables.GetMenu(ctx, &qrv1.GetMenuRequest{
		MerchantId: merchantID, Token: token, Gzip: packed, IfNoneMatch: strings.Join(header.Values("If-None-Match"), ","),
	})
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("ETag", res.GetEtag())
	h.Set(echo.HeaderVary, echo.HeaderAcceptEncoding)
	h.Set(echo.HeaderCacheControl, "private, no-cache")
	if res.GetNotModified() {
		return c.NoContent(http.StatusNotModified)
	}
	if packed {
		h.Set(echo.HeaderContentEncoding, "gzip")
	}
	h.Set(echo.HeaderContentLength, strconv.Itoa(len(res.GetBody())))
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, res.GetBody())
}

// pair is the code of a table in the path. The answer to a wrong one is the qr service's word for word.
func pair(c echo.Context) (merchantID, token string, err error) {
	if merchantID, err = web.PathID(c, "merchantId", tableNoun); err != nil {
		return "", "", err
	}
	token, err = web.PathID(c, "token", tableNoun)
	return merchantID, token, err
}

// takesGzip reads Accept-Encoding (RFC 9110 section 12.5.3). What is not plain is answered uncompressed.
func takesGzip(accepted string) bool {
	for part := range strings.SplitSeq(accepted, ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			weight = strings.ReplaceAll(weight, " ", "")
			return weight != "q=0" && !strings.HasPrefix(weight, "q=0.0")
		}
	}
	return false
}
