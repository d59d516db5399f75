package einvoiceapi

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/refuse"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	maxTill   = 50
	maxTotals = 20
)

// itemType is the API's word for a nature.
func itemType(nature string) string {
	if nature == natures["service"] {
		return "service"
	}
	return nature
}

// salesRequest are the totals of a till's day.
type salesRequest struct {
	Date   string       `json:"date"`
	Till   string       `json:"till"`
	Totals []salesTotal `json:"totals"`
}

type salesTotal struct {
	VATRate rate       `json:"vat_rate"`
	Type    string     `json:"type"`
	Amount  web.Amount `json:"amount"`
}

func (r salesRequest) check() error {
	var bad problems
	bad.required("date", r.Date)
	bad.day("date", r.Date)
	bad.required("till", r.Till)
	bad.line("till", r.Till, maxTill)
	bad.If(r.Totals == nil, "totals", "is required; an empty list withdraws what was recorded")
	bad.If(len(r.Totals) > maxTotals, "totals", "must have at most %d entries", maxTotals)
	for i, t := range r.Totals[:min(len(r.Totals), maxTotals)] {
		at := refuse.At("totals", i)
		bad.required(at+".vat_rate", string(t.VATRate))
		bad.oneOf(at+".type", t.Type, "goods", "service")
		bad.If(!t.Amount.Given(), at+".amount", "is required")
	}
	return bad.Err()
}

func (r salesRequest) message(of caller.Whose) *einvoicev1.RecordTillRequest {
	m := &einvoicev1.RecordTillRequest{MerchantId: of.MerchantID, Livemode: of.Livemode, Date: r.Date, Till: r.Till}
	for _, t := range r.Totals {
		m.Totals = append(m.Totals, &einvoicev1.TillTotal{VatRate: string(t.VATRate), Nature: natures[t.Type], AmountCents: int64(t.Amount.Cents())})
	}
	return m
}

// salesDay is what a till sold on a day.
type salesDay struct {
	ID          string           `json:"id"`
	Date        string           `json:"date"`
	Till        string           `json:"till"`
	Totals      []salesTotalView `json:"totals"`
	TotalTTC    money.Cents      `json:"total_ttc"`
	TotalVAT    money.Cents      `json:"total_vat"`
	Version     int32            `json:"version"`
	Reported    bool             `json:"reported"`
	PeriodStart *string          `json:"period_start"`
	PeriodEnd   *string          `json:"period_end"`
	DueDate     *string          `json:"due_date"`
	CreatedAt   string           `json:"created_at"`
	UpdatedAt   string           `json:"updated_at"`
}

type salesTotalView struct {
	VATRate json.Number `json:"vat_rate"`
	Type    string      `json:"type"`
	Amount  money.Cents `json:"amount"`
}

func viewSalesDay(d *einvoicev1.TillDay) salesDay {
	return salesDay{
		ID: d.GetId(), Date: d.GetDate(), Till: d.GetTill(), Totals: views(d.GetTotals(), viewSalesTotal), TotalTTC: money.Cents(d.GetTotalCents()),
		TotalVAT: money.Cents(d.GetVatCents()), Version: d.GetVersion(), Reported: d.GetReported(), PeriodStart: unlessEmpty(d.GetPeriodStart()),
		PeriodEnd: unlessEmpty(d.GetPeriodEnd()), DueDate: unlessEmpty(d.GetDueDate()),
		CreatedAt: web.Time(d.GetCreatedAt().AsTime()), UpdatedAt: web.Time(d.GetUpdatedAt().AsTime()),
	}
}

func viewSalesTotal(t *einvoicev1.TillTotal) salesTotalView {
	return salesTotalView{VATRate: json.Number(t.GetVatRate()), Type: itemType(t.GetNature()), Amount: money.Cents(t.GetAmountCents())}
}

// recordSales records what a till sold on a day. It answers 201 the first time, and 200 with what replaces it.
func (a *API) recordSales(c echo.Context) error {
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	var in salesRequest
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, readTimeout)
	defer cancel()
	res, err := a.Sales.RecordTill(ctx, in.message(of))
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if res.GetKnown() {
		status = http.StatusOK
	}
	return web.Answer(c, status, viewSalesDay(res.GetDay()))
}

// unreported are payments that no report has.
type unreported struct {
	Payments int64       `json:"payments"`
	Amount   money.Cents `json:"amount"`
	Since    string      `json:"since"`
	Message  string      `json:"message"`
}

// unreportedMessage tells the merchant what to do; the day stands for the first payment.
const unreportedMessage = "%d payments since %s are not reported to the tax authority, because their VAT is not known. " +
	"Set sales_vat_rate in PATCH /einvoice/settings, or sales_by_till if your tills report them."

func viewUnreported(u *einvoicev1.GetUnreportedResponse) *unreported {
	if u.GetPayments() == 0 {
		return nil
	}
	return &unreported{
		Payments: u.GetPayments(), Amount: money.Cents(u.GetAmountCents()), Since: u.GetSince(),
		Message: fmt.Sprintf(unreportedMessage, u.GetPayments(), u.GetSince()),
	}
}

func (a *API) sales(c echo.Context) error {
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	var bad problems
	from, to := c.QueryParam("from"), c.QueryParam("to")
	bad.day("from", from)
	bad.day("to", to)
	if err := bad.Err(); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, readTimeout)
	defer cancel()
	res, err := a.Sales.ListTills(ctx, &einvoicev1.ListTillsRequest{
		MerchantId: of.MerchantID, Livemode: of.Livemode, From: from, To: to, Page: int32(page), Limit: int32(limit),
	})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.ListingOf(res.GetDays(), viewSalesDay, page, limit, res.GetTotal()))
}

// trailView is how a document came about.
type trailView struct {
	ID     string      `json:"id"`
	Number string      `json:"invoice_number"`
	Steps  []trailStep `json:"steps"`
}

type trailStep struct {
	At        string       `json:"at"`
	Kind      string       `json:"kind"`
	Reference *string      `json:"reference"`
	Amount    *money.Cents `json:"amount"`
	Detail    *string      `json:"detail"`
}

func viewTrailStep(s *einvoicev1.TrailStep) trailStep {
	v := trailStep{At: web.Time(s.GetAt().AsTime()), Kind: s.GetKind(), Reference: unlessEmpty(s.GetReference()), Detail: unlessEmpty(s.GetDetail())}
	if s.AmountCents != nil {
		amount := money.Cents(s.GetAmountCents())
		v.Amount = &amount
	}
	return v
}

// trail answers with the steps of a document, the oldest first.
func (a *API) trail(c echo.Context) error {
	of, id, err := a.invoiceOf(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, readTimeout)
	defer cancel()
	res, err := a.Trails.GetTrail(ctx, &einvoicev1.GetTrailRequest{MerchantId: of.MerchantID, Livemode: of.Livemode, Id: id})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, trailView{res.GetId(), res.GetNumber(), views(res.GetSteps(), viewTrailStep)})
}
