package table

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/command"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/qr/internal/bill"
	"european-pay.eu/eupay/services/qr/internal/charge"
)

// The kinds of a task.
const (
	cancelTask = charge.CancelTask
	refundTask = charge.RefundTask
)

const (
	taskTimeout   = charge.Timeout
	recordTimeout = charge.RecordTimeout
	taskLease     = charge.Lease
	// tasksAtOnce limits the tasks in progress in one process.
	tasksAtOnce = 16
	// tasksEvery is how soon a task of another process is found; the process's own tasks nudge the loop.
	tasksEvery  = time.Second
	maxTaskWait = 5 * time.Minute
	// recordedWithin is after how long a requested payment is certainly recorded or never will be.
	recordedWithin = 10 * time.Minute
	// maxOpen is how long a payment can be open at most.
	maxOpen = 48 * time.Hour
)

// task is a command that must be sent to the payments service.
type task struct {
	ID, Kind, OrderID, Reference string
	Command                      []byte
	Attempts                     int
	CreatedAt                    time.Time
}

// cancelPayment records, in the transaction that ends an unpaid order, that its payment must be cancelled. So the cancellation
// survives a crash after the commit.
func (s *Server) cancelPayment(ctx context.Context, tx pgx.Tx, o *order) error {
	if o.PaymentReference == "" || o.PaidAt != nil {
		return nil
	}
	return s.addTask(ctx, tx, o, cancelTask, &paymentsv1.CancelOrderPayment{
		OrderId: o.ID, Reference: o.PaymentReference, MerchantId: o.Merchant, Livemode: o.Livemode,
	})
}

func (s *Server) addTask(ctx context.Context, tx pgx.Tx, o *order, kind string, payload proto.Message) error {
	return charge.AddTask(ctx, tx, kind, o.ID, o.PaymentReference, payload, s.now())
}

// newTasks returns the loop that sends commands to the payments service.
func (s *Server) newTasks() *due.Loop[task] {
	return due.New(due.Config[task]{
		What: "tasks for payments of orders", Every: tasksEvery, AtOnce: tasksAtOnce, Within: taskTimeout + recordTimeout, Grace: taskTimeout, Log: s.log,
		Watch: due.Watch{DB: s.pool, First: firstTask, Now: s.now},
		Claim: func(ctx context.Context, limit int) ([]task, error) {
			return claimTasks(ctx, s.pool, s.now(), taskLease, limit)
		},
		Do: func(ctx context.Context, t task) {
			if err := s.execute(ctx, t); err != nil {
				s.log.WarnContext(ctx, "task of an order's payment failed, retrying", "task", t.Kind, "order", t.OrderID, "error", err)
			}
		},
	})
}

// execute sends the command of a task and records the answer. Without an answer the task is due again.
func (s *Server) execute(ctx context.Context, t task) error {
	var subject string
	var payload proto.Message
	switch t.Kind {
	case cancelTask:
		subject, payload = command.CancelOrder, &paymentsv1.CancelOrderPayment{}
	default:
		subject, payload = command.RefundOrder, &paymentsv1.RefundOrderPayment{}
	}
	if err := proto.Unmarshal(t.Command, payload); err != nil {
		return fmt.Errorf("read task %s: %w", t.ID, err)
	}
	reply, err := sendCommand(ctx, s.payments, subject, payload)
	if err != nil {
		s.log.InfoContext(ctx, "payments service does not answer, retrying", "task", t.Kind, "payment", t.Reference, "error", err)
		return s.retryTask(ctx, t, "no_answer")
	}
	code := errs.Code(reply.GetErrorCode())
	switch {
	case reply.GetStage() != paymentsv1.CommandReply_STAGE_REFUSED:
		return s.recordAnswer(ctx, t, "")
	case s.isTemporary(t, code):
		return s.retryTask(ctx, t, string(code))
	}
	s.log.WarnContext(ctx, "payments service refused the command of an order", "task", t.Kind, "order", t.OrderID, "payment", t.Reference, "code", code)
	return s.recordAnswer(ctx, t, code)
}

func sendCommand(ctx context.Context, to charge.Sender, subject string, payload proto.Message) (*paymentsv1.CommandReply, error) {
	ctx, cancel := context.WithTimeout(ctx, taskTimeout)
	defer cancel()
	call, err := to.Send(ctx, subject, payload, command.Meta{})
	if err != nil {
		return nil, err
	}
	defer call.Close()
	return call.Next(ctx)
}

// isTemporary reports whether the same command may get another answer later. An unknown payment may still be on its way. One that
// somebody is paying may be open again in a minute; if it is paid, its event ends the task.
func (s *Server) isTemporary(t task, code errs.Code) bool {
	age := s.now().Sub(t.CreatedAt)
	switch code {
	case errs.NotFoundCode:
		return age < recordedWithin
	case errs.InvalidState:
		return t.Kind == cancelTask && age < maxOpen
	case errs.RefundExceeds, errs.CancelNotSupported, errs.IdempotencyConflict, errs.ValidationError:
		return false
	default: // busy, unavailable, or not set up at the moment
		return true
	}
}

func (s *Server) retryTask(ctx context.Context, t task, outcome string) error {
	wait := due.Backoff(time.Second, maxTaskWait, t.Attempts+1)
	return postponeTask(ctx, s.pool, t.ID, outcome, s.now().Add(wait))
}

// recordAnswer ends a task; code is why the payments service refused it, empty if it did not.
func (s *Server) recordAnswer(ctx context.Context, t task, code errs.Code) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		outcome := "done"
		if code != "" {
			outcome = string(code)
		}
		if t.Kind == refundTask {
			if err := bill.RefundAnswered(ctx, tx, t.OrderID, t.Reference, code); err != nil {
				return err
			}
			// A share of a bill is no order.
			if err := s.applyRefundAnswer(ctx, tx, t, code); err != nil && !errs.Is(err, errs.NotFoundCode) {
				return err
			}
		}
		return endTask(ctx, tx, t.ID, outcome)
	})
}
