// Package einvoiceapi is the REST API of e-invoicing: invoices, credit notes and their PDF for merchants' servers and for the
// portal, the enrolment and settings for the portal, and the intake of the platform's webhooks. It checks the shape of requests;
// the einvoice service checks the contents of invoices. Answers are bare objects; lists are {"data":[…],"pagination":{…}}.
package einvoiceapi

import (
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	// readTimeout is the deadline of calls that the einvoice service answers from its database.
	readTimeout = 10 * time.Second
	// platformTimeout is the deadline of calls that may wait for the platform. It ends before the server's write timeout.
	platformTimeout = 30 * time.Second
	// hooksPerMinute limits one address. The platform sends a webhook for every step of every invoice.
	hooksPerMinute = 6000
)

// Deps are the dependencies of New.
type Deps struct {
	Invoices  einvoicev1.EInvoiceServiceClient
	Sales     einvoicev1.SalesServiceClient
	Trails    einvoicev1.TrailServiceClient
	Rebates   einvoicev1.RebatesServiceClient
	Received  einvoicev1.ReceivedServiceClient
	Directory einvoicev1.DirectoryServiceClient
	Merchants *merchant.Merchants
	// Refunds refunds what credit notes give back, and CreditRefunds keeps what came of it.
	Refunds       Refunds
	CreditRefunds einvoicev1.CreditRefundsServiceClient
	Access        *caller.Access
	Limiter       ratelimit.Limiter
	// Drawn limits the PDFs of one merchant.
	Drawn echo.MiddlewareFunc
	Log   *slog.Logger
}

// Refunds is the room in which every refund is made. paymentapi.Payments implements it.
type Refunds interface {
	// MayRefund returns the pass to refund an amount of a payment, or why the caller may not.
	MayRefund(c echo.Context, of caller.Account, ref string, amount web.Amount) (gate.Pass, error)
	// Refund makes one refund for each reference and each key.
	Refund(c echo.Context, pass gate.Pass, r paying.Refund) (paying.Outcome, error)
}

// API has the handlers. Make it with New.
type API struct{ Deps }

// New returns the API.
func New(d Deps) *API { return &API{d} }

// Register puts the endpoints on the group of /api/v1. Staff issue invoices, accountants read them, and only the owner changes
// the enrolment.
func (a *API) Register(g *web.API) {
	read := []echo.MiddlewareFunc{explainNotEnrolled, a.Access.KeyOrLogin(rights.InvoicesRead, caller.Team...)}
	write := []echo.MiddlewareFunc{explainNotEnrolled, a.Access.KeyOrLogin(rights.InvoicesWrite, caller.Staff...)}
	g.GET("/einvoice/enrollment", a.enrollment, read...)
	g.GET("/einvoice/directory/:siren", a.directory, read...)
	g.POST("/einvoice/invoices", a.create, write...)
	g.GET("/einvoice/invoices", a.list, read...)
	g.GET("/einvoice/invoices/:id", a.get, read...)
	g.GET("/einvoice/invoices/:id/pdf", a.pdf, append(slices.Clone(read), a.Drawn)...)
	g.GET("/einvoice/invoices/:id/trail", a.trail, read...)
	g.GET("/einvoice/sales", a.sales, read...)
	g.POST("/einvoice/sales", a.recordSales, write...)
	g.POST("/einvoice/invoices/:id/submit", a.submit, write...)
	g.POST("/einvoice/invoices/:id/mark-paid", a.markPaid, write...)
	g.POST("/einvoice/invoices/:id/cancel", a.cancel, write...)
	g.POST("/einvoice/invoices/:id/credit-note", a.creditNote, write...)
	g.POST("/einvoice/credit-notes", a.createRebate, write...)

	a.registerReceived(g)

	member := []echo.MiddlewareFunc{explainNotEnrolled, a.Access.Login(caller.Team...)}
	owner := []echo.MiddlewareFunc{explainNotEnrolled, a.Access.Login(caller.Owner...)}
	g.POST("/einvoice/enroll", a.enroll, owner...)
	g.GET("/einvoice/enrollment/onboarding-link", a.onboardingLink, owner...)
	g.GET("/einvoice/settings", a.settings, member...)
	g.PATCH("/einvoice/settings", a.updateSettings, owner...)
	g.GET("/einvoice/reports", a.reports, member...)

	intake := web.PerIP(a.Limiter, "seqino", hooksPerMinute)
	g.POST("/webhooks/seqino", a.hook(true), intake)
	g.POST("/webhooks/seqino/test", a.hook(false), intake)
}

// The answer to merchants who are not enrolled, as in the API reference.
const (
	notEnrolledMessage = "E-invoicing is not enabled for this account."
	notEnrolledAction  = "Log in to the EU Pay merchant portal → Settings → E-Invoicing → Enroll"
)

// explainNotEnrolled adds to NOT_ENROLLED errors of any origin what the merchant should do.
func explainNotEnrolled(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		var e *errs.Error
		if errors.As(err, &e) && e.Code == errs.NotEnrolled && e.Action == "" {
			return notEnrolled()
		}
		return err
	}
}

func notEnrolled() error {
	e := errs.New(errs.NotEnrolled, notEnrolledMessage)
	e.Action = notEnrolledAction
	return e
}

// invoiceOf returns the invoice that the path names, and whose it is. A text that can be neither an id nor a number is NOT_FOUND.
func (a *API) invoiceOf(c echo.Context) (of caller.Whose, id string, err error) {
	if of, err = caller.WhoseOf(c, nil); err != nil {
		return caller.Whose{}, "", err
	}
	id, err = web.PathID(c, "id", "Invoice")
	return of, id, err
}

// issued adds to an error without an answer that a document may have been issued, unless the request can be repeated safely.
func issued(err error, repeatable bool) error {
	if repeatable || !errs.Is(err, errs.Unavailable) {
		return err
	}
	e := errs.New(errs.Unavailable, "No answer came in time, and the document may exist: look for it in GET /einvoice/invoices before you send this again. "+
		"With an Idempotency-Key the request can simply be repeated.")
	e.RetryAfter = errs.From(err).RetryAfter
	return errors.Join(e, err)
}
