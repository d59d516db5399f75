package reward

import (
	"context"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/pg"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

const (
	defaultLimit = 20
	maxLimit     = 100
	maxPage      = 1_000_000
	maxID        = 100
)

// Customers implements LoyaltyService: what customers of the app see of their points at all merchants.
type Customers struct {
	qrv1.UnimplementedLoyaltyServiceServer
	reads pg.Reader
}

// NewCustomers returns the server.
func NewCustomers(reads pg.Reader) *Customers { return &Customers{reads: reads} }

// GetLoyalty implements LoyaltyService.
func (s *Customers) GetLoyalty(ctx context.Context, r *qrv1.GetLoyaltyRequest) (*qrv1.GetLoyaltyResponse, error) {
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
	balance, list, total, err := account(ctx, s.reads, r.GetCustomerId(), r.GetLivemode(), int64(limit), int64(page-1)*int64(limit))
	if err != nil {
		return nil, err
	}
	resp := &qrv1.GetLoyaltyResponse{Balance: balance, Total: total.Rows, TotalIsMinimum: total.Minimum}
	for _, e := range list {
		resp.Entries = append(resp.Entries, &qrv1.LoyaltyEntry{
			Id: e.ID, Kind: e.Kind, Points: e.Points, Balance: e.Balance, MerchantId: e.MerchantID, MerchantName: e.MerchantName,
			Reference: e.Reference, OccurredAt: timestamppb.New(e.At),
		})
	}
	return resp, nil
}

// customer is a customer of the app at a merchant.
type customer struct {
	ID, MerchantID string
	Livemode       bool
}

// Adopt takes over all lines that a version before this one has written for customers of the app.
func (s *Server) Adopt(ctx context.Context) error {
	for {
		list, err := toAdopt(ctx, s.pool)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, c := range list {
			if err := s.commit(ctx, func(tx pgx.Tx) error { return s.adoptFor(ctx, tx, c) }); err != nil {
				return err
			}
		}
	}
}

// adoptFor locks the customer's member, which takes its lines over.
func (s *Server) adoptFor(ctx context.Context, tx pgx.Tx, c customer) error {
	id, err := s.customerMember(ctx, tx, c)
	if err != nil {
		return err
	}
	change, err := s.lock(ctx, tx, owner{c.MerchantID, c.Livemode, id})
	if err != nil || change == nil {
		return err
	}
	return change.commit(ctx, tx)
}

// customerMember returns the member that is a customer of the app, and enrols it if it is new. The default program gives no welcome points.
func (s *Server) customerMember(ctx context.Context, tx pgx.Tx, c customer) (string, error) {
	n := name{byCustomer, c.ID}
	id, found, err := memberOf(ctx, tx, c.MerchantID, c.Livemode, n)
	if err != nil || found {
		return id, err
	}
	id, added, err := insertMember(ctx, tx, c.MerchantID, c.Livemode, n, s.now())
	if err != nil || added {
		return id, err
	}
	id, _, err = memberOf(ctx, tx, c.MerchantID, c.Livemode, n)
	return id, err
}
