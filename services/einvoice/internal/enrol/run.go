package enrol

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// Due enrolments are looked for every second, or when nudged, and a few are asked about at a time.
const (
	sweepEvery = time.Second
	sweepBatch = 4
)

// Run takes enrolments further and follows mandates until ctx ends. Any number of replicas may run. The modes have loops of
// their own: they are two platforms.
func (r *Enroller) Run(ctx context.Context) error {
	var modes errgroup.Group
	for livemode, p := range r.Platforms {
		if p != nil {
			modes.Go(func() error { return r.asks[livemode].Run(ctx) })
		}
	}
	return modes.Wait()
}

// loop asks about the enrolments of a mode. A question that the end of the process breaks off is asked again.
func (r *Enroller) loop(livemode bool) *due.Loop[question] {
	return due.New(due.Config[question]{
		What: "enrolments", Every: sweepEvery, AtOnce: sweepBatch, Within: askWithin, Log: r.Log,
		Claim: func(ctx context.Context, limit int) ([]question, error) {
			return r.claim(ctx, claimDueSQL, livemode, limit)
		},
		Do: r.ask,
	})
}

// Hint says that something happened to a client's mandate at the platform: it is asked about at once, and once more if somebody is
// asking already. A client that is not ours is ignored.
func (r *Enroller) Hint(ctx context.Context, livemode bool, clientID string) error {
	if clientID == "" {
		return nil
	}
	_, err := r.Pool.Exec(ctx, `update enrolments set asked_at = null, due_at = case when lease is null then least(due_at, $3) else due_at end
		where client_id = $1 and livemode = $2`, clientID, livemode, r.instant())
	if err != nil {
		return fmt.Errorf("note the hint: %w", err)
	}
	r.asks[livemode].Nudge()
	return nil
}

// Refresh asks the platform for at most three seconds, unless it was asked in the last two, and returns the enrolment as it is
// then known; NOT_ENROLLED when there is none.
func (r *Enroller) Refresh(ctx context.Context, merchantID string, livemode bool) (Enrolment, error) {
	r.askNow(ctx, merchantID, livemode, readerPatience)
	return Read(ctx, r.Pool, merchantID, livemode)
}

// Current is a merchant's enrolment, refreshed as long as the merchant may not issue; false when there is none.
func (r *Enroller) Current(ctx context.Context, merchantID string, livemode bool) (Enrolment, bool, error) {
	e, err := Read(ctx, r.Pool, merchantID, livemode)
	if err == nil && !e.Ready() {
		e, err = r.Refresh(ctx, merchantID, livemode)
	}
	if errs.Is(err, errs.NotEnrolled) {
		return Enrolment{}, false, nil
	}
	return e, err == nil, err
}

// Link is where the merchant proves who it is. Errors: NOT_ENROLLED; SERVICE_UNAVAILABLE when the platform does not give one.
func (r *Enroller) Link(ctx context.Context, merchantID string, livemode bool) (platform.Link, error) {
	e, err := Read(ctx, r.Pool, merchantID, livemode)
	if err == nil && e.ClientID == "" {
		e, err = r.Refresh(ctx, merchantID, livemode)
	}
	if err != nil {
		return platform.Link{}, err
	}
	p := r.Platforms[livemode]
	if p == nil || e.ClientID == "" {
		return platform.Link{}, errNoLink()
	}
	ask, cancel := context.WithTimeout(ctx, linkPatience)
	defer cancel()
	link, err := p.OnboardingLink(ask, e.ClientID)
	if err != nil {
		r.Log.Warn("ask for an onboarding link", "merchant", merchantID, "livemode", livemode, "error", err)
		return platform.Link{}, errNoLink()
	}
	return link, nil
}

func errNoLink() error {
	e := errs.New(errs.Unavailable, "The e-invoicing platform does not answer. Ask for the link again in a few seconds.")
	e.RetryAfter = freshFor
	return e
}
