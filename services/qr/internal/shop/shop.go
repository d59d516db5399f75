// Package shop serves StockService: variants of products, codes that are scanned, movements of the stock, and files of the catalog.
package shop

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/pg"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/catalog"
	"european-pay.eu/eupay/services/qr/internal/stock"
)

// maxLimit and maxPage bound the lists.
const maxLimit, maxPage = 100, 1_000_000

// Server implements StockService. Make it with New.
type Server struct {
	qrv1.UnimplementedStockServiceServer

	store *catalog.Store
	// reads is where lists and exports are read.
	reads pg.Reader
	// files bounds how many files are read at a time.
	files chan struct{}
}

// New returns a server.
func New(store *catalog.Store, reads pg.Reader) *Server {
	return &Server{store: store, reads: reads, files: make(chan struct{}, filesAtOnce)}
}

// CreateVariant implements StockService.
func (s *Server) CreateVariant(ctx context.Context, r *qrv1.CreateVariantRequest) (*qrv1.CreateVariantResponse, error) {
	v, err := s.store.CreateVariant(ctx, r.GetMerchantId(), r.GetProductId(), r.GetActor(), catalog.VariantFieldsOf(r.GetFields()))
	if err != nil {
		return nil, err
	}
	return &qrv1.CreateVariantResponse{Variant: v.Message()}, nil
}

// UpdateVariant implements StockService.
func (s *Server) UpdateVariant(ctx context.Context, r *qrv1.UpdateVariantRequest) (*qrv1.UpdateVariantResponse, error) {
	v, err := s.store.UpdateVariant(ctx, r.GetMerchantId(), r.GetProductId(), r.GetId(), r.GetActor(), catalog.VariantFieldsOf(r.GetFields()))
	if err != nil {
		return nil, err
	}
	return &qrv1.UpdateVariantResponse{Variant: v.Message()}, nil
}

// DeleteVariant implements StockService.
func (s *Server) DeleteVariant(ctx context.Context, r *qrv1.DeleteVariantRequest) (*qrv1.DeleteVariantResponse, error) {
	if err := s.store.DeleteVariant(ctx, r.GetMerchantId(), r.GetProductId(), r.GetId(), r.GetActor()); err != nil {
		return nil, err
	}
	return &qrv1.DeleteVariantResponse{}, nil
}

// FindByEAN implements StockService.
func (s *Server) FindByEAN(ctx context.Context, r *qrv1.FindByEANRequest) (*qrv1.FindByEANResponse, error) {
	p, variant, err := s.store.ByEAN(ctx, r.GetMerchantId(), r.GetEan())
	if err != nil {
		return nil, err
	}
	return &qrv1.FindByEANResponse{Product: p.Message(), VariantId: variant}, nil
}

// MoveStock implements StockService.
func (s *Server) MoveStock(ctx context.Context, r *qrv1.MoveStockRequest) (*qrv1.MoveStockResponse, error) {
	m, replayed, err := s.store.Move(ctx, catalog.Move{
		MerchantID: r.GetMerchantId(), ProductID: r.GetProductId(), VariantID: r.GetVariantId(), Reason: stock.Reason(r.GetReason()), Quantity: r.GetQuantity(),
		Counted: r.Counted, Expected: r.Expected, Reference: r.GetReference(), Actor: r.GetActor(), Key: r.GetIdempotencyKey(),
	})
	if err != nil {
		return nil, err
	}
	return &qrv1.MoveStockResponse{Movement: m.Message(), Replayed: replayed}, nil
}

// ListMovements implements StockService.
func (s *Server) ListMovements(ctx context.Context, r *qrv1.ListMovementsRequest) (*qrv1.ListMovementsResponse, error) {
	f := stock.Filter{ProductID: r.GetProductId(), VariantID: r.GetVariantId(), After: r.GetStartingAfter()}
	var bad refuse.Problems
	bad.If(f.ProductID != "" && uuid.Validate(f.ProductID) != nil, "product_id", "must be the id of a product")
	bad.If(f.VariantID != "" && (f.ProductID == "" || uuid.Validate(f.VariantID) != nil), "variant_id", "must be the id of a variant of product_id")
	bad.If(r.GetLimit() < 1 || r.GetLimit() > maxLimit, "limit", "must be from 1 to %d", maxLimit)
	bad.If(f.After != "" && !s.isMovement(ctx, r.GetMerchantId(), f.After), "starting_after", "must be the id of one of your movements")
	if err := bad.Err(); err != nil {
		return nil, err
	}
	list, more, err := stock.List(ctx, s.reads, r.GetMerchantId(), f, int(r.GetLimit()))
	if err != nil {
		return nil, err
	}
	res := &qrv1.ListMovementsResponse{HasMore: more}
	for _, m := range list {
		res.Movements = append(res.Movements, m.Message())
	}
	return res, nil
}

// isMovement reports whether a list can go on after the id. When that cannot be read now, the list says so.
func (s *Server) isMovement(ctx context.Context, merchantID, id string) bool {
	if uuid.Validate(id) != nil {
		return false
	}
	_, err := stock.Get(ctx, s.reads, merchantID, id)
	return !errs.Is(err, errs.NotFoundCode)
}

// ListLowStock implements StockService.
func (s *Server) ListLowStock(ctx context.Context, r *qrv1.ListLowStockRequest) (*qrv1.ListLowStockResponse, error) {
	var bad refuse.Problems
	bad.If(r.GetPage() < 1 || r.GetPage() > maxPage, "page", "must be from 1 to %d", maxPage)
	bad.If(r.GetLimit() < 1 || r.GetLimit() > maxLimit, "limit", "must be from 1 to %d", maxLimit)
	if err := bad.Err(); err != nil {
		return nil, err
	}
	list, total, err := stock.ListLow(ctx, s.reads, r.GetMerchantId(), int(r.GetPage()), int(r.GetLimit()))
	if err != nil {
		return nil, fmt.Errorf("list low stock: %w", err)
	}
	res := &qrv1.ListLowStockResponse{Total: total}
	for _, l := range list {
		res.Items = append(res.Items, &qrv1.LowStock{
			ProductId: l.ProductID, VariantId: l.VariantID, Name: l.Name, Sku: l.SKU, Ean: l.EAN, StockQuantity: l.Stock, LowStockAt: l.Threshold,
		})
	}
	return res, nil
}
