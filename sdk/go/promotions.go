package eupay

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"time"
)

// PromotionCode is a code with which guests order for less.
type PromotionCode struct {
	ID   string `json:"id"`
	Code string `json:"code"`
	// What the order calls the discount. Empty: the code.
	Name string `json:"name"`
	// One of percentage, fixed_amount.
	Type string `json:"type"`
	// Percent, at most two decimals; or euros.
	Value json.Number `json:"value"`
	// The least sum of an order, after offers on products.
	MinOrder Amount `json:"min_order"`
	// How many orders may use it; 0: any number.
	MaxUses int `json:"max_uses"`
	// How many orders do, without those that ended unpaid.
	Uses int `json:"uses"`
	// What it makes cheaper. Both empty: everything.
	Products   []string `json:"products"`
	Categories []string `json:"categories"`
	IsActive   bool     `json:"is_active"`
	// Zero: at once.
	StartsAt time.Time `json:"starts_at"`
	// Exclusive. Zero: never.
	EndsAt    time.Time `json:"ends_at"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// PromotionCodeParams is a code to make.
type PromotionCodeParams struct {
	// 4 to 32 letters, digits and hyphens. It never changes.
	Code string `json:"code"`
	// What the order calls the discount. Empty: the code.
	Name string `json:"name,omitzero"`
	// One of percentage, fixed_amount.
	Type string `json:"type"`
	// Percent, at most two decimals; or euros.
	Value json.Number `json:"value"`
	// The least sum of an order, after offers on products.
	MinOrder Amount `json:"min_order,omitzero"`
	// How many orders may use it; 0: any number.
	MaxUses int `json:"max_uses,omitzero"`
	// What it makes cheaper. Both empty: everything.
	Products   []string `json:"products,omitzero"`
	Categories []string `json:"categories,omitzero"`
	// Nil: true.
	IsActive *bool `json:"is_active,omitzero"`
	// Zero: at once.
	StartsAt time.Time `json:"starts_at,omitzero"`
	// Exclusive. Zero: never.
	EndsAt time.Time `json:"ends_at,omitzero"`
}

// PromotionCodeChange is what becomes different about a code; nil: nothing.
type PromotionCodeChange struct {
	Name *string `json:"name,omitzero"`
	// One of percentage, fixed_amount.
	Type *string `json:"type,omitzero"`
	// Percent, at most two decimals; or euros. Empty: no change.
	Value      json.Number `json:"value,omitzero"`
	MinOrder   *Amount     `json:"min_order,omitzero"`
	MaxUses    *int        `json:"max_uses,omitzero"`
	Products   *[]string   `json:"products,omitzero"`
	Categories *[]string   `json:"categories,omitzero"`
	IsActive   *bool       `json:"is_active,omitzero"`
	// ISO 8601; empty: no bound.
	StartsAt *string `json:"starts_at,omitzero"`
	EndsAt   *string `json:"ends_at,omitzero"`
}

const (
	promotionsPath = "/table-order/promotion-codes"
	promotionPath  = promotionsPath + "/{}"
)

// PromotionCodes are codes with which guests order for less. It takes a login.
type PromotionCodes struct{ c *caller }

// Create makes a code.
func (s PromotionCodes) Create(ctx context.Context, p PromotionCodeParams) (*PromotionCode, error) {
	return get[PromotionCode](ctx, s.c, call{method: http.MethodPost, path: promotionsPath, body: p})
}

// Get reads a code.
func (s PromotionCodes) Get(ctx context.Context, id string) (*PromotionCode, error) {
	return get[PromotionCode](ctx, s.c, call{method: http.MethodGet, path: promotionPath, ids: []string{id}})
}

// Update changes a code.
func (s PromotionCodes) Update(ctx context.Context, id string, p PromotionCodeChange) (*PromotionCode, error) {
	return get[PromotionCode](ctx, s.c, call{method: http.MethodPatch, path: promotionPath, ids: []string{id}, body: p})
}

// Delete removes a code. Orders keep what they cost.
func (s PromotionCodes) Delete(ctx context.Context, id string) error {
	return do(ctx, s.c, call{method: http.MethodDelete, path: promotionPath, ids: []string{id}})
}

func (s PromotionCodes) listing(p ListParams) listing[PromotionCode] {
	return listing[PromotionCode]{s.c, call{path: promotionsPath, query: p.query()}, nil}
}

// List reads one page of the codes, the oldest first.
func (s PromotionCodes) List(ctx context.Context, p ListParams) (*Page[PromotionCode], error) {
	return s.listing(p).page(ctx)
}

// All reads the codes to their end, the oldest first.
func (s PromotionCodes) All(ctx context.Context, p ListParams) iter.Seq2[PromotionCode, error] {
	return s.listing(p).all(ctx)
}
