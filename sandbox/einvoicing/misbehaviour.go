package einvoicing

import (
	"net/http"
	"strconv"
	"time"

	"european-pay.eu/eupay/sandbox/internal/fault"
)

// faulted is how a handler says that a magic document asked for a fault before anything was done.
type faulted struct{ fault fault.Fault }

func (f *faulted) Error() string { return "fault " + string(f.fault.Kind) }

func (c *call) has(k fault.Kind) (fault.Fault, bool) {
	for _, f := range c.faults {
		if f.Kind == k {
			return f, true
		}
	}
	return fault.Fault{}, false
}

// failBefore lets faults strike that keep the work from being done, and reports whether the request is over.
func (p *Platform) failBefore(w http.ResponseWriter, c *call, faults []fault.Fault) bool {
	for _, f := range faults {
		switch f.Kind {
		case fault.Slow:
			p.pause(c.r, latencyOf(f, 300*time.Millisecond))
		case fault.Cut:
			panic(http.ErrAbortHandler)
		case fault.NoAnswer:
			p.hold(c.r)
		case fault.Error:
			p.fail(w, serverError(f.Status))
			return true
		case fault.RateLimit:
			if f.RetryAfter > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
			}
			p.fail(w, serverError(http.StatusTooManyRequests))
			return true
		case fault.Unauthorized:
			p.fail(w, errUnauthorized)
			return true
		}
	}
	return false
}

// failAfter lets faults strike whose work is done: the answer comes too late, or never.
func (p *Platform) failAfter(c *call) {
	if _, ok := c.has(fault.LostAnswer); ok {
		panic(http.ErrAbortHandler)
	}
	if f, ok := c.has(fault.Late); ok {
		if f.LatencyMS == 0 {
			p.hold(c.r)
		}
		p.pause(c.r, latencyOf(f, 0))
	}
}

// hold keeps the connection until the caller gives up (or the platform stops) and then cuts it.
func (p *Platform) hold(r *http.Request) {
	p.pause(r, p.cfg.HoldAtMost)
	panic(http.ErrAbortHandler)
}

// pause holds a request for a while, or until its caller leaves.
func (p *Platform) pause(r *http.Request, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-p.stopped:
	case <-r.Context().Done():
	}
}

// serverError is an error of this status, 500 for 0.
func serverError(status int) *apiError {
	if status == 0 {
		status = http.StatusInternalServerError
	}
	return &apiError{Status: status, Text: http.StatusText(status)}
}

func latencyOf(f fault.Fault, otherwise time.Duration) time.Duration {
	if f.LatencyMS == 0 {
		return otherwise
	}
	return time.Duration(f.LatencyMS) * time.Millisecond
}

// strike applies the faults that a document itself asks for: each once per reference, so that a second try gets through.
// Those of webhooks stay with the document.
func (p *Platform) strike(c *call, ref string, faults []fault.Fault) error {
	for _, f := range faults {
		if !f.Kind.IsCall() || !p.firstTime(c.client.ID+" "+ref+" "+string(f.Kind)) {
			continue
		}
		switch f.Kind {
		case fault.Slow:
			p.pause(c.r, latencyOf(f, 300*time.Millisecond))
		case fault.Late, fault.LostAnswer, fault.Garbage:
			c.faults = append(c.faults, f)
		default:
			return &faulted{f}
		}
	}
	return nil
}

// firstTime reports whether a magic fault has not hit yet, and remembers that it now has.
func (p *Platform) firstTime(key string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state.struck[key] {
		return false
	}
	if err := p.save(line{Struck: key}); err != nil {
		p.cfg.Log.Error("fault will strike again after a restart", "error", err)
	}
	return true
}
