package store

import (
	"testing"
	"time"

	"european-pay.eu/eupay/services/payments/internal/payment"
)

// toOpen is p with what the provider answered, and the change that it means.
func toOpen(p payment.Payment) (payment.Payment, payment.Change) {
	due := p.CreatedAt.Add(time.Minute)
	p.ProviderID, p.PaymentURL, p.DueAt, p.QuietPolls = "77", "https://bank.example/77", &due, 1
	return p, payment.Change{
		To: payment.PendingSCA, Cause: payment.CauseAPI, ProviderState: "created", ProviderRaw: []byte(`{"id":77}`), Event: "payment.pending_sca",
	}
}

func TestOpenWritesThePaymentItsHistoryAndItsEvent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, _, err := b.Create(t.Context(), draft(ref("PAY", 1)), Idempotency{}, Meta{})
	if err != nil {
		t.Fatal(err)
	}
	fresh, c := toOpen(p)
	after, opened, err := b.Open(t.Context(), fresh, c, Meta{})
	if err != nil || !opened {
		t.Fatalf("opened %v, %v", opened, err)
	}
	stored, err := b.ByReference(t.Context(), p.Reference)
	if err != nil {
		t.Fatal(err)
	}
	for what, got := range map[string]payment.Payment{"returned": after, "stored": stored} {
		if got.Status != payment.PendingSCA || got.Sequence != 2 || got.ProviderID != "77" || got.PaymentURL != fresh.PaymentURL ||
			got.RequestedAt != nil || got.ProviderState != "created" || !got.DueAt.Equal(*fresh.DueAt) || got.QuietPolls != 1 {
			t.Errorf("%s: %+v", what, got)
		}
	}
	history, err := b.History(t.Context(), merchant, false, p.Reference)
	if err != nil || len(history) != 2 || history[1].To != "pending_sca" || history[1].From != "pending" || history[1].ProviderState != "created" {
		t.Errorf("history %+v, %v", history, err)
	}
	if types := b.events(t); len(types) != 2 || types[1] != "payment.pending_sca" {
		t.Errorf("events %v", types)
	}
}

func TestOpenDoesNotTouchAPaymentThatChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tests := map[string]func(payment.Payment){
		"cancelled": func(p payment.Payment) { b.move(t, p.Reference, payment.Cancelled) },
		"cancellation asked for": func(p payment.Payment) {
			b.edit(t, p.Reference, func(q *payment.Payment) { q.CancelRequested = true })
		},
		"adopted with another provider id": func(p payment.Payment) {
			b.edit(t, p.Reference, func(q *payment.Payment) { q.ProviderID = "78" })
		},
		"opened already": func(p payment.Payment) {
			fresh, c := toOpen(p)
			if _, opened, err := b.Open(t.Context(), fresh, c, Meta{}); err != nil || !opened {
				t.Fatalf("opened %v, %v", opened, err)
			}
		},
	}
	n := 0
	for name, before := range tests {
		n++
		p, _, err := b.Create(t.Context(), draft(ref("PAY", n)), Idempotency{}, Meta{})
		if err != nil {
			t.Fatal(err)
		}
		before(p)
		was, err := b.ByReference(t.Context(), p.Reference)
		if err != nil {
			t.Fatal(err)
		}
		events := len(b.events(t))
		fresh, c := toOpen(p)
		fresh.ProviderID += map[bool]string{true: "", false: "9"}[name == "opened already"]
		_, opened, err := b.Open(t.Context(), fresh, c, Meta{})
		if err != nil || opened {
			t.Errorf("%s: opened %v, %v", name, opened, err)
		}
		is, err := b.ByReference(t.Context(), p.Reference)
		if err != nil || is.Sequence != was.Sequence || is.Status != was.Status || is.ProviderID != was.ProviderID || len(b.events(t)) != events {
			t.Errorf("%s: it was changed from %+v to %+v, %v", name, was, is, err)
		}
	}
}

// edit changes fields without a change of status.
func (b *bench) edit(t *testing.T, reference string, change func(*payment.Payment)) {
	t.Helper()
	_, err := b.Update(t.Context(), reference, Meta{}, func(p *payment.Payment) payment.Step {
		change(p)
		return payment.Noted
	})
	if err != nil {
		t.Fatal(err)
	}
}
