package web

import "context"

type stopKey struct{}

// UntilStop makes stop known to the handlers of ctx: those that stream end with it.
func UntilStop(ctx, stop context.Context) context.Context {
	return context.WithValue(ctx, stopKey{}, stop)
}

// Stopping is closed when the service stops.
func (r *Request) Stopping() <-chan struct{} {
	if stop, ok := r.Context().Value(stopKey{}).(context.Context); ok {
		return stop.Done()
	}
	return nil
}
