package account

import (
	"context"
	"sync"
	"testing"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/sandbox/bank"
)

func TestRemovalRevokesTheConsent(t *testing.T) {
	t.Parallel()
	r := setup(t)
	who := customer()
	list := r.link(who, "nowhere")
	r.must(r.Remove(t.Context(), who, false, list[0].ID))
	left := r.list(who)
	if len(left) != 1 || left[0] != list[1] {
		t.Errorf("left %+v", left)
	}
	_, err := r.Lookup(t.Context(), who, false, list[0].ID)
	r.wants(errs.NotFoundCode, err, "look-up")
	r.wants(errs.NotFoundCode, r.Remove(t.Context(), who, false, list[0].ID), "once more")
	user, err := r.consents.StoredUser(t.Context(), owner{ID: who})
	r.must(err)
	var connection string
	r.must(r.pool.QueryRow(t.Context(), `select connection_id from bank_accounts`).Scan(&connection))
	_, shared, err := r.test.Accounts(t.Context(), user, connection)
	r.must(err)
	if len(shared) != 2 { // the other one and the savings book
		t.Errorf("the bank still shares %+v", shared)
	}
	r.must(r.Remove(t.Context(), who, false, list[1].ID))
	if r.connections() != 0 || len(r.list(who)) != 0 {
		t.Errorf("%d connections, %d accounts", r.connections(), len(r.list(who)))
	}
	if n := r.count(`select count(*)::int from bank_accounts`); n != 0 {
		t.Errorf("%d rows", n)
	}
}

func TestAnAccountStaysWhileTheProviderIsUnavailable(t *testing.T) {
	t.Parallel()
	r := setup(t)
	who := customer()
	list := r.link(who, "nowhere")
	r.must(r.bank.SetFaults(bank.Fault{Kind: "error", Operation: "account", Status: 503}, bank.Fault{Kind: "error", Operation: "disconnect", Status: 503}))
	r.wants(errs.Unavailable, r.Remove(t.Context(), who, false, list[0].ID), "of two")
	if got := r.list(who); len(got) != 2 {
		t.Errorf("left %+v", got)
	}
	_, err := r.Lookup(t.Context(), who, false, list[0].ID)
	r.must(err)
	r.must(r.bank.SetFaults())
	for _, a := range list {
		r.must(r.Remove(t.Context(), who, false, a.ID))
	}
	if n := r.connections(); n != 0 {
		t.Errorf("%d connections", n)
	}
}

func TestTwoRemovalsAtOnceEndTheConnection(t *testing.T) {
	t.Parallel()
	r := setup(t)
	who := customer()
	var both sync.WaitGroup
	for _, a := range r.link(who, "nowhere") {
		both.Go(func() {
			if err := r.Remove(t.Context(), who, false, a.ID); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if n := r.connections(); n != 0 {
		t.Errorf("%d connections", n)
	}
}

func TestAnInterruptedRemovalIsCompleted(t *testing.T) {
	t.Parallel()
	r := setup(t)
	who := customer()
	for _, a := range r.link(who, "nowhere") { // as by a process that dies
		_, err := r.store.beginRemoval(t.Context(), owner{ID: who}, a.ID, r.clock.Now().Add(removeLease))
		r.must(err)
	}
	r.must(r.Sweep(t.Context()))
	if n := r.connections(); n != 1 {
		t.Errorf("taken over before the lease ended: %d connections", n)
	}
	r.clock.Advance(removeLease)
	r.must(r.bank.SetFaults(bank.Fault{Kind: "error", Operation: "disconnect", Status: 503}))
	r.must(r.Sweep(t.Context())) // not yet
	r.must(r.bank.SetFaults())
	r.clock.Advance(sweepLease)
	r.must(r.Sweep(t.Context()))
	if r.connections() != 0 || r.count(`select count(*)::int from bank_accounts`) != 0 {
		t.Errorf("%d connections are left", r.connections())
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	r := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	cancel()
	r.must(<-done)
}

// TestTheLastAccountOfAnErasedCustomerTakesTheProvidersTokenAlong: an erasure makes the accounts due and marks their owner; the consents are taken
// back, and then nothing of the customer is left.
func TestTheLastAccountOfAnErasedCustomerTakesTheProvidersTokenAlong(t *testing.T) {
	t.Parallel()
	r := setup(t)
	gone, stays := customer(), customer()
	r.link(gone, "nowhere")
	list := r.link(stays, "nowhere")
	for _, a := range list {
		r.must(r.Remove(t.Context(), stays, false, a.ID))
	}
	_, err := r.pool.Exec(t.Context(), `update bank_users set ending = true where customer_id = $1`, gone)
	r.must(err)
	_, err = r.pool.Exec(t.Context(), `update bank_accounts set state = 'removing', due_at = $2 where customer_id = $1`, gone, r.clock.Now())
	r.must(err)
	r.must(r.Sweep(t.Context()))
	if n := r.connections(); n != 0 {
		t.Errorf("%d consents stay", n)
	}
	if n := r.count(`select count(*)::int from bank_accounts`); n != 0 {
		t.Errorf("%d accounts stay", n)
	}
	if n := r.count(`select count(*)::int from bank_users`); n != 1 {
		t.Errorf("%d users at the provider are known: a customer without accounts keeps the token, an erased one does not", n)
	}
}
