package edge

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// details are the values of status_detail, as the API description lists them.
var details = []string{
	"authorising", "bank_processing", "accepted_by_bank", "cancelling", "expiring", "paying_by_scan", "received_outside", "amount_mismatch",
	"refused_by_provider", "unknown_provider_state",
}

var statuses = []string{"pending", "pending_sca", "completed", "failed", "cancelled", "refunded"}

func (p *Payments) get(c echo.Context) error {
	ref, err := reference(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, readTimeout)
	defer cancel()
	key := KeyOf(c)
	resp, err := p.Reads.GetPayment(ctx, &paymentsv1.GetPaymentRequest{MerchantId: key.Merchant.ID, Livemode: key.Livemode, Reference: ref})
	if err != nil {
		return fmt.Errorf("read payment: %w", err)
	}
	return web.OK(c, http.StatusOK, view(resp.GetPayment()))
}

func (p *Payments) list(c echo.Context) error {
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	req, err := listFilter(c)
	if err != nil {
		return err
	}
	key := KeyOf(c)
	req.MerchantId, req.Livemode, req.Page, req.Limit = key.Merchant.ID, key.Livemode, int32(page), int32(limit)
	ctx, cancel := web.Calling(c, readTimeout)
	defer cancel()
	resp, err := p.Reads.ListPayments(ctx, req)
	if err != nil {
		return fmt.Errorf("list payments: %w", err)
	}
	return web.List(c, views(resp.GetPayments()), web.Pagination{Page: page, Limit: limit, Total: resp.GetTotal()})
}

func listFilter(c echo.Context) (*paymentsv1.ListPaymentsRequest, error) {
	req := &paymentsv1.ListPaymentsRequest{Status: c.QueryParam("status"), StatusDetail: c.QueryParam("status_detail")}
	var bad []errs.Field
	if q := c.QueryParams(); q.Has("status") && !slices.Contains(statuses, req.Status) {
		bad = append(bad, errs.Field{Field: "status", Message: "status must be one of " + strings.Join(statuses, ", ") + "."})
	}
	if c.QueryParams().Has("status_detail") && !slices.Contains(details, req.StatusDetail) {
		bad = append(bad, errs.Field{Field: "status_detail", Message: "status_detail must be one of " + strings.Join(details, ", ") + "."})
	}
	if c.QueryParams().Has("from") {
		from, ok := Instant(c.QueryParam("from"))
		if !ok {
			bad = append(bad, errs.Field{Field: "from", Message: "from must be an ISO 8601 time such as 2026-06-17T12:00:00Z."})
		}
		req.CreatedFrom = timestamppb.New(from)
	}
	if len(bad) > 0 {
		return nil, errs.Invalid(bad...)
	}
	return req, nil
}

// Instant reads an ISO 8601 time; without a zone, and for a day alone, it is UTC. A "+" that was not escaped in the
// query arrives as a space.
func Instant(s string) (time.Time, bool) {
	s = strings.Replace(s, " ", "+", 1)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, time.UTC); err == nil && t.Year() >= 1970 && t.Year() < 10000 {
			return t, true
		}
	}
	return time.Time{}, false
}

func (p *Payments) history(c echo.Context) error {
	ref, err := reference(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, readTimeout)
	defer cancel()
	key := KeyOf(c)
	resp, err := p.Reads.ListHistory(ctx, &paymentsv1.ListHistoryRequest{MerchantId: key.Merchant.ID, Livemode: key.Livemode, Reference: ref})
	if err != nil {
		return fmt.Errorf("read history: %w", err)
	}
	return web.OK(c, http.StatusOK, changes(resp.GetEntries()))
}

func (p *Payments) refunds(c echo.Context) error {
	ref, err := reference(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, readTimeout)
	defer cancel()
	key := KeyOf(c)
	resp, err := p.Reads.ListRefunds(ctx, &paymentsv1.ListRefundsRequest{MerchantId: key.Merchant.ID, Livemode: key.Livemode, Reference: ref})
	if err != nil {
		return fmt.Errorf("list refunds: %w", err)
	}
	return web.OK(c, http.StatusOK, views(resp.GetRefunds()))
}

// status is public: merchants' pages ask it from the payer's browser.
func (p *Payments) status(c echo.Context) error {
	ref, err := reference(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, readTimeout)
	defer cancel()
	resp, err := p.Reads.GetPaymentStatus(ctx, &paymentsv1.GetPaymentStatusRequest{Reference: ref})
	if err != nil {
		return fmt.Errorf("read public status: %w", err)
	}
	return web.OK(c, http.StatusOK, publicStatus{
		Reference: resp.GetReference(), Status: resp.GetStatus(), Amount: money.Cents(resp.GetAmountCents()), Currency: resp.GetCurrency(),
	})
}

// anyOrigin lets every page read the answer: it holds nothing that needs a credential.
func anyOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set(echo.HeaderAccessControlAllowOrigin, "*")
		h.Set(echo.HeaderAccessControlExposeHeaders, "Retry-After, X-Request-Id")
		return next(c)
	}
}

func preflight(c echo.Context) error {
	h := c.Response().Header()
	h.Set(echo.HeaderAllow, "GET, OPTIONS")
	h.Set(echo.HeaderAccessControlAllowMethods, "GET")
	h.Set(echo.HeaderAccessControlAllowHeaders, "Content-Type, Authorization, Cache-Control, X-Request-Id")
	h.Set(echo.HeaderAccessControlMaxAge, "86400")
	return c.NoContent(http.StatusNoContent)
}
