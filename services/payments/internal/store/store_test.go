package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/vaulttest"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/migrations"
)

type bench struct {
	*Store
	pool *pgxpool.Pool
	now  time.Time
}

func setup(t testing.TB) *bench {
	t.Helper()
	pool, _ := pgtest.New(t, "payments", migrations.FS)
	b := &bench{pool: pool, now: time.Date(2026, 6, 17, 12, 20, 20, 979123456, time.UTC)}
	b.Store = New(pool, vaulttest.New(t), func() time.Time { return b.now }, func() {})
	return b
}

var merchant = uuid.NewString()

func draft(reference string) payment.Payment {
	at := time.Date(2026, 6, 17, 12, 20, 20, 0, time.UTC)
	return payment.Payment{
		Reference: reference, Kind: payment.KindPayment, MerchantID: merchant, Amount: 2999, Currency: "EUR",
		Description: "Order #1042", ExecutionType: "instant", MerchantName: "Shop",
		Beneficiary: payment.Party{Name: "Shop", IBAN: "FR1420041010050500013M02606", Kind: payment.Corporate},
		RequestedAt: &at, DueAt: &at, ExpiresAt: at.Add(24 * time.Hour),
	}
}

// completed records a payment and completes it, as the bank would.
func (b *bench) completed(t testing.TB, reference string, amount money.Cents) payment.Payment {
	t.Helper()
	p := draft(reference)
	p.Amount = amount
	if _, _, err := b.Create(t.Context(), p, Idempotency{}, Meta{}); err != nil {
		t.Fatal(err)
	}
	return b.move(t, reference, payment.Completed)
}

func (b *bench) move(t testing.TB, reference string, to payment.Status) payment.Payment {
	t.Helper()
	p, err := b.Update(t.Context(), reference, Meta{}, func(p *payment.Payment) payment.Step {
		p.Payer = payment.Party{Name: "Payer", IBAN: "FR7630006000011234567890189"}
		return payment.Changed(payment.Change{To: to, Cause: payment.CauseProvider, Event: payment.EventType(p.Kind, to)})
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (b *bench) events(t testing.TB) []string {
	t.Helper()
	rows, err := b.pool.Query(context.Background(), `select event_type from outbox order by id`)
	if err != nil {
		t.Fatal(err)
	}
	types, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return types
}

func refundDraft(reference, original string) payment.Payment {
	p := draft(reference)
	p.Kind, p.OriginalReference, p.Amount = payment.KindRefund, original, 0
	return p
}

func ref(kind string, n int) string { return fmt.Sprintf("%s-20260617-%016X", kind, n) }
