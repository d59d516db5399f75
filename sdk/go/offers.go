package eupay

import (
	"context"
	"iter"
	"net/http"
)

const (
	offersPath        = "/table-order/offers"
	offerPath         = offersPath + "/{}"
	productOffersPath = "/table-order/product-offers"
	productOfferPath  = productOffersPath + "/{}"
)

// Offers are offers on whole orders. It takes a login.
type Offers struct{ c *caller }

// Create makes an offer.
func (s Offers) Create(ctx context.Context, p OfferParams) (*Offer, error) {
	return get[Offer](ctx, s.c, call{method: http.MethodPost, path: offersPath, body: p})
}

// Get reads an offer.
func (s Offers) Get(ctx context.Context, id string) (*Offer, error) {
	return get[Offer](ctx, s.c, call{method: http.MethodGet, path: offerPath, ids: []string{id}})
}

// Replace replaces an offer. What is empty is taken away.
func (s Offers) Replace(ctx context.Context, id string, p OfferParams) (*Offer, error) {
	return get[Offer](ctx, s.c, call{method: http.MethodPut, path: offerPath, ids: []string{id}, body: p})
}

// Delete removes an offer.
func (s Offers) Delete(ctx context.Context, id string) error {
	return do(ctx, s.c, call{method: http.MethodDelete, path: offerPath, ids: []string{id}})
}

func (s Offers) listing(p ListParams) listing[Offer] {
	return listing[Offer]{s.c, call{path: offersPath, query: p.query()}, nil}
}

// List reads one page of the offers, the oldest first.
func (s Offers) List(ctx context.Context, p ListParams) (*Page[Offer], error) {
	return s.listing(p).page(ctx)
}

// All reads the offers to their end, the oldest first.
func (s Offers) All(ctx context.Context, p ListParams) iter.Seq2[Offer, error] {
	return s.listing(p).all(ctx)
}

// ProductOffers are offers on products. It takes a login.
type ProductOffers struct{ c *caller }

// Create makes an offer.
func (s ProductOffers) Create(ctx context.Context, p ProductOfferParams) (*ProductOffer, error) {
	return get[ProductOffer](ctx, s.c, call{method: http.MethodPost, path: productOffersPath, body: p})
}

// Get reads an offer.
func (s ProductOffers) Get(ctx context.Context, id string) (*ProductOffer, error) {
	return get[ProductOffer](ctx, s.c, call{method: http.MethodGet, path: productOfferPath, ids: []string{id}})
}

// Replace replaces an offer. What is empty is taken away.
func (s ProductOffers) Replace(ctx context.Context, id string, p ProductOfferParams) (*ProductOffer, error) {
	return get[ProductOffer](ctx, s.c, call{method: http.MethodPut, path: productOfferPath, ids: []string{id}, body: p})
}

// Delete removes an offer.
func (s ProductOffers) Delete(ctx context.Context, id string) error {
	return do(ctx, s.c, call{method: http.MethodDelete, path: productOfferPath, ids: []string{id}})
}

func (s ProductOffers) listing(p ListParams) listing[ProductOffer] {
	return listing[ProductOffer]{s.c, call{path: productOffersPath, query: p.query()}, nil}
}

// List reads one page of the offers, the oldest first.
func (s ProductOffers) List(ctx context.Context, p ListParams) (*Page[ProductOffer], error) {
	return s.listing(p).page(ctx)
}

// All reads the offers to their end, the oldest first.
func (s ProductOffers) All(ctx context.Context, p ListParams) iter.Seq2[ProductOffer, error] {
	return s.listing(p).all(ctx)
}
