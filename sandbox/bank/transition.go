package bank

import (
	"errors"
	"time"
)

// errStale means that a due step was overtaken by another change.
var errStale = errors.New("step was overtaken")

// change applies fn to a copy of the payment, writes it to the journal and announces it. If fn returns an error, nothing changes.
func (b *Bank) change(p *payment, fn func(r *record, now time.Time) error) (*record, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.cur.Load()
	next := old.clone()
	if err := fn(next, b.cfg.Now().UTC()); err != nil {
		return old, err
	}
	if next.State != old.State {
		b.stats.count("state " + next.State)
		if b.cfg.WebhookURL != "" {
			next.Hook = b.lastHook.Add(1)
		}
	}
	if err := b.journal.Append(line{Payment: next}); err != nil {
		return old, err
	}
	p.cur.Store(next)
	if !next.Due.Equal(old.Due) {
		b.plan(next)
	}
	if next.Hook > 0 {
		b.announce(next)
	}
	switch {
	case old.Next == stepExecute && next.Executed > old.Executed:
		b.book(next, earlier(old.Due, b.cfg.Now()))
	case next.State != old.State && Final(next.State) && !next.isOrder():
		b.executed(next)
	}
	return next, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// plan schedules the payment for Run at its next step.
func (b *Bank) plan(r *record) {
	if !r.Due.IsZero() {
		b.due.Add(r.ID, r.Due)
	}
}

// upToDate applies every due step of the payment, so that readers see its state as of now.
func (b *Bank) upToDate(p *payment) (*record, error) {
	for {
		r := p.cur.Load()
		if r.Due.IsZero() || r.Due.After(b.cfg.Now()) {
			return r, nil
		}
		if _, err := b.change(p, b.takeStep); err != nil && !errors.Is(err, errStale) {
			return r, err
		}
	}
}

// takeStep applies the due step.
func (b *Bank) takeStep(r *record, now time.Time) error {
	if r.Due.IsZero() || r.Due.After(now) {
		return errStale
	}
	due := r.Due
	switch r.Next {
	case stepAuthorise:
		if r.State == StateCreated {
			b.begin(r, Nowhere, due)
			r.schedule(stepAuthorise, due)
			return nil
		}
		b.approve(r, "", due)
	case stepPhase:
		b.proceed(r, due)
	case stepExecute:
		r.Executed++
		r.order()
	case stepScheduleEnd:
		b.finish(r, StateDone, "", "")
	case stepNoAnswer:
		b.reject(r, "noAnswerFromCustomer", "")
	case stepDecoupled:
		b.decoupled(r, due)
	default:
		b.finish(r, StateExpired, "", "")
	}
	return nil
}

// planCreated schedules the future of a new payment.
func (b *Bank) planCreated(r *record, w wish) {
	r.Plan = w.plan
	r.schedule(stepExpire, r.Registered.Add(b.cfg.ExpireAfter))
	auto := b.auto.Load()
	if w.authorise || auto.Enabled && (!auto.OnlyWithPayer || r.Payer != nil) {
		r.schedule(stepAuthorise, b.cfg.Now().Add(time.Duration(auto.DelayMS)*time.Millisecond))
	}
}

// begin moves a created payment to a bank, where its payer decides.
func (b *Bank) begin(r *record, connectorUUID string, now time.Time) {
	if r.Connector == "" {
		r.Connector = connectorUUID
	}
	r.Mechanism = "webauth"
	r.Validated = now
	if r.Plan.AtOnce {
		b.reject(r, r.Plan.ErrorCode, "")
		return
	}
	r.State, r.Action, r.ValidateURI = StateValidating, "redirect", b.bankPage(r, pageAuthorise)
	r.schedule(stepNoAnswer, now.Add(b.cfg.AnswerWithin))
}

// approve applies the payer's approval at the bank, for one of the accounts there.
func (b *Bank) approve(r *record, accountSlug string, now time.Time) {
	if r.Payer == nil {
		choices := connectorByUUID(r.Connector).accounts()
		r.Payer = &choices[0].account
		for _, choice := range choices {
			if choice.Slug == accountSlug {
				r.Payer = &choice.account
			}
			if choice.Slug == accountSlug && choice.empty {
				b.reject(r, "insufficientFunds", "The balance of the account is too low.")
				return
			}
		}
	}
	if b.cfg.ManualConfirmation && r.UseCase != useNoConfirmation {
		r.Action, r.ValidateURI = "confirm", ""
		r.schedule(stepExpire, now.Add(b.cfg.ConfirmWithin))
		return
	}
	b.proceed(r, now)
}

// proceed continues after the payer, the client's confirmation or a pending phase: to the next phase or the end.
func (b *Bank) proceed(r *record, now time.Time) {
	r.Action, r.ErrorDescription, r.Fields = "", "", nil
	if r.StateDetail == "" {
		r.ValidateURI = ""
	}
	reported := r.isOrder() && r.Plan.State == StateDone && !untracked(r)
	switch {
	case r.Plan.Phases > 0:
		r.Plan.Phases--
		b.pend(r)
		r.schedule(stepPhase, now.Add(b.phase(r)))
	case r.Plan.Hang:
		b.pend(r)
		r.schedule(stepExpire, now.Add(b.cfg.ExpireAfter))
	case reported:
		b.pend(r)
		r.setUp(now)
	default:
		b.finish(r, r.Plan.State, r.Plan.ErrorCode, "")
	}
}

// untracked reports whether the payment's bank takes a schedule and reports nothing further.
func untracked(r *record) bool {
	c := connectorByUUID(r.Connector)
	return c != nil && c.neverReports(r.Instructions[0].Kind)
}

func (b *Bank) pend(r *record) {
	r.State = StatePending
	r.instructionsAre(StatePending)
}

func (b *Bank) reject(r *record, code, message string) {
	b.finish(r, StateRejected, code, message)
}

// finish ends the payment. A bank that does not report executions ends as accepted what others end as done. A standing order that is not refused
// goes on, whatever its bank reports.
func (b *Bank) finish(r *record, state, code, message string) {
	if state == StateDone && untracked(r) {
		state = StateAccepted
	}
	r.State, r.ErrorCode, r.ErrorDescription = state, code, message
	r.StateDetail, r.Action, r.ValidateURI, r.Fields = "", "", "", nil
	r.schedule("", time.Time{})
	switch state {
	case StatePartial:
		r.instructionsAre(StateDone)
		r.Instructions[0].State = StateRejected
	case StateDone, StateAccepted:
		r.instructionsAre(state)
		if r.isOrder() {
			r.setUp(b.cfg.Now())
		}
	case StateRejected:
		r.instructionsAre(state)
	default:
		r.instructionsAre("")
	}
}
