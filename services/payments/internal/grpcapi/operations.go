package grpcapi

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// mostStalled bounds one list.
const mostStalled = 100

// Operations implements OperationsService.
type Operations struct {
	paymentsv1.UnimplementedOperationsServiceServer
	store *store.Store
}

// NewOperations returns the service for s.
func NewOperations(s *store.Store) *Operations { return &Operations{store: s} }

// ListStalled implements OperationsService.
func (o *Operations) ListStalled(ctx context.Context, r *paymentsv1.ListStalledRequest) (*paymentsv1.ListStalledResponse, error) {
	list, total, err := o.store.Stalled(ctx, max(1, min(int(r.GetLimit()), mostStalled)))
	if err != nil {
		return nil, public(err)
	}
	out := &paymentsv1.ListStalledResponse{Total: total}
	for _, p := range list {
		out.Payments = append(out.Payments, stalledPayment(p))
	}
	return out, nil
}

func stalledPayment(p payment.Payment) *paymentsv1.StalledPayment {
	return &paymentsv1.StalledPayment{
		Reference: p.Reference, Kind: string(p.Kind), MerchantId: p.MerchantID, Livemode: p.Livemode, AmountCents: int64(p.Amount), Status: string(p.Status),
		Detail: p.Detail, ProviderState: p.ProviderState, CreatedAt: timestamppb.New(p.CreatedAt), UpdatedAt: timestamppb.New(p.UpdatedAt),
		StalledAt: payment.Stamp(p.StalledAt), DueAt: payment.Stamp(p.DueAt),
	}
}
