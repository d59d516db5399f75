package eupay

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// Kitchen is what a kitchen works with: stations, the lines of orders and their courses, a stream of what changes, and printers. Lines, courses and the
// stream take an API key or a login, the rest a login.
type Kitchen struct{ c *caller }

// LineStatus is how far a line of an order is in the kitchen.
type LineStatus string

// The values of LineStatus, in their order.
const (
	LineWaiting   LineStatus = "waiting"
	LinePreparing LineStatus = "preparing"
	LineReady     LineStatus = "ready"
	LineServed    LineStatus = "served"
)

// Station is where lines are made, such as a bar or a grill.
type Station struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// It gets what no other station has.
	IsDefault bool `json:"is_default"`
	// Categories of products, as the catalog writes them.
	Categories []string `json:"categories"`
	// Products are ids, which go before their categories.
	Products  []string  `json:"products"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// StationParams is a station to add, or what changes of one: nil leaves it as it is.
type StationParams struct {
	Name       *string   `json:"name,omitzero"`
	IsDefault  *bool     `json:"is_default,omitzero"`
	Categories *[]string `json:"categories,omitzero"`
	Products   *[]string `json:"products,omitzero"`
}

// LineStation is the station of a line.
type LineStation struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Printer fetches the tickets of a kitchen.
type Printer struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// One of cloudprnt.
	Kind string `json:"kind"`
	// Stations whose tickets it prints; none: whole orders.
	Stations []string `json:"stations"`
	// One of fr, en.
	Language string `json:"language"`
	// Characters of a line.
	Width    int  `json:"width"`
	IsActive bool `json:"is_active"`
	// new: it has never asked. problem: see StatusCode. offline: silent for two minutes. One of new, online, problem, offline.
	Status string `json:"status"`
	// What the printer said last.
	StatusCode string    `json:"status_code"`
	MAC        string    `json:"mac"`
	LastSeenAt time.Time `json:"last_seen_at"`
	// Tickets that are to be printed.
	WaitingJobs int       `json:"waiting_jobs"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
	// What to enter at the printer; only when it was added, or got a new address.
	PollURL string `json:"poll_url"`
}

// PrinterParams is a printer to add, or what changes of one: nil leaves it as it is.
type PrinterParams struct {
	Name     *string   `json:"name,omitzero"`
	Stations *[]string `json:"stations,omitzero"`
	Language *string   `json:"language,omitzero"`
	Width    *int      `json:"width,omitzero"`
	IsActive *bool     `json:"is_active,omitzero"`
}

// PrintJob is a ticket.
type PrintJob struct {
	ID        string `json:"id"`
	PrinterID string `json:"printer_id"`
	// Empty: a test.
	OrderID     string `json:"order_id"`
	OrderNumber int    `json:"order_number"`
	// Empty: the whole order.
	StationID string `json:"station_id"`
	// The course that was fired; 0: what is made at once.
	Course int `json:"course"`
	// sent: the printer has it and has not confirmed it yet. One of queued, sent, printed, failed, expired.
	Status string `json:"status"`
	// How often it was handed to the printer.
	Attempts int `json:"attempts"`
	// Why it was not printed.
	Problem   string    `json:"problem"`
	CreatedAt time.Time `json:"created_at"`
	SentAt    time.Time `json:"sent_at"`
	EndedAt   time.Time `json:"ended_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

const (
	stationsPath = "/kitchen/stations"
	stationPath  = stationsPath + "/{}"
	printersPath = "/kitchen/printers"
	printerPath  = printersPath + "/{}"
	jobsPath     = "/kitchen/print-jobs"
)

// Stations reads all stations, the oldest first.
func (s Kitchen) Stations(ctx context.Context) ([]Station, error) {
	return list[Station](ctx, s.c, call{method: http.MethodGet, path: stationsPath})
}

// CreateStation adds a station.
func (s Kitchen) CreateStation(ctx context.Context, p StationParams) (*Station, error) {
	return get[Station](ctx, s.c, call{method: http.MethodPost, path: stationsPath, body: p})
}

// Station reads one.
func (s Kitchen) Station(ctx context.Context, id string) (*Station, error) {
	return get[Station](ctx, s.c, call{method: http.MethodGet, path: stationPath, ids: []string{id}})
}

// UpdateStation changes what p has.
func (s Kitchen) UpdateStation(ctx context.Context, id string, p StationParams) (*Station, error) {
	return get[Station](ctx, s.c, call{method: http.MethodPatch, path: stationPath, ids: []string{id}, body: p})
}

// DeleteStation deletes a station; its lines stay.
func (s Kitchen) DeleteStation(ctx context.Context, id string) error {
	return do(ctx, s.c, call{method: http.MethodDelete, path: stationPath, ids: []string{id}})
}

// Printers reads all printers, the oldest first.
func (s Kitchen) Printers(ctx context.Context) ([]Printer, error) {
	return list[Printer](ctx, s.c, call{method: http.MethodGet, path: printersPath})
}

// CreatePrinter adds a printer. The answer has its PollURL, this once.
func (s Kitchen) CreatePrinter(ctx context.Context, p PrinterParams) (*Printer, error) {
	return get[Printer](ctx, s.c, call{method: http.MethodPost, path: printersPath, body: p})
}

// Printer reads one.
func (s Kitchen) Printer(ctx context.Context, id string) (*Printer, error) {
	return get[Printer](ctx, s.c, call{method: http.MethodGet, path: printerPath, ids: []string{id}})
}

// UpdatePrinter changes what p has.
func (s Kitchen) UpdatePrinter(ctx context.Context, id string, p PrinterParams) (*Printer, error) {
	return get[Printer](ctx, s.c, call{method: http.MethodPatch, path: printerPath, ids: []string{id}, body: p})
}

// DeletePrinter deletes a printer with its tickets.
func (s Kitchen) DeletePrinter(ctx context.Context, id string) error {
	return do(ctx, s.c, call{method: http.MethodDelete, path: printerPath, ids: []string{id}})
}

// RenewPrinterToken gives a printer a new PollURL; the old one leads nowhere.
func (s Kitchen) RenewPrinterToken(ctx context.Context, id string) (*Printer, error) {
	return get[Printer](ctx, s.c, call{method: http.MethodPost, path: printerPath + "/token", ids: []string{id}})
}

// TestPrinter prints a test ticket.
func (s Kitchen) TestPrinter(ctx context.Context, id string) (*PrintJob, error) {
	return get[PrintJob](ctx, s.c, call{method: http.MethodPost, path: printerPath + "/test", ids: []string{id}})
}

// PrintJobParams choose tickets. What is empty chooses nothing.
type PrintJobParams struct {
	// Limit of a page; 0: 20.
	Limit int
	// StartingAfter is the id of the ticket after which the list goes on.
	StartingAfter string
	// Printer and Order are ids.
	Printer, Order string
}

// PrintJobPage is a part of the tickets.
type PrintJobPage struct {
	Data    []PrintJob `json:"data"`
	HasMore bool       `json:"has_more"`
}

// PrintJobs reads tickets, the newest first.
func (s Kitchen) PrintJobs(ctx context.Context, p PrintJobParams) (*PrintJobPage, error) {
	q := query{}
	if p.Limit > 0 {
		q.text("limit", strconv.Itoa(p.Limit))
	}
	q.text("starting_after", p.StartingAfter)
	q.text("printer", p.Printer)
	q.text("order", p.Order)
	return get[PrintJobPage](ctx, s.c, call{method: http.MethodGet, path: jobsPath, query: q})
}

// PrintAgain prints a ticket that ended again, marked as a copy.
func (s Kitchen) PrintAgain(ctx context.Context, id string) (*PrintJob, error) {
	return get[PrintJob](ctx, s.c, call{method: http.MethodPost, path: jobsPath + "/{}/print-again", ids: []string{id}})
}

// statusBody is what a line becomes.
type statusBody struct {
	Status LineStatus `json:"status"`
}

// SetLineStatus moves a line of an order on, which is named by its Position: a set menu with all of its parts.
func (s Kitchen) SetLineStatus(ctx context.Context, order string, position int, status LineStatus) (*Order, error) {
	return get[Order](ctx, s.c, call{
		method: http.MethodPatch, path: orderPath + "/lines/{}/status", ids: []string{order, strconv.Itoa(position)}, body: statusBody{status},
	})
}

// SetPartStatus moves a part of a set menu on, which is named by the Position of its line and its own.
func (s Kitchen) SetPartStatus(ctx context.Context, order string, position, part int, status LineStatus) (*Order, error) {
	return get[Order](ctx, s.c, call{
		method: http.MethodPatch, path: orderPath + "/lines/{}/parts/{}/status", ids: []string{order, strconv.Itoa(position), strconv.Itoa(part)},
		body: statusBody{status},
	})
}

// SetStationStatus moves the lines and parts of an order at a station on.
func (s Kitchen) SetStationStatus(ctx context.Context, order, station string, status LineStatus) (*Order, error) {
	return get[Order](ctx, s.c, call{
		method: http.MethodPatch, path: orderPath + "/stations/{}/status", ids: []string{order, station}, body: statusBody{status},
	})
}

// FireCourse tells the kitchen to make a course of an order now.
func (s Kitchen) FireCourse(ctx context.Context, order string, course int) (*Order, error) {
	return get[Order](ctx, s.c, call{method: http.MethodPost, path: orderPath + "/courses/{}/fire", ids: []string{order, strconv.Itoa(course)}})
}
