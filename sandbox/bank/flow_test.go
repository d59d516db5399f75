package bank

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestLabelCodes walks each code through its phases: the states after authorisation and after each phase.
func TestLabelCodes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for label, c := range map[string]struct {
		states string // after authorisation and after each phase, then the error code
	}{
		"Order 1":              {"done"},
		"done - X":             {"done"},
		"pdng - X":             {"pending done"},
		"pdng/done - X":        {"pending done"},
		"pdng/pdng/done - X":   {"pending pending done"},
		"PDNG/RJCT-X":          {"pending rejected:noSpecifiedReason"},
		"pdng/pdng/pdng - X":   {"pending pending pending done"},
		"canc - X":             {"rejected:CancelledByUser"},
		"rjct - X":             {"rejected:noSpecifiedReason"},
		"err":                  {"rejected:invalidAmount"},
		"bug - X":              {"rejected:bug"},
		"acpt - X":             {"accepted"},
		"xprd - X":             {"expired"},
		"hang - X":             {"pending pending"},
		"done/pdng - X":        {"done"}, // no code: nothing comes after the end
		"X - rjct":             {"done"}, // no code: only what is before the first dash
		"Order sandbox:rjct":   {"rejected:noSpecifiedReason"},
		"X sandbox:pdng/xprd":  {"pending expired"},
		"sandbox:reject:odd X": {"rejected:odd"},
	} {
		for kind, phase := range map[string]time.Duration{"instant": 15 * time.Second, "first_open_day": 15 * time.Minute} {
			r.token = r.tokenFor("payments:admin") // the clock has moved on
			id := r.create(change{"label": label, "execution_date_type": kind}).id()
			r.must(r.b.Authorise(id))
			for n, want := range strings.Fields(c.states) {
				if n > 0 {
					r.clock.Add(phase - time.Second)
					if got := stateOf(r, id); got != strings.Fields(c.states)[n-1] {
						t.Errorf("%s %s: %s before phase %d is over", label, kind, got, n)
					}
					r.clock.Add(time.Second)
				}
				if got := stateOf(r, id); got != want {
					t.Errorf("%s %s: %s after phase %d, want %s", label, kind, got, n, want)
				}
			}
		}
	}
}

func stateOf(r *rig, id int64) string {
	p, err := r.b.Payment(id)
	r.must(err)
	if p.ErrorCode != "" {
		return p.State + ":" + p.ErrorCode
	}
	return p.State
}

func TestPhasesMayBeMissed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create(change{"label": "pdng/pdng/done - X"}).id()
	r.must(r.b.Authorise(id))
	r.clock.Add(time.Hour)
	r.b.Tick()
	if got := r.b.store.get(id).cur.Load().State; got != "done" {
		t.Errorf("%s: nobody asked for an hour, but it is over", got)
	}
}

func TestPhaseOfZeroPassesAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) { c.InstantPhase = 0 })
	id := r.create(change{"label": "pdng/pdng/done - X"}).id()
	r.must(r.b.Authorise(id))
	if got := stateOf(r, id); got != "done" {
		t.Error(got)
	}
}

func TestMagicAmounts(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for amount, want := range map[string]string{
		"9901.01": "rejected:invalidEmitter", "9901.02": "rejected:insufficientFunds",
		"9901.19": "rejected:bug", "9901.20": "done", "9902.01": "pending", "9902.03": "accepted", "9902.05": "expired", "9902.07": "pending",
		"9900.00": "done", "9899.99": "done", "9903.01": "done",
	} {
		id := r.create(change{"amount": amount}).id()
		r.must(r.b.Authorise(id))
		if got := stateOf(r, id); got != want {
			t.Errorf("%s: %s, want %s", amount, got, want)
		}
	}
	id := r.create(change{"amount": "9902.08"}).id() // authorises itself
	if got := stateOf(r, id); got != "done" {
		t.Error(got)
	}
}

func TestPaymentsEndWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	created, left, stuck := r.create().id(), r.create().id(), r.create(change{"label": "hang - X"}).id()
	p := r.b.store.get(left)
	_, err := r.b.change(p, func(next *record, now time.Time) error { r.b.begin(next, Nowhere, now); return nil })
	r.must(err)
	r.must(r.b.Authorise(stuck))
	r.clock.Add(15 * time.Minute)
	if got := stateOf(r, left); got != "rejected:noAnswerFromCustomer" {
		t.Error("left at the bank:", got)
	}
	r.clock.Add(30*24*time.Hour - 15*time.Minute)
	if got := stateOf(r, created); got != "expired" {
		t.Error("never taken up:", got)
	}
	if got := stateOf(r, stuck); got != "expired" {
		t.Error("never decided:", got)
	}
}

func TestConnectorThatNeverReports(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for slug, want := range map[string]string{"shrug": "accepted", "nowhere": "done", "": "done"} {
		id := r.create().id()
		r.must(r.b.AuthoriseWith(id, Choice{Connector: slug}))
		if got := stateOf(r, id); got != want {
			t.Errorf("%s: %s", slug, got)
		}
	}
}

func TestPayerAccountIsFilledIn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create().id()
	r.must(r.b.AuthoriseWith(id, Choice{Connector: "ask-twice", Account: "joint"}))
	a := r.get(id)
	r.want(a, map[string]any{
		"payer.label": "Sandbox Payer", "payer.identification": "FR5599993000010000000204242", "payer.bic": "SBATFRP1XXX", "connector_uuid": AskTwice, "id_connector": 43,
		"validate_mechanism": "webauth",
	})
	if checkAccount("payer", &account{Scheme: "iban", Identification: fmt.Sprint(a.path("payer.identification")), Label: "x"}) != nil {
		t.Error("the payer's IBAN is not valid")
	}
	refund := r.create(change{"/payer": account1()}).id()
	r.must(r.b.Authorise(refund))
	r.want(r.get(refund), map[string]any{"payer.identification": testIBAN, "state": "done"})
	poor := r.create().id()
	r.must(r.b.AuthoriseWith(poor, Choice{Account: "empty"}))
	if got := stateOf(r, poor); got != "rejected:insufficientFunds" {
		t.Error(got)
	}
}

func TestFinalStatesNeverChange(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, state := range []string{StateDone, StateAccepted, StateRejected, StateExpired, StatePartial} {
		id := r.create().id()
		r.must(r.b.Settle(id, state, ""))
		for name, err := range map[string]error{
			"authorise": r.b.Authorise(id), "refuse": r.b.Refuse(id), "expire": r.b.Expire(id),
			"settle": r.b.Settle(id, StateDone, ""),
		} {
			if !errors.Is(err, ErrWrongState) {
				t.Errorf("%s after %s: %v", name, state, err)
			}
		}
		cancel := r.operate(id, change{"cancel": true, "client_redirect_uri": "https://shop.example/r"})
		r.clock.Add(time.Minute)
		if p, err := r.b.Payment(id); cancel.status != 409 || err != nil || p.State != state {
			t.Errorf("%s became %s, cancel answered %d", state, p.State, cancel.status)
		}
	}
	if err := r.b.Authorise(1); !errors.Is(err, ErrUnknownPayment) {
		t.Error(err)
	}
}

func TestManualConfirmation(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) { c.ManualConfirmation = true })
	for answer, want := range map[string]string{"true": "done", "false": "rejected:confirmationRefused", "": "expired"} {
		id := r.create().id()
		r.must(r.b.Authorise(id))
		r.want(r.get(id), map[string]any{"state": "validating", "action": "confirm"})
		if answer == "" {
			r.clock.Add(time.Minute)
		} else {
			r.operate(id, fmt.Sprintf(`{"confirm":%s}`, answer))
		}
		if got := stateOf(r, id); got != want {
			t.Errorf("confirm %q: %s", answer, got)
		}
	}
}

func TestPeriodicStaysActiveUntilSettled(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create(change{"execution_date_type": "periodic", "frequency": "monthly", "start_date": "2026-08-01"}).id()
	r.must(r.b.Authorise(id))
	r.clock.Add(24 * time.Hour)
	if got := stateOf(r, id); got != "pending" {
		t.Error(got)
	}
	r.must(r.b.Settle(id, StateDone, ""))
	if got := stateOf(r, id); got != "done" {
		t.Error(got)
	}
}

// A schedule is done on the day after its end, is ended by its bank, or is never reported again by a bank that does not report.
func TestASchedule(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	order := change{"execution_date_type": "periodic", "frequency": "monthly", "start_date": "2026-08-01", "end_date": "2026-10-01"}
	ends, stops, vanishes := r.create(order).id(), r.create(order).id(), r.create(order).id()
	r.must(r.b.Authorise(ends))
	r.must(r.b.Authorise(stops))
	r.must(r.b.AuthoriseWith(vanishes, Choice{Connector: "shrug"}))
	if a, b, c := stateOf(r, ends), stateOf(r, stops), stateOf(r, vanishes); a != StatePending || b != StatePending || c != StateAccepted {
		t.Errorf("after the payer's approval: %s, %s, %s", a, b, c)
	}
	r.must(r.b.Stop(stops))
	r.clock.Add(time.Date(2026, 10, 1, 23, 0, 0, 0, time.UTC).Sub(r.clock.Now()))
	if a, b := stateOf(r, ends), stateOf(r, stops); a != StatePending || b != "rejected:noSpecifiedReason" {
		t.Errorf("on the last day: %s, %s", a, b)
	}
	r.clock.Add(time.Hour)
	if got := stateOf(r, ends); got != StateDone {
		t.Errorf("after the last day: %s", got)
	}
	if r.b.Stop(ends) == nil {
		t.Error("a schedule was stopped after its end")
	}
}

func TestAutoAuthorise(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.b.SetAutoAuthorise(AutoAuthorise{Enabled: true, DelayMS: 2000, OnlyWithPayer: true})
	refund, other := r.create(change{"/payer": account1()}), r.create()
	r.want(refund, map[string]any{"state": "created"})
	r.clock.Add(2 * time.Second)
	if a, b := stateOf(r, refund.id()), stateOf(r, other.id()); a != "done" || b != "created" {
		t.Error(a, b)
	}
	r.b.SetAutoAuthorise(AutoAuthorise{Enabled: true})
	a := r.create()
	r.want(a, map[string]any{"state": "created"}) // also with no delay: the answer is that of a create
	if got := stateOf(r, a.id()); got != "done" {
		t.Error(got)
	}
}
