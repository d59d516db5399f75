package settlement

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/kit/rounds"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
)

// init draws fewer histories where every change is tested.
func init() { rounds.Draws(100) }

// connectedAccount stores a connected account of a new merchant, without a visit to its bank.
func (r *rig) connectedAccount() (m, accountID string) {
	r.t.Helper()
	m, accountID = r.merchant(ownIBAN), uuid.NewString()
	sealed := r.vault.Seal(ownIBAN, owner{ID: m}.SealedFor("receiving iban"))
	_, err := r.pool.Exec(r.ctx(), `insert into bank_users values ($1::uuid, false, 'u', 'k', 'x', $2)`, m, noon)
	r.must(err)
	_, err = r.pool.Exec(r.ctx(), `insert into receiving_accounts (id, merchant_id, livemode, provider_account_id, connection_id, bank_name, name,
			iban_masked, iban_key_id, iban_sealed, iban_fingerprint, state, due_at, read_from, connected_at)
		values ($1::uuid, $2, false, 'a', $1::uuid::text, 'Bank', 'Account', 'FR14', $3, $4, $5, 'connected', $6, $7, $7)`,
		accountID, m, sealed.KeyID, sealed.Data, r.consents.Hash(ownIBAN), noon.AddDate(1, 0, 0), noon)
	r.must(err)
	return m, accountID
}

func (r *rig) matchAll(accountID string) {
	r.t.Helper()
	for {
		n, err := r.matchSome(r.ctx(), accountID)
		r.must(err)
		if n == 0 {
			return
		}
	}
}

// How a bank books a payment, for the property.
const (
	byName     = "with its reference"
	inHalves   = "in halves with its reference"
	twice      = "twice with its reference"
	mute       = "without its reference"
	withOthers = "in a batch with the next payment"
	notAtAll   = "not at all"
)

// Whatever the order in which payments become known and lines come: no credit is counted twice, every payment that lines name is settled
// by them, and those that nothing comes for are not settled.
func TestEveryCertainPairIsFoundInWhateverOrder(t *testing.T) {
	t.Parallel()
	r := setup(t)
	rapid.Check(t, func(t *rapid.T) {
		m, accountID := r.connectedAccount()
		n := rapid.IntRange(1, 5).Draw(t, "payments")
		var payments []payment.Payment
		var ways []string
		var lines []powens.BankLine
		add := func(p payment.Payment, cents money.Cents, text string) {
			iban := p.Payer.IBAN
			if rapid.Bool().Draw(t, "anonymous") && text != "VIR SEPA" {
				iban = ""
			}
			lines = append(lines, powens.BankLine{ID: fmt.Sprint(len(lines) + 1), Cents: cents, On: noon.Truncate(24 * 3600 * 1e9), Updated: noon, Text: text, IBAN: iban})
		}
		for range n {
			amount := money.Cents(rapid.SampledFrom([]int{1000, 2000}).Draw(t, "amount"))
			payments = append(payments, r.executed(m, amount, rapid.SampledFrom([]string{adaIBAN, bobIBAN}).Draw(t, "payer")))
		}
		for i := 0; i < n; i++ {
			p := payments[i]
			way := rapid.SampledFrom([]string{byName, inHalves, twice, mute, withOthers, notAtAll}).Draw(t, "way")
			if way == withOthers && i+1 == n {
				way = byName
			}
			ways = append(ways, way)
			switch way {
			case byName:
				add(p, p.Amount, "VIR "+p.Reference)
			case inHalves:
				add(p, p.Amount/2, "VIR "+p.Reference)
				add(p, p.Amount/2, "VIR "+p.Reference)
			case twice:
				add(p, p.Amount, "VIR "+p.Reference)
				add(p, p.Amount, "VIR "+p.Reference)
			case mute:
				add(p, p.Amount, "VIR SEPA")
			case withOthers:
				lines = append(lines, powens.BankLine{
					ID: fmt.Sprint(len(lines) + 1), Cents: p.Amount + payments[i+1].Amount, On: noon.Truncate(24 * 3600 * 1e9), Updated: noon,
					Text: "REMISE " + p.Reference + " " + payments[i+1].Reference,
				})
				ways = append(ways, withOthers)
				i++
			}
		}
		r.arrive(t, accountID, payments, lines)
		for i, p := range payments {
			settled := r.payment(p.Reference).SettledAt != nil
			switch ways[i] {
			case mute:
			case notAtAll:
				if settled && !r.hasMute(ways) {
					t.Fatalf("%s came %s and is settled", p.Reference, ways[i])
				}
			default:
				if !settled || !r.onlyNamed(p.Reference) {
					t.Fatalf("%s came %s: settled %t", p.Reference, ways[i], settled)
				}
			}
		}
		r.noCreditIsCountedTwice(t)
	})
}

func (r *rig) hasMute(ways []string) bool { return strings.Contains(strings.Join(ways, ","), mute) }

// arrive lets payments become known and lines come in an order of its own, and matches in between.
func (r *rig) arrive(t *rapid.T, accountID string, payments []payment.Payment, lines []powens.BankLine) {
	var steps []func()
	for _, p := range payments {
		steps = append(steps, func() { r.hear(p.Reference) })
	}
	for i := range lines {
		steps = append(steps, func() { r.recordAll(accountID, lines[i:i+1]) })
	}
	for _, i := range rapid.Permutation(indexes(len(steps))).Draw(t, "order") {
		steps[i]()
		if rapid.Bool().Draw(t, "match now") {
			r.matchAll(accountID)
		}
	}
	r.matchAll(accountID)
}

func indexes(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// onlyNamed reports whether all matches of a payment are by its reference.
func (r *rig) onlyNamed(reference string) (only bool) {
	r.must(r.pool.QueryRow(r.ctx(), `select bool_and(rule = 'reference') from settlement_matches where reference = $1 and undone_at is null`, reference).Scan(&only))
	return only
}

type fataler interface {
	Fatalf(format string, args ...any)
}

func (r *rig) noCreditIsCountedTwice(t fataler) {
	rows, err := r.pool.Query(r.ctx(), `select 'line ' || l.id::text from bank_lines l left join (select line_id, sum(amount_cents) cents from settlement_matches
			where undone_at is null group by line_id) m on m.line_id = l.id where l.matched_cents <> coalesce(m.cents, 0) or l.matched_cents > abs(l.amount_cents)
		union all select 'payment ' || i.reference from settlement_items i left join (select reference, sum(amount_cents) cents from settlement_matches
			where undone_at is null group by reference) m on m.reference = i.reference where i.matched_cents <> coalesce(m.cents, 0)
		union all select 'settled ' || p.reference from payments p join settlement_items i on i.reference = p.reference
			where (p.settled_at is not null) <> (i.matched_cents = i.amount_cents)
		union all select 'listed ' || coalesce(p.reference, s.reference) from (select * from payments where settled_at is not null) p
			full join payment_settlements s using (merchant_id, livemode, settled_at, reference) where p.reference is null or s.reference is null`)
	r.must(err)
	wrong, err := pgx.CollectRows(rows, pgx.RowTo[string])
	r.must(err)
	if len(wrong) > 0 {
		t.Fatalf("the books do not agree: %v", wrong)
	}
}

// Several replicas match, hear of payments and record lines of one account at the same time.
func TestReplicasMatchTheSameAccount(t *testing.T) {
	t.Parallel()
	r := setup(t)
	m, accountID := r.connectedAccount()
	const n = 120
	var payments []payment.Payment
	var lines []powens.BankLine
	for i := range n {
		p := r.executed(m, 1000, adaIBAN)
		payments = append(payments, p)
		lines = append(lines, powens.BankLine{ID: fmt.Sprint(i), Cents: 1000, On: noon.Truncate(24 * 3600 * 1e9), Updated: noon, Text: p.Reference, IBAN: adaIBAN})
	}
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for i := w; i < n; i += 4 {
				r.hear(payments[i].Reference)
				r.recordAll(accountID, lines[n-1-i:n-i])
				if _, err := r.matchSome(r.ctx(), accountID); err != nil {
					r.t.Error(err)
				}
			}
		})
	}
	all.Wait()
	r.matchAll(accountID)
	r.noCreditIsCountedTwice(t)
	if settled := r.events("payment.settled"); settled != n {
		t.Errorf("%d of %d are settled", settled, n)
	}
}

// More lines than one worker reads in a turn come at once: others have their turn in between, and none is lost or recorded twice.
func TestManyLinesAtOnce(t *testing.T) {
	t.Parallel()
	r := setup(t)
	m := r.merchant(ownIBAN)
	r.connect(m)
	const n = 11_000
	for i := range n {
		r.book(m, int64(100+i%7), fmt.Sprintf("VIR %d", i), "")
	}
	r.sync()
	r.must(r.Sweep(t.Context())) // the next turn
	var count, distinct int
	r.must(r.pool.QueryRow(t.Context(), `select count(*), count(distinct provider_id) from bank_lines`).Scan(&count, &distinct))
	if count != n || distinct != n {
		t.Errorf("%d lines are recorded, %d different ones", count, distinct)
	}
	if calls := r.bank.Stats()["transactions"]; calls < 12 || calls > 20 {
		t.Errorf("%d calls", calls)
	}
}
