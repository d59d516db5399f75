package account

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/payments/internal/consent"
)

// confirm links the pending accounts of the visit when the code is right, and counts the attempt when it is wrong.
func (s *store) confirm(ctx context.Context, o owner, id uuid.UUID, right bool, now time.Time) error {
	var refused error
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := consent.Lock(ctx, tx, o); err != nil {
			return err
		}
		connectionID, done, no, err := s.consents.TryCode(ctx, tx, o, id, right)
		if refused = no; err != nil || no != nil || done {
			return err
		}
		refused, err = s.linkPending(ctx, tx, o, id, connectionID, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("confirm bank accounts: %w", err)
	}
	return refused
}

// linkPending links the pending accounts of a connection, unless their deadline has passed.
func (s *store) linkPending(ctx context.Context, tx pgx.Tx, o owner, visitID uuid.UUID, connectionID string, now time.Time) (refused, err error) {
	rows, err := tx.Query(ctx, `delete from bank_accounts where customer_id = $1 and livemode = $2 and connection_id = $3 and state = 'pending' and due_at > $4
		returning provider_account_id, bank_name, name, iban_masked, iban_key_id, iban_sealed, iban_fingerprint`, o.ID, o.Livemode, connectionID, now)
	if err != nil {
		return nil, err
	}
	pending, err := pgx.CollectRows(rows, func(one pgx.CollectableRow) (r row, err error) {
		return r, one.Scan(&r.providerID, &r.bank, &r.name, &r.masked, &r.sealed.KeyID, &r.sealed.Data, &r.fingerprint)
	})
	if err != nil {
		return nil, err
	}
	if len(pending) == 0 {
		return s.consents.ErrNotConfirmed(), nil
	}
	for _, r := range pending {
		if err := upsertLinked(ctx, tx, o, connectionID, r, now); err != nil {
			return nil, err
		}
	}
	return nil, consent.Confirmed(ctx, tx, visitID, now)
}

// insertPending stores an account that the app has not confirmed yet.
func insertPending(ctx context.Context, tx pgx.Tx, o owner, connectionID string, r row, now time.Time) error {
	if len(r.previousHashes) > 0 { // the account may have been linked under a previous master key
		_, err := tx.Exec(ctx, `update bank_accounts set iban_fingerprint = $1
			where customer_id = $2 and livemode = $3 and state = 'linked' and iban_fingerprint = any ($4)`, r.fingerprint, o.ID, o.Livemode, r.previousHashes)
		if err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `insert into bank_accounts (id, customer_id, livemode, provider_account_id, connection_id, bank_name, name, currency,
			iban_masked, iban_key_id, iban_sealed, iban_fingerprint, state, due_at, linked_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'pending', $13, $14)`,
		uuid.New(), o.ID, o.Livemode, r.providerID, connectionID, r.bank, r.name, currency,
		r.masked, r.sealed.KeyID, r.sealed.Data, r.fingerprint, now.Add(consent.ConfirmTTL), now)
	return err
}

// expire schedules the removal of accounts that were not confirmed in time.
func (s *store) expire(ctx context.Context, now time.Time) error {
	if _, err := s.pool.Exec(ctx, `update bank_accounts set state = 'removing', due_at = $1 where state = 'pending' and due_at <= $1`, now); err != nil {
		return fmt.Errorf("expire pending bank accounts: %w", err)
	}
	return nil
}
