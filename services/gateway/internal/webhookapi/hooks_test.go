package webhookapi

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
)

// hooks stands in for the webhooks service, which this module must not import. It keeps endpoints in memory by merchant and mode,
// and remembers the last request.
type hooks struct {
	webhooksv1.UnimplementedWebhooksServiceServer

	mu         sync.Mutex
	endpoints  []*webhooksv1.Endpoint
	deliveries []*webhooksv1.Delivery
	attempts   []*webhooksv1.Attempt
	owners     []string
	last       proto.Message
	patience   time.Duration
}

func (h *hooks) lock(last proto.Message) func() {
	h.mu.Lock()
	h.last = last
	return h.mu.Unlock
}

type addressed interface {
	GetMerchantId() string
	GetLivemode() bool
	GetId() string
}

func (h *hooks) find(r addressed) (*webhooksv1.Endpoint, error) {
	for _, e := range h.endpoints {
		if e.GetMerchantId() == r.GetMerchantId() && e.GetLivemode() == r.GetLivemode() && e.GetId() == r.GetId() {
			return e, nil
		}
	}
	return nil, errs.NotFound("Webhook endpoint")
}

func (h *hooks) CreateEndpoint(_ context.Context, r *webhooksv1.CreateEndpointRequest) (*webhooksv1.CreateEndpointResponse, error) {
	defer h.lock(r)()
	if r.GetUrl() == "ftp://example.com" {
		return nil, errs.Invalid(errs.Field{Field: "url", Message: "url must be https."})
	}
	now := timestamppb.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))
	e := &webhooksv1.Endpoint{
		Id: fmt.Sprintf("endpoint-%d", len(h.endpoints)), MerchantId: r.GetMerchantId(), Livemode: r.GetLivemode(), Url: r.GetUrl(),
		Description: r.GetDescription(), EventTypes: r.GetEventTypes(), Enabled: true, CreatedAt: now, UpdatedAt: now,
		RateLimit: r.GetRateLimit(), Health: &webhooksv1.EndpointHealth{State: "healthy"},
	}
	h.endpoints = append(h.endpoints, e)
	return &webhooksv1.CreateEndpointResponse{Endpoint: e, Secret: "whsec_first"}, nil
}

func (h *hooks) ListEndpoints(_ context.Context, r *webhooksv1.ListEndpointsRequest) (*webhooksv1.ListEndpointsResponse, error) {
	defer h.lock(r)()
	res := &webhooksv1.ListEndpointsResponse{}
	for _, e := range h.endpoints {
		if e.GetMerchantId() == r.GetMerchantId() && e.GetLivemode() == r.GetLivemode() {
			res.Endpoints = append(res.Endpoints, e)
		}
	}
	return res, nil
}

func (h *hooks) GetEndpoint(_ context.Context, r *webhooksv1.GetEndpointRequest) (*webhooksv1.GetEndpointResponse, error) {
	defer h.lock(r)()
	e, err := h.find(r)
	return &webhooksv1.GetEndpointResponse{Endpoint: e}, err
}

func (h *hooks) UpdateEndpoint(_ context.Context, r *webhooksv1.UpdateEndpointRequest) (*webhooksv1.UpdateEndpointResponse, error) {
	defer h.lock(r)()
	e, err := h.find(r)
	if err != nil {
		return nil, err
	}
	if r.Url != nil {
		e.Url = r.GetUrl()
	}
	if r.Description != nil {
		e.Description = r.GetDescription()
	}
	if r.Enabled != nil {
		e.Enabled = r.GetEnabled()
	}
	if r.RateLimit != nil {
		e.RateLimit = r.GetRateLimit()
	}
	if r.GetEventTypes() != nil {
		e.EventTypes = r.GetEventTypes().GetValues()
	}
	return &webhooksv1.UpdateEndpointResponse{Endpoint: e}, nil
}

func (h *hooks) DeleteEndpoint(_ context.Context, r *webhooksv1.DeleteEndpointRequest) (*webhooksv1.DeleteEndpointResponse, error) {
	defer h.lock(r)()
	e, err := h.find(r)
	h.endpoints = slices.DeleteFunc(h.endpoints, func(have *webhooksv1.Endpoint) bool { return have == e })
	return &webhooksv1.DeleteEndpointResponse{}, err
}

func (h *hooks) RotateSecret(_ context.Context, r *webhooksv1.RotateSecretRequest) (*webhooksv1.RotateSecretResponse, error) {
	defer h.lock(r)()
	if r.GetOverlapSeconds() < 0 || r.GetOverlapSeconds() > 604800 {
		return nil, errs.Invalid(errs.Field{Field: "overlap_seconds", Message: "overlap_seconds must be from 0 to 604800."})
	}
	e, err := h.find(r)
	return &webhooksv1.RotateSecretResponse{Endpoint: e, Secret: "whsec_second"}, err
}

func (h *hooks) PromoteSecret(_ context.Context, r *webhooksv1.PromoteSecretRequest) (*webhooksv1.PromoteSecretResponse, error) {
	defer h.lock(r)()
	e, err := h.find(r)
	return &webhooksv1.PromoteSecretResponse{Endpoint: e}, err
}

func (h *hooks) ListDeliveries(_ context.Context, r *webhooksv1.ListDeliveriesRequest) (*webhooksv1.ListDeliveriesResponse, error) {
	defer h.lock(r)()
	res := &webhooksv1.ListDeliveriesResponse{TotalIsMinimum: r.GetEventType() != ""}
	for i, d := range h.deliveries {
		if h.owners[i] == ownerOf(r.GetMerchantId(), r.GetLivemode()) {
			res.Deliveries = append(res.Deliveries, d)
			res.Total++
		}
	}
	return res, nil
}

func (h *hooks) GetDelivery(_ context.Context, r *webhooksv1.GetDeliveryRequest) (*webhooksv1.GetDeliveryResponse, error) {
	defer h.lock(r)()
	d, err := h.findDelivery(r)
	return &webhooksv1.GetDeliveryResponse{Delivery: d}, err
}

func (h *hooks) findDelivery(r addressed) (*webhooksv1.Delivery, error) {
	for i, d := range h.deliveries {
		if h.owners[i] == ownerOf(r.GetMerchantId(), r.GetLivemode()) && d.GetId() == r.GetId() {
			return d, nil
		}
	}
	return nil, errs.NotFound("Webhook delivery")
}

func (h *hooks) ListAttempts(_ context.Context, r *webhooksv1.ListAttemptsRequest) (*webhooksv1.ListAttemptsResponse, error) {
	defer h.lock(r)()
	if _, err := h.find(&webhooksv1.GetEndpointRequest{MerchantId: r.GetMerchantId(), Livemode: r.GetLivemode(), Id: r.GetEndpointId()}); err != nil {
		return nil, err
	}
	return &webhooksv1.ListAttemptsResponse{Attempts: h.attempts, Total: int64(len(h.attempts)), HasMore: r.GetStartingAfter() != ""}, nil
}

// TestEndpoint records the deadline that the gateway set.
func (h *hooks) TestEndpoint(ctx context.Context, r *webhooksv1.TestEndpointRequest) (*webhooksv1.TestEndpointResponse, error) {
	defer h.lock(r)()
	if _, err := h.find(r); err != nil {
		return nil, err
	}
	if until, ok := ctx.Deadline(); ok {
		h.patience = time.Until(until)
	}
	return &webhooksv1.TestEndpointResponse{Delivery: h.deliveries[0]}, nil
}

func (h *hooks) ResendDelivery(_ context.Context, r *webhooksv1.ResendDeliveryRequest) (*webhooksv1.ResendDeliveryResponse, error) {
	defer h.lock(r)()
	d, err := h.findDelivery(r)
	if err == nil && d.GetStatus() == "missed" {
		return nil, errs.New(errs.InvalidState, "Enable it first.")
	}
	return &webhooksv1.ResendDeliveryResponse{Delivery: d}, err
}

func (h *hooks) ResendDeliveries(_ context.Context, r *webhooksv1.ResendDeliveriesRequest) (*webhooksv1.ResendDeliveriesResponse, error) {
	defer h.lock(r)()
	return &webhooksv1.ResendDeliveriesResponse{Count: 10_000, More: true, CountIsMinimum: r.GetDryRun()}, nil
}

func (h *hooks) RecoverEndpoint(_ context.Context, r *webhooksv1.RecoverEndpointRequest) (*webhooksv1.RecoverEndpointResponse, error) {
	defer h.lock(r)()
	_, err := h.find(r)
	return &webhooksv1.RecoverEndpointResponse{Count: 7}, err
}

func (h *hooks) BackfillEndpoint(_ context.Context, r *webhooksv1.BackfillEndpointRequest) (*webhooksv1.BackfillEndpointResponse, error) {
	defer h.lock(r)()
	_, err := h.find(r)
	res := &webhooksv1.BackfillEndpointResponse{Count: 7}
	if r.GetDryRun() {
		res.Token, res.FirstAt, res.LastAt = "t.t", r.GetSince(), r.GetSince()
	}
	return res, err
}

func (h *hooks) ListEvents(_ context.Context, r *webhooksv1.ListEventsRequest) (*webhooksv1.ListEventsResponse, error) {
	defer h.lock(r)()
	return &webhooksv1.ListEventsResponse{Events: []*webhooksv1.Event{happened}, HasMore: true}, nil
}

func (h *hooks) GetEvent(_ context.Context, r *webhooksv1.GetEventRequest) (*webhooksv1.GetEventResponse, error) {
	defer h.lock(r)()
	if r.GetId() != happened.GetId() {
		return nil, errs.NotFound("Event")
	}
	return &webhooksv1.GetEventResponse{Event: happened}, nil
}

var happened = &webhooksv1.Event{
	Id: "evt1", Type: "payment.completed", Reference: "PAY-1", MerchantReference: "Table 7", Sequence: 3,
	CreatedAt: timestamppb.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)),
	Body:      []byte(`{"event":"payment.completed","timestamp":"2026-06-17T12:00:00Z","sequence":3,"data":{"reference":"PAY-1"}}`),
}

func ownerOf(merchantID string, livemode bool) string { return fmt.Sprint(merchantID, livemode) }

func (h *hooks) deliver(merchantID string, livemode bool, d *webhooksv1.Delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.deliveries, h.owners = append(h.deliveries, d), append(h.owners, ownerOf(merchantID, livemode))
}

func (h *hooks) lastRequest() proto.Message {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}
