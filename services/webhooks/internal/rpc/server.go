// Package rpc serves WebhooksService.
package rpc

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/webhooks/internal/delivery"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
	"european-pay.eu/eupay/services/webhooks/internal/secret"
)

// Server implements WebhooksService.
type Server struct {
	webhooksv1.UnimplementedWebhooksServiceServer

	endpoints *endpoint.Store
	vault     *secret.Vault
	rules     endpoint.Rules
	pool      *pgxpool.Pool
	// reads is where lists are read, and what a caller asks for before it decides: these may lag behind the pool by some seconds.
	reads    pg.Reader
	redriver Redriver
	now      func() time.Time
}

// Redriver sends deliveries again.
type Redriver interface {
	// Reopen restarts the schedule of these finished deliveries (at most 500) under the same event ids; attempt numbers continue.
	// It skips open deliveries and those whose endpoint is disabled or deleted, and returns how many it reopened.
	Reopen(ctx context.Context, ids []string) (int, error)
	// Resend does so with the finished deliveries that match, oldest first, and returns how many it reopened before it answers. The others
	// follow in the background: more is true until a call has told that there are none left.
	Resend(ctx context.Context, m delivery.Match) (count int64, more bool, err error)
	// DeliverNow makes an open delivery due now.
	DeliverNow(ctx context.Context, id string) error
	// Backfill records deliveries of these events (at most 500) for an endpoint that has not received them, and returns their
	// number.
	Backfill(ctx context.Context, endpointID string, eventIDs []string) (int, error)
	// Test records a webhook_endpoint.test delivery, attempts it at once and only once, and returns its id without waiting for
	// the result. It returns NOT_FOUND for a deleted endpoint.
	Test(ctx context.Context, endpointID string) (deliveryID string, err error)
}

// NewServer returns the service's gRPC server.
func NewServer(
	pool *pgxpool.Pool, reads pg.Reader, endpoints *endpoint.Store, vault *secret.Vault, rules endpoint.Rules, redriver Redriver, now func() time.Time,
) *Server {
	return &Server{
		endpoints: endpoints, vault: vault, rules: rules, pool: pool, reads: reads, redriver: redriver,
		now: func() time.Time { return now().UTC().Truncate(time.Microsecond) },
	}
}

func checkMerchant(id string) error {
	if id == "" || len(id) > 100 || strings.ContainsRune(id, 0) {
		return errs.Invalid(errs.Field{Field: "merchant_id", Message: "merchant_id is required."})
	}
	return nil
}

// CreateEndpoint implements WebhooksService.
func (s *Server) CreateEndpoint(ctx context.Context, r *webhooksv1.CreateEndpointRequest) (*webhooksv1.CreateEndpointResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	e := endpoint.Endpoint{
		ID: uuid.Must(uuid.NewV7()).String(), Merchant: r.GetMerchantId(), Livemode: r.GetLivemode(), URL: endpoint.OnTheWire(r.GetUrl()),
		Description: r.GetDescription(), EventTypes: r.GetEventTypes(), RateLimit: r.GetRateLimit(), Enabled: true, CreatedAt: s.now(),
	}
	e.UpdatedAt = e.CreatedAt
	if e.EventTypes == nil {
		e.EventTypes = []string{}
	}
	if err := s.rules.Check(e).Err(); err != nil {
		return nil, err
	}
	plain := secret.New()
	e.Secret = s.vault.Seal(plain, endpoint.SealOwner(e.Merchant, e.ID))
	if err := s.endpoints.Insert(ctx, e); err != nil {
		return nil, err
	}
	return &webhooksv1.CreateEndpointResponse{Endpoint: fromEndpoint(e, healthy), Secret: plain}, nil
}

// ListEndpoints implements WebhooksService.
func (s *Server) ListEndpoints(ctx context.Context, r *webhooksv1.ListEndpointsRequest) (*webhooksv1.ListEndpointsResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	list, err := s.endpoints.List(ctx, r.GetMerchantId(), r.GetLivemode())
	if err != nil {
		return nil, err
	}
	views, err := s.views(ctx, list)
	return &webhooksv1.ListEndpointsResponse{Endpoints: views}, err
}

// views returns endpoints with their health.
func (s *Server) views(ctx context.Context, list []endpoint.Endpoint) ([]*webhooksv1.Endpoint, error) {
	ids, views := make([]string, len(list)), make([]*webhooksv1.Endpoint, len(list))
	for i, e := range list {
		ids[i] = e.ID
	}
	healths, err := s.endpoints.Healths(ctx, ids, s.now())
	if err != nil {
		return nil, err
	}
	for i, e := range list {
		h, unhealthy := healths[e.ID]
		if !unhealthy {
			h = healthy
		}
		views[i] = fromEndpoint(e, h)
		if e.Rotating(s.now()) {
			views[i].OldSecretUntil = timestamppb.New(e.OldUntil)
		}
	}
	return views, nil
}

func (s *Server) view(ctx context.Context, e endpoint.Endpoint) (*webhooksv1.Endpoint, error) {
	views, err := s.views(ctx, []endpoint.Endpoint{e})
	if err != nil {
		return nil, err
	}
	return views[0], nil
}

// GetEndpoint implements WebhooksService.
func (s *Server) GetEndpoint(ctx context.Context, r *webhooksv1.GetEndpointRequest) (*webhooksv1.GetEndpointResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	e, err := s.endpoints.Get(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetId())
	if err != nil {
		return nil, err
	}
	view, err := s.view(ctx, e)
	return &webhooksv1.GetEndpointResponse{Endpoint: view}, err
}

// UpdateEndpoint implements WebhooksService.
func (s *Server) UpdateEndpoint(ctx context.Context, r *webhooksv1.UpdateEndpointRequest) (*webhooksv1.UpdateEndpointResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	e, err := s.endpoints.Change(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetId(), func(e *endpoint.Endpoint) error {
		apply(e, r)
		e.UpdatedAt = s.touch(e)
		return s.rules.Check(*e).Err()
	})
	if err != nil {
		return nil, err
	}
	view, err := s.view(ctx, e)
	return &webhooksv1.UpdateEndpointResponse{Endpoint: view}, err
}

// touch returns the time of a change. It differs from that of the previous change, because senders detect changes by it.
func (s *Server) touch(e *endpoint.Endpoint) time.Time {
	if now := s.now(); now.After(e.UpdatedAt) {
		return now
	}
	return e.UpdatedAt.Add(time.Microsecond)
}

func apply(e *endpoint.Endpoint, r *webhooksv1.UpdateEndpointRequest) {
	if r.Url != nil {
		e.URL = endpoint.OnTheWire(r.GetUrl())
	}
	if r.Description != nil {
		e.Description = r.GetDescription()
	}
	if r.EventTypes != nil {
		e.EventTypes = append([]string{}, r.GetEventTypes().GetValues()...)
	}
	if r.RateLimit != nil {
		e.RateLimit = r.GetRateLimit()
	}
	if r.Enabled == nil || r.GetEnabled() == e.Enabled {
		return
	}
	e.Enabled, e.DisabledReason = r.GetEnabled(), ""
	if !e.Enabled {
		e.DisabledReason = "by_merchant"
	}
}

// DeleteEndpoint implements WebhooksService.
func (s *Server) DeleteEndpoint(ctx context.Context, r *webhooksv1.DeleteEndpointRequest) (*webhooksv1.DeleteEndpointResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	if err := s.endpoints.Delete(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetId(), s.now()); err != nil {
		return nil, err
	}
	return &webhooksv1.DeleteEndpointResponse{}, nil
}
