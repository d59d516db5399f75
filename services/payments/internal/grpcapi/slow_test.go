package grpcapi

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/vaulttest"
	"european-pay.eu/eupay/internal/run/pg"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
	"european-pay.eu/eupay/services/payments/migrations"
)

// TestListsThatHangStopNoCreation: twenty clients that listed made 30 of 400 creations fail.
func TestListsThatHangStopNoCreation(t *testing.T) {
	t.Parallel()
	pool, url := pgtest.New(t, "payments", migrations.FS)
	log := slog.New(slog.DiscardHandler)
	reads, err := pg.OpenReads(t.Context(), pg.Settings{URL: url, Schema: "payments"}, pg.ReadSettings{MaxConns: 1, Timeout: 200 * time.Millisecond}, pool, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reads.Close)
	db := store.New(pool, vaulttest.New(t), time.Now, func() {})
	db.ReadFrom(reads)
	s, merchant, due := New(db, time.Now), uuid.NewString(), time.Now()
	both := func(what, reference string, patience time.Duration) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		_, err := s.ListPayments(ctx, &paymentsv1.ListPaymentsRequest{MerchantId: merchant, Page: 1, Limit: 20})
		if e := errs.From(err); !errs.Is(err, errs.Unavailable) || e.RetryAfter == 0 || e.Message != errs.TooMuch().Message || ctx.Err() != nil {
			t.Errorf("%s: the list answers %v, with its caller's %v", what, err, ctx.Err())
		}
		if _, _, err := db.Create(t.Context(), payment.Payment{
			Reference: reference, Kind: payment.KindPayment, MerchantID: merchant, Amount: 2999, Currency: "EUR", Description: "x",
			ExecutionType: "instant", Beneficiary: payment.Party{Kind: payment.Corporate}, DueAt: &due, ExpiresAt: due,
		}, store.Idempotency{}, store.Meta{}); err != nil {
			t.Errorf("%s: the creation answers %v", what, err)
		}
	}

	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `lock table row_counts in access exclusive mode`); err != nil {
		t.Fatal(err)
	}
	both("a statement that hangs", "PAY-1", time.Minute)
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}

	own, _ := reads.Pools()
	held, err := own.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	both("no connection is left", "PAY-2", 2*time.Second)
	held.Release()
	list, err := s.ListPayments(t.Context(), &paymentsv1.ListPaymentsRequest{MerchantId: merchant, Page: 1, Limit: 20})
	if err != nil || list.GetTotal() != 2 {
		t.Errorf("afterwards: %v, %v", list, err)
	}
}
