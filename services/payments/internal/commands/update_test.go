package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/nats-io/nats.go"

	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/command"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/engine"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
)

// hint publishes a hint about a provider payment, as the gateway does for a webhook.
func (b *bench) hint(id string) {
	b.t.Helper()
	update := &paymentsv1.ProviderUpdate{ProviderPaymentId: id, Source: "webhook"}
	if err := b.client.Post(b.t.Context(), command.ProviderUpdate, update, command.Meta{}); err != nil {
		b.t.Fatal(err)
	}
}

func TestSlowReadsDoNotBlockCreates(t *testing.T) {
	b := setup(t, func(_ *engine.Config, p *provider) { p.holdReads = make(chan struct{}) })
	const more = maxRecording + 20
	for n := range more {
		last(b.send(command.CreatePayment, order(n)))
	}
	for n := range more {
		b.hint(fmt.Sprint(n + 1))
	}
	b.until("all hints wait for the bank", func() bool { return b.provider.reads.Load() == more })
	if r := last(b.send(command.CreatePayment, order(more))); r.GetPayment().GetPaymentUrl() == "" {
		t.Errorf("a create behind hints: %v", r)
	}
	close(b.provider.holdReads)
}

// TestAHintThatCannotBeRecordedComesAgain: while the database took no writes, a hint was acknowledged without an effect. The next read of a
// standing order can be six hours away.
func TestAHintThatCannotBeRecordedComesAgain(t *testing.T) {
	b := setup(t)
	made := last(b.send(command.CreatePayment, order(1))).GetPayment()
	was, err := b.store.ByReference(t.Context(), made.GetReference())
	if err != nil {
		t.Fatal(err)
	}
	b.provider.set("1", powens.Done, "")
	for _, sql := range []string{
		`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no writes' using errcode = 'read_only_sql_transaction'; end $$`,
		`create trigger refuse before update on payments for each row execute function refuse()`,
	} {
		if _, err := b.pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	b.hint("1")
	b.until("the payment is read again", func() bool { return b.provider.reads.Load() > 1 })
	if _, err := b.pool.Exec(t.Context(), `drop trigger refuse on payments`); err != nil {
		t.Fatal(err)
	}
	b.until("the payment is completed, or to be read at another time", func() bool {
		p, err := b.store.ByReference(t.Context(), made.GetReference())
		return err == nil && (p.Status == payment.Completed || !p.DueAt.Equal(*was.DueAt)) // the last attempt may have met a database that takes its due time
	})
}

// TestASlowCommandIsNotRedelivered: the broker redelivers a command 4 s after the last sign of progress,
// so that a disconnected node blocks nothing.
func TestASlowCommandIsNotRedelivered(t *testing.T) {
	b := setup(t, func(_ *engine.Config, p *provider) { p.holdReads = make(chan struct{}) })
	last(b.send(command.CreatePayment, order(1)))
	var words atomic.Int32
	sub, err := b.bus.NC.Subscribe("$JS.ACK."+bus.Commands+"."+durable+".>", func(m *nats.Msg) {
		if string(m.Data) == "+WPI" { // work in progress
			words.Add(1)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sub.Unsubscribe(); err != nil {
			t.Error(err)
		}
	})
	b.hint("1")
	b.until("it is worked on for longer than that", func() bool { return words.Load() > 4 })
	c, err := b.bus.JS.Consumer(t.Context(), bus.Commands, durable)
	if err != nil {
		t.Fatal(err)
	}
	if info := c.CachedInfo(); info.NumRedelivered > 0 || b.provider.reads.Load() != 1 {
		t.Errorf("handed out again: %d, %d reads", info.NumRedelivered, b.provider.reads.Load())
	}
	close(b.provider.holdReads)
}

func TestABurstOfHintsCausesAtMostOneMoreRead(t *testing.T) {
	b := setup(t, func(_ *engine.Config, p *provider) { p.holdReads = make(chan struct{}) })
	p := last(b.send(command.CreatePayment, order(1))).GetPayment()
	for range 10 {
		b.hint("1")
	}
	b.provider.set("1", powens.Done, "")
	close(b.provider.holdReads)
	// The payer's return comes behind them all and must be answered with what the bank says.
	r := last(b.send(command.ProviderUpdate, &paymentsv1.ProviderUpdate{Reference: p.GetReference(), Source: "return"}))
	if r.GetPayment().GetStatus() != "completed" || b.provider.reads.Load() > 2 {
		t.Errorf("%d reads, then %v", b.provider.reads.Load(), r)
	}
}

func TestTheKeyedMutexSerialisesItsUsers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := keyedMutex{locks: make(map[string]*keyLock)}
		var order strings.Builder
		if waited, err := all.lock(t.Context(), "a"); waited || err != nil {
			t.Fatal(waited, err)
		}
		if waited, err := all.lock(t.Context(), "b"); waited || err != nil {
			t.Error("another key waits")
		}
		all.unlock("b")
		impatient, giveUp := context.WithCancel(t.Context())
		go func() {
			if _, err := all.lock(impatient, "a"); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		}()
		go func() {
			if waited, err := all.lock(t.Context(), "a"); !waited || err != nil {
				t.Error(waited, err)
			}
			order.WriteString("second ")
			all.unlock("a")
		}()
		synctest.Wait()
		if !all.hasWaiters("a") || all.hasWaiters("b") {
			t.Error("who waits is not known")
		}
		giveUp()
		synctest.Wait()
		order.WriteString("first ")
		all.unlock("a")
		synctest.Wait()
		if order.String() != "first second " || len(all.locks) != 0 {
			t.Errorf("order %s, %d turns are kept", order.String(), len(all.locks))
		}
	})
}

func TestHintsOfAHangingBankAreDeferredToTheSweeper(t *testing.T) {
	b := setup(t)
	p := last(b.send(command.CreatePayment, order(1))).GetPayment()
	for range maxBankCalls { // everybody waits for the bank
		b.bankSlots[false] <- struct{}{}
	}
	cancel := &paymentsv1.CancelPayment{Reference: p.GetReference(), MerchantId: shop.GetId()}
	if r := last(b.send(command.CancelPayment, cancel)); r.GetErrorCode() != "SERVICE_UNAVAILABLE" || r.GetRetryAfter() == 0 {
		t.Errorf("a cancellation more: %v", r)
	}
	before, err := b.store.ByReference(t.Context(), p.GetReference())
	if err != nil {
		t.Fatal(err)
	}
	r := last(b.send(command.ProviderUpdate, &paymentsv1.ProviderUpdate{Reference: p.GetReference(), Source: "return"}))
	if r.GetPayment().GetStatus() != "pending_sca" || b.provider.reads.Load() != 0 {
		t.Errorf("a hint more: %v, %d reads", r, b.provider.reads.Load())
	}
	after, err := b.store.ByReference(t.Context(), p.GetReference())
	if err != nil || !after.DueAt.Before(*before.DueAt) {
		t.Errorf("the payment is due at %v, as before", after.DueAt)
	}
}
