package catalog

import (
	"context"
	"fmt"
	"time"
	_ "time/tzdata" // days are those of Paris, also on a machine without a time zone database

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
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

// dayBegins is the hour in Paris at which a merchant's day begins: what is sold late at night belongs to the evening.
const dayBegins = 4

var paris = mustZone("Europe/Paris")

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // the time zones are part of the program
	}
	return zone
}

// nextDay returns when the next day of a merchant begins.
func nextDay(now time.Time) time.Time {
	local := now.In(paris)
	next := time.Date(local.Year(), local.Month(), local.Day(), dayBegins, 0, 0, 0, paris)
	if !next.After(now) {
		next = time.Date(local.Year(), local.Month(), local.Day()+1, dayBegins, 0, 0, 0, paris)
	}
	return next.UTC()
}

// SetSoldOut implements AssortmentService.
func (a *Assortment) SetSoldOut(ctx context.Context, r *qrv1.SetSoldOutRequest) (*qrv1.SetSoldOutResponse, error) {
	store := a.catalog.store
	var until *time.Time
	switch r.GetUntil() {
	case "", untilFurther:
	case untilTomorrow:
		next := nextDay(store.now())
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
