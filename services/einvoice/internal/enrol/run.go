package enrol

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// The sweeper looks for due enrolments every second, or when nudged, and processes a few at a time.
const (
	sweepEvery = time.Second
	sweepBatch = 4
)

// Run advances enrolments and follows mandates until ctx ends. Any number of replicas may run. Each mode has its own loop,
// because they are different platforms.
func (r *Enroller) Run(ctx context.Context) error {
	var modes errgroup.Group
	for livemode, p := range r.Platforms {
		if p != nil {
			modes.Go(func() error { return r.loops[livemode].Run(ctx) })
		}
	}
	return modes.Wait()
}

// loop processes the enrolments of a mode. A call that a shutdown interrupts is repeated.
func (r *Enroller) loop(livemode bool) *due.Loop[claimed] {
	return due.New(due.Config[claimed]{
		What: "enrolments", Every: sweepEvery, AtOnce: sweepBatch, Within: askTimeout, Log: r.Log,
		Watch: due.Watch{DB: r.Pool, First: firstDue[livemode], Now: r.instant},
		Claim: func(ctx context.Context, limit int) ([]claimed, error) {
			return r.claim(ctx, claimDueSQL, livemode, limit)
		},
		Do: r.advance,
	})
}

// Hint records that something happened to a client's mandate at the platform: it is read at once, and again if a request is
// already in progress. Unknown clients are ignored.
func (r *Enroller) Hint(ctx context.Context, livemode bool, clientID string) error {
	if clientID == "" {
		return nil
	}
	if err := recordHint(ctx, r.Pool, clientID, livemode, r.instant()); err != nil {
		return err
	}
	r.loops[livemode].Nudge()
	return nil
}

// Refresh calls the platform for at most three seconds, unless it was called within the last two, and returns the current
// enrolment, or NOT_ENROLLED.
func (r *Enroller) Refresh(ctx context.Context, merchantID string, livemode bool) (Enrolment, error) {
	r.refreshNow(ctx, merchantID, livemode, readerTimeout)
	return Read(ctx, r.Pool, merchantID, livemode)
}

// Current returns a merchant's enrolment, refreshed if the merchant may not issue invoices yet; ok is false if there is none.
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

// Link returns where the merchant proves its identity. Errors: NOT_ENROLLED; SERVICE_UNAVAILABLE if the platform does not return
// a link.
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
	ask, cancel := context.WithTimeout(ctx, linkTimeout)
	defer cancel()
	link, err := p.OnboardingLink(ask, e.ClientID)
	if err != nil {
		r.Log.WarnContext(ctx, "get onboarding link", "merchant", merchantID, "livemode", livemode, "error", err)
		return platform.Link{}, errNoLink()
	}
	return link, nil
}

func errNoLink() error {
	e := errs.New(errs.Unavailable, "The e-invoicing platform did not respond. Request the link again in a few seconds.")
	e.RetryAfter = minInterval
	return e
}
