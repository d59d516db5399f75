package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/vault"
)

// errNoUser is returned when the customer has never started to link an account.
var errNoUser = errors.New("customer has no user at the provider")

// store reads and writes the tables of linked accounts.
type store struct {
	pool *pgxpool.Pool
	// fingerprints are the hash keys, that of the current master key first.
	fingerprints [][]byte
}

// row is an account to link.
type row struct {
	providerID, bank, name, masked string
	sealed                         vault.Sealed
	fingerprint                    []byte
	previousHashes                 [][]byte
}

// hash returns the fingerprint by which an account is found without decrypting it. It is keyed because account numbers are few
// enough to enumerate.
func (s *store) hash(iban string) []byte { return mac(s.fingerprints[0], []byte(iban)) }

// previousHashes returns the account's fingerprints under the previous keys.
func (s *store) previousHashes(iban string) (list [][]byte) {
	for _, key := range s.fingerprints[1:] {
		list = append(list, mac(key, []byte(iban)))
	}
	return list
}

const maxText = 100

// clean makes a text from the provider displayable: one line, printable characters only, truncated.
func clean(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if r := []rune(s); len(r) > maxText {
		return string(r[:maxText])
	}
	return s
}

func (s *store) user(ctx context.Context, o owner) (id string, token vault.Sealed, err error) {
	err = s.pool.QueryRow(ctx, `select provider_user, token_key_id, token_sealed from bank_users where customer_id = $1 and livemode = $2`,
		o.customerID, o.livemode).Scan(&id, &token.KeyID, &token.Data)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", vault.Sealed{}, errNoUser
	}
	if err != nil {
		return "", vault.Sealed{}, fmt.Errorf("read provider user: %w", err)
	}
	return id, token, nil
}

// addUser stores the provider user unless the customer already has one.
func (s *store) addUser(ctx context.Context, o owner, id string, token vault.Sealed, now time.Time) error {
	_, err := s.pool.Exec(ctx, `insert into bank_users (customer_id, livemode, provider_user, token_key_id, token_sealed, created_at)
		values ($1, $2, $3, $4, $5, $6) on conflict (customer_id, livemode) do nothing`,
		o.customerID, o.livemode, id, token.KeyID, token.Data, now)
	if err != nil {
		return fmt.Errorf("store provider user: %w", err)
	}
	return nil
}

func (s *store) listLinked(ctx context.Context, o owner) ([]Account, error) {
	rows, err := s.pool.Query(ctx, `select id::text, bank_name, name, iban_masked, currency, linked_at from bank_accounts
		where customer_id = $1 and livemode = $2 and state = 'linked' order by linked_at, id`, o.customerID, o.livemode)
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
		where id = $1 and customer_id = $2 and livemode = $3 and state = 'linked'`, id, o.customerID, o.livemode).Scan(&name, &iban.KeyID, &iban.Data)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", vault.Sealed{}, errNoAccount()
	}
	if err != nil {
		return "", vault.Sealed{}, fmt.Errorf("read bank account %s: %w", id, err)
	}
	return name, iban, nil
}

// lockOwner serialises changes to an owner's accounts.
func lockOwner(ctx context.Context, tx pgx.Tx, o owner) error {
	_, err := tx.Exec(ctx, `select 1 from bank_users where customer_id = $1 and livemode = $2 for update`, o.customerID, o.livemode)
	return err
}

// link stores the accounts of a connection as pending and marks the visit as used, in one transaction. used is true when the
// visit had been used already; then nothing is written.
func (s *store) link(ctx context.Context, v visit, connectionID string, rows []row, now time.Time) (used bool, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := lockOwner(ctx, tx, v.owner); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `update bank_visits set used_at = $2, connection_id = $3 where id = $1 and used_at is null`, v.id, now, connectionID)
		if err != nil {
			return err
		}
		if used = tag.RowsAffected() == 0; used {
			return nil
		}
		for _, r := range rows {
			if err := insertPending(ctx, tx, v.owner, connectionID, r, now); err != nil {
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
		uuid.New(), now, o.customerID, o.livemode, r.fingerprint, connectionID, r.providerID)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `insert into bank_accounts (id, customer_id, livemode, provider_account_id, connection_id, bank_name, name, currency,
			iban_masked, iban_key_id, iban_sealed, iban_fingerprint, state, linked_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'linked', $13)
		on conflict (customer_id, livemode, iban_fingerprint) where state = 'linked' do update set
			provider_account_id = excluded.provider_account_id, connection_id = excluded.connection_id, bank_name = excluded.bank_name,
			name = excluded.name, iban_key_id = excluded.iban_key_id, iban_sealed = excluded.iban_sealed`,
		uuid.New(), o.customerID, o.livemode, r.providerID, connectionID, r.bank, r.name, currency,
		r.masked, r.sealed.KeyID, r.sealed.Data, r.fingerprint, now)
	return err
}

// removal is an account whose consent is being revoked.
type removal struct {
	id string
	owner
	providerID, connectionID string
	// lastOfConnection is true when no other account of the connection is linked.
	lastOfConnection bool
}

const removalColumns = `a.id::text, a.customer_id::text, a.livemode, a.provider_account_id, a.connection_id, not exists (
	select 1 from bank_accounts b where b.customer_id = a.customer_id and b.livemode = a.livemode
		and b.connection_id = a.connection_id and b.state = 'linked' and b.id <> a.id)`

func scanRemoval(row pgx.CollectableRow) (r removal, err error) {
	return r, row.Scan(&r.id, &r.customerID, &r.livemode, &r.providerID, &r.connectionID, &r.lastOfConnection)
}

// beginRemoval marks the owner's account as being removed. Concurrent removals are serialised, so exactly one of them sees that
// it is the last of its connection.
func (s *store) beginRemoval(ctx context.Context, o owner, id string, due time.Time) (r removal, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := lockOwner(ctx, tx, o); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `update bank_accounts a set state = 'removing', due_at = $4
			where id = $1 and customer_id = $2 and livemode = $3 and state = 'linked' returning `+removalColumns, id, o.customerID, o.livemode, due)
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

func (s *store) deleteAccount(ctx context.Context, r removal) error {
	if _, err := s.pool.Exec(ctx, `delete from bank_accounts where id = $1 and state = 'removing'`, r.id); err != nil {
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
