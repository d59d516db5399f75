package einvoiceapi

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// enrollmentView shows exactly what the API reference says for each state: the mandate and the SIRET only if the merchant may
// issue invoices.
type enrollmentView struct {
	Enrolled      bool   `json:"enrolled"`
	MandateID     string `json:"mandate_id,omitempty"`
	MandateStatus string `json:"mandate_status,omitempty"`
	Ready         bool   `json:"ready"`
	SIRET         string `json:"siret,omitempty"`
	// Unreported is there when a merchant has payments that no report has.
	Unreported *unreported `json:"unreported_sales,omitempty"`
}

func viewEnrollment(e *einvoicev1.Enrollment) enrollmentView {
	if !e.GetEnrolled() {
		return enrollmentView{}
	}
	v := enrollmentView{Enrolled: true, MandateStatus: e.GetMandateStatus(), Ready: e.GetReady()}
	if v.Ready {
		v.MandateID, v.SIRET = e.GetMandateId(), e.GetSiret()
	}
	return v
}

func (a *API) enrollment(c echo.Context) error {
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, platformTimeout)
	defer cancel()
	res, err := a.Invoices.GetEnrollment(ctx, &einvoicev1.GetEnrollmentRequest{MerchantId: of.MerchantID, Livemode: of.Livemode})
	if err != nil {
		return err
	}
	out := viewEnrollment(res.GetEnrollment())
	if out.Enrolled {
		left, err := a.Sales.GetUnreported(ctx, &einvoicev1.GetUnreportedRequest{MerchantId: of.MerchantID, Livemode: of.Livemode})
		if err != nil {
			return err
		}
		out.Unreported = viewUnreported(left)
	}
	return web.Answer(c, http.StatusOK, out)
}

// statuses of an invoice, as the API reference lists them.
var statuses = []string{"draft", "pending", "paid", "refunded", "cancelled", "failed"}

func (a *API) list(c echo.Context) error {
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
	req := &einvoicev1.ListInvoicesRequest{
		MerchantId: of.MerchantID, Livemode: of.Livemode, Page: int32(page), Limit: int32(limit), StartingAfter: after,
		Status: f.OneOf("status", statuses), From: f.Instant("from"), To: f.Instant("to"),
		PaymentReference: f.Text("payment_reference", maxReference),
	}
	if err := f.Err(); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, readTimeout)
	defer cancel()
	res, err := a.Invoices.ListInvoices(ctx, req)
	if err != nil {
		return err
	}
	if after != "" {
		return web.Answer(c, http.StatusOK, web.CursoredOf(res.GetInvoices(), summary, res.GetHasMore()))
	}
	return web.Answer(c, http.StatusOK, web.ListingOf(res.GetInvoices(), summary, page, limit, res.GetTotal()))
}

func (a *API) get(c echo.Context) error {
	of, id, err := a.invoiceOf(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, platformTimeout)
	defer cancel()
	res, err := a.Invoices.GetInvoice(ctx, &einvoicev1.GetInvoiceRequest{MerchantId: of.MerchantID, Livemode: of.Livemode, Id: id})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, view(res.GetInvoice()))
}

// pdf answers with the Factur-X, whatever Accept says, because there is no other representation.
func (a *API) pdf(c echo.Context) error {
	of, id, err := a.invoiceOf(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, platformTimeout)
	defer cancel()
	res, err := a.Invoices.GetInvoicePDF(ctx, &einvoicev1.GetInvoicePDFRequest{MerchantId: of.MerchantID, Livemode: of.Livemode, Id: id})
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set(echo.HeaderCacheControl, "private")
	h.Set(echo.HeaderContentDisposition, `attachment; filename="facturx-`+fileName(res.GetNumber())+`.pdf"`)
	return c.Blob(http.StatusOK, "application/pdf", res.GetPdf())
}

// fileName removes characters that could end the header value or lead into another folder. Numbers may contain a slash
// (BR-FR-01).
func fileName(number string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' || r == '_' || r == '+' {
			return r
		}
		return '-'
	}, number)
}
