package transmit

import (
	"errors"
	"math/rand/v2"
	"strings"
	"time"
)

// outcome is what a row becomes.
type outcome struct {
	state          string
	dueAt, endedAt *time.Time
	attempts       int
	problem        string
	// verdict is what the attempt says about the platform.
	verdict verdict
}

// verdict on the platform.
type verdict int

const (
	answered verdict = iota // it works, whatever it said
	troubled                // it, or the way to it, does not
	untried                 // it may not have been asked
)

func (e *Engine) judge(t Transmission, err error) outcome {
	now := e.now()
	var wait Wait
	switch {
	case err == nil:
		return outcome{state: "sent", endedAt: &now, attempts: t.Attempts}
	case errors.As(err, &wait):
		again := now.Add(max(wait.Again, minWait))
		return outcome{state: "waiting", dueAt: &again, attempts: t.Attempts - 1, problem: bounded(wait), verdict: untried}
	case errors.Is(err, ErrStop):
		e.log.Warn("transmission given up", "kind", t.Kind, "subject", t.Subject, "merchant", t.MerchantID, "error", err)
		return outcome{state: "stopped", endedAt: &now, attempts: t.Attempts, problem: bounded(err)}
	default:
		again := now.Add(backoff(t.Attempts))
		e.log.Info("transmission postponed", "kind", t.Kind, "subject", t.Subject, "attempts", t.Attempts, "error", err)
		return outcome{state: "waiting", dueAt: &again, attempts: t.Attempts, problem: bounded(err), verdict: troubled}
	}
}

// bounded is a text that PostgreSQL takes: without NUL and of a bounded length, whatever the platform said.
func bounded(err error) string {
	text := []rune(strings.ReplaceAll(err.Error(), "\x00", ""))
	return string(text[:min(len(text), 500)])
}

// Distances between attempts: 2 s, 4 s, … up to 15 minutes, each with a random part so that a backlog does not come back at
// once. There is no last attempt: what has to leave by law is not given up because the platform is down.
const (
	firstBackoff = 2 * time.Second
	maxBackoff   = 15 * time.Minute
	// minWait keeps a sender that does not know how long to wait from being asked all the time.
	minWait = time.Second
)

// backoff after that many attempts: the distance, a quarter less or more.
func backoff(attempts int) time.Duration {
	d := maxBackoff
	if attempts < 10 {
		d = min(maxBackoff, firstBackoff<<max(0, attempts-1))
	}
	return d*3/4 + rand.N(d/2) //nolint:gosec // jitter is no secret
}
