package eupay

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// Events are what happened, whether an endpoint heard of it or not.
type Events struct{ c *caller }

// Get reads an event by its id, which is the webhook-id of its deliveries.
func (s Events) Get(ctx context.Context, id string) (*Event, error) {
	return get[Event](ctx, s.c, call{method: http.MethodGet, path: "/events/{}", ids: []string{id}, moded: true})
}

// Types are the types of events, each with an example.
func (s Events) Types(ctx context.Context) ([]EventType, error) {
	return list[EventType](ctx, s.c, call{method: http.MethodGet, path: "/events/types"})
}

// EventListParams choose events. What is empty chooses nothing.
type EventListParams struct {
	// Limit is the most events of a page, up to 100. 0: 20 of a List, 100 of an All.
	Limit int
	// StartingAfter is the id of the event after which the list goes on.
	StartingAfter string
	EventType     string
	// Reference is EU Pay's, MerchantReference yours.
	Reference, MerchantReference string
	// CreatedAfter is inclusive, CreatedBefore is not.
	CreatedAfter, CreatedBefore time.Time
}

func (s Events) listing(p EventListParams) listing[Event] {
	q := query{}
	q.number("limit", p.Limit)
	q.text("starting_after", p.StartingAfter)
	q.text("event_type", p.EventType)
	q.text("reference", p.Reference)
	q.text("merchant_reference", p.MerchantReference)
	q.time("created_after", p.CreatedAfter)
	q.time("created_before", p.CreatedBefore)
	return listing[Event]{s.c, call{path: "/events", query: q, moded: true}, func(e *Event) string { return e.ID }}
}

// List reads one page of the events, the newest first.
func (s Events) List(ctx context.Context, p EventListParams) (*Page[Event], error) {
	return s.listing(p).page(ctx)
}

// All reads the events to their end, the newest first.
func (s Events) All(ctx context.Context, p EventListParams) iter.Seq2[Event, error] {
	return s.listing(p).all(ctx)
}
