package catalog

import (
	"context"
	"errors"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// Server implements CatalogService.
type Server struct {
	qrv1.UnimplementedCatalogServiceServer
	store  *Store
	images *Images
	finder Finder
}

// NewServer returns a server.
func NewServer(store *Store, images *Images, finder Finder) *Server {
	return &Server{store: store, images: images, finder: finder}
}

const (
	maxPage  = 1_000_000
	maxLimit = 100
)

// ListProducts returns one page of a merchant's products.
func (s *Server) ListProducts(ctx context.Context, r *qrv1.ListProductsRequest) (*qrv1.ListProductsResponse, error) {
	page, limit := int(r.GetPage()), int(r.GetLimit())
	var bad refusals
	bad.unless(page >= 1 && page <= maxPage, "page", "must be from 1 to %d", maxPage)
	bad.unless(limit >= 1 && limit <= maxLimit, "limit", "must be from 1 to %d", maxLimit)
	bad.unless(isLine(r.GetSearch(), maxName), "search", "must have at most %d characters and no control characters", maxName)
	bad.unless(isLine(r.GetCategory(), maxCategory), "category", "must have at most %d characters and no control characters", maxCategory)
	if err := bad.err(); err != nil {
		return nil, err
	}
	list, total, err := s.store.List(ctx, r.GetMerchantId(), Filter{Category: r.Category, Search: r.GetSearch(), Available: r.Available}, page, limit)
	if err != nil {
		return nil, err
	}
	res := &qrv1.ListProductsResponse{Total: total}
	for _, p := range list {
		res.Products = append(res.Products, message(p))
	}
	return res, nil
}

// GetProduct returns a merchant's product.
func (s *Server) GetProduct(ctx context.Context, r *qrv1.GetProductRequest) (*qrv1.GetProductResponse, error) {
	p, err := s.store.Get(ctx, r.GetMerchantId(), r.GetId())
	if err != nil {
		return nil, err
	}
	return &qrv1.GetProductResponse{Product: message(p)}, nil
}

// CreateProduct adds a product.
func (s *Server) CreateProduct(ctx context.Context, r *qrv1.CreateProductRequest) (*qrv1.CreateProductResponse, error) {
	f := fieldsOf(r.GetFields())
	if err := f.complete(); err != nil {
		return nil, err
	}
	if err := s.checkImage(ctx, r.GetMerchantId(), &f); err != nil {
		return nil, err
	}
	p, err := s.store.Create(ctx, r.GetMerchantId(), f)
	if err != nil {
		return nil, err
	}
	return &qrv1.CreateProductResponse{Product: message(p)}, nil
}

// UpdateProduct changes the given fields of a product.
func (s *Server) UpdateProduct(ctx context.Context, r *qrv1.UpdateProductRequest) (*qrv1.UpdateProductResponse, error) {
	f := fieldsOf(r.GetFields())
	if err := f.check(); err != nil {
		return nil, err
	}
	if err := s.checkImage(ctx, r.GetMerchantId(), &f); err != nil {
		return nil, err
	}
	p, err := s.store.Update(ctx, r.GetMerchantId(), r.GetId(), f)
	if err != nil {
		return nil, err
	}
	return &qrv1.UpdateProductResponse{Product: message(p)}, nil
}

// DeleteProduct removes a product.
func (s *Server) DeleteProduct(ctx context.Context, r *qrv1.DeleteProductRequest) (*qrv1.DeleteProductResponse, error) {
	if err := s.store.Delete(ctx, r.GetMerchantId(), r.GetId()); err != nil {
		return nil, err
	}
	return &qrv1.DeleteProductResponse{}, nil
}

// CreateUploadURL signs one upload of an image.
func (s *Server) CreateUploadURL(ctx context.Context, r *qrv1.CreateUploadURLRequest) (*qrv1.CreateUploadURLResponse, error) {
	u, err := s.images.Sign(ctx, r.GetMerchantId(), r.GetFilename(), r.GetContentType(), r.Size)
	if err != nil {
		return nil, err
	}
	if err := s.store.recordUpload(ctx, r.GetMerchantId(), u.Key); err != nil {
		return nil, err
	}
	return &qrv1.CreateUploadURLResponse{UploadUrl: u.URL, ImageUrl: u.ImageURL, Key: u.Key, ExpiresInSeconds: int32(UploadTTL.Seconds())}, nil
}

// FindImage finds an image. A failed search is SERVICE_UNAVAILABLE, because it may be repeated.
func (s *Server) FindImage(ctx context.Context, r *qrv1.FindImageRequest) (*qrv1.FindImageResponse, error) {
	name, category := r.GetName(), r.GetCategory()
	f := Fields{Name: &name, Category: &category}
	if err := f.check(); err != nil {
		return nil, err
	}
	found, err := s.finder.Find(ctx, r.GetMerchantId(), *f.Name, *f.Category)
	if err != nil {
		return nil, errors.Join(errs.New(errs.Unavailable, "The image search does not answer. Repeat the request in a moment."), err)
	}
	return &qrv1.FindImageResponse{ImageUrl: found}, nil
}

// checkImage verifies the given image. It publishes an upload that no product has used yet and records it in f.
func (s *Server) checkImage(ctx context.Context, merchantID string, f *Fields) error {
	if f.ImageURL == nil {
		return nil
	}
	key, err := s.images.Key(merchantID, *f.ImageURL)
	if err != nil || key == "" {
		return err
	}
	state, err := s.store.uploadOf(ctx, merchantID, key)
	switch {
	case err != nil:
		return err
	case state == uploadOver:
		return refuseImage(uploadGone)
	case state == uploadOpen, state == uploadKept:
		f.upload = key
		return s.images.Attach(ctx, key)
	}
	return s.images.Verify(ctx, key)
}

func fieldsOf(f *qrv1.ProductFields) Fields {
	if f == nil {
		return Fields{}
	}
	return Fields{
		Name: f.Name, Description: f.Description, Category: f.Category, Price: (*money.Cents)(f.PriceTtcCents), VATPerMill: (*vat.Rate)(f.VatRatePerMille),
		Stock: f.StockQuantity, ImageURL: f.ImageUrl, Available: f.IsAvailable, Allergens: allergensOf(f.GetAllergens()),
		Groups: groupsOf(f.GetOptionGroups()), DetailFields: detailsOf(f),
	}.shopFields(f)
}

func message(p Product) *qrv1.Product {
	net, tax := vat.Split(p.Price, p.VATPerMill)
	return p.addShop(p.show(&qrv1.Product{
		Id: p.ID, MerchantId: p.MerchantID, Name: p.Name, Description: p.Description, Category: p.Category, PriceTtcCents: int64(p.Price),
		VatRatePerMille: int32(p.VATPerMill), VatCode: p.VATPerMill.Code(), StockQuantity: p.Stock, ImageUrl: p.ImageURL, IsAvailable: p.Available,
		CreatedAt: timestamppb.New(p.CreatedAt), UpdatedAt: timestamppb.New(p.UpdatedAt), PriceHtE4: int64(net), VatAmountE4: int64(tax), Allergens: p.Allergens.proto(),
		OptionGroupIds: p.Groups,
	}))
}
