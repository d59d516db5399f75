package store

import (
	"context"
	"errors"
	"testing"

	"european-pay.eu/eupay/internal/kit/otlptest"
	"european-pay.eu/eupay/internal/run/trace"
)

// TestASharedCommitIsSeenInTheTraceOfEachCaller: the commit of a payment was in no trace, because a worker of the group sends it. One that
// several share has a trace of its own, which those of the callers and it are linked to.
func TestASharedCommitIsSeenInTheTraceOfEachCaller(t *testing.T) {
	t.Parallel()
	collector := otlptest.Start(t)
	worker, finish := collector.Tracer(t, "payments")
	var units []*unit
	for range 2 {
		ctx, span := trace.Root(worker, nil, trace.Server, "request")
		ctx, wait := trace.Start(ctx, trace.Internal, "commit")
		units = append(units, &unit{span: wait, trace: trace.Parent(ctx)})
		span.End(nil)
	}
	if ctx, _ := shared(worker, units[:1]); trace.Parent(ctx) != units[0].trace {
		t.Errorf("the commit for one is in %s, not in its trace %s", trace.Parent(ctx), units[0].trace)
	}
	ctx, span := shared(worker, units)
	together := trace.ID(ctx)
	span.End(nil)
	for _, u := range units {
		u.span.End(nil)
	}
	finish()
	callers, linked := 0, 0
	for _, s := range collector.Spans() {
		switch s.Name {
		case "commit":
			if len(s.Links) == 1 && s.Links[0].TraceID == together && s.ParentID != "" {
				callers++
			}
		case "commit group":
			if s.ParentID == "" && s.TraceID == together && s.Attributes["messaging.batch.message_count"] == "2" {
				linked = len(s.Links)
			}
		}
	}
	if callers != 2 || linked != 2 {
		t.Errorf("%d callers see the commit, it sees %d, in %+v", callers, linked, collector.Spans())
	}
}

// TestACallerWithoutAGroupCommitsInItsOwnTrace, and a caller who leaves ends its span.
func TestACallerWithoutAGroupCommitsInItsOwnTrace(t *testing.T) {
	t.Parallel()
	collector := otlptest.Start(t)
	ctx, finish := collector.Tracer(t, "payments")
	ctx, request := trace.Root(ctx, nil, trace.Server, "request")
	g := newGroup(nil)
	g.running.Store(true)
	left, leave := context.WithCancel(ctx)
	leave()
	if err := g.do(left, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	request.End(nil)
	finish()
	for _, s := range collector.Spans() {
		if s.Name == "commit" && s.ParentID != "" && s.Attributes["error.type"] == "cancelled" {
			return
		}
	}
	t.Errorf("the wait is not in %+v", collector.Spans())
}
