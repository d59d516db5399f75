package rpc

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/webhooks/internal/delivery"
)

const (
	defaultLimit = 20
	maxLimit     = 100
	maxPage      = 1_000_000
)

var statuses = []string{"", delivery.Waiting, delivery.Pending, delivery.Delivered, delivery.Exhausted, delivery.Cancelled}

// ListDeliveries implements WebhooksService: newest first, without the attempts.
func (s *Server) ListDeliveries(ctx context.Context, r *webhooksv1.ListDeliveriesRequest) (*webhooksv1.ListDeliveriesResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	if bad := checkFilter(r); len(bad) > 0 {
		return nil, errs.Invalid(bad...)
	}
	page, limit := max(r.GetPage(), 1), r.GetLimit()
	if limit == 0 {
		limit = defaultLimit
	}
	list, total, err := delivery.List(ctx, s.pool, delivery.Filter{
		Merchant: r.GetMerchantId(), Livemode: r.GetLivemode(), EndpointID: r.GetEndpointId(), Status: r.GetStatus(),
		Reference: r.GetReference(), EventType: r.GetEventType(), Limit: int64(limit), Offset: int64(page-1) * int64(limit),
	})
	if err != nil {
		return nil, err
	}
	resp := &webhooksv1.ListDeliveriesResponse{Total: total}
	for _, d := range list {
		resp.Deliveries = append(resp.Deliveries, fromDelivery(d))
	}
	return resp, nil
}

func checkFilter(r *webhooksv1.ListDeliveriesRequest) []errs.Field {
	var bad []errs.Field
	refuse := func(wrong bool, field, message string) {
		if wrong {
			bad = append(bad, errs.Field{Field: field, Message: message})
		}
	}
	refuse(r.GetPage() < 0 || r.GetPage() > maxPage, "page", "page must be from 1 to 1000000.")
	refuse(r.GetLimit() < 0 || r.GetLimit() > maxLimit, "limit", "limit must be from 1 to 100.")
	refuse(!slices.Contains(statuses, r.GetStatus()), "status", "status must be waiting, pending, delivered, exhausted or cancelled.")
	refuse(r.GetEndpointId() != "" && uuid.Validate(r.GetEndpointId()) != nil, "endpoint_id", "endpoint_id is not the id of an endpoint.")
	refuse(!isText(r.GetReference()), "reference", "reference is not valid.")
	refuse(!isText(r.GetEventType()), "event_type", "event_type is not valid.")
	return bad
}

// isText: PostgreSQL takes no zero bytes.
func isText(s string) bool {
	return len(s) <= 200 && utf8.ValidString(s) && !strings.ContainsRune(s, 0)
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
