package enrol

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// answer is the new state of an enrolment.
type answer struct {
	clientID string
	mandate  platform.Mandate
	problem  string
	// unreachable means that the platform did not answer, so nothing has changed.
	unreachable bool
}

// refreshNow advances an enrolment while its caller waits, unless it has just been done. If another process does so, it waits for that
// one. Errors are left to the sweeper.
func (r *Enroller) refreshNow(ctx context.Context, merchantID string, livemode bool, patience time.Duration) {
	if r.Platforms[livemode] == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	questions, err := r.claim(ctx, claimOneSQL, merchantID, livemode, r.instant().Add(-minInterval))
	if err == nil && len(questions) == 0 {
		err = r.await(ctx, merchantID, livemode)
	}
	if err != nil {
		r.Log.WarnContext(ctx, "refresh enrolment", "merchant", merchantID, "error", err)
		return
	}
	for _, q := range questions {
		q.onDemand = true
		r.advance(ctx, q)
	}
}

// awaitEvery is how often await looks at a call in progress, which may be another process's.
const awaitEvery = 50 * time.Millisecond

// await returns once no call about an enrolment is in progress, or when ctx ends.
func (r *Enroller) await(ctx context.Context, merchantID string, livemode bool) error {
	look := time.NewTicker(awaitEvery)
	defer look.Stop()
	for {
		busy, err := r.leased(ctx, merchantID, livemode)
		if err != nil || !busy {
			return err
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return nil // the caller gets what is stored
		}
	}
}

// advance takes an enrolment as many steps further as the platform has answers for: client, mandate, status.
func (r *Enroller) advance(ctx context.Context, q claimed) {
	a, err := r.callPlatform(ctx, q)
	if errors.Is(ctx.Err(), context.Canceled) {
		q.onDemand = true // cancelled by us: that says nothing about the platform
	}
	if err == nil {
		record, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
		defer cancel()
		err = r.record(record, q, a)
	}
	switch {
	case errors.Is(err, errLeaseLost):
	case err != nil:
		r.Log.WarnContext(ctx, "record enrolment", "merchant", q.MerchantID, "livemode", q.Livemode, "error", err)
	case a.unreachable:
		r.Log.InfoContext(ctx, "read mandate", "merchant", q.MerchantID, "livemode", q.Livemode, "error", a.problem)
	case a.mandate.Status != q.status:
		r.Log.InfoContext(ctx, "mandate", "merchant", q.MerchantID, "livemode", q.Livemode, "status", a.mandate.Status, "before", q.status)
	}
}

// callPlatform requests what is missing and reads what exists. Its error is internal.
func (r *Enroller) callPlatform(ctx context.Context, q claimed) (answer, error) {
	p := r.Platforms[q.Livemode]
	if q.ClientID == "" {
		id, err := p.EnsureClient(ctx, platform.Client{Ref: ref(q.Enrolment), Name: q.Settings.LegalName, Email: q.Settings.Email})
		if err == nil && id == "" {
			err = errors.New("the platform returned a client without an id")
		}
		if err != nil {
			return interpret(q, platform.Mandate{}, fmt.Errorf("ensure client: %w", err)), nil
		}
		q.ClientID = id
		if err := r.recordClient(ctx, q, id); err != nil {
			return answer{}, err
		}
	}
	if q.MandateID == "" {
		m, err := p.EnsureMandate(ctx, q.ClientID, platform.MandateRequest{
			Ref: ref(q.Enrolment) + "-" + q.Settings.SIREN(), SIREN: q.Settings.SIREN(), Start: invoice.DateOf(r.Now(), r.Zone),
		})
		return interpret(q, m, err), nil
	}
	m, err := p.Mandate(ctx, q.ClientID, q.MandateID)
	return interpret(q, m, err), nil
}

// ref is the merchant's reference at the platform.
func ref(e Enrolment) string {
	if e.Livemode {
		return e.MerchantID + "-live"
	}
	return e.MerchantID + "-test"
}

// interpret determines the new state of an enrolment from the platform's answer.
func interpret(q claimed, m platform.Mandate, err error) answer {
	if err == nil && (m.ID == "" || !isKnownStatus(m.Status)) {
		err = fmt.Errorf("the platform returned mandate %q with the status %q", m.ID, m.Status)
	}
	a := answer{clientID: q.ClientID, mandate: m}
	if err == nil {
		return a
	}
	a.mandate, a.problem = platform.Mandate{ID: q.MandateID, Status: q.status}, bounded(err)
	var refused *platform.Refused
	switch {
	case q.MandateID == "" && errors.As(err, &refused): // the platform refuses this merchant
		a.mandate.Status = platform.MandateFailed
	case q.MandateID == "" && errors.Is(err, platform.ErrNotFound): // the platform has lost the client: the next attempt creates one
		a.clientID, a.unreachable = "", true
	case errors.Is(err, platform.ErrNotFound):
		a.mandate.Status = platform.MandateExpired
	default:
		a.unreachable = true
	}
	return a
}

func isKnownStatus(s platform.MandateStatus) bool {
	switch s {
	case platform.MandatePending, platform.MandateActive, platform.MandateExpired, platform.MandateFailed:
		return true
	default:
		return false
	}
}

// bounded returns an error text that PostgreSQL accepts.
func bounded(err error) string {
	text := []rune(strings.ReplaceAll(err.Error(), "\x00", ""))
	return string(text[:min(len(text), 500)])
}

// The intervals between requests grow from the first one while nothing changes.
const (
	firstInterval   = 15 * time.Second
	pendingInterval = time.Hour
	dayInterval     = 24 * time.Hour
)

// schedule returns the number of attempts without news so far, and when the platform is called next.
func schedule(q claimed, a answer, now time.Time) (attempts int, due time.Time) {
	changed := a.mandate.Status != q.status || a.mandate.ID != q.MandateID
	switch {
	case changed:
		return 0, now.Add(interval(a.mandate.Status, 0))
	case q.onDemand && (a.unreachable || q.planned.After(now)):
		return q.attempts, q.planned
	case a.unreachable:
		return q.attempts + 1, now.Add(grown(q.attempts, pendingInterval))
	default:
		return q.attempts + 1, now.Add(interval(a.mandate.Status, q.attempts+1))
	}
}

// interval returns the interval after that many attempts without news.
func interval(s platform.MandateStatus, attempts int) time.Duration {
	switch s {
	case platform.MandateActive:
		return dayInterval
	case platform.MandateExpired, platform.MandateFailed:
		return grown(attempts, dayInterval)
	default:
		return grown(attempts, pendingInterval)
	}
}

func grown(attempts int, bound time.Duration) time.Duration {
	return due.Backoff(firstInterval, bound, attempts+1)
}
