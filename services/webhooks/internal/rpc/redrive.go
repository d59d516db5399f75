package rpc

import (
	"context"
	"strings"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/tally"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/webhooks/internal/delivery"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
)

const (
	// testWait is how long to wait for the result of a test: an attempt has 10 s, and a busy service may start it later.
	testWait = 12 * time.Second
	// testPoll is how often the result is checked.
	testPoll = 20 * time.Millisecond
	// redriveBatch is the number of deliveries per transaction, maxRedrive that per call.
	redriveBatch = 500
	maxRedrive   = 10_000
)

// TestEndpoint implements WebhooksService.
func (s *Server) TestEndpoint(ctx context.Context, r *webhooksv1.TestEndpointRequest) (*webhooksv1.TestEndpointResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	e, err := s.endpoints.Get(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetId())
	if err != nil {
		return nil, err
	}
	id, err := s.redriver.Test(ctx, e.ID)
	if err != nil {
		return nil, err
	}
	d, err := s.waitForAttempt(ctx, e, id)
	if err != nil {
		return nil, err
	}
	return &webhooksv1.TestEndpointResponse{Delivery: fromDelivery(d)}, nil
}

// waitForAttempt waits, for a limited time, until the single attempt of a test has ended.
func (s *Server) waitForAttempt(ctx context.Context, e endpoint.Endpoint, id string) (delivery.Delivery, error) {
	enough := time.After(testWait)
	tick := time.NewTicker(testPoll)
	defer tick.Stop()
	for {
		d, err := delivery.Get(ctx, s.pool, e.Merchant, e.Livemode, id)
		if err != nil || d.FinishedAt != nil { // the delivery is read before its attempts, so a finished delivery has all of them
			return d, err
		}
		select {
		case <-ctx.Done():
			return d, ctx.Err()
		case <-enough:
			return d, nil
		case <-tick.C:
		}
	}
}

// ResendDelivery implements WebhooksService.
func (s *Server) ResendDelivery(ctx context.Context, r *webhooksv1.ResendDeliveryRequest) (*webhooksv1.ResendDeliveryResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	d, err := delivery.Get(ctx, s.pool, r.GetMerchantId(), r.GetLivemode(), r.GetId())
	if err != nil {
		return nil, err
	}
	if d.EventType == delivery.TestEvent {
		return nil, errs.New(errs.InvalidState, "A test cannot be sent again. Test the endpoint again instead.")
	}
	state, err := s.endpoints.State(ctx, r.GetMerchantId(), r.GetLivemode(), d.EndpointID)
	if err != nil {
		return nil, err
	}
	if state == endpoint.Deleted {
		return nil, s.otherEndpoints(ctx, r.GetMerchantId(), r.GetLivemode(), d)
	}
	if err := checkActive(state); err != nil {
		return nil, err
	}
	if err := s.resend(ctx, d); err != nil {
		return nil, err
	}
	if d, err = delivery.Get(ctx, s.pool, r.GetMerchantId(), r.GetLivemode(), d.ID); err != nil {
		return nil, err
	}
	return &webhooksv1.ResendDeliveryResponse{Delivery: fromDelivery(d)}, nil
}

// otherEndpoints returns an error that names the endpoints to which the event of a delivery to a deleted endpoint can be sent.
func (s *Server) otherEndpoints(ctx context.Context, merchant string, livemode bool, d delivery.Delivery) error {
	const most = 3
	list, err := s.endpoints.List(ctx, merchant, livemode)
	if err != nil {
		return err
	}
	var others []string
	for _, e := range list {
		if _, wanted := endpoint.Announce(e.EventTypes, d.EventType); wanted && e.Enabled && len(others) < most {
			others = append(others, e.ID+" ("+e.URL+")")
		}
	}
	if len(others) == 0 {
		return errs.New(errs.InvalidState, "The webhook endpoint was deleted, and no other endpoint receives %s. Add one, then backfill the event.", d.EventType)
	}
	return errs.New(errs.InvalidState, "The webhook endpoint was deleted. Backfill the event to another endpoint: %s.", strings.Join(others, ", "))
}

// resend sends one delivery again. A second request finds it open.
func (s *Server) resend(ctx context.Context, d delivery.Delivery) error {
	if d.FinishedAt != nil {
		if n, err := s.redriver.Reopen(ctx, []string{d.ID}); err != nil || n > 0 {
			return err
		}
	}
	return s.redriver.DeliverNow(ctx, d.ID)
}

var (
	undelivered = []string{delivery.Exhausted, delivery.Missed}
	finished    = []string{"", delivery.Delivered, delivery.Exhausted, delivery.Missed}
)

// ResendDeliveries implements WebhooksService.
func (s *Server) ResendDeliveries(ctx context.Context, r *webhooksv1.ResendDeliveriesRequest) (*webhooksv1.ResendDeliveriesResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	m, err := matchOf(r)
	if err != nil {
		return nil, err
	}
	n, more, err := s.redrive(ctx, m, r.GetDryRun())
	if err != nil {
		return nil, err
	}
	return &webhooksv1.ResendDeliveriesResponse{Count: n.Rows, More: more, CountIsMinimum: n.Minimum}, nil
}

func matchOf(r *webhooksv1.ResendDeliveriesRequest) (delivery.Match, error) {
	var (
		c check
		f = r.GetFilter()
	)
	c.oneOf("status", f.GetStatus(), finished, "must be delivered, exhausted or missed; without one it is the latter two")
	c.endpointID(f.GetEndpointId())
	c.text("reference", f.GetReference())
	c.text("event_type", f.GetEventType())
	if f.GetEndpointId() == "" && f.GetReference() == "" && f.GetCreatedAfter() == nil {
		c.Join(errs.Invalid(errs.Field{
			Field:   "endpoint_id",
			Message: "Give at least one of endpoint_id, reference and created_after, so that you do not resend everything by accident.",
		}))
	}
	m := delivery.Match{
		Merchant: r.GetMerchantId(), Livemode: r.GetLivemode(), Statuses: undelivered,
		EndpointID: f.GetEndpointId(), Reference: f.GetReference(), EventType: f.GetEventType(),
		Created: delivery.Between{After: c.time("created_after", f.GetCreatedAfter()), Before: c.time("created_before", f.GetCreatedBefore())},
	}
	if f.GetStatus() != "" {
		m.Statuses = []string{f.GetStatus()}
	}
	return m, c.Err()
}

// RecoverEndpoint implements WebhooksService.
func (s *Server) RecoverEndpoint(ctx context.Context, r *webhooksv1.RecoverEndpointRequest) (*webhooksv1.RecoverEndpointResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	var c check
	since := c.time("since", r.GetSince())
	c.If(r.GetSince() == nil, "since", "is required: the time from which deliveries were missed")
	c.If(since != nil && since.After(s.now()), "since", "must not be in the future")
	if err := c.Err(); err != nil {
		return nil, err
	}
	e, err := s.endpoints.Get(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetId())
	if err != nil {
		return nil, err
	}
	if !e.Enabled {
		return nil, checkActive(endpoint.Disabled)
	}
	n, more, err := s.redrive(ctx, delivery.Match{
		Merchant: e.Merchant, Livemode: e.Livemode, EndpointID: e.ID, Statuses: undelivered, Created: delivery.Between{After: since},
	}, r.GetDryRun())
	if err != nil {
		return nil, err
	}
	return &webhooksv1.RecoverEndpointResponse{Count: n.Rows, More: more}, nil
}

// redrive sends matching deliveries again, or only counts them. A call may be repeated: it continues what is not finished.
func (s *Server) redrive(ctx context.Context, m delivery.Match, dryRun bool) (count tally.Total, more bool, err error) {
	if dryRun {
		count, err = delivery.CountMatching(ctx, s.reads, m)
		return count, count.Minimum || count.Rows > maxRedrive, err
	}
	count.Rows, more, err = s.redriver.Resend(ctx, m)
	return count, more, err
}
