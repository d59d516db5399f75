package engine

import (
	"slices"
	"testing"
	"time"

	sandbox "european-pay.eu/eupay/sandbox/bank"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

func waits(p *payment.Payment) { p.WaitForSettlement = true }

// acceptedScan is a scanned payment of a merchant who waits, after the bank of the customer accepted the transfer.
func (r *rig) acceptedScan() (g, s payment.Payment) {
	r.t.Helper()
	g = r.gateway(true, waits)
	s = r.mustScan(g, "anna")
	if err := r.bank.Settle(r.own(s), sandbox.StateAccepted, ""); err != nil {
		r.t.Fatal(err)
	}
	r.settle(time.Minute)
	r.is(s.Reference, payment.PendingSCA, payment.DetailAcceptedByBank, "")
	return r.is(g.Reference, payment.PendingSCA, payment.DetailAcceptedByBank, ""), s
}

func TestAScanThatTheBankOnlyAcceptsIsSettledThroughItsPayment(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		came    bool
		status  payment.Status
		detail  string
		failure string
	}{
		{"it came", true, payment.Completed, payment.DetailAcceptedByBank, ""},
		{"it did not come", false, payment.Failed, "", payment.FailureNotReceived},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			g, s := r.acceptedScan()
			if g.Proto().GetSettlementDeadline() == nil {
				t.Error("the merchant sees no deadline")
			}
			after, err := r.Settle(t.Context(), g, payment.SettlementReport{MoneyReceived: tt.came, Actor: "user:1"}, store.Meta{})
			if err != nil || after.Reference != g.Reference {
				t.Fatal(after.Reference, err)
			}
			r.is(g.Reference, tt.status, tt.detail, tt.failure)
			r.is(s.Reference, tt.status, tt.detail, tt.failure)
			want := []string{"payment.created", "payment.pending_sca", "payment." + string(tt.status)}
			if got := r.announced(g.Reference); !slices.Equal(got, want) {
				t.Errorf("merchants hear %v", got)
			}
			history, err := r.store.History(t.Context(), shop, false, g.Reference)
			if err != nil || history[len(history)-1].Actor != "user:1" {
				t.Errorf("history %+v, %v", history, err)
			}
		})
	}
}

func TestAnAcceptedScanIsDecidedAtItsDeadline(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	g, s := r.acceptedScan()
	r.settle(r.cfg.SettlementWait + time.Hour)
	r.is(s.Reference, payment.Completed, payment.DetailAcceptedByBank, "")
	r.is(g.Reference, payment.Completed, payment.DetailAcceptedByBank, "")
}
