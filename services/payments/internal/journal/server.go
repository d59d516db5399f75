package journal

import (
	"context"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/pg"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// Server implements JournalService.
type Server struct {
	paymentsv1.UnimplementedJournalServiceServer
	reads pg.Reader
}

// NewServer returns a server that reads from the schema of payments.
func NewServer(reads pg.Reader) *Server { return &Server{reads: reads} }

// ListJournal implements JournalService.
func (s *Server) ListJournal(ctx context.Context, r *paymentsv1.ListJournalRequest) (*paymentsv1.ListJournalResponse, error) {
	var bad refuse.Problems
	of, known := bases[r.GetBasis()]
	bad.If(!known, "basis", "must be one of the bases of a journal")
	_, err := uuid.Parse(r.GetMerchantId())
	bad.If(err != nil, "merchant_id", "must be the id of a merchant")
	bad.If(r.GetFrom() == nil || r.GetTo() == nil, "from", "and to are required")
	if err := bad.Err(); err != nil {
		return nil, err
	}
	p := part{
		merchant: r.GetMerchantId(), livemode: r.GetLivemode(), from: r.GetFrom().AsTime(), to: r.GetTo().AsTime(),
		afterAt: r.GetAfterAt().AsTime(), afterReference: r.GetAfterReference(), limit: max(1, min(int(r.GetLimit()), of.most)),
	}
	rows, err := of.list(ctx, s.reads, p)
	if err != nil {
		return nil, err
	}
	return &paymentsv1.ListJournalResponse{Rows: rows}, nil
}
