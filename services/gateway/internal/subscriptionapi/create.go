package subscriptionapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/reference"
	"european-pay.eu/eupay/internal/refuse"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	// maxCount is the most occurrences of a subscription that ends by count.
	maxCount = 1000
	// defaultAhead and maxAhead are how many days before its day the link of an occurrence is sent.
	defaultAhead = 7
	maxAhead     = 60
)

var (
	frequencies = []string{"daily", "weekly", "two-weekly", "monthly", "two-monthly", "quarterly", "four-monthly", "semiannually", "yearly"}
	ways        = []string{"auto", "bank", "links"}
)

type createRequest struct {
	Amount      web.Amount       `json:"amount"`
	Currency    string           `json:"currency"`
	Frequency   string           `json:"frequency"`
	StartDate   string           `json:"start_date"`
	EndDate     string           `json:"end_date"`
	Count       *int32           `json:"count"`
	Collect     string           `json:"collect"`
	DaysBefore  *int32           `json:"days_before"`
	Bank        string           `json:"bank"`
	Description string           `json:"description"`
	Reference   string           `json:"reference"`
	SuccessURL  string           `json:"success_url"`
	CancelURL   string           `json:"cancel_url"`
	Metadata    json.RawMessage  `json:"metadata"`
	Customer    *paying.Customer `json:"customer"`
	// NotifyCustomer mails the payment links to the customer; absent: no, or as it was.
	NotifyCustomer *bool `json:"notify_customer"`
}

// check validates the request, sets defaults and compacts the metadata. What a replacement leaves out, it takes over.
func (r *createRequest) check(live bool, now time.Time, replaces bool) error {
	var bad refuse.Problems
	r.checkTerms(&bad, replaces)
	if r.Currency == "" {
		r.Currency = "EUR"
	}
	bad.If(r.Currency != "EUR", "currency", "must be EUR")
	if r.Description != "" || !replaces {
		paying.CheckDescription(&bad, r.Description)
	}
	if r.Reference != "" {
		paying.CheckReference(&bad, r.Reference)
	}
	paying.CheckURL(&bad, "success_url", r.SuccessURL, live)
	paying.CheckURL(&bad, "cancel_url", r.CancelURL, live)
	r.Metadata = paying.CheckMetadata(&bad, r.Metadata)
	r.Customer.Check(&bad, now)
	_, err := uuid.Parse(r.Bank)
	bad.If(r.Bank != "" && (err != nil || len(r.Bank) != 36), "bank", "must be the id of a bank: GET /gateway/banks lists them")
	return bad.Err()
}

// checkTerms checks what is collected, when and how. Which days are possible is decided where the calendar is.
func (r *createRequest) checkTerms(bad *refuse.Problems, replaces bool) {
	if r.Amount.Given() || !replaces {
		checkAmount(bad, r.Amount)
	}
	if r.Collect == "" && !replaces {
		r.Collect = "auto"
	}
	oneOf(bad, "frequency", r.Frequency, frequencies, replaces)
	oneOf(bad, "collect", r.Collect, ways, replaces)
	checkDay(bad, "start_date", r.StartDate)
	checkDay(bad, "end_date", r.EndDate)
	bad.If(r.EndDate != "" && r.Count != nil, "count", "must not be given with end_date")
	bad.If(r.Count != nil && (*r.Count < 1 || *r.Count > maxCount), "count", "must be from 1 to %d", maxCount)
	bad.If(r.DaysBefore != nil && (*r.DaysBefore < 0 || *r.DaysBefore > maxAhead), "days_before", "must be from 0 to %d", maxAhead)
	bad.If(r.notifies() && r.Collect == "bank", "notify_customer", "must be absent when the bank collects: it is about payment links")
	bad.If(r.notifies() && (r.Customer != nil || !replaces) && (r.Customer == nil || r.Customer.Email == ""), "customer.email",
		"is required with notify_customer: the payment links are mailed there")
	bad.If(r.DaysBefore != nil && r.Collect == "bank", "days_before", "must be absent when the bank collects: it is about payment links")
}

func (r *createRequest) notifies() bool { return r.NotifyCustomer != nil && *r.NotifyCustomer }

func checkAmount(bad *refuse.Problems, a web.Amount) {
	if !a.Given() {
		bad.Add("amount", "is required")
		return
	}
	if err := paying.CheckAmount(a.Cents()); err != nil {
		bad.Join(err)
	}
}

func oneOf(bad *refuse.Problems, field, value string, values []string, optional bool) {
	bad.If(!slices.Contains(values, value) && (value != "" || !optional), field, "must be one of %s", strings.Join(values, ", "))
}

func checkDay(bad *refuse.Problems, field, day string) {
	_, err := time.Parse(time.DateOnly, day)
	bad.If(day != "" && err != nil, field, "must be a day, as YYYY-MM-DD")
}

func (r *createRequest) fingerprint(of caller.Account, replaces string) []byte {
	parts := append([]string{
		r.Amount.Cents().String(), r.Currency, r.Frequency, r.StartDate, r.EndDate, number(r.Count), r.Collect, number(r.DaysBefore), strings.ToLower(r.Bank),
		r.Description, r.Reference, r.SuccessURL, r.CancelURL, string(paying.SortedMetadata(r.Metadata)), replaces,
	}, r.Customer.Fingerprint()...)
	if r.NotifyCustomer != nil {
		parts = append(parts, "notify", strconv.FormatBool(*r.NotifyCustomer))
	}
	return paying.Fingerprint("subscription", of.Merchant.ID, of.Livemode, parts...)
}

func number(n *int32) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(int(*n))
}

// message is the request to the payments service.
func (r *createRequest) message(c echo.Context, of caller.Account, now time.Time) (*paymentsv1.CreateSubscriptionRequest, error) {
	key, err := web.IdempotencyKey(c)
	if err != nil {
		return nil, err
	}
	out := &paymentsv1.CreateSubscriptionRequest{
		Id: reference.Subscription(now), MerchantId: of.Merchant.ID, MerchantVersion: of.Merchant.Snapshot().GetVersion(), Livemode: of.Livemode,
		AmountCents: int64(r.Amount.Cents()), Currency: r.Currency, Frequency: r.Frequency, StartDate: r.StartDate, EndDate: r.EndDate,
		Collect: r.Collect, DaysBefore: defaultAhead, BankId: strings.ToLower(r.Bank), Description: r.Description, MerchantReference: r.Reference,
		SuccessUrl: r.SuccessURL, CancelUrl: r.CancelURL, MetadataJson: r.Metadata, Customer: r.Customer.Proto(),
		IdempotencyKey: key, RequestId: web.RequestID(c), NotifyCustomer: r.notifies(),
	}
	if r.Count != nil {
		out.Count = *r.Count
	}
	if r.DaysBefore != nil {
		out.DaysBefore = *r.DaysBefore
	}
	return out, nil
}

// create answers 201 with a new subscription, 200 with the existing one of the same reference, and 201 again if the Idempotency-Key
// identifies the same request. One that the provider refused at once is 422.
func (a *API) create(c echo.Context) error {
	var req createRequest
	if err := web.Decode(c, &req); err != nil {
		return err
	}
	of, now := caller.AccountOf(c), a.Now()
	if err := req.check(of.Livemode, now, false); err != nil {
		return err
	}
	msg, err := req.message(c, of, now)
	if err != nil {
		return err
	}
	msg.Fingerprint = req.fingerprint(of, "")
	return a.send(c, of, msg)
}

// replace makes a subscription that takes the place of another one: what it leaves out is as it was.
func (a *API) replace(c echo.Context) error {
	id, err := idOf(c)
	if err != nil {
		return err
	}
	var req createRequest
	if err := web.Decode(c, &req); err != nil {
		return err
	}
	of, now := caller.AccountOf(c), a.Now()
	if err := req.check(of.Livemode, now, true); err != nil {
		return err
	}
	msg, err := req.message(c, of, now)
	if err != nil {
		return err
	}
	old, err := web.Call(c, readTimeout, a.Subscriptions.GetSubscription,
		&paymentsv1.GetSubscriptionRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode, Id: id})
	if err != nil {
		return fmt.Errorf("read the subscription to replace: %w", err)
	}
	msg.Replaces, msg.Fingerprint = id, req.fingerprint(of, id)
	takeOver(msg, old.GetSubscription(), req.DaysBefore == nil)
	if req.NotifyCustomer == nil {
		msg.NotifyCustomer = old.GetSubscription().GetNotifyCustomer()
	}
	return a.send(c, of, msg)
}

// takeOver fills in what the request left out. The end and the customer are taken over by the payments service.
func takeOver(msg *paymentsv1.CreateSubscriptionRequest, old *paymentsv1.Subscription, daysBefore bool) {
	if msg.GetAmountCents() == 0 {
		msg.AmountCents = old.GetAmountCents()
	}
	if msg.GetMetadataJson() == nil {
		msg.MetadataJson = old.GetMetadataJson()
	}
	if daysBefore && old.GetCollect() == "links" {
		msg.DaysBefore = old.GetDaysBefore()
	}
	for _, text := range []struct {
		to  *string
		old string
	}{
		{&msg.Frequency, old.GetFrequency()},
		{&msg.Collect, old.GetCollect()},
		{&msg.Description, old.GetDescription()},
		{&msg.MerchantReference, old.GetMerchantReference()},
		{&msg.SuccessUrl, old.GetSuccessUrl()},
		{&msg.CancelUrl, old.GetCancelUrl()},
	} {
		if *text.to == "" {
			*text.to = text.old
		}
	}
}

func (a *API) send(c echo.Context, of caller.Account, msg *paymentsv1.CreateSubscriptionRequest) error {
	if _, err := gate.ForMerchant(of.Merchant, of.Livemode); err != nil {
		return err
	}
	out, err := web.Call(c, bankTimeout, a.Subscriptions.CreateSubscription, msg)
	if err != nil {
		return fmt.Errorf("create subscription: %w", err)
	}
	status := http.StatusCreated
	if out.GetReplayed() {
		c.Response().Header().Set(web.HeaderReplayed, "true")
		if !out.GetReplayedByKey() { // found by its reference; a key repeats the first answer's status
			status = http.StatusOK
		}
	}
	if err := refusedAtOnce(out.GetSubscription()); err != nil {
		return err
	}
	return web.OK(c, status, view(out.GetSubscription()))
}

// refusedAtOnce is PAYMENT_REFUSED for a subscription that the provider refused when it was asked for it, else nil.
func refusedAtOnce(s *paymentsv1.Subscription) error {
	return paying.RefusedAtOnce(&paymentsv1.Payment{
		Reference: s.GetId(), Status: s.GetStatus(), StatusDetail: s.GetStatusDetail(), FailureCode: s.GetFailureCode(),
	})
}
