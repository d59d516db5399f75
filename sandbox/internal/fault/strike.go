package fault

import (
	"net/http"
	"strconv"
	"time"
)

// slowly is how long a slow answer takes when nobody says how long.
const slowly = 300 * time.Millisecond

// Find returns the first of the faults that is of this kind.
func Find(faults []Fault, k Kind) (Fault, bool) {
	for _, f := range faults {
		if f.Kind == k {
			return f, true
		}
	}
	return Fault{}, false
}

// Latency is the fault's own, or otherwise.
func (f Fault) Latency(otherwise time.Duration) time.Duration {
	if f.LatencyMS == 0 {
		return otherwise
	}
	return time.Duration(f.LatencyMS) * time.Millisecond
}

// Asked is how a handler says that what it was sent asked for a fault before anything was done.
type Asked struct{ Fault Fault }

func (a *Asked) Error() string { return "fault " + string(a.Fault.Kind) }

// Striker lets faults strike the calls of a server.
type Striker struct {
	// HoldAtMost ends the faults that wait for the caller to give up.
	HoldAtMost time.Duration
	// Stopped is closed when the server stops, which frees the callers that are held.
	Stopped <-chan struct{}
}

// Before lets faults strike that keep the work from being done. When it reports true, the answer is the error that the fault
// asks for: it is an Error, a RateLimit or an Unauthorized.
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

// After lets faults strike whose work is done: the answer comes too late, or never.
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

// Within lets a fault strike that the call itself asks for, when it is known what it wants. Some only concern the answer: they
// are returned, for After. What keeps the work from being done is the error, an *Asked.
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

// hold keeps the connection until the caller gives up (or the server stops) and then cuts it.
func (s Striker) hold(r *http.Request) {
	s.Pause(r, s.HoldAtMost)
	panic(http.ErrAbortHandler)
}

// Pause holds a request for a while, or until its caller leaves or the server stops.
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
