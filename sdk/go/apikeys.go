package eupay

import (
	"context"
	"iter"
	"log/slog"
	"net/http"
)

// APIKeys are the merchant's keys of the API. It takes a login, and new secrets a recent one: see Auth.StepUp.
type APIKeys struct{ c *caller }

const (
	keysPath = merchantPath + "/api-keys"
	keyPath  = keysPath + "/{}"
)

// Create makes a key. Its APISecret is shown this once.
func (s APIKeys) Create(ctx context.Context, p APIKeyParams) (*APIKey, error) {
	return get[APIKey](ctx, s.c, call{method: http.MethodPost, path: keysPath, body: p})
}

// Update changes a key.
func (s APIKeys) Update(ctx context.Context, id string, p APIKeyChange) (*APIKey, error) {
	return get[APIKey](ctx, s.c, call{method: http.MethodPatch, path: keyPath, ids: []string{id}, body: p})
}

// Revoke ends a key at once.
func (s APIKeys) Revoke(ctx context.Context, id string) error {
	return do(ctx, s.c, call{method: http.MethodDelete, path: keyPath, ids: []string{id}})
}

// Rotate gives a key a new APISecret. The old one goes on for the overlap.
func (s APIKeys) Rotate(ctx context.Context, id string, p RotationParams) (*APIKey, error) {
	return get[APIKey](ctx, s.c, call{method: http.MethodPost, path: keyPath + "/rotate", ids: []string{id}, body: p})
}

func (s APIKeys) listing(p ListParams) listing[APIKey] {
	return listing[APIKey]{s.c, call{path: keysPath, query: p.query()}, nil}
}

// List reads one page of the keys, the newest first.
func (s APIKeys) List(ctx context.Context, p ListParams) (*Page[APIKey], error) {
	return s.listing(p).page(ctx)
}

// All reads the keys to their end, the newest first.
func (s APIKeys) All(ctx context.Context, p ListParams) iter.Seq2[APIKey, error] {
	return s.listing(p).all(ctx)
}

// LogValue implements slog.LogValuer.
func (k APIKey) LogValue() slog.Value { return hide(k) }
