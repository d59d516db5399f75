package kitchenapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	// cloudPRNT is what a printer asks: it posts its status, gets its ticket, and deletes it when it is printed (Star CloudPRNT, version HTTP).
	cloudPRNT = "/printers/cloudprnt/:token"
	// pollsPerIP bounds the calls of an address in a minute: many printers of a kitchen that ask every few seconds. pollsPerPrinter are of one.
	pollsPerIP, pollsPerPrinter = 1200, 240
)

// statusOf is what a printer posts. It may send more, and null for what it does not have.
type statusOf struct {
	StatusCode string `json:"statusCode"`
	MAC        string `json:"printerMAC"`
	Printing   *bool  `json:"printingInProgress"`
}

// offer is the answer to it.
type offer struct {
	Ready      bool     `json:"jobReady"`
	MediaTypes []string `json:"mediaTypes,omitempty"`
	Token      string   `json:"jobToken,omitempty"`
	Method     string   `json:"deleteMethod,omitempty"`
}

// printerToken is the secret of the address.
func (a *API) printerToken(c echo.Context) (string, error) {
	token, err := web.PathID(c, "token", printerNoun)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(token))
	return token, web.Limited(c, a.Limiter, "printer:"+hex.EncodeToString(sum[:16]), pollsPerPrinter)
}

func (a *API) poll(c echo.Context) error {
	token, err := a.printerToken(c)
	if err != nil {
		return err
	}
	in, err := readStatusOf(c)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Kitchen.PollPrinter, &qrv1.PollPrinterRequest{
		Token: token, StatusCode: code(in.StatusCode), Mac: in.MAC, Printing: in.Printing != nil && *in.Printing,
	})
	if err != nil {
		return err
	}
	if res.GetJobId() == "" {
		return web.Answer(c, http.StatusOK, offer{})
	}
	return web.Answer(c, http.StatusOK, offer{Ready: true, MediaTypes: res.GetMediaTypes(), Token: res.GetJobId(), Method: http.MethodDelete})
}

// readStatusOf takes what printers of all ages send: unlike those of our own API, its fields grow without us.
func readStatusOf(c echo.Context) (statusOf, error) {
	var in statusOf
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, web.BodyLimit))
	if err != nil || json.Unmarshal(body, &in) != nil {
		return in, errs.Invalid(errs.Field{Field: "body", Message: "The body must be the JSON of a CloudPRNT client."})
	}
	return in, nil
}

// code is a status as people read it: printers escape it, also in JSON. What is no text when it is unescaped stays escaped.
func code(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil && utf8.ValidString(plain) {
		return plain
	}
	return text
}

// fetch returns the ticket. Printers that cannot send DELETE confirm with GET and the parameter delete.
func (a *API) fetch(c echo.Context) error {
	if c.QueryParams().Has("delete") {
		if err := a.settle(c); err != nil {
			return err
		}
		return c.String(http.StatusOK, "")
	}
	token, err := a.printerToken(c)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Kitchen.FetchTicket, &qrv1.FetchTicketRequest{
		Token: token, JobId: c.QueryParam("token"), MediaType: c.QueryParam("type"), Utf8: printsUTF8(c.Request().Header),
	})
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.Blob(http.StatusOK, res.GetMediaType(), res.GetContent())
}

// printsUTF8 reports whether the printer says so.
func printsUTF8(h http.Header) bool {
	pages := strings.ToLower(h.Get("X-Star-Accept-Codepages"))
	return strings.Contains(pages, "utf-8") || strings.Contains(pages, "utf8")
}

func (a *API) confirm(c echo.Context) error {
	if err := a.settle(c); err != nil {
		return err
	}
	return c.NoContent(http.StatusOK)
}

// settle records what became of a ticket.
func (a *API) settle(c echo.Context) error {
	token, err := a.printerToken(c)
	if err != nil {
		return err
	}
	_, err = web.Call(c, callTimeout, a.Kitchen.ConfirmTicket, &qrv1.ConfirmTicketRequest{
		Token: token, JobId: c.QueryParam("token"), Code: code(c.QueryParam("code")),
	})
	return err
}
