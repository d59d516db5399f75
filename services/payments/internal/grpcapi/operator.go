package grpcapi

import (
	"context"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// Operator implements OperatorService.
type Operator struct {
	paymentsv1.UnimplementedOperatorServiceServer
	store *store.Store
}

// NewOperator returns the service for s.
func NewOperator(s *store.Store) *Operator { return &Operator{store: s} }

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
