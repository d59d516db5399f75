package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/vault"
	"european-pay.eu/eupay/services/payments/internal/consent"
)

// store reads and writes the tables of linked accounts.
type store struct {
	pool     *pgxpool.Pool
	consents *consent.Keeper
}

// row is an account to link.
type row struct {
	providerID, bank, name, masked string
	sealed                         vault.Sealed
	fingerprint                    []byte
	previousHashes                 [][]byte
}

func (s *store) listLinked(ctx context.Context, o owner) ([]Account, error) {
	rows, err := s.pool.Query(ctx, `select id::text, bank_name, name, iban_masked, currency, linked_at from bank_accounts
		where customer_id = $1 and livemode = $2 and state = 'linked' order by linked_at, id`, o.ID, o.Livemode)
	if err != nil {
		return nil, fmt.Errorf("list bank accounts: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (a Account, err error) {
		return a, r.Scan(&a.ID, &a.BankName, &a.Name, &a.IBANMasked, &a.Currency, &a.LinkedAt)
	})
	if err != nil {
		return nil, fmt.Errorf("list bank accounts: %w", err)
	}
	return list, nil
}

// sealedIBAN returns the name and the sealed IBAN of an account.
func (s *store) sealedIBAN(ctx context.Context, o owner, id string) (name string, iban vault.Sealed, err error) {
	err = s.pool.QueryRow(ctx, `select name, iban_key_id, iban_sealed from bank_accounts
		where id = $1 and customer_id = $2 and livemode = $3 and state = 'linked'`, id, o.ID, o.Livemode).Scan(&name, &iban.KeyID, &iban.Data)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", vault.Sealed{}, errNoAccount()
	}
	if err != nil {
		return "", vault.Sealed{}, fmt.Errorf("read bank account %s: %w", id, err)
	}
	return name, iban, nil
}

// link stores the accounts of a connection as pending and marks the visit as used, in one transaction. used is true when the
// visit had been used already; then nothing is written.
func (s *store) link(ctx context.Context, v consent.Visit, connectionID string, rows []row, now time.Time) (used bool, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := consent.Lock(ctx, tx, v.Owner); err != nil {
			return err
		}
		first, err := consent.UseVisit(ctx, tx, v.ID, connectionID, now)
		if used = !first; err != nil || used {
			return err
		}
		for _, r := range rows {
			if err := insertPending(ctx, tx, v.Owner, connectionID, r, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("link bank accounts: %w", err)
	}
	return used, nil
}

// upsertLinked stores one account. An account that the customer has linked before keeps its id and moves to the new connection; a
// removal is created for the old connection.
func upsertLinked(ctx context.Context, tx pgx.Tx, o owner, connectionID string, r row, now time.Time) error {
	_, err := tx.Exec(ctx, `insert into bank_accounts (id, customer_id, livemode, provider_account_id, connection_id, bank_name, name, currency,
			iban_masked, iban_key_id, iban_sealed, iban_fingerprint, state, due_at, linked_at)
		select $1, customer_id, livemode, provider_account_id, connection_id, bank_name, name, currency,
			iban_masked, iban_key_id, iban_sealed, iban_fingerprint, 'removing', $2, linked_at
		from bank_accounts where customer_id = $3 and livemode = $4 and iban_fingerprint = $5 and state = 'linked'
			and (connection_id, provider_account_id) <> ($6, $7)`,
		uuid.New(), now, o.ID, o.Livemode, r.fingerprint, connectionID, r.providerID)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `insert into bank_accounts (id, customer_id, livemode, provider_account_id, connection_id, bank_name, name, currency,
			iban_masked, iban_key_id, iban_sealed, iban_fingerprint, state, linked_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'linked', $13)
		on conflict (customer_id, livemode, iban_fingerprint) where state = 'linked' do update set
			provider_account_id = excluded.provider_account_id, connection_id = excluded.connection_id, bank_name = excluded.bank_name,
			name = excluded.name, iban_key_id = excluded.iban_key_id, iban_sealed = excluded.iban_sealed`,
		uuid.New(), o.ID, o.Livemode, r.providerID, connectionID, r.bank, r.name, currency,
		r.masked, r.sealed.KeyID, r.sealed.Data, r.fingerprint, now)
	return err
}

// removal is an account whose consent is being revoked.
type removal struct {
	id string
	consent.Owner
	providerID, connectionID string
	// lastOfConnection is true when no other account of the connection is linked.
	lastOfConnection bool
}

const removalColumns = `a.id::text, a.customer_id::text, a.livemode, a.provider_account_id, a.connection_id, not exists (
	select 1 from bank_accounts b where b.customer_id = a.customer_id and b.livemode = a.livemode
		and b.connection_id = a.connection_id and b.state = 'linked' and b.id <> a.id)`

func scanRemoval(row pgx.CollectableRow) (r removal, err error) {
	return r, row.Scan(&r.id, &r.Owner.ID, &r.Livemode, &r.providerID, &r.connectionID, &r.lastOfConnection)
}

// beginRemoval marks the owner's account as being removed. Concurrent removals are serialised, so exactly one of them sees that
// it is the last of its connection.
func (s *store) beginRemoval(ctx context.Context, o owner, id string, due time.Time) (r removal, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := consent.Lock(ctx, tx, o); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `update bank_accounts a set state = 'removing', due_at = $4
			where id = $1 and customer_id = $2 and livemode = $3 and state = 'linked' returning `+removalColumns, id, o.ID, o.Livemode, due)
		if err != nil {
			return err
		}
		r, err = pgx.CollectExactlyOneRow(rows, scanRemoval)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return removal{}, errNoAccount()
	}
	if err != nil {
		return removal{}, fmt.Errorf("begin to remove bank account %s: %w", id, err)
	}
	return r, nil
}

// uniqueViolation is PostgreSQL's error code for a duplicate key.
const uniqueViolation = "23505"

// cancelRemoval marks the account as linked again. If it was linked again in the meantime, there is nothing to restore.
func (s *store) cancelRemoval(ctx context.Context, r removal) error {
	_, err := s.pool.Exec(ctx, `update bank_accounts set state = 'linked', due_at = null where id = $1 and state = 'removing'`, r.id)
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == uniqueViolation {
		return nil
	}
	if err != nil {
		return fmt.Errorf("restore bank account %s: %w", r.id, err)
	}
	return nil
}

// deleteAccount deletes an account whose consent was taken back. With the last one of an owner whose data is erased, its user at the provider
// is forgotten too.
func (s *store) deleteAccount(ctx context.Context, r removal) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := consent.Lock(ctx, tx, r.Owner); err != nil { // so that one of several sees that it is the last
			return err
		}
		if _, err := tx.Exec(ctx, `delete from bank_accounts where id = $1 and state = 'removing'`, r.id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `delete from bank_users u where u.customer_id = $1 and u.livemode = $2 and u.ending
			and not exists (select from bank_accounts a where a.customer_id = u.customer_id and a.livemode = u.livemode)`, r.Owner.ID, r.Livemode)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete bank account %s: %w", r.id, err)
	}
	return nil
}

// dueRemovals claims the due removals with a lease.
func (s *store) dueRemovals(ctx context.Context, now, next time.Time, limit int) ([]removal, error) {
	rows, err := s.pool.Query(ctx, `update bank_accounts a set due_at = $2 where id in (
			select id from bank_accounts where state = 'removing' and due_at <= $1 order by due_at limit $3 for update skip locked)
		returning `+removalColumns, now, next, limit)
	if err != nil {
		return nil, fmt.Errorf("lease removals: %w", err)
	}
	due, err := pgx.CollectRows(rows, scanRemoval)
	if err != nil {
		return nil, fmt.Errorf("lease removals: %w", err)
	}
	return due, nil
}
