package settlement

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/vault"
	"european-pay.eu/eupay/services/payments/internal/consent"
	"european-pay.eu/eupay/services/payments/internal/powens"
)

const accountColumns = `id::text, merchant_id::text, livemode, provider_account_id, connection_id, generation, bank_name, name, iban_masked,
	state, due_at, consent_ends_at, warnings, sequence, read_from, read_next, read_at, read_offset, connected_at`

func scanAccount(row pgx.CollectableRow) (a account, err error) {
	return a, row.Scan(&a.id, &a.owner.ID, &a.Livemode, &a.providerID, &a.connectionID, &a.generation, &a.bank, &a.name, &a.masked,
		&a.state, &a.dueAt, &a.consentEnds, &a.warnings, &a.sequence, &a.readFrom, &a.readNext, &a.readAt, &a.readOffset, &a.connectedAt)
}

// accountOf returns an account that the owner has connected. NOT_FOUND also for another's.
func (s *Settlement) accountOf(ctx context.Context, o owner, id string) (account, error) {
	if _, err := uuid.Parse(id); err != nil {
		return account{}, errNoAccount()
	}
	rows, err := s.Pool.Query(ctx, `select `+accountColumns+` from receiving_accounts
		where id = $1 and merchant_id = $2 and livemode = $3 and state in ('connected', 'disconnected')`, id, o.ID, o.Livemode)
	if err != nil {
		return account{}, fmt.Errorf("read receiving account: %w", err)
	}
	a, err := pgx.CollectExactlyOneRow(rows, scanAccount)
	if errors.Is(err, pgx.ErrNoRows) {
		return account{}, errNoAccount()
	}
	if err != nil {
		return account{}, fmt.Errorf("read receiving account: %w", err)
	}
	return a, nil
}

func (s *Settlement) accountsOf(ctx context.Context, o owner) ([]account, error) {
	rows, err := s.Pool.Query(ctx, `select `+accountColumns+` from receiving_accounts
		where merchant_id = $1 and livemode = $2 and state in ('connected', 'disconnected') order by connected_at, id`, o.ID, o.Livemode)
	if err != nil {
		return nil, fmt.Errorf("list receiving accounts: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanAccount)
	if err != nil {
		return nil, fmt.Errorf("list receiving accounts: %w", err)
	}
	return list, nil
}

// addPending stores the account that a visit brought back. first is false when the visit had ended before; then nothing is written.
func (s *Settlement) addPending(ctx context.Context, v consent.Visit, connectionID, bank string, a powens.BankAccount) (first bool, err error) {
	err = pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		if first, err = consent.UseVisit(ctx, tx, v.ID, connectionID, s.clock()); err != nil || !first {
			return err
		}
		now, id := s.clock(), uuid.New()
		sealed := s.Vault.Seal(a.IBAN, v.Owner.SealedFor("receiving iban"))
		_, err := tx.Exec(ctx, `insert into receiving_accounts (id, merchant_id, livemode, provider_account_id, connection_id, bank_name, name,
				iban_masked, iban_key_id, iban_sealed, iban_fingerprint, state, due_at, read_from, connected_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'pending', $12, $13, $13)`,
			id, v.Owner.ID, v.Livemode, a.ID, connectionID, consent.Clean(bank), consent.Clean(a.Name),
			consent.Mask(a.IBAN), sealed.KeyID, sealed.Data, s.consents.Hash(a.IBAN), now.Add(consent.ConfirmTTL), now)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("add receiving account: %w", err)
	}
	return first, nil
}

// confirm connects the pending account of a visit when the code is right, and counts the attempt when it is wrong.
func (s *Settlement) confirm(ctx context.Context, o owner, visit uuid.UUID, right bool) (a account, err error) {
	var refused error
	err = pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		if err := consent.Lock(ctx, tx, o); err != nil {
			return err
		}
		connectionID, done, no, err := s.consents.TryCode(ctx, tx, o, visit, right)
		if refused = no; err != nil || no != nil {
			return err
		}
		if !done {
			if refused, err = s.connectPending(ctx, tx, o, connectionID); err != nil || refused != nil {
				return err
			}
			if err := consent.Confirmed(ctx, tx, visit, s.clock()); err != nil {
				return err
			}
		}
		rows, err := tx.Query(ctx, `select `+accountColumns+` from receiving_accounts
			where merchant_id = $1 and livemode = $2 and connection_id = $3 and state in ('connected', 'disconnected')`, o.ID, o.Livemode, connectionID)
		if err != nil {
			return err
		}
		if a, err = pgx.CollectExactlyOneRow(rows, scanAccount); errors.Is(err, pgx.ErrNoRows) { // removed since
			refused = errNoAccount()
			return nil
		}
		return err
	})
	if err != nil {
		return account{}, fmt.Errorf("confirm receiving account: %w", err)
	}
	return a, refused
}

// connectPending connects the account of a connection. One that the merchant has connected before keeps its row and its lines, and
// moves to the new connection; the consent of the old one is taken back.
func (s *Settlement) connectPending(ctx context.Context, tx pgx.Tx, o owner, connectionID string) (refused, err error) {
	var id string
	var fingerprint []byte
	now := s.clock()
	err = tx.QueryRow(ctx, `select id::text, iban_fingerprint from receiving_accounts
		where merchant_id = $1 and livemode = $2 and connection_id = $3 and state = 'pending' and due_at > $4 for update`,
		o.ID, o.Livemode, connectionID, now).Scan(&id, &fingerprint)
	if errors.Is(err, pgx.ErrNoRows) {
		return s.consents.ErrNotConfirmed(), nil
	}
	if err != nil {
		return nil, err
	}
	known, err := s.sameAccount(ctx, tx, o, fingerprint)
	if err != nil {
		return nil, err
	}
	if known != "" {
		// The pending row takes the old connection to its end.
		_, err = tx.Exec(ctx, `with old as (select * from receiving_accounts where id = $1), new as (select * from receiving_accounts where id = $2),
				away as (update receiving_accounts r set connection_id = old.connection_id, provider_account_id = old.provider_account_id,
					state = case when old.state in ('connected', 'disconnected') and old.connection_id <> new.connection_id then 'removing' else 'removed' end,
					due_at = case when old.state in ('connected', 'disconnected') and old.connection_id <> new.connection_id then $3::timestamptz end
					from old, new where r.id = $2)
			update receiving_accounts r set connection_id = new.connection_id, provider_account_id = new.provider_account_id, generation = r.generation + 1,
				bank_name = new.bank_name, name = new.name, iban_fingerprint = new.iban_fingerprint, read_offset = 0, read_next = null
			from new where r.id = $1`, known, id, now)
		if err != nil {
			return nil, err
		}
		id = known
	}
	if err := s.connected(ctx, tx, id, now); err != nil {
		return nil, err
	}
	return nil, s.expectRecent(ctx, tx, id)
}

// sameAccount returns the row of the merchant's account with that number, also if it was taken back; "" if there is none.
func (s *Settlement) sameAccount(ctx context.Context, tx pgx.Tx, o owner, fingerprint []byte) (id string, err error) {
	iban, err := s.ownIBAN(ctx, o)
	if err != nil {
		return "", err
	}
	prints := append(s.consents.Hashes(iban), fingerprint)
	err = tx.QueryRow(ctx, `select id::text from receiving_accounts
		where merchant_id = $1 and livemode = $2 and iban_fingerprint = any ($3) and state not in ('pending', 'removing')
		order by state = 'removed', connected_at desc limit 1 for update`, o.ID, o.Livemode, prints).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return id, err
}

// connected begins the reading under a new consent. An account that was never read is read from a few days before now: what was
// executed shortly before may not have come yet.
func (s *Settlement) connected(ctx context.Context, tx pgx.Tx, id string, now time.Time) error {
	_, err := tx.Exec(ctx, `update receiving_accounts set state = 'connected', due_at = $2, warnings = 0, consent_ends_at = $3,
			read_from = case when read_at is null then $4 else read_from end, connected_at = case when read_at is null then $2 else connected_at end
		where id = $1`, id, now, now.AddDate(0, 0, s.ConsentDays), now.Add(-lookBack))
	return err
}

// renew connects an account anew whose connection has a new consent. renewed is false if the owner has no such account.
func (s *Settlement) renew(ctx context.Context, v consent.Visit, connectionID string) (renewed bool, err error) {
	err = pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		var id string
		err := tx.QueryRow(ctx, `select id::text from receiving_accounts where merchant_id = $1 and livemode = $2 and connection_id = $3
			and state in ('connected', 'disconnected') for update`, v.Owner.ID, v.Livemode, connectionID).Scan(&id)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		first, err := consent.UseVisit(ctx, tx, v.ID, connectionID, s.clock())
		if renewed = true; err != nil || !first {
			return err
		}
		return s.connected(ctx, tx, id, s.clock())
	})
	if err != nil {
		return false, fmt.Errorf("renew receiving account: %w", err)
	}
	if renewed {
		s.reads.Nudge()
	}
	return renewed, nil
}

func (s *Settlement) beginRemoval(ctx context.Context, o owner, id string) error {
	if _, err := s.accountOf(ctx, o, id); err != nil {
		return err
	}
	_, err := s.Pool.Exec(ctx, `update receiving_accounts set state = 'removing', due_at = $4, match_due_at = null
		where id = $1 and merchant_id = $2 and livemode = $3 and state in ('connected', 'disconnected')`, id, o.ID, o.Livemode, s.clock())
	if err != nil {
		return fmt.Errorf("remove receiving account %s: %w", id, err)
	}
	return nil
}

func (s *Settlement) removed(ctx context.Context, a account) error {
	_, err := s.Pool.Exec(ctx, `update receiving_accounts set state = 'removed', due_at = null where id = $1 and state in ('removing', 'pending')`, a.id)
	if err != nil {
		return fmt.Errorf("record that receiving account %s is removed: %w", a.id, err)
	}
	return nil
}

func (s *Settlement) makeDue(ctx context.Context, livemode bool, connectionID string) (bool, error) {
	tag, err := s.Pool.Exec(ctx, `update receiving_accounts set due_at = $3
		where connection_id = $1 and livemode = $2 and state in ('connected', 'disconnected') and due_at > $3`, connectionID, livemode, s.clock())
	if err != nil {
		return false, fmt.Errorf("make a receiving account due: %w", err)
	}
	return tag.RowsAffected() > 0, nil
}

// firstAccount is when the next account is due.
const firstAccount = `select min(due_at) from receiving_accounts where due_at is not null`

// dueAccounts claims accounts that are due to be read, forgotten or taken back.
func (s *Settlement) dueAccounts(ctx context.Context, limit int) ([]account, error) {
	now := s.clock()
	rows, err := s.Pool.Query(ctx, `update receiving_accounts set due_at = $2 where id in (
			select id from receiving_accounts where due_at <= $1 order by due_at limit $3 for update skip locked)
		returning `+accountColumns, now, now.Add(readLease), limit)
	if err != nil {
		return nil, fmt.Errorf("claim due receiving accounts: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanAccount)
	if err != nil {
		return nil, fmt.Errorf("claim due receiving accounts: %w", err)
	}
	return list, nil
}

// lockAccount locks the account's row. Recording lines, matching them and expecting payments all take this lock, so that the
// decisions about one account are made one after the other.
func lockAccount(ctx context.Context, tx pgx.Tx, id string) (account, error) {
	rows, err := tx.Query(ctx, `select `+accountColumns+` from receiving_accounts where id = $1 for update`, id)
	if err != nil {
		return account{}, fmt.Errorf("lock receiving account: %w", err)
	}
	a, err := pgx.CollectExactlyOneRow(rows, scanAccount)
	if err != nil {
		return account{}, fmt.Errorf("lock receiving account: %w", err)
	}
	return a, nil
}

// Sealed lists the columns that the vault seals: account numbers, texts of lines, payers of payments.
func (s *Settlement) Sealed() []vault.Column {
	return []vault.Column{
		{
			Table: "receiving_accounts", Key: []string{"id"}, Of: []string{"merchant_id", "livemode"}, KeyID: "iban_key_id", Data: "iban_sealed",
			Owner: func(of []string) string {
				return owner{ID: of[1], Livemode: of[2] == "true"}.SealedFor("receiving iban")
			},
			Hashes: []vault.Hash{{Column: "iban_fingerprint", Of: s.consents.HashOf}},
		},
		{
			Table: "bank_lines", Key: []string{"id"}, Of: []string{"booked_on", "amount_cents"}, KeyID: "text_key_id", Data: "text_sealed",
			Owner: func(of []string) string { return lineOwner(of[0]) },
			Hashes: []vault.Hash{
				{Column: "payer_fingerprint", Of: func(_ []string, plain string) []byte { return s.payerOf(unsealed(plain)) }},
				{Column: "content_hash", Of: func(of []string, plain string) []byte { return s.consents.Hash(unsealed(plain).content(of[1], of[2])) }},
			},
		},
		{
			Table: "settlement_items", Key: []string{"reference"}, KeyID: "payer_key_id", Data: "payer_sealed",
			Owner:  func(of []string) string { return itemOwner(of[0]) },
			Hashes: []vault.Hash{{Column: "payer_fingerprint", Of: s.consents.HashOf}},
		},
	}
}

func lineOwner(id string) string { return "bank line\x00" + id }

func itemOwner(reference string) string { return "expected payer\x00" + reference }
