package grpcapi

import (
	"context"

	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/einvoice/internal/ledger"
)

// Operations implements OperationsService.
type Operations struct {
	einvoicev1.UnimplementedOperationsServiceServer
	ledger *ledger.Ledger
}

// NewOperations returns the service over the documents.
func NewOperations(l *ledger.Ledger) *Operations { return &Operations{ledger: l} }

// ListTransmissions implements OperationsService.
func (o *Operations) ListTransmissions(ctx context.Context, r *einvoicev1.ListTransmissionsRequest) (*einvoicev1.ListTransmissionsResponse, error) {
	counts, troubles, err := o.ledger.Submissions(ctx, "", r.GetLivemode())
	if err != nil {
		return nil, err
	}
	return &einvoicev1.ListTransmissionsResponse{Counts: submissionCounts(counts), Troubles: submissionTroubles(troubles)}, nil
}
