package reward

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/consume"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// lines are the customer's ledger, the oldest line first, and the balance.
func (f *fixture) lines(customer string) string {
	f.t.Helper()
	got, text := f.points(f.t, customer), ""
	for i := len(got.GetEntries()) - 1; i >= 0; i-- {
		text += fmt.Sprintf("%+d ", got.GetEntries()[i].GetPoints())
	}
	return text + fmt.Sprint("= ", got.GetBalance())
}

func (f *fixture) is(customer, want string) {
	f.t.Helper()
	if got := f.lines(customer); got != want {
		f.t.Errorf("%s has %s, want %s", customer, got, want)
	}
}

func TestAProgramGivesItsPointsForEachWholeEuroThatIsLeft(t *testing.T) {
	t.Parallel()
	f := setupWith(t, 3)
	list := []consume.Event{participates("m_1", true, noon), paid(payment("PAY-1", "c_1", 2999, 0, 3)), paid(payment("PAY-1", "c_1", 2999, 100, 4))}
	err := pgx.BeginFunc(t.Context(), f.pool, func(tx pgx.Tx) error { return f.s.Handle(t.Context(), tx, list) })
	if err != nil {
		t.Fatal(err)
	}
	f.is("c_1", "+87 -3 = 84")
}

func TestARefundThatComesBeforeItsPaymentCounts(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.handle(t, participates("m_1", true, noon))
	first, second, third := paid(payment("PAY-1", "c_1", 1000, 0, 3)), paid(payment("PAY-1", "c_1", 1000, 300, 4)), paid(payment("PAY-1", "c_1", 1000, 1000, 5))
	f.handle(t, second)
	f.handle(t, first)
	f.is("c_1", "+7 = 7")
	f.handle(t, third)
	f.handle(t, second)
	f.handle(t, third)
	f.is("c_1", "+7 -7 = 0")
}

func TestAPaymentsPointsStayWithItsCustomer(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.handle(t, participates("m_1", true, noon), paid(payment("PAY-1", "c_1", 2000, 0, 3)), paid(payment("PAY-1", "c_2", 2000, 500, 4)))
	f.is("c_1", "+20 = 20")
	f.is("c_2", "= 0")
}

func TestOnlyPaymentsEarn(t *testing.T) {
	t.Parallel()
	f := setup(t)
	refund := payment("REF-1", "c_1", 2000, 0, 3)
	refund.Kind = "refund"
	f.handle(t, participates("m_1", true, noon), paid(refund))
	f.is("c_1", "= 0")
}

func TestTheRefundOfLateMoneyGivesNoPoints(t *testing.T) {
	t.Parallel()
	f := setup(t)
	late := payment("PAY-1", "c_1", 2000, 500, 5)
	late.Status, late.LateReceipt = "failed", &paymentsv1.LateReceipt{AmountCents: 2000}
	f.handle(t, participates("m_1", true, noon), paid(late))
	f.is("c_1", "= 0")
}

func TestAPayloadOfTheOtherModeIsParked(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.handle(t, participates("m_1", true, noon))
	live := payment("PAY-1", "c_1", 1000, 0, 3)
	live.Livemode = true
	err := pgx.BeginFunc(t.Context(), f.pool, func(tx pgx.Tx) error { return f.s.Handle(t.Context(), tx, []consume.Event{paid(live)}) })
	if err == nil {
		t.Error("it was applied")
	}
}

// TestTwoRefundsAtOneTimeAreTakenBackOnce: a replica that lost its lead finishes the batch it has begun, while the next
// one begins another.
func TestTwoRefundsAtOneTimeAreTakenBackOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.handle(t, participates("m_1", true, noon), paid(payment("PAY-1", "c_1", 1000, 0, 3)))
	f.beside(paid(payment("PAY-1", "c_1", 1000, 300, 4)), paid(payment("PAY-1", "c_1", 1000, 1000, 5)))
	f.is("c_1", "+10 -3 -7 = 0")
}

// beside applies the second event while the transaction of the first one is open, which ends once the second waits for it.
func (f *fixture) beside(first, second consume.Event) {
	f.t.Helper()
	tx, err := f.pool.Begin(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if err := f.s.Handle(f.t.Context(), tx, []consume.Event{first}); err != nil {
		f.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		done <- pgx.BeginFunc(context.Background(), f.pool, func(tx pgx.Tx) error {
			return f.s.Handle(context.Background(), tx, []consume.Event{second})
		})
	}()
	f.waits()
	if err := tx.Commit(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	if err := <-done; err != nil {
		f.t.Fatal(err)
	}
}

// waits returns once a transaction of this database waits for another.
func (f *fixture) waits() {
	f.t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for waiting := 0; waiting == 0; {
		err := f.pool.QueryRow(f.t.Context(), `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).Scan(&waiting)
		if err != nil {
			f.t.Fatal(err)
		}
		select {
		case <-deadline:
			f.t.Fatal("never happened: the second transaction waits")
		case <-tick.C:
		}
	}
}
