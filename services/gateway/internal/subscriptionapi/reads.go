package subscriptionapi

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// maxNote is the longest remark, in characters.
const maxNote = 500

var (
	statuses           = []string{"pending", "pending_sca", "active", "completed", "stopped", "failed", "expired"}
	occurrenceStatuses = []string{"planned", "expected", "paid", "missed", "unknown"}
	reports            = []string{"paid", "missed"}
)

func (a *API) get(c echo.Context) error {
	id, err := idOf(c)
	if err != nil {
		return err
	}
	of := caller.AccountOf(c)
	got, err := web.Call(c, readTimeout, a.Subscriptions.GetSubscription,
		&paymentsv1.GetSubscriptionRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode, Id: id})
	if err != nil {
		return fmt.Errorf("read subscription: %w", err)
	}
	v := view(got.GetSubscription())
	if next := got.GetNext(); next != nil {
		o := occurrenceView(next)
		v.Next = &o
	}
	return web.OK(c, http.StatusOK, v)
}

func (a *API) list(c echo.Context) error {
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	of, f := caller.AccountOf(c), web.FiltersOf(c)
	req := &paymentsv1.ListSubscriptionsRequest{
		MerchantId: of.Merchant.ID, Livemode: of.Livemode, Status: f.OneOf("status", statuses), MerchantReference: f.Text("reference", paying.MaxReference),
		Page: int32(page), Limit: int32(limit),
	}
	if err := f.Err(); err != nil {
		return err
	}
	got, err := web.Call(c, readTimeout, a.Subscriptions.ListSubscriptions, req)
	if err != nil {
		return fmt.Errorf("list subscriptions: %w", err)
	}
	subscriptions := make([]subscription, len(got.GetSubscriptions()))
	for i, s := range got.GetSubscriptions() {
		subscriptions[i] = view(s)
	}
	return web.List(c, subscriptions, web.Pagination{Page: page, Limit: limit, Total: got.GetTotal(), TotalIsMinimum: got.GetTotalIsMinimum()})
}

func (a *API) occurrences(c echo.Context) error {
	id, err := idOf(c)
	if err != nil {
		return err
	}
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	of, f := caller.AccountOf(c), web.FiltersOf(c)
	req := &paymentsv1.ListOccurrencesRequest{
		MerchantId: of.Merchant.ID, Livemode: of.Livemode, Id: id, Status: f.OneOf("status", occurrenceStatuses), Page: int32(page), Limit: int32(limit),
	}
	if err := f.Err(); err != nil {
		return err
	}
	got, err := web.Call(c, readTimeout, a.Subscriptions.ListOccurrences, req)
	if err != nil {
		return fmt.Errorf("list the occurrences of a subscription: %w", err)
	}
	occurrences := make([]occurrence, len(got.GetOccurrences()))
	for i, o := range got.GetOccurrences() {
		occurrences[i] = occurrenceView(o)
	}
	return web.List(c, occurrences, web.Pagination{Page: page, Limit: limit, Total: got.GetTotal(), TotalIsMinimum: got.GetTotalIsMinimum()})
}

func (a *API) history(c echo.Context) error {
	id, err := idOf(c)
	if err != nil {
		return err
	}
	of := caller.AccountOf(c)
	got, err := web.Call(c, readTimeout, a.Subscriptions.GetSubscriptionHistory,
		&paymentsv1.GetSubscriptionHistoryRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode, Id: id})
	if err != nil {
		return fmt.Errorf("read the history of a subscription: %w", err)
	}
	return web.OK(c, http.StatusOK, changes(got.GetChanges()))
}

// cancel ends a subscription. Its body may be empty.
func (a *API) cancel(c echo.Context) error {
	id, err := idOf(c)
	if err != nil {
		return err
	}
	var req struct {
		StoppedAtBank bool `json:"stopped_at_bank"`
	}
	if err := web.DecodeOptional(c, &req); err != nil {
		return err
	}
	of := caller.AccountOf(c)
	got, err := web.Call(c, bankTimeout, a.Subscriptions.CancelSubscription, &paymentsv1.CancelSubscriptionRequest{
		MerchantId: of.Merchant.ID, Livemode: of.Livemode, Id: id, Actor: string(caller.Of(c).Actor()), StoppedAtBank: req.StoppedAtBank, RequestId: web.RequestID(c),
	})
	if err != nil {
		return fmt.Errorf("cancel subscription: %w", err)
	}
	return web.OK(c, http.StatusOK, view(got.GetSubscription()))
}

// report records what the merchant says of an occurrence.
func (a *API) report(c echo.Context) error {
	id, err := idOf(c)
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(c.Param("number"), 10, 32)
	if err != nil || n < 1 {
		return errs.NotFound("Occurrence")
	}
	var req struct {
		Status string `json:"status"`
		Note   string `json:"note"`
	}
	if err := web.Decode(c, &req); err != nil {
		return err
	}
	var bad refuse.Problems
	oneOf(&bad, "status", req.Status, reports, false)
	bad.If(utf8.RuneCountInString(req.Note) > maxNote, "note", "must have at most %d characters", maxNote)
	bad.If(strings.ContainsFunc(req.Note, web.Unprintable), "note", "must not contain control characters or line breaks")
	if err := bad.Err(); err != nil {
		return err
	}
	of := caller.AccountOf(c)
	got, err := web.Call(c, readTimeout, a.Subscriptions.DecideOccurrence, &paymentsv1.DecideOccurrenceRequest{
		MerchantId: of.Merchant.ID, Livemode: of.Livemode, Id: id, Number: int32(n), Status: req.Status, Note: req.Note,
		Actor: string(caller.Of(c).Actor()), RequestId: web.RequestID(c),
	})
	if err != nil {
		return fmt.Errorf("report an occurrence: %w", err)
	}
	return web.OK(c, http.StatusOK, occurrenceView(got.GetOccurrence()))
}
