package account

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/sandbox/bank"
	"european-pay.eu/eupay/services/payments/internal/consent"
)

// returned completes a visit up to the return from the bank and returns the code shown in the browser.
func (r *rig) returned(who string) (id, code string) {
	r.t.Helper()
	back := r.visit(r.start(who), "nowhere")
	o, err := r.Complete(r.t.Context(), back)
	r.must(err)
	if len(o.Code) != 8 {
		r.t.Fatalf("code %q", o.Code)
	}
	id, _ = r.visitOf(back)
	return id, o.Code
}

// One customer opens another's link: without the code shown in that browser, the accounts are not linked.
func TestUnconfirmedAccountsAreNotLinked(t *testing.T) {
	t.Parallel()
	r := setup(t)
	thief, victim := customer(), customer()
	id, code := r.returned(thief)
	if len(r.list(thief)) != 0 || len(r.list(victim)) != 0 {
		t.Fatal("linked before anybody has confirmed")
	}
	var pending string
	r.must(r.pool.QueryRow(t.Context(), `select id::text from bank_accounts limit 1`).Scan(&pending))
	_, err := r.Lookup(t.Context(), thief, false, pending)
	r.wants(errs.NotFoundCode, err, "pays with what is pending")
	r.wants(errs.NotFoundCode, r.Remove(t.Context(), thief, false, pending), "removes what is pending")
	r.wants(errs.ValidationError, r.Confirm(t.Context(), thief, false, id, ""), "without the code")
	r.wants(errs.NotFoundCode, r.Confirm(t.Context(), victim, false, id, code), "with the code, but another's login")
	r.wants(errs.NotFoundCode, r.Confirm(t.Context(), thief, true, id, code), "in the other mode")
	for _, odd := range []string{"", "x", uuid.NewString()} {
		r.wants(errs.NotFoundCode, r.Confirm(t.Context(), thief, false, odd, code), odd)
	}
	if len(r.list(thief)) != 0 {
		t.Error("linked")
	}
}

func TestTheAppConfirmsWhatItsUserBroughtBack(t *testing.T) {
	t.Parallel()
	r := setup(t)
	who := customer()
	id, code := r.returned(who)
	typed := " " + strings.ToLower(code[:4]) + "-" + code[4:]
	for range 2 { // the first answer was lost
		r.must(r.Confirm(t.Context(), who, false, id, typed))
	}
	before := r.list(who)
	if len(before) != 2 {
		t.Fatalf("linked %+v", before)
	}
	again, code := r.returned(who)
	if got := r.list(who); len(got) != 2 || got[0] != before[0] {
		t.Errorf("a second link changes accounts before it is confirmed: %+v", got)
	}
	r.must(r.Confirm(t.Context(), who, false, again, code))
	if got := r.list(who); len(got) != 2 || got[0] != before[0] || got[1] != before[1] {
		t.Errorf("linked again %+v, before %+v", got, before)
	}
}

func TestConfirmationsAtOnceLinkOnce(t *testing.T) {
	t.Parallel()
	r := setup(t)
	who := customer()
	id, code := r.returned(who)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := r.Confirm(t.Context(), who, false, id, code); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := r.count(`select count(*)::int from bank_accounts`); n != 2 {
		t.Errorf("%d accounts", n)
	}
}

func TestACodeIsNotGuessed(t *testing.T) {
	t.Parallel()
	r := setup(t)
	who := customer()
	id, code := r.returned(who)
	for range consent.MaxCodeAttempts {
		r.wants(errs.ValidationError, r.Confirm(t.Context(), who, false, id, "AAAAAAAA"), "a wrong code")
	}
	r.wants(errs.InvalidState, r.Confirm(t.Context(), who, false, id, code), "the right code after too many wrong ones")
	if len(r.list(who)) != 0 {
		t.Error("linked")
	}
}

func TestUnconfirmedAccountsAreRemoved(t *testing.T) {
	t.Parallel()
	r := setup(t)
	who := customer()
	id, code := r.returned(who)
	r.clock.Advance(consent.ConfirmTTL - time.Second)
	r.must(r.Sweep(t.Context()))
	if n := r.connections(); n != 1 {
		t.Fatalf("%d connections before the time is over", n)
	}
	r.clock.Advance(time.Second)
	r.wants(errs.InvalidState, r.Confirm(t.Context(), who, false, id, code), "too late")
	r.must(r.bank.SetFaults(bank.Fault{Kind: "error", Operation: "disconnect", Status: 503}))
	r.must(r.Sweep(t.Context()))
	if n := r.count(`select count(*)::int from bank_accounts where state = 'removing'`); n != 2 {
		t.Errorf("%d are being taken back", n)
	}
	r.must(r.bank.SetFaults())
	r.clock.Advance(sweepLease)
	r.must(r.Sweep(t.Context()))
	if n := r.count(`select count(*)::int from bank_accounts`); n != 0 || r.connections() != 0 {
		t.Errorf("%d accounts, %d connections are left", n, r.connections())
	}
	r.wants(errs.InvalidState, r.Confirm(t.Context(), who, false, id, code), "after it was taken back")
}
