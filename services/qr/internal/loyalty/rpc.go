package loyalty

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/refuse"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

const (
	defaultLimit = 20
	maxLimit     = 100
	maxPage      = 1_000_000
	maxID        = 100
)

// Server implements LoyaltyService.
type Server struct {
	qrv1.UnimplementedLoyaltyServiceServer
	pool *pgxpool.Pool
}

// NewServer returns the server.
func NewServer(pool *pgxpool.Pool) *Server { return &Server{pool: pool} }

// GetLoyalty implements LoyaltyService.
func (s *Server) GetLoyalty(ctx context.Context, r *qrv1.GetLoyaltyRequest) (*qrv1.GetLoyaltyResponse, error) {
	page, limit := max(r.GetPage(), 1), r.GetLimit()
	if limit == 0 {
		limit = defaultLimit
	}
	var bad refuse.Problems
	bad.If(r.GetCustomerId() == "" || len(r.GetCustomerId()) > maxID, "customer_id", "is required")
	bad.If(page > maxPage, "page", "must be from 1 to 1000000")
	bad.If(limit < 0 || limit > maxLimit, "limit", "must be from 1 to 100")
	if err := bad.Err(); err != nil {
		return nil, err
	}
	balance, list, total, err := account(ctx, s.pool, r.GetCustomerId(), r.GetLivemode(), int64(limit), int64(page-1)*int64(limit))
	if err != nil {
		return nil, err
	}
	resp := &qrv1.GetLoyaltyResponse{Balance: balance, Total: total}
	for _, e := range list {
		resp.Entries = append(resp.Entries, &qrv1.LoyaltyEntry{
			Id: e.ID, Kind: e.Kind, Points: e.Points, Balance: e.Balance, MerchantId: e.MerchantID, MerchantName: e.MerchantName,
			Reference: e.Reference, OccurredAt: timestamppb.New(e.OccurredAt),
		})
	}
	return resp, nil
}
