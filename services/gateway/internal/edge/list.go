package edge

import (
	"fmt"
	"strings"
	"unicode/utf8"

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

// maxSearch bounds a text to look for, in characters.
const maxSearch = 100

func (p *Payments) list(c echo.Context) error {
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	after, err := web.After(c)
	if err != nil {
		return err
	}
	req, err := listFilter(c)
	if err != nil {
		return err
	}
	key := KeyOf(c)
	req.MerchantId, req.Livemode, req.Page, req.Limit, req.StartingAfter = key.Merchant.ID, key.Livemode, int32(page), int32(limit), after
	ctx, cancel := web.Calling(c, readTimeout)
	defer cancel()
	resp, err := p.Reads.ListPayments(ctx, req)
	if err != nil {
		return fmt.Errorf("list payments: %w", err)
	}
	if after != "" {
		return web.ListOn(c, views(resp.GetPayments()), resp.GetHasMore())
	}
	return web.List(c, views(resp.GetPayments()), web.Pagination{Page: page, Limit: limit, Total: resp.GetTotal()})
}

// filters reads the filters of a list from the query, and collects what is wrong with them.
type filters struct {
	c   echo.Context
	bad []errs.Field
}

func (f *filters) oneOf(name string, values []string) string {
	value := f.c.QueryParam(name)
	if f.c.QueryParams().Has(name) {
		f.bad = append(f.bad, web.OneOf(name, value, values)...)
	}
	return value
}

func (f *filters) instant(name string) *timestamppb.Timestamp {
	if !f.c.QueryParams().Has(name) {
		return nil
	}
	at, ok := web.Instant(f.c.QueryParam(name))
	if !ok {
		f.bad = append(f.bad, web.NotAnInstant(name))
	}
	return timestamppb.New(at)
}

func (f *filters) amount(name string) int64 {
	if !f.c.QueryParams().Has(name) {
		return 0
	}
	cents, err := money.Parse(f.c.QueryParam(name))
	if err != nil || cents < minAmount {
		f.bad = append(f.bad, errs.Field{Field: name, Message: name + " must be an amount in euros such as 29.99."})
	}
	return int64(cents)
}

func (f *filters) text(name string, most int) string {
	text := f.c.QueryParam(name)
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > most || strings.ContainsFunc(text, unprintable) {
		f.bad = append(f.bad, errs.Field{Field: name, Message: fmt.Sprintf("%s must be text of at most %d characters.", name, most)})
	}
	return text
}

func listFilter(c echo.Context) (*paymentsv1.ListPaymentsRequest, error) {
	f := &filters{c: c}
	req := &paymentsv1.ListPaymentsRequest{
		Status: f.oneOf("status", statuses), StatusDetail: f.oneOf("status_detail", details),
		CreatedFrom: f.instant("from"), CreatedTo: f.instant("to"),
		Reference: f.text("reference", maxReference), MerchantReference: f.text("merchant_reference", maxReference),
		MinAmountCents: f.amount("min_amount"), MaxAmountCents: f.amount("max_amount"), Search: f.text("search", maxSearch),
	}
	if exact := f.amount("amount"); exact > 0 {
		req.MinAmountCents, req.MaxAmountCents = max(exact, req.GetMinAmountCents()), exact
	}
	if len(f.bad) > 0 {
		return nil, errs.Invalid(f.bad...)
	}
	return req, nil
}
