package kitchen

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/events"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

const (
	jobNoun = "Print job"
	// jobLife is how long a ticket is worth printing: a printer that is switched on the next day does not print yesterday's.
	jobLife = 2 * time.Hour
	// maxAttempts is how often a ticket is handed to the printer.
	maxAttempts = 10
	// jobsKept is how long ended tickets are listed.
	jobsKept = 30 * 24 * time.Hour
)

// The states of a job. The last three are final.
const (
	queued  = "queued"
	sent    = "sent"
	printed = "printed"
	failed  = "failed"
	expired = "expired"
)

// job is a ticket to be printed.
type job struct {
	ID, Merchant, Printer string
	// Order is empty for a test, Station for the whole order.
	Order, Station string
	Number         int64
	Course         int32
	// Once names what is printed: a printer has one job of each name.
	Once                 string
	State, Problem       string
	Attempts             int32
	CreatedAt, ExpiresAt time.Time
	SentAt, EndedAt      *time.Time
}

func (j *job) view() *qrv1.PrintJob {
	v := &qrv1.PrintJob{
		Id: j.ID, PrinterId: j.Printer, OrderId: j.Order, OrderNumber: j.Number, StationId: j.Station, Course: j.Course, State: j.State, Attempts: j.Attempts,
		Problem: j.Problem, CreatedAt: timestamppb.New(j.CreatedAt), ExpiresAt: timestamppb.New(j.ExpiresAt),
	}
	if j.SentAt != nil {
		v.SentAt = timestamppb.New(*j.SentAt)
	}
	if j.EndedAt != nil {
		v.EndedAt = timestamppb.New(*j.EndedAt)
	}
	return v
}

// Print queues the tickets of lines that are to be made now, in the transaction that says so: one for each printer of whole orders, and one for each
// station of the others. course is the one that was fired; 0: what is made at once. Asked twice, it queues once.
func Print(ctx context.Context, tx pgx.Tx, merchantID, orderID string, course int32, fired []Line, now time.Time) error {
	printers, err := workingPrinters(ctx, tx, merchantID)
	if err != nil || len(fired) == 0 {
		return err
	}
	var jobs []*job
	for _, p := range printers {
		for _, station := range p.tickets(fired) {
			jobs = append(jobs, &job{
				ID: events.NewID(), Merchant: merchantID, Printer: p.ID, Order: orderID, Station: station, Course: course,
				Once: fmt.Sprintf("%s/%s/%d", orderID, station, course), State: queued, CreatedAt: now, ExpiresAt: now.Add(jobLife),
			})
		}
	}
	return insertJobs(ctx, tx, jobs)
}

// tickets are the stations of a printer's tickets; the empty one is the whole order.
func (p *printer) tickets(fired []Line) []string {
	if len(p.Stations) == 0 {
		return []string{""}
	}
	return slices.DeleteFunc(slices.Clone(p.Stations), func(id string) bool {
		return !slices.ContainsFunc(fired, func(l Line) bool { return l.StationID == id })
	})
}

// TestPrinter implements KitchenService.
func (s *Server) TestPrinter(ctx context.Context, r *qrv1.TestPrinterRequest) (*qrv1.TestPrinterResponse, error) {
	if err := checkIDs(r.GetMerchantId(), r.GetId(), printerNoun); err != nil {
		return nil, err
	}
	now := s.now()
	id := events.NewID()
	j := &job{ID: id, Merchant: r.GetMerchantId(), Printer: r.GetId(), Once: "test/" + id, State: queued, CreatedAt: now, ExpiresAt: now.Add(jobLife)}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		p, err := readPrinter(ctx, tx, j.Merchant, j.Printer)
		switch {
		case err != nil:
			return err
		case !p.Active:
			return errs.New(errs.InvalidState, "This printer is switched off here. Activate it first.")
		case p.Waiting >= maxWaiting:
			return errs.New(errs.InvalidState, "%d tickets wait for this printer already. Check that it is on and asks this address.", p.Waiting)
		}
		return insertJobs(ctx, tx, []*job{j})
	})
	if err != nil {
		return nil, err
	}
	return &qrv1.TestPrinterResponse{Job: j.view()}, nil
}

// maxWaiting bounds the tickets that people queue by hand.
const maxWaiting = 100

// ListPrintJobs implements KitchenService.
func (s *Server) ListPrintJobs(ctx context.Context, r *qrv1.ListPrintJobsRequest) (*qrv1.ListPrintJobsResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	for field, id := range map[string]string{"starting_after": r.GetStartingAfter(), "printer": r.GetPrinterId(), "order": r.GetOrderId()} {
		if id != "" && !isID(id) {
			return nil, errs.Invalid(errs.Field{Field: field, Message: field + " must be an id."})
		}
	}
	limit := int(min(max(r.GetLimit(), 1), 100))
	list, err := jobsOf(ctx, s.pool, r, limit+1)
	if err != nil {
		return nil, err
	}
	res := &qrv1.ListPrintJobsResponse{HasMore: len(list) > limit}
	for _, j := range list[:min(len(list), limit)] {
		res.Jobs = append(res.Jobs, j.view())
	}
	return res, nil
}

// PrintAgain implements KitchenService.
func (s *Server) PrintAgain(ctx context.Context, r *qrv1.PrintAgainRequest) (*qrv1.PrintAgainResponse, error) {
	if err := checkIDs(r.GetMerchantId(), r.GetId(), jobNoun); err != nil {
		return nil, err
	}
	j, err := requeue(ctx, s.pool, r.GetMerchantId(), r.GetId(), s.now())
	if err != nil {
		return nil, err
	}
	return &qrv1.PrintAgainResponse{Job: j.view()}, nil
}
