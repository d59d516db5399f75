package settlement

import (
	"testing"

	"european-pay.eu/eupay/internal/errs"
)

func TestACreditThatNamesItsPaymentSettlesIt(t *testing.T) {
	t.Parallel()
	r := setup(t)
	m := r.merchant(ownIBAN)
	r.connect(m)
	p := r.paid(m, 2999, adaIBAN)
	r.book(m, 2999, "VIR SEPA Order "+p.Reference, adaIBAN)
	r.sync()
	l := r.line(m)
	if l.State != "matched" || len(l.Matches) != 1 || l.Matches[0].Rule != "reference" || l.Matches[0].Actor != "rule" || len(l.Matches[0].Evidence) != 4 {
		t.Errorf("line %+v", l)
	}
	after := r.payment(p.Reference)
	if after.SettledAt == nil || after.SettledAt.Format("2006-01-02") != "2026-06-17" || after.Sequence != p.Sequence+1 {
		t.Errorf("settled at %v, sequence %d", after.SettledAt, after.Sequence)
	}
	history, err := r.store.History(t.Context(), m, false, p.Reference)
	r.must(err)
	if last := history[len(history)-1]; last.Cause != "settlement" || last.Actor != "rule" || r.events("payment.settled") != 1 {
		t.Errorf("history %+v, %d events", last, r.events("payment.settled"))
	}
	r.sync()
	if len(r.lines(m)) != 1 || r.events("payment.settled") != 1 {
		t.Error("reading again changed something")
	}
}

func TestOnlyTheMerchantsOwnAccountIsConnected(t *testing.T) {
	t.Parallel()
	r := setup(t)
	m := r.merchant(ownIBAN)
	v, err := r.Start(t.Context(), m, false, "")
	r.must(err)
	_, err = r.Complete(t.Context(), r.visit(v.URL, adaIBAN))
	r.wants(errs.InvalidState, err, "another account")
	if n := r.bank.Stats()["connections"]; n != 0 {
		t.Errorf("%d connections are left at the bank", n)
	}
	nobody := r.merchant("")
	_, err = r.Start(t.Context(), nobody, false, "")
	r.wants(errs.InvalidState, err, "a merchant without an account")
	_, err = r.Start(t.Context(), m, true, "")
	r.wants(errs.LiveNotConfigured, err, "live mode")
}
