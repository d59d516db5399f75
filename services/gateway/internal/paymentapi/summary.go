package paymentapi

import (
	"cmp"
	"fmt"
	"net/http"
	"time"
	_ "time/tzdata" // days are those of Paris, also on a machine without a time zone database

	"github.com/labstack/echo/v4"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	// summaryDays are those of a period that the request does not name, today included.
	summaryDays = 30
	// maxDays and maxHours bound a period, by its parts.
	maxDays, maxHours = 366, 7 * 24
)

// intervals are the values of interval.
var intervals = []string{"day", "hour"}

// paris is where the days of merchants begin.
var paris = mustZone("Europe/Paris")

func mustZone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // cannot happen: the zones are in the program
	}
	return z
}

// summary is the numbers of a period.
type summary struct {
	From           string         `json:"from"`
	To             string         `json:"to"`
	Count          int64          `json:"count"`
	PaidCount      int64          `json:"paid_count"`
	PaidAmount     money.Cents    `json:"paid_amount"`
	RefundedAmount money.Cents    `json:"refunded_amount"`
	SuccessRate    *share         `json:"success_rate,omitempty"`
	SecondsToPay   *secondsToPay  `json:"seconds_to_complete,omitempty"`
	Statuses       []statusTotal  `json:"statuses"`
	ByBank         []bankTotal    `json:"by_bank"`
	Intervals      []intervalView `json:"intervals"`
}

// share is a part of the whole in ten thousandths: no float is needed to write it.
type share int64

// MarshalJSON implements json.Marshaler: 0.9312.
func (s share) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%d.%04d", s/10_000, s%10_000), nil
}

type secondsToPay struct {
	Median millis `json:"median"`
	P95    millis `json:"p95"`
}

// millis are written as seconds: 41.250.
type millis int64

// MarshalJSON implements json.Marshaler.
func (m millis) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%d.%03d", m/1000, m%1000), nil
}

type statusTotal struct {
	Status string      `json:"status"`
	Count  int64       `json:"count"`
	Amount money.Cents `json:"amount"`
}

// bankTotal is one of the largest banks; without a BIC: all others, and those that are not known.
type bankTotal struct {
	BIC        *string     `json:"bic"`
	PaidCount  int64       `json:"paid_count"`
	PaidAmount money.Cents `json:"paid_amount"`
}

type intervalView struct {
	From       string      `json:"from"`
	To         string      `json:"to"`
	Count      int64       `json:"count"`
	PaidCount  int64       `json:"paid_count"`
	PaidAmount money.Cents `json:"paid_amount"`
}

// period is what a summary is about. open: it ends now. metadata chooses payments.
type period struct {
	metadata string
	from, to time.Time
	open     bool
	parts    []time.Time
}

func (p *Payments) summary(c echo.Context) error {
	of, now := caller.AccountOf(c), p.Now()
	period, err := periodOf(c, now)
	if err != nil {
		return err
	}
	req := &paymentsv1.SummarizePaymentsRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode, CreatedFrom: timestamppb.New(period.from), Metadata: period.metadata}
	if !period.open {
		req.CreatedTo = timestamppb.New(period.to)
	}
	for _, part := range period.parts {
		req.Parts = append(req.Parts, timestamppb.New(part))
	}
	ctx, cancel := web.Calling(c, readTimeout)
	defer cancel()
	got, err := p.Reads.SummarizePayments(ctx, req)
	if err != nil {
		return fmt.Errorf("summarize payments: %w", err)
	}
	return web.OK(c, http.StatusOK, period.summary(got))
}

// periodOf reads the period of a request.
func periodOf(c echo.Context, now time.Time) (period, error) {
	f := web.FiltersOf(c)
	from, to, interval := f.Instant("from"), f.Instant("to"), cmp.Or(f.OneOf("interval", intervals), "day")
	metadata := f.Text("metadata", paying.MaxMetadataTerm)
	if err := f.Err(); err != nil {
		return period{}, err
	}
	p := period{to: now, open: to == nil, metadata: metadata}
	if to != nil {
		p.to = to.AsTime()
	}
	local := p.to.In(paris)
	p.from = time.Date(local.Year(), local.Month(), local.Day()-summaryDays+1, 0, 0, 0, 0, paris)
	if interval == "hour" {
		p.from = time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, paris)
	}
	if from != nil {
		p.from = from.AsTime()
	}
	if !p.from.Before(p.to) {
		return p, errs.Invalid(errs.Field{Field: "from", Message: "from must be before to, and not in the future."})
	}
	return p, p.divide(interval)
}

// divide finds where the days or hours of the period begin.
func (p *period) divide(interval string) error {
	next, most := nextDay, maxDays
	if interval == "hour" {
		next, most = nextHour, maxHours
	}
	for at := p.from; at.Before(p.to); at = next(at) {
		if len(p.parts) == most {
			return errs.Invalid(errs.Field{Field: "from", Message: fmt.Sprintf("from must be at most %d days before to, and %d with interval=hour.", maxDays, maxHours/24)})
		}
		p.parts = append(p.parts, at)
	}
	return nil
}

func nextDay(t time.Time) time.Time {
	t = t.In(paris)
	return time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, paris)
}

// nextHour is right in Paris: its offset is of whole hours.
func nextHour(t time.Time) time.Time { return t.Truncate(time.Hour).Add(time.Hour) }

func (p period) summary(got *paymentsv1.SummarizePaymentsResponse) summary {
	out := summary{
		From: web.Time(p.from), To: web.Time(p.to), RefundedAmount: money.Cents(got.GetRefundedCents()),
		Statuses: make([]statusTotal, len(got.GetStatuses())), Intervals: make([]intervalView, len(p.parts)), ByBank: byBank(got.GetBanks()),
	}
	var ended int64
	for i, s := range got.GetStatuses() {
		out.Statuses[i] = statusTotal{s.GetStatus(), s.GetCount(), money.Cents(s.GetAmountCents())}
		out.Count += s.GetCount()
		switch s.GetStatus() {
		case "completed", "refunded":
			out.PaidCount += s.GetCount()
			out.PaidAmount += money.Cents(s.GetAmountCents())
			ended += s.GetCount()
		case "failed", "cancelled":
			ended += s.GetCount()
		}
	}
	if ended > 0 {
		rate := share((out.PaidCount*10_000 + ended/2) / ended)
		out.SuccessRate = &rate
	}
	if out.PaidCount > 0 {
		out.SecondsToPay = &secondsToPay{millis(got.GetMedianMs()), millis(got.GetP95Ms())}
	}
	for i := range p.parts {
		end := p.to
		if i+1 < len(p.parts) {
			end = p.parts[i+1]
		}
		out.Intervals[i] = intervalView{From: web.Time(p.parts[i]), To: web.Time(end)}
		if i < len(got.GetParts()) {
			of := got.GetParts()[i]
			out.Intervals[i].Count, out.Intervals[i].PaidCount, out.Intervals[i].PaidAmount = of.GetCreated(), of.GetPaid(), money.Cents(of.GetPaidCents())
		}
	}
	return out
}

func byBank(banks []*paymentsv1.BankTotal) []bankTotal {
	out := make([]bankTotal, len(banks))
	for i, b := range banks {
		out[i] = bankTotal{PaidCount: b.GetPaid(), PaidAmount: money.Cents(b.GetPaidCents())}
		if bic := b.GetBic(); bic != "" {
			out[i].BIC = &bic
		}
	}
	return out
}
