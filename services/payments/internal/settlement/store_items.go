package settlement

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/run/consume"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/settlement/match"
)

func referenceOf(e consume.Event) (string, error) {
	p := &eventsv1.PaymentChanged{}
	if err := proto.Unmarshal(e.Data, p); err != nil {
		return "", fmt.Errorf("read payment event: %w", err)
	}
	if p.GetPayment().GetReference() == "" || p.GetPayment().GetMerchantId() != e.Merchant {
		return "", errors.New("the payment in the event's data has no reference or another merchant than its headers")
	}
	return p.GetPayment().GetReference(), nil
}

func wordOf(p payment.Payment) string { return match.Word(p.MerchantReference) }

// expectable reads the payments of a condition whose money is expected on an account, with that account. Payments of scans are not:
// the payment that they pay is. Nor are mandates, which are executed many times and are no payment of their own, nor payments to suppliers.
// Nothing more is read of the payments of merchants that have connected no account, which are most.
func (s *Settlement) expectable(ctx context.Context, tx pgx.Tx, condition string, args ...any) ([]expected, error) {
	rows, err := tx.Query(ctx, `select p.reference from payments p where p.origin <> 'scan' and p.kind not in ('mandate', 'supplier')
		and (p.status in ('completed', 'refunded') or p.late_cents is not null or p.settle_by is not null and p.paid_by is null and p.kind = 'payment')
		and exists (select from receiving_accounts a where a.merchant_id = p.merchant_id and a.livemode = p.livemode and a.state in ('connected', 'disconnected'))
		and `+condition, args...)
	if err != nil {
		return nil, fmt.Errorf("read payments to expect: %w", err)
	}
	references, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(references) == 0 {
		return nil, err
	}
	payments, err := s.Payments.All(ctx, tx, references)
	if err != nil {
		return nil, err
	}
	accounts := map[string]string{} // by owner and number
	var list []expected
	for _, p := range payments {
		own := p.Beneficiary.IBAN
		if p.Kind == payment.KindRefund {
			own = p.Payer.IBAN
		}
		key := fmt.Sprintf("%s %t %s", p.MerchantID, p.Livemode, own)
		id, known := accounts[key]
		if !known {
			if id, err = s.accountWith(ctx, tx, p.MerchantID, p.Livemode, own); err != nil {
				return nil, err
			}
			accounts[key] = id
		}
		if id != "" {
			list = append(list, expected{p, id})
		}
	}
	return list, nil
}

// accountWith returns the connected account of a merchant with a number; "" if there is none.
func (s *Settlement) accountWith(ctx context.Context, tx pgx.Tx, merchantID string, livemode bool, iban string) (id string, err error) {
	if iban == "" {
		return "", nil
	}
	err = tx.QueryRow(ctx, `select id::text from receiving_accounts where merchant_id = $1 and livemode = $2 and iban_fingerprint = any ($3)
		and state in ('connected', 'disconnected')`, merchantID, livemode, s.consents.Hashes(iban)).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find the account of a payment: %w", err)
	}
	return id, nil
}

// expect records that payments are expected, each once, and looks again at the lines that may be their money. It locks their accounts
// in the order of their ids.
func (s *Settlement) expect(ctx context.Context, tx pgx.Tx, list []expected) error {
	slices.SortStableFunc(list, func(a, b expected) int {
		switch {
		case a.accountID < b.accountID:
			return -1
		case a.accountID > b.accountID:
			return 1
		}
		return 0
	})
	for len(list) > 0 {
		n := slices.IndexFunc(list, func(e expected) bool { return e.accountID != list[0].accountID })
		if n < 0 {
			n = len(list)
		}
		if _, err := lockAccount(ctx, tx, list[0].accountID); err != nil {
			return err
		}
		if err := s.expectOn(ctx, tx, list[0].accountID, list[:n]); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// expectOn records the payments that are expected on one account, which is locked.
func (s *Settlement) expectOn(ctx context.Context, tx pgx.Tx, accountID string, list []expected) error {
	type sealed struct {
		keyID       string
		data, print []byte
	}
	now, others := s.clock(), make([]sealed, len(list))
	var names []string
	for i, e := range list {
		if iban := e.other(); iban != "" {
			v := s.Vault.Seal(iban, itemOwner(e.Reference))
			others[i] = sealed{v.KeyID, v.Data, s.consents.Hash(iban)}
		}
		names = append(names, e.Reference, match.Tail(e.Reference))
		if e.PaidBy != "" {
			names = append(names, e.PaidBy, match.Tail(e.PaidBy))
		}
	}
	_, err := tx.Exec(ctx, `insert into settlement_items (reference, account_id, merchant_id, livemode, kind, amount_cents, payer_key_id, payer_sealed,
			payer_fingerprint, word, alias, expected_on, state, due_at, created_at)
		select u.reference, $1, a.merchant_id, a.livemode, u.kind, u.cents, nullif(u.key_id, ''), u.sealed, u.print, u.word, u.alias, u.expected_on, 'open', u.due, $2
		from unnest($3::text[], $4::text[], $5::bigint[], $6::text[], $7::bytea[], $8::bytea[], $9::text[], $10::text[], $11::date[], $12::timestamptz[])
			u (reference, kind, cents, key_id, sealed, print, word, alias, expected_on, due), receiving_accounts a where a.id = $1
		on conflict (reference) do nothing`,
		accountID, now, column(list, func(e expected) string { return e.Reference }), column(list, func(e expected) string { return string(e.Kind) }),
		column(list, func(e expected) int64 { return e.amount() }), column(others, func(o sealed) string { return o.keyID }),
		column(others, func(o sealed) []byte { return o.data }), column(others, func(o sealed) []byte { return o.print }),
		column(list, func(e expected) string { return e.word() }), column(list, func(e expected) string { return e.PaidBy }),
		column(list, func(e expected) time.Time { return e.on() }), column(list, func(e expected) time.Time { return s.missedAt(e) }))
	if err != nil {
		return fmt.Errorf("expect payments: %w", err)
	}
	return s.rematch(ctx, tx, accountID, names, list)
}

// rematch makes the unmatched lines new that may be the money of payments: those that name one, and those of the same amount.
func (s *Settlement) rematch(ctx context.Context, tx pgx.Tx, accountID string, names []string, list []expected) error {
	cents := column(list, func(e expected) int64 {
		if e.Kind == payment.KindRefund {
			return -e.amount()
		}
		return e.amount()
	})
	prints := column(list, func(e expected) []byte {
		if iban := e.other(); iban != "" {
			return s.consents.Hash(iban)
		}
		return nil
	})
	tag, err := tx.Exec(ctx, `update bank_lines set state = 'new', updated_at = $5 where id in (
			select id from bank_lines where account_id = $1 and refs && $2 and refs <> '{}' and state in ('unmatched', 'suggested')
			union select l.id from unnest($3::bigint[], $4::bytea[]) u (cents, payer) join bank_lines l on l.account_id = $1 and l.amount_cents = u.cents
				and l.payer_fingerprint = u.payer where l.state in ('unmatched', 'suggested')
			union select l.id from unnest($3::bigint[]) u (cents) cross join lateral (select id from bank_lines l where l.account_id = $1
				and l.amount_cents = u.cents and l.state in ('unmatched', 'suggested') order by booked_on desc limit $6) l)`,
		accountID, names, cents, prints, s.clock(), maxAgain)
	if err != nil {
		return fmt.Errorf("look again at lines: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return nil
	}
	return s.wantMatching(ctx, tx, accountID)
}

// expectNamed expects payments of the account's merchant that lines name and nobody has announced. It returns why the others are not
// expected, by the references as the lines name them.
func (s *Settlement) expectNamed(ctx context.Context, tx pgx.Tx, a account, refs []string) (map[string]string, error) {
	tails := column(refs, match.Tail)
	list, err := s.expectable(ctx, tx, `p.merchant_id = $1 and p.livemode = $2 and (p.reference = any ($3)
		or p.reference in (select w.reference from payments w where w.merchant_id = $1 and w.livemode = $2 and w.settle_by is not null
			and right(w.reference, 16) = any ($4)))`, a.owner.ID, a.Livemode, refs, tails)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(e expected) bool { return e.accountID != a.id })
	if len(list) > 0 {
		if err := s.expectOn(ctx, tx, a.id, list); err != nil {
			return nil, err
		}
	}
	rows, err := tx.Query(ctx, `select reference, case when status in ('failed', 'cancelled') then 'payment_failed' else 'payment_open' end from payments
		where reference = any ($1) and merchant_id = $2 and livemode = $3 and kind not in ('mandate', 'supplier') and status not in ('completed', 'refunded')
			and late_cents is null and settle_by is null`,
		refs, a.owner.ID, a.Livemode)
	if err != nil {
		return nil, fmt.Errorf("read the states of named payments: %w", err)
	}
	type named struct{ Reference, State string }
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[named])
	if err != nil {
		return nil, fmt.Errorf("read the states of named payments: %w", err)
	}
	states := make(map[string]string, len(found))
	for _, n := range found {
		states[n.Reference] = n.State
	}
	return states, nil
}

// longestPayment is longer than a payment takes from its creation to its execution; deferred ones are executed weeks later.
const longestPayment = 90 * 24 * time.Hour

// expectRecent expects what was executed on an account shortly before it was connected.
func (s *Settlement) expectRecent(ctx context.Context, tx pgx.Tx, accountID string) error {
	a, err := lockAccount(ctx, tx, accountID)
	if err != nil {
		return err
	}
	since := s.clock().Add(-lookBack)
	list, err := s.expectable(ctx, tx, `p.merchant_id = $1 and p.livemode = $2 and p.created_at > $3 and p.completed_at > $4 and p.settled_at is null
		and not exists (select 1 from settlement_items i where i.reference = p.reference)`, a.owner.ID, a.Livemode, since.Add(-longestPayment), since)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(e expected) bool { return e.accountID != accountID })
	const atOnce = 1000
	for len(list) > 0 {
		n := min(atOnce, len(list))
		if err := s.expectOn(ctx, tx, accountID, list[:n]); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// dueItems claims items whose deadline has passed.
func (s *Settlement) dueItems(ctx context.Context, limit int) ([]item, error) {
	now := s.clock()
	rows, err := s.Pool.Query(ctx, `update settlement_items i set due_at = $2 where reference in (
			select reference from settlement_items where due_at <= $1 order by due_at limit $3 for update skip locked)
		returning `+itemColumns, now, now.Add(missLease), limit)
	if err != nil {
		return nil, fmt.Errorf("claim expected payments: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanItem)
	if err != nil {
		return nil, fmt.Errorf("claim expected payments: %w", err)
	}
	return list, nil
}

// itemNow returns the state of an item and when its payment is missed.
func (s *Settlement) itemNow(ctx context.Context, tx pgx.Tx, reference string) (state string, deadline time.Time, err error) {
	if err := tx.QueryRow(ctx, `select state from settlement_items where reference = $1 for update`, reference).Scan(&state); err != nil {
		return "", time.Time{}, fmt.Errorf("read expected payment: %w", err)
	}
	payments, err := s.Payments.All(ctx, tx, []string{reference})
	if err != nil || len(payments) == 0 {
		return "", time.Time{}, err
	}
	return state, s.missedAt(expected{Payment: payments[0]}), nil
}

// waitForItem examines an item again later: its account was not read since.
func (s *Settlement) waitForItem(ctx context.Context, tx pgx.Tx, reference string) error {
	_, err := tx.Exec(ctx, `update settlement_items set due_at = $2 where reference = $1 and state = 'open'`, reference, s.clock().Add(s.Poll))
	return err
}

func markUnsettled(ctx context.Context, tx pgx.Tx, reference string) error {
	_, err := tx.Exec(ctx, `update settlement_items set state = 'unsettled', due_at = null where reference = $1 and state = 'open'`, reference)
	return err
}
