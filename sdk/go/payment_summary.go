package eupay

import (
	"context"
	"net/http"
	"time"
)

// Interval is the parts that a PaymentSummary counts by.
type Interval string

// The values of Interval. Days begin at midnight in Paris.
const (
	ByDay  Interval = "day"
	ByHour Interval = "hour"
)

// SummaryParams say which period is summed up.
type SummaryParams struct {
	// From is inclusive, To is not; both are of when the payments were created. Zero: the last 30 days (with ByHour: today), until now.
	From, To time.Time
	// Interval is ByDay when empty.
	Interval Interval
	// Metadata is a value of the metadata, or key:value. Empty: any.
	Metadata string
}

// PaymentSummary is the numbers of the payments that were created in a period. Paid are those that are completed or refunded.
type PaymentSummary struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// All that were created.
	Count      int    `json:"count"`
	PaidCount  int    `json:"paid_count"`
	PaidAmount Amount `json:"paid_amount"`
	// What was given back of them by now.
	RefundedAmount Amount `json:"refunded_amount"`
	// The paid ones of those that have ended, from 0 to 1; nil when none has.
	SuccessRate *float64 `json:"success_rate"`
	// How long the paid ones took from their creation to their completion; nil when none was paid.
	SecondsToComplete *SecondsToComplete `json:"seconds_to_complete"`
	// Those that occur.
	Statuses []StatusSum `json:"statuses"`
	// ByBank are the largest banks, the largest first. The last one, without a BIC, is all others and those that are not known.
	ByBank []BankSum `json:"by_bank"`
	// All days or hours of the period, the oldest first.
	Intervals []IntervalSum `json:"intervals"`
}

// SecondsToComplete is how long payments took.
type SecondsToComplete struct {
	Median float64 `json:"median"`
	// 95 of 100 took at most so long.
	P95 float64 `json:"p95"`
}

// StatusSum counts the payments with a status.
type StatusSum struct {
	Status PaymentStatus `json:"status"`
	Count  int           `json:"count"`
	Amount Amount        `json:"amount"`
}

// BankSum counts the paid payments of the customers of a bank.
type BankSum struct {
	// 8 characters, or empty.
	BIC        string `json:"bic"`
	PaidCount  int    `json:"paid_count"`
	PaidAmount Amount `json:"paid_amount"`
}

// IntervalSum counts the payments of a day or an hour.
type IntervalSum struct {
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`
	Count      int       `json:"count"`
	PaidCount  int       `json:"paid_count"`
	PaidAmount Amount    `json:"paid_amount"`
}

// Summary sums up a period. The numbers may be some seconds old.
func (s Payments) Summary(ctx context.Context, p SummaryParams) (*PaymentSummary, error) {
	q := query{}
	q.time("from", p.From)
	q.time("to", p.To)
	q.text("interval", string(p.Interval))
	q.text("metadata", p.Metadata)
	return get[PaymentSummary](ctx, s.c, call{method: http.MethodGet, path: paymentsPath + "/summary", query: q, moded: true, wrapped: true})
}

// Export is a CSV file of all payments that p chooses, the newest first. Its pages do not matter. Close it.
func (s Payments) Export(ctx context.Context, p PaymentListParams) (*Download, error) {
	return s.c.download(ctx, call{path: paymentsPath + "/export", query: p.filter(query{}), moded: true})
}
