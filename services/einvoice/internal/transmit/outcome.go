package transmit

import (
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"european-pay.eu/eupay/internal/due"
)

// outcome is the new state of a row.
type outcome struct {
	state          string
	dueAt, endedAt *time.Time
	attempts       int
	problem        string
	// verdict is what the attempt means for the health of the platform.
	verdict verdict
}

// verdict on the platform.
type verdict int

const (
	answered    verdict = iota // it answered, whatever the answer
	unreachable                // it, or the way to it, does not work
	notTried                   // it may not have been called
)

func (e *Engine) outcomeOf(t Transmission, err error) outcome {
	now := e.now()
	var wait Wait
	switch {
	case err == nil:
		return outcome{state: "sent", endedAt: &now, attempts: t.Attempts}
	case errors.As(err, &wait):
		dueAt := now.Add(max(wait.RetryAfter, minWait))
		return outcome{state: "waiting", dueAt: &dueAt, attempts: t.Attempts - 1, problem: bounded(wait), verdict: notTried}
	case errors.Is(err, ErrNotNeeded):
		return outcome{state: "dropped", endedAt: &now, attempts: t.Attempts - 1, problem: bounded(err), verdict: notTried}
	case errors.Is(err, ErrStop):
		e.log.Warn("transmission given up", "kind", t.Kind, "subject", t.Subject, "merchant", t.MerchantID, "error", err)
		return outcome{state: "stopped", endedAt: &now, attempts: t.Attempts, problem: bounded(err)}
	default:
		dueAt := now.Add(backoff(t.Attempts))
		e.log.Info("transmission postponed", "kind", t.Kind, "subject", t.Subject, "attempts", t.Attempts, "error", err)
		return outcome{state: "waiting", dueAt: &dueAt, attempts: t.Attempts, problem: bounded(err), verdict: unreachable}
	}
}

// bounded returns an error text that PostgreSQL accepts: without NUL and of limited length.
func bounded(err error) string {
	text := []rune(strings.ReplaceAll(err.Error(), "\x00", ""))
	return string(text[:min(len(text), 500)])
}

// Intervals between attempts: 2 s, 4 s, … up to 15 minutes, each with jitter so that a backlog does not return at once. There is
// no last attempt: documents that must be sent by law are not given up because the platform is down.
const (
	firstBackoff = 2 * time.Second
	maxBackoff   = 15 * time.Minute
	// minWait is the minimum delay, even if a sender asks for none.
	minWait = time.Second
)

// backoff returns the interval after that many attempts, ±25 %.
func backoff(attempts int) time.Duration {
	d := due.Backoff(firstBackoff, maxBackoff, attempts)
	return d*3/4 + rand.N(d/2) //nolint:gosec // jitter is no secret
}
