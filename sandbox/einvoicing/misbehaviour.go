package einvoicing

import (
	"net/http"

	"european-pay.eu/eupay/sandbox/internal/fault"
)

// failBefore applies faults that prevent the work, and reports whether the request is over.
func (p *Platform) failBefore(w http.ResponseWriter, c *call, faults []fault.Fault) bool {
	f, over := p.strikes.Before(w, c.r, faults)
	switch {
	case !over:
		return false
	case f.Kind == fault.RateLimit:
		p.fail(w, serverError(http.StatusTooManyRequests))
	case f.Kind == fault.Unauthorized:
		p.fail(w, errUnauthorized)
	default:
		p.fail(w, serverError(f.Status))
	}
	return true
}

// serverError returns an error with this status; 500 for 0.
func serverError(status int) *apiError {
	if status == 0 {
		status = http.StatusInternalServerError
	}
	return &apiError{Status: status, Text: http.StatusText(status)}
}

// strike applies the faults that a document itself requests: each once per reference, so that a second attempt succeeds. Those of
// webhooks stay with the document.
func (p *Platform) strike(c *call, ref string, faults []fault.Fault) error {
	for _, f := range faults {
		if !f.Kind.IsCall() || !p.firstTime(c.client.ID+" "+ref+" "+string(f.Kind)) {
			continue
		}
		ofAnswer, err := p.strikes.Within(c.r, f)
		if err != nil {
			return err
		}
		c.faults = append(c.faults, ofAnswer...)
	}
	return nil
}

// firstTime reports whether a magic fault has not hit yet, and records that it now has.
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
