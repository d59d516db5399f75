// Package engine drives payments at the provider: it opens, reads and cancels them, and retries every payment that is not final.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// Provider is the payment provider in one mode.
type Provider interface {
	CreatePayment(ctx context.Context, r powens.CreateRequest) (powens.Payment, error)
	PaymentURL(ctx context.Context, paymentID, state string) (string, error)
	GetPayment(ctx context.Context, paymentID string) (powens.Payment, error)
	FindByReference(ctx context.Context, referenceID string) ([]powens.Payment, error)
	CancelPayment(ctx context.Context, paymentID, state string) (powens.Cancellation, error)
}

// Banks says whether a bank reports the execution of a kind of transfer.
type Banks interface {
	Settlement(livemode bool, bankID, executionType string) payment.Settlement
}

// Config holds the settings of the engine.
type Config struct {
	// Lease is how long one worker may process a payment before another may claim it. It is longer than the provider calls of one
	// step.
	Lease time.Duration `env:"EUPAY_PAYMENTS_LEASE" envDefault:"45s"`
	// LookupWindow is how long a create with an unknown outcome is looked up before it is sent again, if a second provider
	// payment could move money or the first retry was lost too.
	LookupWindow time.Duration `env:"EUPAY_PAYMENTS_LOOKUP_WINDOW" envDefault:"60s"`
	// SettlementWait is how long a merchant may report whether the money arrived when the bank does not. Then the payment is
	// decided without the merchant.
	SettlementWait time.Duration `env:"EUPAY_PAYMENTS_SETTLEMENT_WAIT" envDefault:"120h"`
	// QuietFirst is the delay before a payment without news is read again. The delay doubles up to QuietMax.
	QuietFirst time.Duration `env:"EUPAY_PAYMENTS_QUIET_FIRST" envDefault:"20s"`
	QuietMax   time.Duration `env:"EUPAY_PAYMENTS_QUIET_MAX" envDefault:"15m"`
	// StalledAfter is when a payment that the bank should have decided is announced as stalled: instant payments, and classic
	// transfers, which take bank business days.
	StalledAfter        time.Duration `env:"EUPAY_PAYMENTS_STALLED_AFTER" envDefault:"1h"`
	StalledAfterClassic time.Duration `env:"EUPAY_PAYMENTS_STALLED_AFTER_CLASSIC" envDefault:"120h"`
	// SessionTTL is how long the payer may take before the payment is cancelled at the provider.
	SessionTTL time.Duration `env:"EUPAY_PAYMENTS_SESSION_TTL" envDefault:"24h"`
	// ScanTTL is how long a customer may take after scanning. During this time nobody else can pay the scanned payment.
	ScanTTL time.Duration `env:"EUPAY_PAYMENTS_SCAN_TTL" envDefault:"10m"`
	// SweepEvery is how often the sweeper looks for due payments.
	SweepEvery time.Duration `env:"EUPAY_PAYMENTS_SWEEP_EVERY" envDefault:"500ms"`
	// InFlight limits the payments being driven at one provider at the same time.
	InFlight int `env:"EUPAY_PAYMENTS_IN_FLIGHT" envDefault:"2048"`
}

// Engine drives payments. Live and Test are nil when the platform has no credentials for the mode.
type Engine struct {
	cfg   Config
	store *store.Store
	banks Banks
	live  Provider
	test  Provider
	now   func() time.Time
	log   *slog.Logger
}

// New returns an engine.
func New(cfg Config, s *store.Store, banks Banks, live, test Provider, now func() time.Time, log *slog.Logger) *Engine {
	e := &Engine{cfg: cfg, store: s, banks: banks, now: now, log: log}
	if live != nil {
		e.live = measured{live, "live"}
	}
	if test != nil {
		e.test = measured{test, "test"}
	}
	return e
}

// Config returns the settings of the engine.
func (e *Engine) Config() Config { return e.cfg }

// Provider returns the provider of the mode, or LIVE_NOT_CONFIGURED or TEST_NOT_CONFIGURED.
func (e *Engine) Provider(livemode bool) (Provider, error) {
	p := e.test
	if livemode {
		p = e.live
	}
	if p == nil {
		return nil, errs.NotConfigured(livemode, "Payments")
	}
	return p, nil
}

// NewDueAt returns the due time of a payment that a worker is about to process.
func (e *Engine) NewDueAt() time.Time { return e.now().UTC().Add(e.cfg.Lease) }

// Request creates a payment that is marked as requested at the provider, and returns it with the progress made. It never fails:
// whatever did not work is retried when the payment is due. The provider has no idempotent create, so a create with an unknown
// outcome is not repeated here but looked up later by its reference.
func (e *Engine) Request(ctx context.Context, p payment.Payment) payment.Payment {
	prov, err := e.Provider(p.Livemode)
	if err != nil {
		return e.postpone(ctx, p, 0, err)
	}
	req := createRequest(p)
	if p.Kind == payment.KindMandate {
		if req.Schedule, err = e.store.Schedule(ctx, p.Reference); err != nil {
			return e.postpone(ctx, p, 0, err)
		}
	}
	created, err := prov.CreatePayment(ctx, req)
	switch {
	case err == nil:
		return e.finishOpening(ctx, prov, p, created)
	case powens.IsRefused(err):
		return e.refuse(ctx, p, err)
	case powens.IsAmbiguous(err):
		e.log.WarnContext(ctx, "create has an unknown outcome, looking it up", "reference", p.Reference, "error", err)
		return e.reschedule(ctx, p, lookupPause)
	default:
		return e.postpone(ctx, p, retryAfter(err), err)
	}
}

// finishOpening gets the payer's URL for a provider payment and records both.
func (e *Engine) finishOpening(ctx context.Context, prov Provider, p payment.Payment, created powens.Payment) payment.Payment {
	url := p.PaymentURL
	if url == "" && !created.State.Final() && !p.Held() && p.OwnSession != payment.SessionClosed && differingAmount(p, created) == "" {
		var err error
		if url, err = prov.PaymentURL(ctx, created.ID, p.Reference); err != nil {
			e.log.WarnContext(ctx, "no payment URL yet", "reference", p.Reference, "error", err)
		}
	}
	after, err := e.recordOpening(ctx, p, created, url)
	if err != nil {
		e.log.ErrorContext(ctx, "provider payment not recorded, will be looked up", "reference", p.Reference, "error", err)
		return p
	}
	if after.ProviderID != created.ID {
		e.cancelDuplicate(ctx, prov, after, created.ID)
	}
	return after
}

// recordOpening records a provider payment: in one round trip if p has not changed since it was recorded, otherwise under its
// lock.
func (e *Engine) recordOpening(ctx context.Context, p payment.Payment, created powens.Payment, url string) (payment.Payment, error) {
	if fresh := p; p.Sequence == 1 && p.ProviderID == "" && url != "" && !p.Unannounced() {
		c, changed := e.observe(&fresh, created, url, payment.CauseAPI).Change()
		if changed && c.To == payment.PendingSCA && c.Event != "" {
			after, ok, err := e.store.Open(ctx, fresh, c, store.Meta{})
			if ok || err != nil {
				return after, err
			}
		}
	}
	return e.Observe(ctx, p.Reference, created, url, payment.CauseAPI)
}

// cancelDuplicate cancels a second provider payment. Nobody can authorise it, because its URL was never given to anybody.
func (e *Engine) cancelDuplicate(ctx context.Context, prov Provider, p payment.Payment, extraID string) {
	e.log.ErrorContext(ctx, "a second provider payment exists, cancelling it", "reference", p.Reference, "kept", p.ProviderID, "extra", extraID)
	if _, err := prov.CancelPayment(ctx, extraID, p.Reference); err != nil {
		e.log.ErrorContext(ctx, "extra provider payment not cancelled", "reference", p.Reference, "extra", extraID, "error", err)
	}
}

// refuse fails a payment that the provider permanently refuses.
func (e *Engine) refuse(ctx context.Context, p payment.Payment, cause error) payment.Payment {
	e.log.WarnContext(ctx, "provider refused payment", "reference", p.Reference, "error", cause)
	failure := payment.FailureCode("")
	var pe *powens.Error
	if errors.As(cause, &pe) {
		failure = payment.FailureCode(pe.Code)
	}
	if field, missing := powens.RefusedIdentity(cause); field != "" {
		failure = payment.IdentityFailure(field, missing)
	}
	return e.finish(ctx, p, payment.Change{To: payment.Failed, Failure: failure, Detail: payment.DetailRefused, Cause: payment.CauseProvider}, true)
}

// end moves a payment to a final state that was never requested or whose session at the provider is closed.
func (e *Engine) end(ctx context.Context, p payment.Payment, c payment.Change) payment.Payment {
	return e.finish(ctx, p, c, false)
}

// finish does the same as end, and also accepts a payment whose request the provider refused. A held payment continues without
// the provider. A payment that was requested in the meantime is not changed.
func (e *Engine) finish(ctx context.Context, p payment.Payment, c payment.Change, refused bool) payment.Payment {
	c.Event = payment.EventType(p.Kind, c.To)
	after, err := e.store.Update(ctx, p.Reference, store.Meta{}, func(q *payment.Payment) payment.Step {
		switch {
		case q.Status.Final(),
			q.OwnSession != payment.SessionClosed && (q.ProviderID != "" || q.RequestedAt != nil && !refused):
			return payment.Untouched
		case q.Held():
			markSessionClosed(q, c.Cause)
			return payment.Noted
		default:
			return payment.Changed(c)
		}
	})
	if err != nil {
		e.log.ErrorContext(ctx, "payment not ended, retrying", "reference", p.Reference, "error", err)
		return p
	}
	return after
}

// postpone reschedules a payment that was certainly not created at the provider, for a new request.
func (e *Engine) postpone(ctx context.Context, p payment.Payment, wait time.Duration, cause error) payment.Payment {
	e.log.WarnContext(ctx, "payment not sent to the provider, retrying", "reference", p.Reference, "error", cause)
	after, err := e.store.Update(ctx, p.Reference, store.Meta{}, func(q *payment.Payment) payment.Step {
		if q.Status.Final() || q.ProviderID != "" {
			return payment.Untouched
		}
		q.RequestedAt = nil
		if !errors.Is(cause, errUnknownReference) {
			q.Creates = max(q.Creates-1, 0) // it was certainly not sent
		}
		due := e.now().UTC().Add(max(wait, e.backoff(time.Second, time.Minute, q.QuietPolls)))
		q.DueAt, q.QuietPolls = &due, q.QuietPolls+1
		return e.markStalled(q)
	})
	if err != nil {
		e.log.ErrorContext(ctx, "payment not rescheduled, due again when its lease ends", "reference", p.Reference, "error", err)
		return p
	}
	return after
}

// reschedule makes the payment due after wait and changes nothing else.
func (e *Engine) reschedule(ctx context.Context, p payment.Payment, wait time.Duration) payment.Payment {
	_ = e.setDue(ctx, p, wait) // logged there; the payment is due again when the lease ends
	return p
}

// setDue makes the payment due after wait.
func (e *Engine) setDue(ctx context.Context, p payment.Payment, wait time.Duration) error {
	if err := e.store.SetDueAt(ctx, p.Reference, e.now().Add(wait)); err != nil {
		e.log.ErrorContext(ctx, "due time not set, due again when the lease ends", "reference", p.Reference, "error", err)
		return fmt.Errorf("reschedule payment %s: %w", p.Reference, err)
	}
	return nil
}

// markStalled announces, once, that a payment has had no news for longer than expected.
func (e *Engine) markStalled(p *payment.Payment) payment.Step {
	waitingForPayer := p.Status == payment.PendingSCA && p.Detail == ""
	if p.StalledAt != nil || waitingForPayer || p.Kind == payment.KindMandate || e.now().Before(e.stalledFrom(*p)) {
		return payment.Noted
	}
	at := e.now().UTC().Truncate(time.Microsecond)
	p.StalledAt = &at
	return payment.Changed(payment.Change{To: p.Status, Detail: p.Detail, Cause: payment.CauseReconciler, Event: string(p.Kind) + ".stalled"})
}

func (e *Engine) stalledFrom(p payment.Payment) time.Time {
	if p.ExecutionType == "instant" {
		return p.UpdatedAt.Add(e.cfg.StalledAfter)
	}
	from := p.UpdatedAt
	if day, err := time.Parse(time.DateOnly, p.ExecutionDate); err == nil && day.After(from) {
		from = day
	}
	return from.Add(e.cfg.StalledAfterClassic)
}

// backoff doubles from first to most, with a jitter of ±20 % so that a recovering bank is not overloaded.
func (e *Engine) backoff(first, most time.Duration, n int) time.Duration {
	d := due.Backoff(first, most, n+1)
	spread := d / 5
	return d - spread + rand.N(2*spread) //nolint:gosec // the spread needs no secrecy
}

var errBusy = errors.New("too many payments are under way at the provider")

func retryAfter(err error) time.Duration {
	var pe *powens.Error
	if errors.As(err, &pe) {
		return pe.RetryAfter
	}
	return 0
}
