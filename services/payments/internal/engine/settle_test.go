package engine

import (
	"testing"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// refund records a refund of all of the payment, as the command handler does.
func (b *bench) refund(t *testing.T, of payment.Payment) payment.Payment {
	t.Helper()
	now, due := b.clock, b.NewDueAt()
	p, _, err := b.store.Refund(t.Context(), payment.Payment{
		Reference: "REF" + of.Reference[3:], Kind: payment.KindRefund, OriginalReference: of.Reference, MerchantID: of.MerchantID,
		ExecutionType: "instant", MerchantName: "Shop", Payer: payment.Party{Name: "Shop", IBAN: "FR1420041010050500013M02606"},
		RequestedAt: &now, DueAt: &due, ExpiresAt: now.Add(b.cfg.SessionTTL),
	}, 0, store.Idempotency{}, store.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// sweepOf is sweep for one of several payments.
func (b *bench) sweepOf(reference string) payment.Payment {
	b.t.Helper()
	p, err := b.store.ByReference(b.t.Context(), reference)
	if err != nil || p.DueAt == nil {
		b.t.Fatalf("%s is %s and due to nobody, %v", reference, p.Status, err)
	}
	if p.DueAt.After(b.clock) {
		b.clock = *p.DueAt
	}
	claimed, err := b.store.ClaimDue(b.t.Context(), 10, b.cfg.Lease)
	if err != nil || len(claimed) != 1 || claimed[0].Reference != reference {
		b.t.Fatalf("claimed %d, %v", len(claimed), err)
	}
	return b.Process(b.t.Context(), claimed[0])
}

// accepted returns a payment that its bank only accepted, of a merchant that waits for settlement.
func (b *bench) accepted() payment.Payment {
	b.t.Helper()
	p := b.recorded()
	if _, err := b.pool.Exec(b.t.Context(), `update payments set wait_for_settlement = true`); err != nil {
		b.t.Fatal(err)
	}
	p.WaitForSettlement = true
	p = b.Request(b.t.Context(), p)
	b.bank.set(powens.Accepted, func(p *powens.Payment) { p.Payer = &powens.Account{IBAN: "FR7630006000011234567890189", Label: "P"} })
	p = b.Refresh(b.t.Context(), p, payment.CauseProvider)
	b.want(p, payment.PendingSCA, payment.DetailAcceptedByBank, "")
	return p
}

func (b *bench) lastChange() store.Entry {
	b.t.Helper()
	p := b.load()
	history, err := b.store.History(b.t.Context(), p.MerchantID, false, reference)
	if err != nil {
		b.t.Fatal(err)
	}
	return history[len(history)-1]
}

func TestAnAcceptedPaymentIsDecidedAtItsDeadline(t *testing.T) {
	b := setup(t)
	p := b.accepted()
	if p.Proto().GetPaymentUrl() != "" {
		t.Error("the payer is still sent to the bank")
	}
	if got := p.Proto().GetSettlementDeadline().AsTime(); !got.Equal(b.clock.Add(b.cfg.SettlementWait)) {
		t.Errorf("the deadline that is shown is %s", got)
	}
	deadline := *p.SettleBy
	for looks := 0; !b.load().Status.Final(); looks++ {
		if looks == 3 {
			t.Fatal("still open after three looks")
		}
		b.sweep()
	}
	b.want(b.load(), payment.Completed, payment.DetailAcceptedByBank, "")
	if b.clock.Before(deadline) || b.lastChange().Cause != payment.CauseExpiry {
		t.Errorf("completed at %s, before %s, because of %s", b.clock, deadline, b.lastChange().Cause)
	}
	if b.events("payment.stalled") != 1 || b.events("payment.completed") != 1 || b.load().Proto().GetSettlementDeadline() != nil {
		t.Errorf("stalled %d times, completed %d times", b.events("payment.stalled"), b.events("payment.completed"))
	}
}

func TestTheMerchantSaysWhetherAcceptedMoneyCame(t *testing.T) {
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
			b := setup(t)
			p := b.accepted()
			if _, _, err := b.Cancel(t.Context(), p); !errs.Is(err, errs.InvalidState) || len(b.bank.cancels) != 0 {
				t.Errorf("cancelled what the bank has executed: %v", err)
			}
			after, err := b.Settle(t.Context(), p, payment.SettlementReport{MoneyReceived: tt.came, Actor: "key:1", Note: "statement"}, store.Meta{})
			if err != nil {
				t.Fatal(err)
			}
			b.want(after, tt.status, tt.detail, tt.failure)
			if h := b.lastChange(); h.Cause != payment.CauseMerchant || h.Actor != "key:1" || h.Note != "statement" {
				t.Errorf("history %+v", h)
			}
			if b.events("payment."+string(tt.status)) != 1 {
				t.Error("not announced once")
			}
			if _, err := b.Settle(t.Context(), p, payment.SettlementReport{MoneyReceived: !tt.came, Actor: "key:1"}, store.Meta{}); !errs.Is(err, errs.InvalidState) {
				t.Errorf("said otherwise afterwards: %v", err)
			}
		})
	}
}

func TestAMerchantCannotSettleAnOpenPayment(t *testing.T) {
	b := setup(t)
	p := b.Request(t.Context(), b.recorded())
	if _, err := b.Settle(t.Context(), p, payment.SettlementReport{Actor: "key:1"}, store.Meta{}); !errs.Is(err, errs.InvalidState) {
		t.Errorf("got %v", err)
	}
	b.want(b.load(), payment.PendingSCA, "", "")
}

func TestAnotherAmountIsAnnouncedAndEndsUnpaid(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*powens.Payment)
		note   string
	}{
		{"less", func(p *powens.Payment) { p.Amount = 1 }, "The bank shows 0.01 EUR."},
		{"another currency", func(p *powens.Payment) { p.Currency = "SEK" }, "The bank shows 29.99 SEK."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := setup(t)
			p := b.Request(t.Context(), b.recorded())
			b.bank.set(powens.Done, tt.change)
			p = b.Refresh(t.Context(), p, payment.CauseProvider)
			b.want(p, payment.PendingSCA, payment.DetailMismatch, "")
			if b.events("payment.amount_mismatch") != 1 || b.lastChange().Note != tt.note {
				t.Errorf("announced %d times, history %+v", b.events("payment.amount_mismatch"), b.lastChange())
			}
			list, total, err := b.store.List(t.Context(), store.Filter{MerchantID: p.MerchantID, Detail: payment.DetailMismatch}, 10, 0)
			if err != nil || total.Rows != 1 || list[0].Reference != reference {
				t.Errorf("listed %d, %v", total.Rows, err)
			}
			if _, err := b.Settle(t.Context(), p, payment.SettlementReport{MoneyReceived: true, Actor: "key:1"}, store.Meta{}); !errs.Is(err, errs.InvalidState) {
				t.Errorf("completed with another amount: %v", err)
			}
			for looks := 0; !b.load().Status.Final(); looks++ {
				if looks == 4 {
					t.Fatal("still open")
				}
				b.sweep()
			}
			b.want(b.load(), payment.Failed, "", payment.FailureMismatch)
			if b.events("payment.amount_mismatch") != 1 || b.events("payment.failed") != 1 || b.events("payment.completed") != 0 {
				t.Error("announced twice, or not as failed, or as completed")
			}
		})
	}
}

func TestAPayerIsNotSentToASessionOfAnotherAmount(t *testing.T) {
	b := setup(t)
	b.bank.onCreate = func(create func() powens.Payment) (powens.Payment, error) {
		made := create()
		b.bank.payments[0].Amount, made.Amount = 1, 1
		return made, nil
	}
	p := b.Request(t.Context(), b.recorded())
	b.want(p, payment.Pending, payment.DetailMismatch, "")
	if p.PaymentURL != "" {
		t.Errorf("the payer is sent to %s", p.PaymentURL)
	}
	b.clock = b.clock.Add(b.cfg.SessionTTL)
	for looks := 0; !b.load().Status.Final(); looks++ {
		if looks == 4 {
			t.Fatalf("still open: %+v", b.load())
		}
		b.sweep()
	}
	b.want(b.load(), payment.Failed, "", payment.FailureExpired)
}

func TestTheApprovalOfACancellationIsShownWhileItIsMissing(t *testing.T) {
	b := setup(t)
	p := b.Request(t.Context(), b.recorded())
	const approve = "https://bank.example/approve"
	b.bank.onCancel = func(p *powens.Payment) (powens.Cancellation, error) {
		p.State, p.StateDetail = powens.Pending, "cancelling"
		return powens.Cancellation{Outcome: powens.NeedsPayer, Payment: *p, URL: approve}, nil
	}
	if _, url, err := b.Cancel(t.Context(), p); err != nil || url != approve {
		t.Fatal(url, err)
	}
	b.want(b.sweep(), payment.PendingSCA, payment.DetailCancelling, "")
	if got := b.load().Proto().GetAuthorisationUrl(); got != approve {
		t.Errorf("a read shows %q", got)
	}
	b.bank.set(powens.Pending, func(p *powens.Payment) { p.StateDetail = "" }) // the payer said no
	b.want(b.sweep(), payment.PendingSCA, payment.DetailBankProcessing, "")
	if got := b.load().ApprovalURL; got != "" {
		t.Errorf("the approval is over and still at %q", got)
	}
}

func TestAMerchantsRefundsNeverWaitForSettlement(t *testing.T) {
	b := setup(t)
	p := b.accepted()
	p, err := b.Settle(t.Context(), p, payment.SettlementReport{MoneyReceived: true, Actor: "key:1"}, store.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	refund := b.Request(t.Context(), b.refund(t, p))
	b.bank.set(powens.Accepted)
	b.want(b.Refresh(t.Context(), refund, payment.CauseProvider), payment.Completed, payment.DetailAcceptedByBank, "")
	if after := b.load(); after.AmountRefunded != money.Cents(2999) {
		t.Errorf("refunded %s", after.AmountRefunded)
	}
}

func TestARefundThatIsUnderWayIsCancelledAndFreesItsAmountOnce(t *testing.T) {
	b := setup(t)
	p := b.Request(t.Context(), b.recorded())
	b.bank.set(powens.Done, func(p *powens.Payment) { p.Payer = &powens.Account{IBAN: "FR7630006000011234567890189", Label: "P"} })
	b.Refresh(t.Context(), p, payment.CauseProvider)
	refund := b.Request(t.Context(), b.refund(t, p))
	if left := b.load().Refundable(); left != 0 {
		t.Fatalf("%s is left while all is reserved", left)
	}
	for range 2 { // said twice
		after, _, err := b.Cancel(t.Context(), refund)
		if err != nil || after.Status != payment.Cancelled {
			t.Fatalf("%s, %v", after.Status, err)
		}
	}
	if left := b.load().Refundable(); left != 2999 || b.events("refund.cancelled") != 1 {
		t.Errorf("%s is left, announced %d times", left, b.events("refund.cancelled"))
	}
}

func TestARefundThatTheBankDidIsNotCancelled(t *testing.T) {
	b := setup(t)
	p := b.Request(t.Context(), b.recorded())
	b.bank.set(powens.Done, func(p *powens.Payment) { p.Payer = &powens.Account{IBAN: "FR7630006000011234567890189", Label: "P"} })
	b.Refresh(t.Context(), p, payment.CauseProvider)
	refund := b.Request(t.Context(), b.refund(t, p))
	b.bank.onCancel = func(p *powens.Payment) (powens.Cancellation, error) { // the bank was faster
		p.State = powens.Done
		return powens.Cancellation{}, refused
	}
	if _, _, err := b.Cancel(t.Context(), refund); !errs.Is(err, errs.InvalidState) {
		t.Errorf("got %v", err)
	}
	if after := b.load(); after.AmountRefunded != 2999 || after.Refundable() != 0 {
		t.Errorf("refunded %s, %s is left", after.AmountRefunded, after.Refundable())
	}
}
