package rpc

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/webhooks/internal/delivery"
)

// ListEvents implements WebhooksService.
func (s *Server) ListEvents(ctx context.Context, r *webhooksv1.ListEventsRequest) (*webhooksv1.ListEventsResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	var c check
	c.text("event_type", r.GetEventType())
	c.text("reference", r.GetReference())
	c.text("merchant_reference", r.GetMerchantReference())
	c.If(r.GetLimit() < 0 || r.GetLimit() > maxLimit, "limit", "must be from 1 to 100")
	f := delivery.EventFilter{
		Merchant: r.GetMerchantId(), Livemode: r.GetLivemode(), Type: r.GetEventType(), Reference: r.GetReference(),
		MerchantReference: r.GetMerchantReference(), After: r.GetStartingAfter(), Limit: int64(r.GetLimit()),
		Created: delivery.Between{After: c.time("created_after", r.GetCreatedAfter()), Before: c.time("created_before", r.GetCreatedBefore())},
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	if f.Limit == 0 {
		f.Limit = defaultLimit
	}
	list, more, err := delivery.ListEvents(ctx, s.reads, f)
	if err != nil {
		return nil, err
	}
	resp := &webhooksv1.ListEventsResponse{HasMore: more}
	for _, e := range list {
		resp.Events = append(resp.Events, fromEvent(e))
	}
	return resp, nil
}

// GetEvent implements WebhooksService.
func (s *Server) GetEvent(ctx context.Context, r *webhooksv1.GetEventRequest) (*webhooksv1.GetEventResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	e, err := delivery.GetEvent(ctx, s.pool, r.GetMerchantId(), r.GetLivemode(), r.GetId())
	if err != nil {
		return nil, err
	}
	return &webhooksv1.GetEventResponse{Event: fromEvent(e)}, nil
}

func fromEvent(e delivery.Event) *webhooksv1.Event {
	return &webhooksv1.Event{
		Id: e.ID, Type: e.Type, Reference: e.Reference, MerchantReference: e.MerchantReference, Sequence: e.Sequence,
		CreatedAt: timestamppb.New(e.CreatedAt.Truncate(time.Microsecond)), Body: e.Body,
	}
}
