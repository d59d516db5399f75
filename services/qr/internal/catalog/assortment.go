package catalog

import (
	"context"
	"fmt"
	"time"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/businessday"
)

// Assortment implements AssortmentService.
type Assortment struct {
	qrv1.UnimplementedAssortmentServiceServer
	catalog *Server
}

// NewAssortment returns the server of a catalog's assortment.
func NewAssortment(catalog *Server) *Assortment { return &Assortment{catalog: catalog} }

// How long a product is sold out.
const (
	untilTomorrow = "tomorrow"
	untilFurther  = "further_notice"
)

// SetSoldOut implements AssortmentService.
func (a *Assortment) SetSoldOut(ctx context.Context, r *qrv1.SetSoldOutRequest) (*qrv1.SetSoldOutResponse, error) {
	store := a.catalog.store
	var until *time.Time
	switch r.GetUntil() {
	case "", untilFurther:
	case untilTomorrow:
		starts, err := businessday.StartOf(ctx, store.pool, r.GetMerchantId())
		if err != nil {
			return nil, err
		}
		next := starts.Next(store.now())
		until = &next
	default:
		return nil, errs.Invalid(errs.Field{Field: "until", Message: "until must be tomorrow or further_notice."})
	}
	p, err := store.SetSoldOut(ctx, r.GetMerchantId(), r.GetProductId(), r.GetUntil() != "", until)
	if err != nil {
		return nil, err
	}
	return &qrv1.SetSoldOutResponse{Product: message(p)}, nil
}

// ListCategories implements AssortmentService.
func (a *Assortment) ListCategories(ctx context.Context, r *qrv1.ListCategoriesRequest) (*qrv1.ListCategoriesResponse, error) {
	list, err := a.categories(ctx, r.GetMerchantId())
	return &qrv1.ListCategoriesResponse{Categories: list}, err
}

func (a *Assortment) categories(ctx context.Context, merchantID string) ([]*qrv1.Category, error) {
	list, err := a.catalog.store.AllCategories(ctx, merchantID)
	if err != nil {
		return nil, err
	}
	out := make([]*qrv1.Category, len(list))
	for i, c := range list {
		out[i] = c.proto()
	}
	return out, nil
}

// ReplaceCategories implements AssortmentService.
func (a *Assortment) ReplaceCategories(ctx context.Context, r *qrv1.ReplaceCategoriesRequest) (*qrv1.ReplaceCategoriesResponse, error) {
	list, err := readCategories(r.GetCategories())
	if err != nil {
		return nil, err
	}
	for i := range list {
		c := &list[i]
		if c.ImageURL == "" {
			continue
		}
		f := Fields{ImageURL: &c.ImageURL}
		if err := a.catalog.checkImage(ctx, r.GetMerchantId(), &f); err != nil {
			return nil, atCategory(err, i)
		}
		c.upload = f.upload
	}
	if err := a.catalog.store.ReplaceCategories(ctx, r.GetMerchantId(), list); err != nil {
		return nil, err
	}
	all, err := a.categories(ctx, r.GetMerchantId())
	return &qrv1.ReplaceCategoriesResponse{Categories: all}, err
}

// atCategory names the category whose image was refused.
func atCategory(err error, i int) error {
	if !errs.Is(err, errs.ValidationError) {
		return err
	}
	fields := errs.From(err).Fields
	for j := range fields {
		at := fmt.Sprintf("categories[%d].", i)
		fields[j].Field, fields[j].Message = at+fields[j].Field, at+fields[j].Message
	}
	return errs.Invalid(fields...)
}
