package user

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/gateway/internal/hashing"
)

const passkeyColumns = `p.id::text, p.name, p.credential_id, p.public_key, p.sign_count, p.transports, p.aaguid, p.backup_eligible, p.backed_up,
	p.created_at, p.last_used_at`

func scanPasskey(r pgx.CollectableRow) (Passkey, error) {
	var p Passkey
	var model uuid.UUID
	var transports []string
	err := r.Scan(&p.ID, &p.Name, &p.credential.ID, &p.credential.PublicKey, &p.credential.Authenticator.SignCount, &transports, &model,
		&p.credential.Flags.BackupEligible, &p.credential.Flags.BackupState, &p.CreatedAt, &p.LastUsedAt)
	for _, t := range transports {
		p.credential.Transport = append(p.credential.Transport, protocol.AuthenticatorTransport(t))
	}
	p.credential.Authenticator.AAGUID = model[:]
	return p, err
}

// listPasskeys returns the user's passkeys, the oldest first. They are at most maxPasskeys.
func listPasskeys(ctx context.Context, db pg.DB, userID string) ([]Passkey, error) {
	rows, err := db.Query(ctx, `select `+passkeyColumns+` from passkeys p where p.user_id = $1 order by p.created_at, p.id`, userID)
	if err != nil {
		return nil, fmt.Errorf("list passkeys: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanPasskey)
	if err != nil {
		return nil, fmt.Errorf("list passkeys: %w", err)
	}
	return list, nil
}

// insertPasskey refuses a credential that is already registered, for this or another user.
func insertPasskey(ctx context.Context, tx pg.DB, userID string, p Passkey) error {
	c := p.credential
	_, err := tx.Exec(ctx, `insert into passkeys (id, user_id, credential_id, public_key, sign_count, transports, aaguid, backup_eligible, backed_up, name, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, p.ID, userID, c.ID, c.PublicKey, c.Authenticator.SignCount, p.Transports(), p.Model(),
		c.Flags.BackupEligible, c.Flags.BackupState, p.Name, p.CreatedAt)
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.ConstraintName == "passkeys_credential_id_key" {
		return errs.Invalid(errs.Field{Field: "credential", Message: "credential is registered already."})
	}
	if err != nil {
		return fmt.Errorf("insert passkey: %w", err)
	}
	return nil
}

// usePasskey notes the use of a passkey; false when its count did not go up. Authenticators that do not count say 0 each time.
func usePasskey(ctx context.Context, tx pg.DB, id string, c webauthn.Credential, count uint32, now time.Time) (bool, error) {
	tag, err := tx.Exec(ctx, `update passkeys set sign_count = $2, backed_up = $3, last_used_at = $4
		where id = $1 and (sign_count < $2 or (sign_count = 0 and $2 = 0))`, id, int64(count), c.Flags.BackupState, now)
	if err != nil {
		return false, fmt.Errorf("use passkey: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

func renamePasskey(ctx context.Context, tx pg.DB, userID, id, name string) (Passkey, error) {
	rows, err := tx.Query(ctx, `update passkeys p set name = $3 where p.id = $1 and p.user_id = $2 returning `+passkeyColumns, id, userID, name)
	if err != nil {
		return Passkey{}, fmt.Errorf("rename passkey: %w", err)
	}
	p, err := pgx.CollectExactlyOneRow(rows, scanPasskey)
	if errors.Is(err, pgx.ErrNoRows) {
		return Passkey{}, errs.NotFound("Passkey")
	}
	if err != nil {
		return Passkey{}, fmt.Errorf("rename passkey: %w", err)
	}
	return p, nil
}

// deletePasskey returns its name.
func deletePasskey(ctx context.Context, tx pg.DB, userID, id string) (name string, err error) {
	err = tx.QueryRow(ctx, `delete from passkeys where id = $1 and user_id = $2 returning name`, id, userID).Scan(&name)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", errs.NotFound("Passkey")
	}
	if err != nil {
		return "", fmt.Errorf("delete passkey: %w", err)
	}
	return name, nil
}

// isPasskeyOf reports whether the credential is registered for that user.
func isPasskeyOf(ctx context.Context, db pg.DB, userID string, credentialID []byte) (is bool, err error) {
	err = db.QueryRow(ctx, `select exists (select from passkeys where user_id = $1 and credential_id = $2)`, userID, credentialID).Scan(&is)
	if err != nil {
		return false, fmt.Errorf("find passkey: %w", err)
	}
	return is, nil
}

// insertChallenge keeps what a device is asked to sign. What the same session or ticket was asked for the same purpose before is over.
func insertChallenge(ctx context.Context, db pg.DB, c ceremony, data webauthn.SessionData, now time.Time) error {
	text, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode challenge: %w", err)
	}
	if c.boundTo != "" {
		if _, err := db.Exec(ctx, `delete from passkey_challenges where bound_to = $1 and purpose = $2`, c.boundTo, c.purpose); err != nil {
			return fmt.Errorf("end challenge: %w", err)
		}
	}
	_, err = db.Exec(ctx, `insert into passkey_challenges (hash, purpose, user_id, bound_to, ceremony, created_at, expires_at)
		values ($1, $2, nullif($3, '')::uuid, $4, $5, $6, $7)`, hashing.Sum(data.Challenge), c.purpose, c.userID, c.boundTo, string(text), now, now.Add(challengeLife))
	if err != nil {
		return fmt.Errorf("insert challenge: %w", err)
	}
	return nil
}

// takeChallenge returns the stored challenge and deletes it; false when it has expired, was used or is of another ceremony. It must not be part of a
// transaction that may be undone.
func takeChallenge(ctx context.Context, db pg.DB, c ceremony, challenge string, now time.Time) (data webauthn.SessionData, ok bool, err error) {
	var text string
	err = db.QueryRow(ctx, `delete from passkey_challenges where hash = $1 and purpose = $2 and user_id is not distinct from nullif($3, '')::uuid
		and bound_to = $4 and expires_at > $5 returning ceremony::text`, hashing.Sum(challenge), c.purpose, c.userID, c.boundTo, now).Scan(&text)
	if errors.Is(err, pgx.ErrNoRows) {
		return data, false, nil
	}
	if err != nil {
		return data, false, fmt.Errorf("take challenge: %w", err)
	}
	if err := json.Unmarshal([]byte(text), &data); err != nil {
		return data, false, fmt.Errorf("read challenge: %w", err)
	}
	return data, true, nil
}

func purgeChallenges(ctx context.Context, db pg.DB, now time.Time) error {
	if _, err := db.Exec(ctx, `delete from passkey_challenges where expires_at < $1`, now); err != nil {
		return fmt.Errorf("purge challenges of passkeys: %w", err)
	}
	return nil
}
