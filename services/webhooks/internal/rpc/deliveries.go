package rpc

import (
	"context"

	"european-pay.eu/eupay/internal/errs"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/webhooks/internal/delivery"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
)

var statuses = []string{
	"", delivery.Waiting, delivery.Pending, delivery.Delivered, delivery.Exhausted, delivery.Missed, delivery.Cancelled,
}

// ListDeliveries implements WebhooksService: newest first, without the attempts.
func (s *Server) ListDeliveries(ctx context.Context, r *webhooksv1.ListDeliveriesRequest) (*webhooksv1.ListDeliveriesResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	var c check
	page := c.page(r)
	c.oneOf("status", r.GetStatus(), statuses, "must be waiting, pending, delivered, exhausted, missed or cancelled")
	c.endpointID(r.GetEndpointId())
	c.text("reference", r.GetReference())
	c.text("event_type", r.GetEventType())
	c.text("merchant_reference", r.GetMerchantReference())
	c.If(r.GetEventId() != "" && !endpoint.IsID(r.GetEventId()), "event_id", "is not the id of an event")
	c.If(r.GetStartingAfter() != "" && r.GetPage() != 0, "starting_after", "cannot be combined with page")
	created := delivery.Between{After: c.time("created_after", r.GetCreatedAfter()), Before: c.time("created_before", r.GetCreatedBefore())}
	if err := c.Err(); err != nil {
		return nil, err
	}
	found, err := delivery.List(ctx, s.reads, delivery.Filter{
		Merchant: r.GetMerchantId(), Livemode: r.GetLivemode(), EndpointID: r.GetEndpointId(), Status: r.GetStatus(),
		Reference: r.GetReference(), EventType: r.GetEventType(), Created: created, Limit: page.limit, Offset: page.offset,
		EventID: r.GetEventId(), MerchantReference: r.GetMerchantReference(), After: r.GetStartingAfter(),
	})
	if err != nil {
		return nil, err
	}
	resp := &webhooksv1.ListDeliveriesResponse{Total: found.Total.Rows, TotalIsMinimum: found.Total.Minimum, HasMore: found.More}
	for _, d := range found.List {
		resp.Deliveries = append(resp.Deliveries, fromDelivery(d))
	}
	return resp, nil
}

// GetDelivery implements WebhooksService.
func (s *Server) GetDelivery(ctx context.Context, r *webhooksv1.GetDeliveryRequest) (*webhooksv1.GetDeliveryResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	d, err := delivery.Get(ctx, s.pool, r.GetMerchantId(), r.GetLivemode(), r.GetId())
	if err != nil {
		return nil, err
	}
	return &webhooksv1.GetDeliveryResponse{Delivery: fromDelivery(d)}, nil
}

var outcomes = []string{"", "success", "failure"}

// ListAttempts implements WebhooksService. It works for deleted endpoints too.
func (s *Server) ListAttempts(ctx context.Context, r *webhooksv1.ListAttemptsRequest) (*webhooksv1.ListAttemptsResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	var c check
	page := c.page(r)
	c.oneOf("outcome", r.GetOutcome(), outcomes, "must be success or failure")
	c.If(r.GetStartingAfter() != "" && r.GetPage() != 0, "starting_after", "cannot be combined with page")
	started := delivery.Between{After: c.time("started_after", r.GetStartedAfter()), Before: c.time("started_before", r.GetStartedBefore())}
	if err := c.Err(); err != nil {
		return nil, err
	}
	if _, err := s.endpoints.State(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetEndpointId()); err != nil {
		return nil, err
	}
	f := delivery.AttemptFilter{
		EndpointID: r.GetEndpointId(), Started: started, After: r.GetStartingAfter(), Limit: page.limit, Offset: page.offset,
	}
	if r.GetOutcome() != "" {
		succeeded := r.GetOutcome() == "success"
		f.Succeeded = &succeeded
	}
	found, err := delivery.ListAttempts(ctx, s.reads, f)
	if err != nil {
		return nil, err
	}
	resp := &webhooksv1.ListAttemptsResponse{Total: found.Total.Rows, HasMore: found.More}
	for _, a := range found.List {
		out := fromAttempt(a)
		out.Id, out.DeliveryId, out.EventType, out.Reference = a.ID(), a.DeliveryID, a.EventType, a.Reference
		resp.Attempts = append(resp.Attempts, out)
	}
	return resp, nil
}

// checkActive returns an error if the endpoint takes no deliveries.
func checkActive(state endpoint.State) error {
	switch state {
	case endpoint.Active:
		return nil
	case endpoint.Deleted:
		return errs.New(errs.InvalidState, "The webhook endpoint was deleted. Nothing can be sent to it.")
	default:
		return errs.New(errs.InvalidState, "The webhook endpoint is disabled. Enable it, then send again.")
	}
}
