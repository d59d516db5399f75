// Package tillapi is what the law wants of a till: tickets, closings, the journal, and invoices of orders. Answers are bare objects; lists are
// {"data":[…],"pagination":{…}}.
package tillapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	callTimeout = 5 * time.Second
	// sellerTimeout is how long a ticket waits for what the einvoice service knows of its seller.
	sellerTimeout = 2 * time.Second
	// invoiceTimeout is longer than the einvoice service waits for the platform.
	invoiceTimeout = 30 * time.Second
	// ticketsPerMinute bounds the tickets that one address asks for with a table's code, and exportsPerMinute the journals of one merchant.
	ticketsPerMinute = 300
	exportsPerMinute = 10
)

const (
	orderNoun   = "Order"
	billNoun    = "Bill"
	paymentNoun = "Payment"
	closingNoun = "Closing"
)

// Merchants tells who a merchant is.
type Merchants interface {
	Get(ctx context.Context, id string) (merchant.Merchant, error)
}

// Deps are what New needs.
type Deps struct {
	Till      qrv1.TillServiceClient
	Tables    qrv1.TableServiceClient
	Bills     qrv1.BillServiceClient
	Invoices  einvoicev1.EInvoiceServiceClient
	Merchants Merchants
	Mails     Mails
	Access    *caller.Access
	Limiter   ratelimit.Limiter
	Log       *slog.Logger
}

// API is the handlers. Make it with New.
type API struct{ Deps }

// New returns the API.
func New(d Deps) *API { return &API{d} }

// Register puts the endpoints on the group of /api/v1.
func (a *API) Register(g *web.API) {
	read := a.Access.Login(caller.Team...)
	write := a.Access.Login(caller.Staff...)
	g.GET("/table-order/orders/:id/ticket", a.ticketFor(read))
	g.POST("/table-order/orders/:id/invoice", a.invoice, write)
	g.POST("/table-order/orders/:id/ticket/email", a.emailTicketFor(write))
	g.POST("/table-order/bills/:id/ticket/email", a.emailBillTicket, write)
	g.POST("/table-order/bill/:token/ticket/email", a.emailGuestBillTicket, web.PerIP(a.Limiter, "ticket-mail", mailsPerMinute))
	g.GET("/table-order/bills/:id/ticket", a.billTicket, read)
	g.GET("/table-order/bill/:token/ticket", a.guestBillTicket, web.PerIP(a.Limiter, "ticket", ticketsPerMinute))
	g.POST("/table-order/bills/:id/payments/:payment/invoice", a.invoiceBillPayment, write)
	g.GET("/till/closings", a.closings, read)
	g.POST("/till/closings", a.closeDay, write)
	g.GET("/till/closings/:id", a.closing, read)
	g.GET("/till/settings", a.settings, read)
	g.PUT("/till/settings", a.setSettings, a.Access.Login(caller.Owner...))
	g.GET("/till/journal", a.journal, a.Access.ForAccount(rights.ExportsRead))
}

// seller is who is named on paper: by the settings of e-invoicing if the merchant has them, otherwise by its profile.
func (a *API) seller(ctx context.Context, merchantID string, livemode bool) (*qrv1.Seller, error) {
	m, err := a.Merchants.Get(ctx, merchantID)
	if err != nil {
		return nil, err
	}
	s := &qrv1.Seller{Name: m.Name, LegalName: m.LegalName, Siret: m.SIREN, Address: lines(m.Address)}
	ctx, cancel := context.WithTimeout(ctx, sellerTimeout)
	defer cancel()
	res, err := a.Invoices.GetEnrollment(ctx, &einvoicev1.GetEnrollmentRequest{MerchantId: merchantID, Livemode: livemode})
	if err != nil {
		a.Log.WarnContext(ctx, "seller of a ticket is named by its profile alone", "merchant", merchantID, "error", err)
		return s, nil
	}
	if e := res.GetEnrollment(); e.GetEnrolled() {
		complete(s, e.GetSettings())
	}
	return s, nil
}

// file answers with a file that was rendered.
func file(c echo.Context, format, name string, data []byte) error {
	h := c.Response().Header()
	h.Set(echo.HeaderCacheControl, "no-store")
	switch format {
	case "html":
		h.Set(echo.HeaderContentSecurityPolicy, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		return c.HTMLBlob(http.StatusOK, data)
	case "pdf":
		h.Set(echo.HeaderContentDisposition, `inline; filename="`+name+`.pdf"`)
		return c.Blob(http.StatusOK, "application/pdf", data)
	default:
		h.Set(echo.HeaderContentDisposition, `attachment; filename="`+name+`.bin"`)
		return c.Blob(http.StatusOK, echo.MIMEOctetStream, data)
	}
}
