package kitchenapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	printerNoun = "Printer"
	jobNoun     = "Print job"
	// maxID is the length of a UUID.
	maxID = 36
)

type printerJSON struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Kind       string   `json:"kind"`
	Stations   []string `json:"stations"`
	Language   string   `json:"language"`
	Width      int32    `json:"width"`
	Active     bool     `json:"is_active"`
	Status     string   `json:"status"`
	StatusCode *string  `json:"status_code"`
	MAC        *string  `json:"mac"`
	LastSeenAt *string  `json:"last_seen_at"`
	Waiting    int64    `json:"waiting_jobs"`
	CreatedAt  string   `json:"created_at"`
	UpdatedAt  string   `json:"updated_at"`
	// PollURL is shown once.
	PollURL string `json:"poll_url,omitempty"`
}

func printerView(p *qrv1.Printer) printerJSON {
	return printerJSON{
		ID: p.GetId(), Name: p.GetName(), Kind: p.GetKind(), Stations: texts(p.GetStationIds()), Language: p.GetLanguage(), Width: p.GetWidth(),
		Active: p.GetIsActive(), Status: p.GetStatus(), StatusCode: web.OrNull(p.GetStatusCode()), MAC: web.OrNull(p.GetMac()),
		LastSeenAt: web.OptionalStamp(p.GetLastSeenAt()), Waiting: p.GetWaiting(), CreatedAt: web.Stamp(p.GetCreatedAt()), UpdatedAt: web.Stamp(p.GetUpdatedAt()),
	}
}

// withAddress adds what is entered at the printer.
func (a *API) withAddress(p *qrv1.Printer, token string) printerJSON {
	v := printerView(p)
	v.PollURL = a.Base + "/printers/cloudprnt/" + token
	return v
}

// printerRequest is what a caller sets; what is absent stays as it is.
type printerRequest struct {
	Name     *string   `json:"name"`
	Stations *[]string `json:"stations"`
	Language *string   `json:"language"`
	Width    *int32    `json:"width"`
	Active   *bool     `json:"is_active"`
}

func (r printerRequest) message() *qrv1.PrinterFields {
	return &qrv1.PrinterFields{Name: r.Name, StationIds: names(r.Stations), Language: r.Language, Width: r.Width, IsActive: r.Active}
}

func (a *API) printers(c echo.Context) error {
	res, err := web.Call(c, callTimeout, a.Kitchen.ListPrinters, &qrv1.ListPrintersRequest{MerchantId: merchant(c)})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, listOf(res.GetPrinters(), printerView))
}

func (a *API) createPrinter(c echo.Context) error {
	var in printerRequest
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Kitchen.CreatePrinter, &qrv1.CreatePrinterRequest{MerchantId: merchant(c), Fields: in.message()})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusCreated, a.withAddress(res.GetPrinter(), res.GetToken()))
}

func (a *API) printer(c echo.Context) error {
	id, err := web.PathID(c, "id", printerNoun)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Kitchen.GetPrinter, &qrv1.GetPrinterRequest{MerchantId: merchant(c), Id: id})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, printerView(res.GetPrinter()))
}

func (a *API) updatePrinter(c echo.Context) error {
	id, err := web.PathID(c, "id", printerNoun)
	if err != nil {
		return err
	}
	var in printerRequest
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Kitchen.UpdatePrinter, &qrv1.UpdatePrinterRequest{MerchantId: merchant(c), Id: id, Fields: in.message()})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, printerView(res.GetPrinter()))
}

func (a *API) deletePrinter(c echo.Context) error {
	id, err := web.PathID(c, "id", printerNoun)
	if err != nil {
		return err
	}
	if _, err := web.Call(c, callTimeout, a.Kitchen.DeletePrinter, &qrv1.DeletePrinterRequest{MerchantId: merchant(c), Id: id}); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (a *API) renewToken(c echo.Context) error {
	id, err := web.PathID(c, "id", printerNoun)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Kitchen.RenewPrinterToken, &qrv1.RenewPrinterTokenRequest{MerchantId: merchant(c), Id: id})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, a.withAddress(res.GetPrinter(), res.GetToken()))
}

func (a *API) testPrinter(c echo.Context) error {
	id, err := web.PathID(c, "id", printerNoun)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Kitchen.TestPrinter, &qrv1.TestPrinterRequest{MerchantId: merchant(c), Id: id})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusCreated, jobView(res.GetJob()))
}

type jobJSON struct {
	ID          string  `json:"id"`
	PrinterID   string  `json:"printer_id"`
	OrderID     *string `json:"order_id"`
	OrderNumber *int64  `json:"order_number"`
	StationID   *string `json:"station_id"`
	Course      *int32  `json:"course"`
	Status      string  `json:"status"`
	Attempts    int32   `json:"attempts"`
	Problem     *string `json:"problem"`
	CreatedAt   string  `json:"created_at"`
	SentAt      *string `json:"sent_at"`
	EndedAt     *string `json:"ended_at"`
	ExpiresAt   string  `json:"expires_at"`
}

func jobView(j *qrv1.PrintJob) jobJSON {
	v := jobJSON{
		ID: j.GetId(), PrinterID: j.GetPrinterId(), OrderID: web.OrNull(j.GetOrderId()), StationID: web.OrNull(j.GetStationId()), Status: j.GetState(),
		Attempts: j.GetAttempts(), Problem: web.OrNull(j.GetProblem()), CreatedAt: web.Stamp(j.GetCreatedAt()), SentAt: web.OptionalStamp(j.GetSentAt()),
		EndedAt: web.OptionalStamp(j.GetEndedAt()), ExpiresAt: web.Stamp(j.GetExpiresAt()),
	}
	if n := j.GetOrderNumber(); n > 0 {
		v.OrderNumber = &n
	}
	if n := j.GetCourse(); n > 0 {
		v.Course = &n
	}
	return v
}

func (a *API) jobs(c echo.Context) error {
	_, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	after, err := web.After(c)
	if err != nil {
		return err
	}
	f := web.FiltersOf(c)
	req := &qrv1.ListPrintJobsRequest{
		MerchantId: merchant(c), Limit: int32(limit), StartingAfter: after, PrinterId: f.Text("printer", maxID), OrderId: f.Text("order", maxID),
	}
	if err := f.Err(); err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Kitchen.ListPrintJobs, req)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.CursoredOf(res.GetJobs(), jobView, res.GetHasMore()))
}

func (a *API) printAgain(c echo.Context) error {
	id, err := web.PathID(c, "id", jobNoun)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Kitchen.PrintAgain, &qrv1.PrintAgainRequest{MerchantId: merchant(c), Id: id})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, jobView(res.GetJob()))
}
