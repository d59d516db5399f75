package grpcapi

import (
	"context"
	"time"

	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// Operator implements OperatorService.
type Operator struct {
	paymentsv1.UnimplementedOperatorServiceServer
	store *store.Store
	now   func() time.Time
}

// mostReconciled bounds one request.
const mostReconciled = 1000

// NewOperator returns the service for s.
func NewOperator(s *store.Store, now func() time.Time) *Operator {
	return &Operator{store: s, now: now}
}

// ListAnswers implements OperatorService.
func (o *Operator) ListAnswers(ctx context.Context, r *paymentsv1.ListAnswersRequest) (*paymentsv1.ListAnswersResponse, error) {
	entries, err := o.store.Answers(ctx, r.GetReference())
	if err != nil {
		return nil, public(err)
	}
	out := &paymentsv1.ListAnswersResponse{}
	for _, e := range entries {
		out.Entries = append(out.Entries, &paymentsv1.AnsweredEntry{Entry: entry(e.Entry), Answer: e.Answer})
	}
	return out, nil
}

// ShowPayment implements OperatorService.
func (o *Operator) ShowPayment(ctx context.Context, r *paymentsv1.ShowPaymentRequest) (*paymentsv1.ShowPaymentResponse, error) {
	p, err := o.store.ByReference(ctx, r.GetReference())
	if err != nil {
		return nil, public(err)
	}
	return &paymentsv1.ShowPaymentResponse{
		Payment: stalledPayment(p), ProviderPaymentId: p.ProviderID, FailureCode: p.Failure, BankId: p.BankID, OriginalReference: p.OriginalReference,
		PaymentLinkId: p.PaymentLinkID, SubscriptionId: p.SubscriptionID, RefundedCents: int64(p.AmountRefunded),
		RequestedAt: payment.Stamp(p.RequestedAt), CompletedAt: payment.Stamp(p.CompletedAt), SettledAt: payment.Stamp(p.SettledAt), UnsettledAt: payment.Stamp(p.UnsettledAt),
	}, nil
}

// ListStuck implements OperatorService.
func (o *Operator) ListStuck(ctx context.Context, r *paymentsv1.ListStuckRequest) (*paymentsv1.ListStuckResponse, error) {
	overdue := time.Duration(max(1, r.GetOverdueSeconds())) * time.Second
	list, err := o.store.Stuck(ctx, o.now().Add(-overdue), max(1, min(int(r.GetLimit()), mostReconciled)))
	if err != nil {
		return nil, public(err)
	}
	out := &paymentsv1.ListStuckResponse{}
	for _, p := range list {
		out.Payments = append(out.Payments, stalledPayment(p))
	}
	return out, nil
}

// Reconcile implements OperatorService.
func (o *Operator) Reconcile(ctx context.Context, r *paymentsv1.ReconcileRequest) (*paymentsv1.ReconcileResponse, error) {
	if n := len(r.GetReferences()); n == 0 || n > mostReconciled {
		return nil, errs.Invalid(errs.Field{Field: "references", Message: "Name 1 to 1,000 payments."})
	}
	due, err := o.store.MakeDue(ctx, r.GetReferences())
	if err != nil {
		return nil, public(err)
	}
	return &paymentsv1.ReconcileResponse{References: due}, nil
}
