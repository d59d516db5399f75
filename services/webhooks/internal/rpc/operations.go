package rpc

import (
	"context"
	"net/url"

	"google.golang.org/protobuf/types/known/timestamppb"

	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
)

// mostTroubled bounds one list.
const mostTroubled = 100

// Operations implements OperationsService.
type Operations struct {
	webhooksv1.UnimplementedOperationsServiceServer
	store *endpoint.Store
}

// NewOperations returns the service over the endpoints.
func NewOperations(store *endpoint.Store) *Operations { return &Operations{store: store} }

// ListTroubledEndpoints implements OperationsService.
func (o *Operations) ListTroubledEndpoints(
	ctx context.Context, r *webhooksv1.ListTroubledEndpointsRequest,
) (*webhooksv1.ListTroubledEndpointsResponse, error) {
	list, total, err := o.store.Troubled(ctx, max(1, min(int(r.GetLimit()), mostTroubled)))
	if err != nil {
		return nil, err
	}
	out := &webhooksv1.ListTroubledEndpointsResponse{Total: total}
	for _, t := range list {
		v := &webhooksv1.TroubledEndpoint{
			Id: t.ID, MerchantId: t.Merchant, Livemode: t.Livemode, Origin: origin(t.URL), Enabled: t.Enabled, DisabledReason: t.DisabledReason,
			ConsecutiveFailures: t.Failures, LastError: t.LastError, Waiting: t.Waiting,
		}
		if t.FailingSince != nil {
			v.FailingSince = timestamppb.New(*t.FailingSince)
		}
		out.Endpoints = append(out.Endpoints, v)
	}
	return out, nil
}

// origin is a URL without its path, which may hold a secret of the merchant's.
func origin(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
