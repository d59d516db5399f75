package paymentapi

import (
	"fmt"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// details are the values of status_detail, in the order of the API description.
var details = []string{
	"authorising", "bank_processing", "accepted_by_bank", "cancelling", "expiring", "paying_by_scan", "received_outside", "amount_mismatch",
	"refused_by_provider", "unknown_provider_state",
}

var statuses = []string{"pending", "pending_sca", "completed", "failed", "cancelled", "refunded"}

// settled are the values of the filter of that name: what became of the money on the merchant's account.
var settled = []string{"true", "false", "unsettled"}

// maxSearch is the maximum length of a search text, in characters.
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
	f := web.FiltersOf(c)
	req, counted := listFilter(f), f.Bool("total", true)
	if err := f.Err(); err != nil {
		return err
	}
	req.Uncounted = !counted
	if req.GetUncounted() && page > 1 {
		return errs.Invalid(errs.Field{Field: "total", Message: "total=false cannot be combined with page: go on with starting_after."})
	}
	of := caller.AccountOf(c)
	req.MerchantId, req.Livemode, req.Page, req.Limit, req.StartingAfter = of.Merchant.ID, of.Livemode, int32(page), int32(limit), after
	resp, err := web.Call(c, readTimeout, p.Reads.ListPayments, req)
	if err != nil {
		return fmt.Errorf("list payments: %w", err)
	}
	if after != "" || req.GetUncounted() {
		return web.ListPart(c, paying.Views(resp.GetPayments()), resp.GetHasMore())
	}
	return web.List(c, paying.Views(resp.GetPayments()), web.Pagination{Page: page, Limit: limit, Total: resp.GetTotal(), TotalIsMinimum: resp.GetTotalIsMinimum()})
}

// listFilter reads what chooses payments. f collects what is wrong with it.
func listFilter(f *web.Filters) *paymentsv1.ListPaymentsRequest {
	req := &paymentsv1.ListPaymentsRequest{
		Status: f.OneOf("status", statuses), StatusDetail: f.OneOf("status_detail", details),
		CreatedFrom: f.Instant("from"), CreatedTo: f.Instant("to"),
		Reference: f.Text("reference", paying.MaxReference), MerchantReference: f.Text("merchant_reference", paying.MaxReference),
		MinAmountCents: int64(f.Amount("min_amount")), MaxAmountCents: int64(f.Amount("max_amount")), Search: f.Text("search", maxSearch),
		Metadata: f.Text("metadata", paying.MaxMetadataTerm), Settled: f.OneOf("settled", settled), PaymentLinkId: f.Text("payment_link_id", paying.MaxReference),
	}
	if exact := int64(f.Amount("amount")); exact > 0 {
		req.MinAmountCents, req.MaxAmountCents = max(exact, req.GetMinAmountCents()), exact
	}
	return req
}
