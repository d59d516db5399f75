package promotion

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// Server implements PromotionService. Make it with NewServer.
type Server struct {
	qrv1.UnimplementedPromotionServiceServer
	pool *pgxpool.Pool
	now  func() time.Time
}

// NewServer returns a server.
func NewServer(pool *pgxpool.Pool, now func() time.Time) *Server {
	// PostgreSQL stores microseconds.
	return &Server{pool: pool, now: func() time.Time { return now().UTC().Truncate(time.Microsecond) }}
}

func isID(text string) bool { return len(text) == 36 && uuid.Validate(text) == nil }

func checkMerchant(merchantID string) error {
	if !isID(merchantID) {
		return errs.Invalid(errs.Field{Field: "merchant_id", Message: "merchant_id must be a UUID."})
	}
	return nil
}

// checkIDs validates the ids of a code. An invalid id is NOT_FOUND.
func checkIDs(merchantID, id string) error {
	if err := checkMerchant(merchantID); err != nil {
		return err
	}
	if !isID(id) {
		return errs.NotFound(noun)
	}
	return nil
}

// CreatePromotionCode implements PromotionService.
func (s *Server) CreatePromotionCode(ctx context.Context, r *qrv1.CreatePromotionCodeRequest) (*qrv1.CreatePromotionCodeResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	now := s.now()
	c := &Code{ID: uuid.Must(uuid.NewV7()).String(), Merchant: r.GetMerchantId(), CreatedAt: now, UpdatedAt: now}
	if err := c.read(r.GetCode()); err != nil {
		return nil, err
	}
	if err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return insertCode(ctx, tx, c) }); err != nil {
		return nil, err
	}
	return &qrv1.CreatePromotionCodeResponse{Code: c.view()}, nil
}

// ListPromotionCodes implements PromotionService.
func (s *Server) ListPromotionCodes(ctx context.Context, r *qrv1.ListPromotionCodesRequest) (*qrv1.ListPromotionCodesResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	limit := int64(min(max(r.GetLimit(), 1), 100))
	list, total, err := listCodes(ctx, s.pool, r.GetMerchantId(), limit, int64(max(r.GetPage(), 1)-1)*limit)
	if err != nil {
		return nil, err
	}
	res := &qrv1.ListPromotionCodesResponse{Total: total}
	for _, c := range list {
		res.Codes = append(res.Codes, c.view())
	}
	return res, nil
}

// GetPromotionCode implements PromotionService.
func (s *Server) GetPromotionCode(ctx context.Context, r *qrv1.GetPromotionCodeRequest) (*qrv1.GetPromotionCodeResponse, error) {
	if err := checkIDs(r.GetMerchantId(), r.GetId()); err != nil {
		return nil, err
	}
	c, err := readCode(ctx, s.pool, r.GetMerchantId(), r.GetId())
	if err != nil {
		return nil, err
	}
	return &qrv1.GetPromotionCodeResponse{Code: c.view()}, nil
}

// UpdatePromotionCode implements PromotionService. A lower maximum takes nothing away from orders that use it.
func (s *Server) UpdatePromotionCode(ctx context.Context, r *qrv1.UpdatePromotionCodeRequest) (*qrv1.UpdatePromotionCodeResponse, error) {
	if err := checkIDs(r.GetMerchantId(), r.GetId()); err != nil {
		return nil, err
	}
	var c *Code
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var err error
		if c, err = lockCode(ctx, tx, r.GetMerchantId(), r.GetId()); err != nil {
			return err
		}
		if err := c.change(r); err != nil {
			return err
		}
		c.UpdatedAt = s.now()
		return updateCode(ctx, tx, c)
	})
	if err != nil {
		return nil, err
	}
	return &qrv1.UpdatePromotionCodeResponse{Code: c.view()}, nil
}

// DeletePromotionCode implements PromotionService. Orders keep what they cost.
func (s *Server) DeletePromotionCode(ctx context.Context, r *qrv1.DeletePromotionCodeRequest) (*qrv1.DeletePromotionCodeResponse, error) {
	if err := checkIDs(r.GetMerchantId(), r.GetId()); err != nil {
		return nil, err
	}
	if err := deleteCode(ctx, s.pool, r.GetMerchantId(), r.GetId()); err != nil {
		return nil, err
	}
	return &qrv1.DeletePromotionCodeResponse{}, nil
}
