package einvoiceapi

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// registerReceived puts the endpoints of received invoices on the group. Who reads and issues invoices reads and answers them.
func (a *API) registerReceived(g *web.API) {
	read := []echo.MiddlewareFunc{explainNotEnrolled, a.Access.KeyOrLogin(rights.InvoicesRead, caller.Team...)}
	write := []echo.MiddlewareFunc{explainNotEnrolled, a.Access.KeyOrLogin(rights.InvoicesWrite, caller.Staff...)}
	g.GET("/einvoice/received", a.listReceived, read...)
	g.GET("/einvoice/received/:id", a.getReceived, read...)
	g.GET("/einvoice/received/:id/pdf", a.receivedFile("pdf", "application/pdf"), append(slices.Clone(read), a.Drawn)...)
	g.GET("/einvoice/received/:id/xml", a.receivedFile("xml", echo.MIMEApplicationXML), read...)
	g.POST("/einvoice/received/:id/status", a.answerReceived, write...)
	// It moves the merchant's money, which staff may not.
	g.POST("/einvoice/received/:id/pay", a.payReceived, explainNotEnrolled, a.Access.ForAccount(rights.PaymentsWrite))
	g.POST("/einvoice/received/:id/pay/cancel", a.cancelReceived, explainNotEnrolled, a.Access.ForAccount(rights.PaymentsWrite))
}

// answers are the statuses that a buyer may give, with their codes in the life cycle.
var answers = map[string]int32{
	"acknowledged": 204, "approved": 205, "partially_approved": 206, "disputed": 207, "suspended": 208, "refused": 210, "payment_sent": 211,
}

// receivedStatuses are all statuses of a received invoice.
var receivedStatuses = []string{
	"received", "unreadable", "acknowledged", "approved", "partially_approved", "disputed", "suspended", "refused", "payment_sent",
}

// lengthSIREN is the number of digits of a SIREN.
const lengthSIREN = 9

func (a *API) listReceived(c echo.Context) error {
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	after, err := web.After(c)
	if err != nil {
		return err
	}
	f := web.FiltersOf(c)
	req := &einvoicev1.ListReceivedRequest{
		MerchantId: of.MerchantID, Livemode: of.Livemode, Page: int32(page), Limit: int32(limit), StartingAfter: after,
		Status: f.OneOf("status", receivedStatuses), SellerSiren: f.Text("seller_siren", lengthSIREN), From: f.Instant("from"), To: f.Instant("to"),
	}
	if err := f.Err(); err != nil {
		return err
	}
	res, err := web.Call(c, readTimeout, a.Received.ListReceived, req)
	if err != nil {
		return err
	}
	if after != "" {
		return web.Answer(c, http.StatusOK, web.CursoredOf(res.GetInvoices(), receivedSummary, res.GetHasMore()))
	}
	return web.Answer(c, http.StatusOK, web.ListingOf(res.GetInvoices(), receivedSummary, page, limit, res.GetTotal()).AtLeast(res.GetTotalIsMinimum()))
}

// receivedOf returns the received invoice that the path names, and whose it is.
func (a *API) receivedOf(c echo.Context) (of caller.Whose, id string, err error) {
	if of, err = caller.WhoseOf(c, nil); err != nil {
		return caller.Whose{}, "", err
	}
	id, err = web.PathID(c, "id", "Received invoice")
	return of, id, err
}

func (a *API) getReceived(c echo.Context) error {
	of, id, err := a.receivedOf(c)
	if err != nil {
		return err
	}
	res, err := web.Call(c, readTimeout, a.Received.GetReceived, &einvoicev1.GetReceivedRequest{MerchantId: of.MerchantID, Livemode: of.Livemode, Id: id})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, receivedView(res.GetInvoice()))
}

// receivedFile hands out a file of a supplier as a download: a browser must not run what strangers wrote.
func (a *API) receivedFile(format, contentType string) echo.HandlerFunc {
	return func(c echo.Context) error {
		of, id, err := a.receivedOf(c)
		if err != nil {
			return err
		}
		number, data, err := a.collect(c, &einvoicev1.GetReceivedFileRequest{MerchantId: of.MerchantID, Livemode: of.Livemode, Id: id, Format: format})
		if err != nil {
			return err
		}
		h := c.Response().Header()
		h.Set(echo.HeaderCacheControl, "private")
		h.Set(echo.HeaderXContentTypeOptions, "nosniff")
		h.Set(echo.HeaderContentSecurityPolicy, "sandbox")
		h.Set(echo.HeaderContentDisposition, `attachment; filename="received-`+fileName(number)+`.`+format+`"`)
		return c.Blob(http.StatusOK, contentType, data)
	}
}

// collect reads the parts of a file, which the einvoice service limits to 20 MiB, before anything is answered: a file that ends
// early must not look whole.
func (a *API) collect(c echo.Context, req *einvoicev1.GetReceivedFileRequest) (number string, data []byte, err error) {
	ctx, cancel := web.Calling(c, platformTimeout)
	defer cancel()
	parts, err := a.Received.GetReceivedFile(ctx, req)
	if err != nil {
		return "", nil, err
	}
	for {
		part, err := parts.Recv()
		if errors.Is(err, io.EOF) {
			return number, data, nil
		}
		if err != nil {
			return "", nil, err
		}
		number, data = cmp.Or(number, part.GetNumber()), append(data, part.GetData()...)
	}
}

type answerRequest struct {
	Status     string `json:"status"`
	ReasonCode string `json:"reason_code"`
	Reason     string `json:"reason"`
}

func (r answerRequest) check() error {
	var bad problems
	bad.required("status", r.Status)
	bad.oneOf("status", r.Status, "acknowledged", "approved", "partially_approved", "disputed", "suspended", "refused", "payment_sent")
	return bad.Err()
}

// answerReceived records a status of the buyer, which is sent to the seller's platform from then on.
func (a *API) answerReceived(c echo.Context) error {
	of, id, err := a.receivedOf(c)
	if err != nil {
		return err
	}
	var in answerRequest
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	key, err := web.IdempotencyKey(c)
	if err != nil {
		return err
	}
	res, err := web.Call(c, readTimeout, a.Received.AnswerReceived, &einvoicev1.AnswerReceivedRequest{
		MerchantId: of.MerchantID, Livemode: of.Livemode, Id: id, Code: answers[in.Status], ReasonCode: in.ReasonCode, Reason: in.Reason, IdempotencyKey: key,
	})
	if err != nil {
		return err
	}
	if res.GetReplayed() {
		c.Response().Header().Set(web.HeaderReplayed, "true")
	}
	return web.Answer(c, http.StatusOK, receivedView(res.GetInvoice()))
}
