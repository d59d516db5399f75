package enrol

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// answer is what an enrolment becomes.
type answer struct {
	clientID string
	mandate  platform.Mandate
	problem  string
	// trouble: the platform did not answer, so nothing has changed.
	trouble bool
}

// askNow asks about one while its caller waits, unless somebody else does so, or has just done it. Whatever goes wrong is the
// sweeper's to repeat.
func (r *Enroller) askNow(ctx context.Context, merchantID string, livemode bool, patience time.Duration) {
	if r.Platforms[livemode] == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	questions, err := r.claim(ctx, claimOneSQL, merchantID, livemode, r.instant().Add(-freshFor))
	if err != nil {
		r.Log.Warn("ask about an enrolment", "merchant", merchantID, "error", err)
		return
	}
	for _, q := range questions {
		q.aside = true
		r.ask(ctx, q)
	}
}

// ask takes an enrolment one step further, or as many as the platform has answers for: client, mandate, its status.
func (r *Enroller) ask(ctx context.Context, q question) {
	a, err := r.talk(ctx, q)
	if errors.Is(ctx.Err(), context.Canceled) {
		q.aside = true // broken off: that says nothing about the platform
	}
	if err == nil {
		record, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
		defer cancel()
		err = r.record(record, q, a)
	}
	switch {
	case errors.Is(err, errLost):
	case err != nil:
		r.Log.Warn("record enrolment", "merchant", q.MerchantID, "livemode", q.Livemode, "error", err)
	case a.trouble:
		r.Log.Info("ask about a mandate", "merchant", q.MerchantID, "livemode", q.Livemode, "error", a.problem)
	case a.mandate.Status != q.status:
		r.Log.Info("mandate", "merchant", q.MerchantID, "livemode", q.Livemode, "status", a.mandate.Status, "before", q.status)
	}
}

// talk asks for what is missing, and reads what is there. Its error is one of our own.
func (r *Enroller) talk(ctx context.Context, q question) (answer, error) {
	p := r.Platforms[q.Livemode]
	if q.ClientID == "" {
		id, err := p.EnsureClient(ctx, platform.Client{Ref: ref(q.Enrolment), Name: q.Settings.LegalName, Email: q.Settings.Email})
		if err == nil && id == "" {
			err = errors.New("a client without an id")
		}
		if err != nil {
			return judge(q, platform.Mandate{}, fmt.Errorf("ensure client: %w", err)), nil
		}
		q.ClientID = id
		if err := r.keepClient(ctx, q, id); err != nil {
			return answer{}, err
		}
	}
	if q.MandateID == "" {
		m, err := p.EnsureMandate(ctx, q.ClientID, platform.MandateRequest{
			Ref: ref(q.Enrolment) + "-" + q.Settings.SIREN(), SIREN: q.Settings.SIREN(), Start: invoice.DateOf(r.Now(), r.Zone),
		})
		return judge(q, m, err), nil
	}
	m, err := p.Mandate(ctx, q.ClientID, q.MandateID)
	return judge(q, m, err), nil
}

// ref is what the platform knows a merchant by.
func ref(e Enrolment) string {
	if e.Livemode {
		return e.MerchantID + "-live"
	}
	return e.MerchantID + "-test"
}

// judge says what comes of a platform's answer.
func judge(q question, m platform.Mandate, err error) answer {
	if err == nil && (m.ID == "" || !known(m.Status)) {
		err = fmt.Errorf("a mandate %q with the status %q", m.ID, m.Status)
	}
	a := answer{clientID: q.ClientID, mandate: m}
	if err == nil {
		return a
	}
	a.mandate, a.problem = platform.Mandate{ID: q.MandateID, Status: q.status}, bounded(err)
	var refused *platform.Refused
	switch {
	case q.MandateID == "" && errors.As(err, &refused): // it will not have this merchant
		a.mandate.Status = platform.MandateFailed
	case q.MandateID == "" && errors.Is(err, platform.ErrNotFound): // it has lost the client: the next attempt makes one
		a.clientID, a.trouble = "", true
	case errors.Is(err, platform.ErrNotFound):
		a.mandate.Status = platform.MandateExpired
	default:
		a.trouble = true
	}
	return a
}

func known(s platform.MandateStatus) bool {
	switch s {
	case platform.MandatePending, platform.MandateActive, platform.MandateExpired, platform.MandateFailed:
		return true
	default:
		return false
	}
}

// bounded is a text that PostgreSQL takes, whatever the platform said.
func bounded(err error) string {
	text := []rune(strings.ReplaceAll(err.Error(), "\x00", ""))
	return string(text[:min(len(text), 500)])
}

// Distances between questions grow from the first one while nothing changes.
const (
	firstDistance   = 15 * time.Second
	pendingDistance = time.Hour
	dayDistance     = 24 * time.Hour
)

// plan says how many attempts came to nothing new so far, and when the platform is asked next.
func plan(q question, a answer, now time.Time) (attempts int, due time.Time) {
	changed := a.mandate.Status != q.status || a.mandate.ID != q.MandateID
	switch {
	case changed:
		return 0, now.Add(distance(a.mandate.Status, 0))
	case q.aside && (a.trouble || q.planned.After(now)):
		return q.attempts, q.planned
	case a.trouble:
		return q.attempts + 1, now.Add(grown(q.attempts, pendingDistance))
	default:
		return q.attempts + 1, now.Add(distance(a.mandate.Status, q.attempts+1))
	}
}

// distance to the next question after that many that brought nothing new.
func distance(s platform.MandateStatus, attempts int) time.Duration {
	switch s {
	case platform.MandateActive:
		return dayDistance
	case platform.MandateExpired, platform.MandateFailed:
		return grown(attempts, dayDistance)
	default:
		return grown(attempts, pendingDistance)
	}
}

func grown(attempts int, bound time.Duration) time.Duration {
	return min(bound, firstDistance<<min(attempts, 20))
}
