package reward

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/events"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// before awards points with the statements of the version before this one.
func (f *fixture) before(pay *paymentsv1.Payment, worth int64) {
	f.t.Helper()
	err := pgx.BeginFunc(f.t.Context(), f.pool, func(tx pgx.Tx) error {
		var had int64
		if err := tx.QueryRow(f.t.Context(), `select coalesce((select points from loyalty_payments where reference = $1), 0)`, pay.GetReference()).Scan(&had); err != nil {
			return err
		}
		tag, err := tx.Exec(f.t.Context(), `insert into loyalty_payments (reference, customer_id, merchant_id, livemode, sequence, points) values ($1, $2, $3, $4, $5, $6)
			on conflict (reference) do update set sequence = excluded.sequence, points = excluded.points
			where loyalty_payments.sequence < excluded.sequence and loyalty_payments.customer_id = excluded.customer_id`,
			pay.GetReference(), pay.GetCustomerId(), pay.GetMerchantId(), pay.GetLivemode(), pay.GetSequence(), worth)
		if err != nil || tag.RowsAffected() == 0 || worth == had {
			return err
		}
		kind := "earned"
		if worth < had {
			kind = "taken_back"
		}
		_, err = tx.Exec(f.t.Context(), `with account as (
				insert into loyalty_accounts as a (customer_id, livemode, balance) values ($2, $3, $8)
				on conflict (customer_id, livemode) do update set balance = a.balance + excluded.balance returning balance
			)
			insert into loyalty_entries (id, customer_id, livemode, merchant_id, merchant_name, reference, kind, points, balance, occurred_at)
			select $1, $2, $3, $4, $5, $6, $7, $8, account.balance, $9 from account`,
			events.NewID(), pay.GetCustomerId(), pay.GetLivemode(), pay.GetMerchantId(), "Café", pay.GetReference(), kind, worth-had, noon)
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// memberIs is the ledger of a customer of the app at the merchant.
func (f *fixture) customerLedger(customer string) string {
	f.t.Helper()
	id, _, err := memberOf(f.t.Context(), f.pool, "m_1", false, name{byCustomer, customer})
	if err != nil {
		f.t.Fatal(err)
	}
	if id == "" {
		return "no member"
	}
	return f.ledger(f.t, "m_1", id)
}

// TestBothVersionsAwardPointsToTheSameCustomer, in turns, as in a rollout that goes back and forth.
func TestBothVersionsAwardPointsToTheSameCustomer(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.handle(t, participates("m_1", true, noon))
	f.before(payment("PAY-1", "c_1", 1000, 0, 3), 10)
	f.before(payment("PAY-2", "c_1", 500, 0, 3), 5)
	f.handle(t, paid(payment("PAY-1", "c_1", 1000, 300, 4)))
	f.is("c_1", "+10 +5 -3 = 12")
	f.before(payment("PAY-1", "c_1", 1000, 1000, 5), 0)
	f.is("c_1", "+10 +5 -3 -7 = 5")
	f.handle(t, paid(payment("PAY-1", "c_1", 1000, 300, 4)), paid(payment("PAY-3", "c_1", 200, 0, 3)))
	f.is("c_1", "+10 +5 -3 -7 +2 = 7")
	f.before(payment("PAY-3", "c_1", 200, 100, 4), 1)
	f.handle(t, paid(payment("PAY-3", "c_1", 200, 100, 4)), paid(payment("PAY-2", "c_1", 500, 500, 4)))
	f.is("c_1", "+10 +5 -3 -7 +2 -1 -5 = 1")
	if got := f.customerLedger("c_1"); got != "earned +10, earned +5, taken_back -3, taken_back -7, earned +2, taken_back -1, taken_back -5" {
		t.Errorf("the merchant's ledger has %s", got)
	}
}

// TestPointsOfTheVersionBeforeCanBeRedeemed: they are taken over without an event, and nobody has to do anything.
func TestPointsOfTheVersionBeforeCanBeRedeemed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.handle(t, participates("m_1", true, noon))
	f.before(payment("PAY-1", "c_1", 1000, 0, 3), 10)
	f.before(payment("PAY-2", "c_2", 1000, 0, 3), 10)
	other := payment("PAY-3", "c_1", 900, 0, 3)
	other.MerchantId = "m_2"
	f.before(other, 9)
	for range 2 {
		if err := f.s.Adopt(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	list, err := f.s.ListMembers(t.Context(), &qrv1.ListMembersRequest{MerchantId: "m_1", Limit: 10})
	if err != nil || list.GetTotal() != 2 || list.GetMembers()[0].GetBalance() != 10 {
		t.Fatal(list, err)
	}
	var id string
	for _, m := range list.GetMembers() {
		if m.GetCustomerId() == "c_1" {
			id = m.GetId()
		}
	}
	held, err := f.hold("m_1", id, 4)
	if err != nil {
		t.Fatal(err)
	}
	f.is("c_1", "+10 +9 = 19")
	if _, err := f.capture("m_1", held.GetId()); err != nil {
		t.Fatal(err)
	}
	f.is("c_1", "+10 +9 -4 = 15")
	var announced int
	if err := f.pool.QueryRow(t.Context(), `select count(*) from outbox where event_type <> 'reward.redeemed'`).Scan(&announced); err != nil || announced != 0 {
		t.Errorf("%d events of what was taken over, %v", announced, err)
	}
}

// TestAProgramOfTheMerchantsOwnFollowsTheDefaultOne: what was earned before stays under the old rules, also when it is refunded.
func TestAProgramOfTheMerchantsOwnFollowsTheDefaultOne(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.handle(t, participates("m_1", true, noon))
	first := payment("PAY-1", "c_1", 1000, 0, 3)
	f.handle(t, paid(first))
	f.now = noon.Add(time.Hour)
	f.program(t, "m_1", &qrv1.RewardProgram{Active: true, PointsPerEuroHundredths: 500})
	later := func(refunded, sequence int64) *paymentsv1.Payment {
		p := payment("PAY-2", "c_1", 1000, refunded, sequence)
		p.CompletedAt = stamp(&f.now)
		return p
	}
	refunded := payment("PAY-1", "c_1", 1000, 500, 4)
	f.handle(t, paid(later(0, 3)), paid(refunded), paid(later(1000, 4)))
	f.is("c_1", "+10 +50 -5 -50 = 5")
	// The version before must not correct what it does not know the rules of.
	f.before(later(0, 9), 10)
	f.is("c_1", "+10 +50 -5 -50 = 5")
}
