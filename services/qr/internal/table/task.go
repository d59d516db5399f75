package table

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/command"
	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/reference"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// The kinds of a task.
const (
	cancelTask = "cancel"
	refundTask = "refund"
)

const (
	// taskWait bounds the wait for an answer of the payments service, which may ask the bank first.
	taskWait = 15 * time.Second
	// recordWait is for booking the answer. taskLease keeps other replicas from a task that is under way.
	recordWait = 3 * time.Second
	taskLease  = taskWait + recordWait + 2*time.Second
	// tasksAtOnce bounds the tasks under way in one process.
	tasksAtOnce = 16
	// tasksEvery is how soon a task that another process wrote is found; its own nudges the loop.
	tasksEvery  = time.Second
	maxTaskWait = 5 * time.Minute
	// madeWithin is when a payment that was asked for is certainly recorded, or never will be.
	madeWithin = 10 * time.Minute
	// openFor is how long a payment can be open at most.
	openFor = 48 * time.Hour
)

// task is something that the payments service must be told.
type task struct {
	ID, Kind, OrderID, Reference string
	Command                      []byte
	Attempts                     int
	CreatedAt                    time.Time
}

// sender sends a command and waits for its answer; command.Client does.
type sender interface {
	Send(subject string, payload proto.Message, meta command.Meta) (*command.Call, error)
}

// cancelPayment records, in the transaction that ends an unpaid order, that its payment must be cancelled. So the cancellation
// survives the death of any process after the commit.
func (s *Server) cancelPayment(ctx context.Context, tx pgx.Tx, o *order) error {
	if o.PaymentReference == "" || o.PaidAt != nil {
		return nil
	}
	return s.addTask(ctx, tx, o, cancelTask, &paymentsv1.CancelOrderPayment{
		OrderId: o.ID, Reference: o.PaymentReference, MerchantId: o.Merchant, Livemode: o.Livemode,
	})
}

// refundPayment has all that was paid of the order, and was not given back yet, given back. The refund has its reference from
// here, so that it is one however often it is asked for.
func (s *Server) refundPayment(ctx context.Context, tx pgx.Tx, o *order) error {
	if o.PaidAt == nil || o.Refund.Status != "" || o.Refunded >= o.Totals.Total {
		return nil
	}
	o.Refund = refund{Status: refundRequested, Reference: reference.Refund(s.now()), Amount: o.Totals.Total - o.Refunded}
	return s.addTask(ctx, tx, o, refundTask, &paymentsv1.RefundOrderPayment{
		OrderId: o.ID, Reference: o.Refund.Reference, OriginalReference: o.PaymentReference, MerchantId: o.Merchant, Livemode: o.Livemode,
		AmountCents: int64(o.Refund.Amount),
	})
}

func (s *Server) addTask(ctx context.Context, tx pgx.Tx, o *order, kind string, payload proto.Message) error {
	data, err := proto.Marshal(payload)
	if err != nil {
		return fmt.Errorf("encode the %s of an order's payment: %w", kind, err)
	}
	return insertTask(ctx, tx, task{ID: uuid.NewString(), Kind: kind, OrderID: o.ID, Reference: o.PaymentReference, Command: data, CreatedAt: s.now()})
}

// newTasks is the loop that tells the payments service what it has to know.
func (s *Server) newTasks() *due.Loop[task] {
	return due.New(due.Config[task]{
		What: "tasks for payments of orders", Every: tasksEvery, AtOnce: tasksAtOnce, Within: taskWait + recordWait, Grace: taskWait, Log: s.log,
		Claim: func(ctx context.Context, limit int) ([]task, error) {
			return claimTasks(ctx, s.pool, s.now(), taskLease, limit)
		},
		Do: func(ctx context.Context, t task) {
			if err := s.tell(ctx, t); err != nil {
				s.log.WarnContext(ctx, "payment of an order not looked after, trying again", "task", t.Kind, "order", t.OrderID, "error", err)
			}
		},
	})
}

// tell sends the command of a task and books the answer. Without one the task is due again.
func (s *Server) tell(ctx context.Context, t task) error {
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
	reply, err := ask(ctx, s.payments, subject, payload)
	if err != nil {
		s.log.InfoContext(ctx, "payments service does not answer, asking again", "task", t.Kind, "payment", t.Reference, "error", err)
		return s.again(ctx, t, "no_answer")
	}
	code := errs.Code(reply.GetErrorCode())
	switch {
	case reply.GetStage() != paymentsv1.CommandReply_STAGE_REFUSED:
		return s.told(ctx, t, "")
	case s.passing(t, code):
		return s.again(ctx, t, string(code))
	}
	s.log.WarnContext(ctx, "payments service refuses what an order needs", "task", t.Kind, "order", t.OrderID, "payment", t.Reference, "code", code)
	return s.told(ctx, t, code)
}

func ask(ctx context.Context, to sender, subject string, payload proto.Message) (*paymentsv1.CommandReply, error) {
	ctx, cancel := context.WithTimeout(ctx, taskWait)
	defer cancel()
	call, err := to.Send(subject, payload, command.Meta{})
	if err != nil {
		return nil, err
	}
	defer call.Close()
	return call.Next(ctx)
}

// passing reports whether the same command may be answered differently later. A payment that is not known may still be on its
// way; one that somebody is paying at this moment may be open again in a minute, and if it is paid its event ends the task.
func (s *Server) passing(t task, code errs.Code) bool {
	age := s.now().Sub(t.CreatedAt)
	switch code {
	case errs.NotFoundCode:
		return age < madeWithin
	case errs.InvalidState:
		return t.Kind == cancelTask && age < openFor
	case errs.RefundExceeds, errs.CancelNotSupported, errs.IdempotencyConflict, errs.ValidationError:
		return false
	default: // busy, away, or not set up at the moment
		return true
	}
}

func (s *Server) again(ctx context.Context, t task, outcome string) error {
	wait := min(time.Second<<min(t.Attempts, 12), maxTaskWait)
	return postponeTask(ctx, s.pool, t.ID, outcome, s.now().Add(wait))
}

// told ends a task; code is why the payments service refused it, empty when it did not.
func (s *Server) told(ctx context.Context, t task, code errs.Code) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		outcome := "done"
		if code != "" {
			outcome = string(code)
		}
		if err := endTask(ctx, tx, t.ID, outcome); err != nil || t.Kind != refundTask {
			return err
		}
		return refundAnswered(ctx, tx, t.OrderID, code)
	})
}
