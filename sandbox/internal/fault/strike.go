package fault

import (
	"net/http"
	"strconv"
	"time"
)

// slowly is the default delay of a slow answer.
const slowly = 300 * time.Millisecond

// Find returns the first fault of this kind.
func Find(faults []Fault, k Kind) (Fault, bool) {
	for _, f := range faults {
		if f.Kind == k {
			return f, true
		}
	}
	return Fault{}, false
}

// Latency returns the fault's delay, or the default.
func (f Fault) Latency(otherwise time.Duration) time.Duration {
	if f.LatencyMS == 0 {
		return otherwise
	}
	return time.Duration(f.LatencyMS) * time.Millisecond
}

// Asked is the error of a handler if the request itself asks for a fault, before anything was done.
type Asked struct{ Fault Fault }

func (a *Asked) Error() string { return "fault " + string(a.Fault.Kind) }

// Striker applies faults to the calls of a server.
type Striker struct {
	// HoldAtMost ends faults that wait for the caller to give up.
	HoldAtMost time.Duration
	// Stopped is closed when the server stops, which releases the held callers.
	Stopped <-chan struct{}
}

// Before applies faults that prevent the work. If it returns true, the answer is the error that the fault requests: an Error, a
// RateLimit or an Unauthorized.
func (s Striker) Before(w http.ResponseWriter, r *http.Request, faults []Fault) (Fault, bool) {
	for _, f := range faults {
		switch f.Kind {
		case Slow:
			s.Pause(r, f.Latency(slowly))
		case Cut:
			panic(http.ErrAbortHandler)
		case NoAnswer:
			s.hold(r)
		case RateLimit:
			if f.RetryAfter > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
			}
			return f, true
		case Error, Unauthorized:
			return f, true
		}
	}
	return Fault{}, false
}

// After applies faults that follow the work: the answer comes late, or never.
func (s Striker) After(r *http.Request, faults []Fault) {
	if _, ok := Find(faults, LostAnswer); ok {
		panic(http.ErrAbortHandler)
	}
	if f, ok := Find(faults, Late); ok {
		if f.LatencyMS == 0 {
			s.hold(r)
		}
		s.Pause(r, f.Latency(0))
	}
}

// Within applies a fault that the call itself requests, once its request is parsed. Faults that only concern the answer are
// returned, for After. A fault that prevents the work is returned as the error, an *Asked.
func (s Striker) Within(r *http.Request, f Fault) ([]Fault, error) {
	switch f.Kind {
	case Slow:
		s.Pause(r, f.Latency(slowly))
		return nil, nil
	case Late, LostAnswer, Garbage:
		return []Fault{f}, nil
	}
	return nil, &Asked{f}
}

// hold keeps the connection until the caller gives up or the server stops, and then closes it.
func (s Striker) hold(r *http.Request) {
	s.Pause(r, s.HoldAtMost)
	panic(http.ErrAbortHandler)
}

// Pause delays a request, or until its caller disconnects or the server stops.
func (s Striker) Pause(r *http.Request, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.Stopped:
	case <-r.Context().Done():
	}
}
