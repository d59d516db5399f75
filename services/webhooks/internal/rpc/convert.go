package rpc

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/webhooks/internal/delivery"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
)

var healthy = endpoint.Health{State: endpoint.Healthy}

func fromEndpoint(e endpoint.Endpoint, h endpoint.Health) *webhooksv1.Endpoint {
	return &webhooksv1.Endpoint{
		Id: e.ID, MerchantId: e.Merchant, Livemode: e.Livemode, Url: e.URL, Description: e.Description,
		EventTypes: e.EventTypes, Enabled: e.Enabled, DisabledReason: e.DisabledReason,
		CreatedAt: timestamppb.New(e.CreatedAt), UpdatedAt: timestamppb.New(e.UpdatedAt), RateLimit: e.RateLimit,
		Health: &webhooksv1.EndpointHealth{
			State: h.State, FailingSince: optional(h.FailingSince), ConsecutiveFailures: h.Failures, RetryAt: optional(h.RetryAt), LastError: h.LastError,
			HeldEventTypes: h.HeldTypes,
		},
	}
}

func fromDelivery(d delivery.Delivery) *webhooksv1.Delivery {
	out := &webhooksv1.Delivery{
		Id: d.ID, EndpointId: d.EndpointID, EventId: d.EventID, EventType: d.EventType, Reference: d.Reference,
		Sequence: d.Sequence, Status: d.Status, AttemptCount: d.AttemptCount, CreatedAt: timestamppb.New(d.CreatedAt), Body: d.Body,
	}
	switch d.Status {
	case delivery.Pending:
		out.NextAttemptAt = timestamppb.New(d.NextAttemptAt)
	case delivery.Delivered:
		out.DeliveredAt = optional(d.FinishedAt)
	}
	for _, a := range d.Attempts {
		out.Attempts = append(out.Attempts, fromAttempt(a))
	}
	return out
}

func fromAttempt(a delivery.Attempt) *webhooksv1.Attempt {
	return &webhooksv1.Attempt{
		Number: a.Number, StartedAt: timestamppb.New(a.StartedAt), DurationMicros: a.DurationMicros, ResponseStatus: a.ResponseStatus,
		ResponseBody: a.ResponseBody, Error: a.Error, ResponseHeaders: a.ResponseHeaders,
	}
}

func optional(t *time.Time) *timestamppb.Timestamp {
	if t == nil {
		return nil
	}
	return timestamppb.New(*t)
}
