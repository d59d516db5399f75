package payment

import (
	"testing"

	"pgregory.net/rapid"
)

func TestDecideFollowsTheProvidersState(t *testing.T) {
	tests := []struct {
		name     string
		detail   string
		wait     bool
		seen     Observation
		status   Status
		toDetail string
		failure  string
	}{
		{name: "registered", seen: Observation{State: "created"}, status: PendingSCA},
		{name: "payer is at the bank", seen: Observation{State: "validating"}, status: PendingSCA, toDetail: DetailAuthorising},
		{name: "bank has it", seen: Observation{State: "pending"}, status: PendingSCA, toDetail: DetailBankProcessing},
		{name: "cancellation, newer word", seen: Observation{State: "pending", StateDetail: "cancelling"}, status: PendingSCA, toDetail: DetailCancelling},
		{name: "cancellation, older word", seen: Observation{State: "pending", StateDetail: "cancelling_webauth"}, status: PendingSCA, toDetail: DetailCancelling},
		{name: "done", seen: Observation{State: "done"}, status: Completed},
		{name: "accepted counts", seen: Observation{State: "accepted"}, status: Completed, toDetail: DetailAcceptedByBank},
		{name: "accepted waits", wait: true, seen: Observation{State: "accepted"}, status: PendingSCA, toDetail: DetailAcceptedByBank},
		{name: "payer cancelled", seen: Observation{State: "rejected", ErrorCode: "CancelledByUser"}, status: Cancelled, failure: "cancelled_by_user"},
		{name: "payer cancelled, other spelling", seen: Observation{State: "rejected", ErrorCode: "cancelledByUser"}, status: Cancelled, failure: "cancelled_by_user"},
		{name: "client cancelled", seen: Observation{State: "rejected", ErrorCode: "CancelledByClient"}, status: Cancelled, failure: "cancelled_by_client"},
		{name: "cancelled by our expiry", detail: DetailExpiring, seen: Observation{State: "rejected", ErrorCode: "CancelledByClient"}, status: Failed, failure: "expired"},
		{
			name: "refused by the bank while we expire it", detail: DetailExpiring,
			seen: Observation{State: "rejected", ErrorCode: "insufficientFunds"}, status: Failed, failure: "insufficient_funds",
		},
		{name: "bank refused", seen: Observation{State: "rejected", ErrorCode: "insufficientFunds"}, status: Failed, failure: "insufficient_funds"},
		{name: "refused without a known reason", seen: Observation{State: "rejected", ErrorCode: "brandNew"}, status: Failed, failure: "no_specified_reason"},
		{name: "expired", seen: Observation{State: "expired"}, status: Failed, failure: "expired"},
		{name: "a state nobody documented", seen: Observation{State: "hibernating"}, status: Pending, toDetail: DetailUnknown},
		{name: "partial belongs to bulk payments", seen: Observation{State: "partial"}, status: Pending, toDetail: DetailUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := Payment{Kind: KindPayment, Status: Pending, PaymentURL: "https://bank.example", Detail: tt.detail, WaitForSettlement: tt.wait}
			c, changed := Decide(p, tt.seen, CauseProvider)
			if !changed {
				t.Fatal("nothing changed")
			}
			if c.To != tt.status || c.Detail != tt.toDetail || c.Failure != tt.failure {
				t.Errorf("got %s/%s/%s, want %s/%s/%s", c.To, c.Detail, c.Failure, tt.status, tt.toDetail, tt.failure)
			}
			wantEvent := ""
			if tt.status != Pending {
				wantEvent = "payment." + string(tt.status)
			}
			if c.Event != wantEvent {
				t.Errorf("event %q, want %q", c.Event, wantEvent)
			}
		})
	}
}

func TestARejectionBeforeThereWasAURLIsARefusal(t *testing.T) {
	c, _ := Decide(Payment{Kind: KindPayment, Status: Pending}, Observation{State: "rejected", ErrorCode: "invalidEmitter"}, CauseProvider)
	if c.To != Failed || c.Detail != DetailRefused || c.Failure != "invalid_payer_account" {
		t.Errorf("got %+v", c)
	}
}

func TestARefundIsNotKeptWaitingForSettlement(t *testing.T) {
	c, _ := Decide(Payment{Kind: KindRefund, Status: PendingSCA, WaitForSettlement: true}, Observation{State: "accepted"}, CauseProvider)
	if c.To != Completed {
		t.Errorf("the refund is %s: its amount is reserved for ever", c.To)
	}
}

func TestAnotherAmountIsAnnouncedOnceAndNeverPays(t *testing.T) {
	for _, kind := range []Kind{KindPayment, KindRefund} {
		for _, state := range []string{"created", "validating", "pending", "done", "accepted"} {
			p := Payment{Kind: kind, Status: PendingSCA}
			o := Observation{State: state, DifferingAmount: "1.00 EUR"}
			c, changed := Decide(p, o, CauseProvider)
			if !changed || c.To != PendingSCA || c.Detail != DetailMismatch || c.Event != string(kind)+".amount_mismatch" || c.Note != "The bank shows 1.00 EUR." {
				t.Errorf("%s %s: %+v", kind, state, c)
			}
			p.Detail, p.ProviderState = c.Detail, "other"
			if c, _ := Decide(p, o, CauseProvider); c.Event != "" {
				t.Errorf("%s %s is announced again", kind, state)
			}
		}
		if c, _ := Decide(Payment{Kind: kind, Status: PendingSCA}, Observation{State: "expired", DifferingAmount: "1.00 EUR"}, CauseProvider); c.To != Failed {
			t.Errorf("an expired %s of another amount is %s, though no money moved", kind, c.To)
		}
	}
}

func TestARepeatedObservationChangesNothing(t *testing.T) {
	p := Payment{Kind: KindPayment, Status: PendingSCA, Detail: DetailBankProcessing, ProviderState: "pending"}
	if c, changed := Decide(p, Observation{State: "pending"}, CauseProvider); changed {
		t.Errorf("changed to %+v", c)
	}
	p.Status = Completed
	for _, state := range []string{"created", "validating", "pending", "done", "rejected", "expired", "nonsense"} {
		if c, changed := Decide(p, Observation{State: state, ErrorCode: "CancelledByUser"}, CauseProvider); changed {
			t.Errorf("a completed payment changed to %+v on %s", c, state)
		}
	}
}

func TestNoSequenceOfObservationsLeavesAFinalState(t *testing.T) {
	states := rapid.SampledFrom([]string{"created", "validating", "pending", "done", "accepted", "rejected", "expired", "partial", "", "x"})
	codes := rapid.SampledFrom([]string{"", "cancelledByUser", "insufficientFunds", "?"})
	rapid.Check(t, func(t *rapid.T) {
		p := Payment{Kind: KindPayment, Status: Pending, WaitForSettlement: rapid.Bool().Draw(t, "wait")}
		for range rapid.IntRange(1, 12).Draw(t, "news") {
			c, changed := Decide(p, Observation{State: states.Draw(t, "state"), ErrorCode: codes.Draw(t, "code")}, CauseProvider)
			if !changed {
				continue
			}
			if p.Status != c.To && !p.Status.CanMoveTo(c.To) {
				t.Fatalf("%s → %s", p.Status, c.To)
			}
			if p.Status.Final() {
				t.Fatalf("left the final state %s for %s", p.Status, c.To)
			}
			p.Status, p.Detail, p.ProviderState = c.To, c.Detail, c.ProviderState
		}
	})
}
