package eupay

import (
	"context"
	"iter"
	"log/slog"
	"net/http"
	"time"
)

// WebhookEndpoints are where the merchant hears of events. Package webhook verifies what comes there.
type WebhookEndpoints struct{ c *caller }

const (
	endpointsPath = "/webhook-endpoints"
	endpointPath  = endpointsPath + "/{}"
)

// Create adds an endpoint. Its Secret is shown this once.
func (s WebhookEndpoints) Create(ctx context.Context, p EndpointParams) (*Endpoint, error) {
	return get[Endpoint](ctx, s.c, call{method: http.MethodPost, path: endpointsPath, body: p, moded: true})
}

// Get reads an endpoint.
func (s WebhookEndpoints) Get(ctx context.Context, id string) (*Endpoint, error) {
	return get[Endpoint](ctx, s.c, call{method: http.MethodGet, path: endpointPath, ids: []string{id}, moded: true})
}

// Update changes an endpoint.
func (s WebhookEndpoints) Update(ctx context.Context, id string, p EndpointChange) (*Endpoint, error) {
	return get[Endpoint](ctx, s.c, call{method: http.MethodPatch, path: endpointPath, ids: []string{id}, body: p, moded: true})
}

// Delete removes an endpoint. What is on its way there is cancelled.
func (s WebhookEndpoints) Delete(ctx context.Context, id string) error {
	return do(ctx, s.c, call{method: http.MethodDelete, path: endpointPath, ids: []string{id}, moded: true})
}

// RotateSecret gives an endpoint a new Secret, which signs beside the old one until that ends or PromoteSecret.
func (s WebhookEndpoints) RotateSecret(ctx context.Context, id string, p RotationParams) (*Endpoint, error) {
	return get[Endpoint](ctx, s.c, endpointCall(id, "/rotate-secret", p))
}

// PromoteSecret ends the old secret of a rotation.
func (s WebhookEndpoints) PromoteSecret(ctx context.Context, id string) (*Endpoint, error) {
	return get[Endpoint](ctx, s.c, endpointCall(id, "/promote-secret", nil))
}

// Test sends a signed event to the endpoint and says what came of it.
func (s WebhookEndpoints) Test(ctx context.Context, id string) (*Delivery, error) {
	return get[Delivery](ctx, s.c, endpointCall(id, "/test", nil))
}

// Recover sends again what the endpoint has not taken since a time.
func (s WebhookEndpoints) Recover(ctx context.Context, id string, p RecoverParams) (*Redriven, error) {
	return get[Redriven](ctx, s.c, endpointCall(id, "/recover", p))
}

// Backfill sends events of the past to the endpoint: first with DryRun, which counts them and answers a Token, then with that.
func (s WebhookEndpoints) Backfill(ctx context.Context, id string, p BackfillParams) (*Backfilled, error) {
	return get[Backfilled](ctx, s.c, endpointCall(id, "/backfill", p))
}

func endpointCall(id, what string, body any) call {
	return call{method: http.MethodPost, path: endpointPath + what, ids: []string{id}, body: body, moded: true}
}

func (s WebhookEndpoints) listing(p ListParams) listing[Endpoint] {
	return listing[Endpoint]{s.c, call{path: endpointsPath, query: p.query(), moded: true}, nil}
}

// List reads one page of the endpoints.
func (s WebhookEndpoints) List(ctx context.Context, p ListParams) (*Page[Endpoint], error) {
	return s.listing(p).page(ctx)
}

// All reads the endpoints to their end.
func (s WebhookEndpoints) All(ctx context.Context, p ListParams) iter.Seq2[Endpoint, error] {
	return s.listing(p).all(ctx)
}

// AttemptListParams choose attempts. What is empty chooses nothing.
type AttemptListParams struct {
	ListParams
	// StartingAfter is the id of the attempt after which the list goes on, in place of Page.
	StartingAfter string
	// Outcome is success or failure.
	Outcome string
	// StartedAfter is inclusive, StartedBefore is not.
	StartedAfter, StartedBefore time.Time
}

func (s WebhookEndpoints) attempts(id string, p AttemptListParams) listing[Attempt] {
	q := p.query()
	q.text("starting_after", p.StartingAfter)
	q.text("outcome", p.Outcome)
	q.time("started_after", p.StartedAfter)
	q.time("started_before", p.StartedBefore)
	return listing[Attempt]{
		s.c, call{path: endpointPath + "/attempts", ids: []string{id}, query: q, moded: true}, func(a *Attempt) string { return a.ID },
	}
}

// Attempts reads one page of the requests to an endpoint, the newest first.
func (s WebhookEndpoints) Attempts(ctx context.Context, id string, p AttemptListParams) (*Page[Attempt], error) {
	return s.attempts(id, p).page(ctx)
}

// AllAttempts reads the requests to an endpoint to their end, the newest first.
func (s WebhookEndpoints) AllAttempts(ctx context.Context, id string, p AttemptListParams) iter.Seq2[Attempt, error] {
	return s.attempts(id, p).all(ctx)
}

// WebhookDeliveries are events on their way to endpoints.
type WebhookDeliveries struct{ c *caller }

const (
	deliveriesPath = "/webhook-deliveries"
	deliveryPath   = deliveriesPath + "/{}"
)

// Get reads a delivery with its attempts.
func (s WebhookDeliveries) Get(ctx context.Context, id string) (*Delivery, error) {
	return get[Delivery](ctx, s.c, call{method: http.MethodGet, path: deliveryPath, ids: []string{id}, moded: true})
}

// Resend sends a delivery again. What it returns is the delivery as it is then: read it later for what came of it.
func (s WebhookDeliveries) Resend(ctx context.Context, id string) (*Delivery, error) {
	return get[Delivery](ctx, s.c, call{method: http.MethodPost, path: deliveryPath + "/resend", ids: []string{id}, moded: true})
}

// ResendAll sends many deliveries again.
func (s WebhookDeliveries) ResendAll(ctx context.Context, p ResendParams) (*Redriven, error) {
	return get[Redriven](ctx, s.c, call{method: http.MethodPost, path: deliveriesPath + "/resend", body: p, moded: true})
}

// DeliveryListParams choose deliveries. What is empty chooses nothing.
type DeliveryListParams struct {
	ListParams
	// StartingAfter is the id of the delivery after which the list goes on, in place of Page.
	StartingAfter string
	EndpointID    string
	Status        DeliveryStatus
	// Reference is EU Pay's, MerchantReference yours.
	Reference, MerchantReference string
	EventType, EventID           string
	// CreatedAfter is inclusive, CreatedBefore is not.
	CreatedAfter, CreatedBefore time.Time
}

func (s WebhookDeliveries) listing(p DeliveryListParams) listing[Delivery] {
	q := p.query()
	q.text("starting_after", p.StartingAfter)
	q.text("endpoint_id", p.EndpointID)
	q.text("status", string(p.Status))
	q.text("reference", p.Reference)
	q.text("merchant_reference", p.MerchantReference)
	q.text("event_type", p.EventType)
	q.text("event_id", p.EventID)
	q.time("created_after", p.CreatedAfter)
	q.time("created_before", p.CreatedBefore)
	return listing[Delivery]{s.c, call{path: deliveriesPath, query: q, moded: true}, func(d *Delivery) string { return d.ID }}
}

// List reads one page of the deliveries, the newest first, without their attempts.
func (s WebhookDeliveries) List(ctx context.Context, p DeliveryListParams) (*Page[Delivery], error) {
	return s.listing(p).page(ctx)
}

// All reads the deliveries to their end, the newest first, without their attempts.
func (s WebhookDeliveries) All(ctx context.Context, p DeliveryListParams) iter.Seq2[Delivery, error] {
	return s.listing(p).all(ctx)
}

// LogValue implements slog.LogValuer.
func (e Endpoint) LogValue() slog.Value { return hide(e) }
