package bank

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

// ordered is a monthly standing order from 1 August to 1 October 2026 that was authorised at a bank, to an account that is connected.
func ordered(r *rig, connector string) int64 {
	r.t.Helper()
	r.b.links.add(connection{User: 1, Connector: connectors[0].UUID, Created: r.clock.Now(), Nonce: connector, Own: testIBAN})
	id := r.create(change{
		"execution_date_type": "periodic", "frequency": "monthly", "start_date": "2026-08-01", "end_date": "2026-10-01",
		"label": "Gym", "reference_id": "SUB-7",
	}).id()
	r.must(r.b.AuthoriseWith(id, Choice{Connector: connector}))
	return id
}

// until moves the bank's clock to a time in Paris and lets the bank do what is due.
func (r *rig) until(text string) {
	r.t.Helper()
	at, err := time.ParseInLocation(time.DateOnly+" 15:04", text, paris)
	r.must(err)
	r.clock.Add(at.Sub(r.clock.Now()))
	r.b.Tick()
}

// days are those on which lines of the account were booked.
func (r *rig) days() (list []string) {
	for _, l := range r.b.BankLines(testIBAN) {
		list = append(list, l.Date)
	}
	return list
}

func (r *rig) booked(when string, want ...string) {
	r.t.Helper()
	if got := r.days(); !slices.Equal(got, want) {
		r.t.Errorf("%s: booked on %v, want %v", when, got, want)
	}
}

// TestAStandingOrderIsExecutedOnItsDays: 1 August 2026 is a Saturday.
func TestAStandingOrderIsExecutedOnItsDays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := ordered(r, "nowhere")
	r.booked("before the first day")
	r.until("2026-08-03 05:59")
	r.booked("in the night")
	if next, err := r.b.Payment(id); err != nil || next.NextExecution != "2026-08-03" {
		t.Errorf("next is %q, %v", next.NextExecution, err)
	}
	r.until("2026-08-03 06:00")
	r.booked("in the morning", "2026-08-03")
	l := r.b.BankLines(testIBAN)[0]
	if l.Cents != 5090 || l.Text != "VIR PERM Gym SUB-7" || l.Other == "" || l.Name == "" {
		t.Errorf("the credit is %+v", l)
	}
	r.b.Tick()
	r.booked("once", "2026-08-03")
	r.until("2026-10-01 05:00")
	r.booked("a day later", "2026-08-03", "2026-09-01")
	if got := stateOf(r, id); got != StatePending {
		t.Errorf("before the last transfer: %s", got)
	}
	r.until("2026-12-01 12:00")
	r.booked("after the end", "2026-08-03", "2026-09-01", "2026-10-01")
	if got := stateOf(r, id); got != StateDone {
		t.Errorf("after the end: %s", got)
	}
}

// TestAStandingOrderIsExecutedAsTold: never, late, and until somebody stops it.
func TestAStandingOrderIsExecutedAsTold(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := ordered(r, "nowhere")
	r.b.SetBooking(Booking{Never: true})
	r.until("2026-08-03 06:00")
	r.booked("never")
	r.b.SetBooking(Booking{DelayMS: 48 * 3600 * 1000})
	r.until("2026-09-01 06:00")
	if seen := r.b.ledger.of(testIBAN, time.Time{}, r.clock.Now()); len(seen) != 0 {
		t.Errorf("before it comes: %+v", seen)
	}
	r.until("2026-09-03 06:00")
	if seen := r.b.ledger.of(testIBAN, time.Time{}, r.clock.Now()); len(seen) != 1 || seen[0].Date != "2026-09-03" {
		t.Errorf("late: %+v", seen)
	}
	r.must(r.b.Stop(id))
	r.until("2026-12-01 06:00")
	r.booked("stopped", "2026-09-03")
	if err := r.b.Execute(id); !errors.Is(err, ErrWrongState) {
		t.Errorf("a stopped order is executed: %v", err)
	}
}

func TestAStandingOrderIsExecutedBeforeItsDay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	path := fmt.Sprintf("/payments/%d/execute", ordered(r, "nowhere"))
	r.want(r.manage("POST", path, nil), map[string]any{"state": "pending", "next_execution": "2026-09-01"})
	r.booked("at once", "2026-07-01")
	r.until("2026-08-04 06:00")
	r.booked("not once more on its day", "2026-07-01")
}

// TestABankThatReportsNothingExecutesAllTheSame, also one that calls an order done as soon as it is set up.
func TestABankThatReportsNothingExecutesAllTheSame(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	silent := ordered(r, "shrug")
	hasty := ordered(r, "nowhere")
	r.must(r.b.Settle(hasty, StateDone, ""))
	r.booked("when it is set up")
	r.until("2026-08-03 06:00")
	r.booked("both", "2026-08-03", "2026-08-03")
	r.must(r.b.Stop(silent))
	if got := stateOf(r, silent); got != StateAccepted {
		t.Errorf("it says %s when it is stopped", got)
	}
	r.until("2026-12-01 06:00")
	r.booked("one of them", "2026-08-03", "2026-08-03", "2026-09-01", "2026-10-01")
}

// TestABankThatWasAwayExecutesWhatItMissed after a restart, on the days that it was due.
func TestABankThatWasAwayExecutesWhatItMissed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before := newRig(t, inDir(dir))
	id := ordered(before, "nowhere")
	r := newRig(t, inDir(dir))
	r.b.links.add(connection{User: 1, Connector: connectors[0].UUID, Created: r.clock.Now(), Nonce: "again", Own: testIBAN})
	r.until("2026-09-20 12:00")
	r.booked("both at once", "2026-08-03", "2026-09-01")
	for _, l := range r.b.BankLines(testIBAN) {
		if !l.Updated.Equal(r.clock.Now()) { // a client that reads on from yesterday must see it
			t.Errorf("it shows since %s", l.Updated)
		}
	}
	late := newRig(t, inDir(dir))
	late.until("2026-09-20 12:00")
	late.booked("not once more", "2026-08-03", "2026-09-01")
	if got := stateOf(late, id); got != StatePending {
		t.Error(got)
	}
}
