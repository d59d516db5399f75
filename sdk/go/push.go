package eupay

import (
	"context"
	"iter"
	"net/http"
)

// Push are the browsers of the logged-in user that are told of payments, refused invoices and failing endpoints. It takes a login.
type Push struct{ c *caller }

const subscriptionsPath = "/push/subscriptions"

// Key is the applicationServerKey of PushManager.subscribe.
func (s Push) Key(ctx context.Context) (string, error) {
	v, err := get[struct {
		PublicKey string `json:"public_key"`
	}](ctx, s.c, call{method: http.MethodGet, path: "/push/key"})
	if err != nil {
		return "", err
	}
	return v.PublicKey, nil
}

// Create subscribes a browser.
func (s Push) Create(ctx context.Context, p PushParams) (*PushSubscription, error) {
	return get[PushSubscription](ctx, s.c, call{method: http.MethodPost, path: subscriptionsPath, body: p})
}

// Update changes what a browser is told of, without its subscribing anew.
func (s Push) Update(ctx context.Context, id string, p PushChange) (*PushSubscription, error) {
	return get[PushSubscription](ctx, s.c, call{method: http.MethodPatch, path: subscriptionsPath + "/{}", ids: []string{id}, body: p})
}

// Delete tells a browser nothing more.
func (s Push) Delete(ctx context.Context, id string) error {
	return do(ctx, s.c, call{method: http.MethodDelete, path: subscriptionsPath + "/{}", ids: []string{id}})
}

// Test sends a test message to a browser, and says what came of it: sent, or why not.
func (s Push) Test(ctx context.Context, id string) (string, error) {
	v, err := get[struct {
		Result string `json:"result"`
	}](ctx, s.c, call{method: http.MethodPost, path: subscriptionsPath + "/{}/test", ids: []string{id}})
	if err != nil {
		return "", err
	}
	return v.Result, nil
}

func (s Push) listing(p ListParams) listing[PushSubscription] {
	return listing[PushSubscription]{s.c, call{path: subscriptionsPath, query: p.query()}, nil}
}

// List reads one page of the browsers, the oldest first.
func (s Push) List(ctx context.Context, p ListParams) (*Page[PushSubscription], error) {
	return s.listing(p).page(ctx)
}

// All reads the browsers to their end, the oldest first.
func (s Push) All(ctx context.Context, p ListParams) iter.Seq2[PushSubscription, error] {
	return s.listing(p).all(ctx)
}
