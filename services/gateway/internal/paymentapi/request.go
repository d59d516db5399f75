package paymentapi

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// maxDelay is how far ahead a payment may be deferred.
const maxDelay = 366 * 24 * time.Hour

type createRequest struct {
	Amount        web.Amount       `json:"amount"`
	Currency      string           `json:"currency"`
	Description   string           `json:"description"`
	Reference     string           `json:"reference"`
	SuccessURL    string           `json:"success_url"`
	CancelURL     string           `json:"cancel_url"`
	Metadata      json.RawMessage  `json:"metadata"`
	ExecutionType string           `json:"execution_type"`
	ExecutionDate string           `json:"execution_date"`
	Customer      *paying.Customer `json:"customer"`
	Bank          string           `json:"bank"`
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
	paying.CheckDescription(&bad, r.Description)
	if r.Reference != "" {
		paying.CheckReference(&bad, r.Reference)
	}
	paying.CheckURL(&bad, "success_url", r.SuccessURL, live)
	paying.CheckURL(&bad, "cancel_url", r.CancelURL, live)
	r.Metadata = paying.CheckMetadata(&bad, r.Metadata)
	r.checkExecution(&bad, now)
	r.Customer.Check(&bad, now)
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
