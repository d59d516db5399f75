package paymentapi

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// Limits of a payment request. That of the description is the API reference's.
const (
	maxDescription = 500
	maxReference   = 64
	maxURL         = 2048
	maxDelay       = 366 * 24 * time.Hour
)

type createRequest struct {
	Amount        web.Amount      `json:"amount"`
	Currency      string          `json:"currency"`
	Description   string          `json:"description"`
	Reference     string          `json:"reference"`
	SuccessURL    string          `json:"success_url"`
	CancelURL     string          `json:"cancel_url"`
	Metadata      json.RawMessage `json:"metadata"`
	ExecutionType string          `json:"execution_type"`
	ExecutionDate string          `json:"execution_date"`
	Customer      *customer       `json:"customer"`
	Bank          string          `json:"bank"`
}

// check validates the request, sets defaults and compacts the metadata.
func (r *createRequest) check(live bool, now time.Time) error {
	var bad refuse.Problems
	if !r.Amount.Given() {
		bad.Add("amount", "is required")
	} else {
		checkAmount(&bad, r.Amount.Cents())
	}
	if r.Currency == "" {
		r.Currency = "EUR"
	}
	if r.Currency != "EUR" {
		bad.Add("currency", "must be EUR")
	}
	checkDescription(&bad, r.Description)
	if r.Reference != "" {
		checkReference(&bad, r.Reference)
	}
	checkURL(&bad, "success_url", r.SuccessURL, live)
	checkURL(&bad, "cancel_url", r.CancelURL, live)
	r.Metadata = checkMetadata(&bad, r.Metadata)
	r.checkExecution(&bad, now)
	r.Customer.check(&bad, now)
	if _, err := uuid.Parse(r.Bank); r.Bank != "" && (err != nil || len(r.Bank) != 36) {
		bad.Add("bank", "must be the id of a bank: GET /gateway/banks lists them")
	}
	return bad.Err()
}

func checkAmount(bad *refuse.Problems, c money.Cents) {
	if err := paying.CheckAmount(c); err != nil {
		bad.Join(err)
	}
}

func checkDescription(bad *refuse.Problems, d string) {
	switch {
	case strings.TrimSpace(d) == "":
		bad.Add("description", "is required")
	case utf8.RuneCountInString(d) > maxDescription:
		bad.Add("description", "must have at most %d characters", maxDescription)
	case strings.ContainsFunc(d, web.Unprintable):
		bad.Add("description", "must not contain control characters or line breaks")
	}
}

func checkReference(bad *refuse.Problems, s string) {
	switch n := utf8.RuneCountInString(s); {
	case n < 1 || n > maxReference || strings.TrimSpace(s) != s:
		bad.Add("reference", "must have 1 to %d characters and no space at its ends", maxReference)
	case strings.ContainsFunc(s, web.Unprintable):
		bad.Add("reference", "must not contain control characters or line breaks")
	}
}

// checkURL refuses everything that browsers might interpret differently, because the payer's browser will be redirected there.
func checkURL(bad *refuse.Problems, field string, link string, live bool) {
	if link == "" {
		return
	}
	if len(link) > maxURL {
		bad.Add(field, "must have at most %d characters", maxURL)
		return
	}
	u, err := url.Parse(link)
	ascii := !strings.ContainsFunc(link, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' })
	switch {
	case err != nil || !ascii || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.Opaque != "":
		bad.Add(field, "must be an absolute http or https URL")
	case u.User != nil:
		bad.Add(field, "must not contain a user name or password")
	case live && u.Scheme != "https":
		bad.Add(field, "must use https in live mode")
	}
}

func (r *createRequest) checkExecution(bad *refuse.Problems, now time.Time) {
	switch r.ExecutionType {
	case "instant", "first_open_day", "deferred":
	default:
		if r.ExecutionType != "" {
			bad.Add("execution_type", "must be instant, first_open_day or deferred")
			return
		}
	}
	if deferred := r.ExecutionType == "deferred"; deferred != (r.ExecutionDate != "") {
		bad.Add("execution_date", "must be given with execution_type deferred, and only then")
		return
	}
	if r.ExecutionDate == "" {
		return
	}
	day, err := time.Parse(time.DateOnly, r.ExecutionDate)
	today := now.UTC().Truncate(24 * time.Hour)
	if err != nil || !day.After(today) || day.After(today.Add(maxDelay)) {
		bad.Add("execution_date", "must be a day (YYYY-MM-DD) after today and within a year")
	}
}

// compact removes white space from metadata and keeps every other byte. That is the stored form.
func compact(raw []byte) []byte {
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return raw
	}
	return b.Bytes()
}
