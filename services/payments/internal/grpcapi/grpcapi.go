// Package grpcapi serves reads of payments over gRPC.
package grpcapi

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/pg"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// Server implements PaymentsService.
type Server struct {
	paymentsv1.UnimplementedPaymentsServiceServer
	store     *store.Store
	summaries *summaries
}

// New returns a server that reads from s.
func New(s *store.Store, now func() time.Time) *Server {
	return &Server{store: s, summaries: newSummaries(s.Summarize, now)}
}

// GetPayment implements PaymentsService.
func (s *Server) GetPayment(ctx context.Context, r *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error) {
	p, err := s.store.Get(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetReference())
	if err != nil {
		return nil, public(err)
	}
	return &paymentsv1.GetPaymentResponse{Payment: p.Proto()}, nil
}

// GetPaymentStatus implements PaymentsService. Refunds have no public status.
func (s *Server) GetPaymentStatus(ctx context.Context, r *paymentsv1.GetPaymentStatusRequest) (*paymentsv1.GetPaymentStatusResponse, error) {
	p, err := s.store.ByReference(ctx, r.GetReference())
	if err != nil {
		return nil, public(err)
	}
	if p.Kind != payment.KindPayment {
		return nil, errs.NotFound("Payment")
	}
	return &paymentsv1.GetPaymentStatusResponse{
		Reference: p.Reference, Status: string(p.Status), AmountCents: int64(p.Amount), Currency: p.Currency,
		Livemode: p.Livemode, MerchantId: p.MerchantID,
	}, nil
}

// GetCustomerPayment implements PaymentsService.
func (s *Server) GetCustomerPayment(ctx context.Context, r *paymentsv1.GetCustomerPaymentRequest) (*paymentsv1.GetCustomerPaymentResponse, error) {
	if r.GetCustomerId() == "" {
		return nil, errs.NotFound("Payment")
	}
	p, err := s.store.OfCustomer(ctx, r.GetCustomerId(), r.GetReference())
	if err != nil {
		return nil, public(err)
	}
	list, err := s.withRefunds(ctx, []payment.Payment{p})
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// ListCustomerPayments implements PaymentsService.
func (s *Server) ListCustomerPayments(ctx context.Context, r *paymentsv1.ListCustomerPaymentsRequest) (*paymentsv1.ListCustomerPaymentsResponse, error) {
	if r.GetCustomerId() == "" {
		return &paymentsv1.ListCustomerPaymentsResponse{}, nil
	}
	ctx, cancel := early(ctx)
	defer cancel()
	limit, page := min(max(int(r.GetLimit()), 1), 100), max(int(r.GetPage()), 1)
	list, total, err := s.store.ListOfCustomer(ctx, r.GetCustomerId(), limit, (page-1)*limit)
	if err != nil {
		return nil, public(err)
	}
	payments, err := s.withRefunds(ctx, list)
	if err != nil {
		return nil, err
	}
	return &paymentsv1.ListCustomerPaymentsResponse{Payments: payments, Total: total.Rows, TotalIsMinimum: total.Minimum}, nil
}

// withRefunds adds the refunds of each payment. The refunds of a scan are those of the payment it paid.
func (s *Server) withRefunds(ctx context.Context, list []payment.Payment) ([]*paymentsv1.GetCustomerPaymentResponse, error) {
	refunded := make([]string, len(list))
	for i, p := range list {
		switch {
		case p.Status != payment.Completed && p.Status != payment.Refunded: // cannot have refunds
		case p.Origin == payment.OriginScan:
			refunded[i] = p.GatewayReference
		default:
			refunded[i] = p.Reference
		}
	}
	of, err := s.store.RefundsOf(ctx, refunded)
	if err != nil {
		return nil, err
	}
	out := make([]*paymentsv1.GetCustomerPaymentResponse, len(list))
	for i, p := range list {
		out[i] = &paymentsv1.GetCustomerPaymentResponse{Payment: p.Proto(), Refunds: protos(of[refunded[i]])}
	}
	return out, nil
}

// maxList is how many payments one answer has at most: even the largest then fit into a gRPC message.
const maxList = 200

// ListPayments implements PaymentsService.
func (s *Server) ListPayments(ctx context.Context, r *paymentsv1.ListPaymentsRequest) (*paymentsv1.ListPaymentsResponse, error) {
	ctx, cancel := early(ctx)
	defer cancel()
	limit, page, f := min(max(int(r.GetLimit()), 1), maxList), max(int(r.GetPage()), 1), filter(r)
	if after := r.GetStartingAfter(); after != "" || r.GetUncounted() {
		list, more, err := s.store.ListAfter(ctx, f, after, limit)
		if errors.Is(err, store.ErrNotFound) {
			return nil, errs.Invalid(errs.Field{Field: "starting_after", Message: "starting_after must be the reference of one of your payments."})
		}
		if err != nil {
			return nil, public(err)
		}
		return &paymentsv1.ListPaymentsResponse{Payments: protos(list), HasMore: more}, nil
	}
	list, total, err := s.store.List(ctx, f, limit, (page-1)*limit)
	if err != nil {
		return nil, public(err)
	}
	return &paymentsv1.ListPaymentsResponse{Payments: protos(list), Total: total.Rows, TotalIsMinimum: total.Minimum}, nil
}

func filter(r *paymentsv1.ListPaymentsRequest) store.Filter {
	f := store.Filter{
		MerchantID: r.GetMerchantId(), Livemode: r.GetLivemode(), Status: payment.Status(r.GetStatus()), Detail: r.GetStatusDetail(),
		Reference: r.GetReference(), MerchantReference: r.GetMerchantReference(), Search: r.GetSearch(), Metadata: r.GetMetadata(),
		Settled: store.Settled(r.GetSettled()), PaymentLinkID: r.GetPaymentLinkId(),
		MinAmount: money.Cents(r.GetMinAmountCents()), MaxAmount: money.Cents(r.GetMaxAmountCents()),
	}
	if r.GetCreatedFrom() != nil {
		f.From = r.GetCreatedFrom().AsTime()
	}
	if r.GetCreatedTo() != nil {
		f.To = r.GetCreatedTo().AsTime()
	}
	return f
}

// ListRefunds implements PaymentsService.
func (s *Server) ListRefunds(ctx context.Context, r *paymentsv1.ListRefundsRequest) (*paymentsv1.ListRefundsResponse, error) {
	list, err := s.store.Refunds(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetReference())
	if err != nil {
		return nil, public(err)
	}
	return &paymentsv1.ListRefundsResponse{Refunds: protos(list)}, nil
}

// ListHistory implements PaymentsService.
func (s *Server) ListHistory(ctx context.Context, r *paymentsv1.ListHistoryRequest) (*paymentsv1.ListHistoryResponse, error) {
	entries, err := s.store.History(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetReference())
	if err != nil {
		return nil, public(err)
	}
	out := &paymentsv1.ListHistoryResponse{}
	for _, e := range entries {
		out.Entries = append(out.Entries, entry(e))
	}
	return out, nil
}

func entry(e store.Entry) *paymentsv1.HistoryEntry {
	return &paymentsv1.HistoryEntry{
		Sequence: e.Sequence, FromStatus: e.From, ToStatus: e.To, StatusDetail: e.Detail, FailureCode: e.Failure,
		Cause: e.Cause, ProviderState: e.ProviderState, OccurredAt: timestamppb.New(e.At),
		Actor: e.Actor, Note: e.Note, TraceId: e.TraceID,
	}
}

func protos(list []payment.Payment) []*paymentsv1.Payment {
	out := make([]*paymentsv1.Payment, len(list))
	for i, p := range list {
		out[i] = p.Proto()
	}
	return out
}

// answerTime is what a list leaves of its caller's time, so that the answer that it took too long still comes.
const answerTime = 300 * time.Millisecond

// early ends a list before the caller leaves.
func early(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-answerTime))
}

func public(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return errs.NotFound("Payment")
	}
	if pg.IsSlow(err) {
		return errors.Join(errs.TooMuch(), err)
	}
	return err
}
