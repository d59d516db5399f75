package apikey

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

// errNoKey: the public key is unknown, revoked or expired.
var errNoKey = errors.New("no such key")

// storedSecret is one bcrypt hash of a key. ValidUntil is nil for the current secret.
type storedSecret struct {
	ID         string
	Hash       string
	ValidUntil *time.Time
}

func (s storedSecret) valid(now time.Time) bool {
	return s.ValidUntil == nil || now.Before(*s.ValidUntil)
}

func (s storedSecret) end() time.Time {
	if s.ValidUntil == nil {
		return time.Time{}
	}
	return *s.ValidUntil
}

const keyColumns = `k.id::text, k.public, k.livemode, k.name, k.scopes, k.allowed_ips, k.per_minute,
	k.created_at, k.last_used_at, k.last_used_ip, k.expires_at, k.revoked_at`

func keyFields(k *Key) []any {
	return []any{
		&k.ID, &k.Public, &k.Livemode, &k.Name, &k.Scopes, &k.AllowedIPs, &k.PerMinute,
		&k.CreatedAt, &k.LastUsedAt, &k.LastUsedIP, &k.ExpiresAt, &k.RevokedAt,
	}
}

// loadKey reads a key that may be used now, its merchant and its valid secrets, the current one first.
func loadKey(ctx context.Context, db pg.DB, public string, now time.Time) (Key, []storedSecret, error) {
	var k Key
	err := db.QueryRow(ctx, `select `+keyColumns+`, `+merchant.Columns+`
		from api_keys k join merchants m on m.id = k.merchant_id
		where k.public = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2)`, public, now).
		Scan(append(keyFields(&k), k.Merchant.Fields()...)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return Key{}, nil, errNoKey
	}
	if err != nil {
		return Key{}, nil, fmt.Errorf("read key: %w", err)
	}
	rows, err := db.Query(ctx, `select id::text, hash, valid_until from api_key_secrets
		where key_id = $1 and (valid_until is null or valid_until > $2) order by created_at desc, id desc`, k.ID, now)
	if err != nil {
		return Key{}, nil, fmt.Errorf("read secrets of key: %w", err)
	}
	secrets, err := pgx.CollectRows(rows, pgx.RowToStructByPos[storedSecret])
	if err != nil {
		return Key{}, nil, fmt.Errorf("read secrets of key: %w", err)
	}
	return k, secrets, nil
}

func touchKey(ctx context.Context, db pg.DB, id string, from netip.Addr, now time.Time) error {
	_, err := db.Exec(ctx, `update api_keys set last_used_at = $2, last_used_ip = $4
		where id = $1 and (last_used_at is null or last_used_at < $3)`, id, now, now.Add(-trust/2), from.WithZone(""))
	if err != nil {
		return fmt.Errorf("note use of key: %w", err)
	}
	return nil
}

// lockKey reads a merchant's key, revoked or not, for a change.
func lockKey(ctx context.Context, tx pg.DB, merchantID, id string) (Key, error) {
	var k Key
	err := tx.QueryRow(ctx, `select `+keyColumns+` from api_keys k where k.id = $1 and k.merchant_id = $2 for update`, id, merchantID).
		Scan(keyFields(&k)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return Key{}, errNoKey
	}
	if err != nil {
		return Key{}, fmt.Errorf("lock key: %w", err)
	}
	return k, nil
}

// listKeys returns a page of a merchant's keys, newest first, and how many there are. They are few, as each was made by a person: they are counted
// one by one.
func listKeys(ctx context.Context, db pg.DB, merchantID string, page, limit int) ([]Key, int64, error) {
	var total int64
	if err := db.QueryRow(ctx, `select count(*) from api_keys where merchant_id = $1`, merchantID).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count keys: %w", err)
	}
	rows, err := db.Query(ctx, `select `+keyColumns+` from api_keys k where k.merchant_id = $1
		order by k.created_at desc, k.id desc limit $2 offset $3`, merchantID, limit, int64(page-1)*int64(limit))
	if err != nil {
		return nil, 0, fmt.Errorf("list keys: %w", err)
	}
	keys, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (Key, error) {
		var k Key
		return k, r.Scan(keyFields(&k)...)
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list keys: %w", err)
	}
	return keys, total, nil
}

func countActiveKeys(ctx context.Context, tx pg.DB, merchantID string) (int, error) {
	var n int
	err := tx.QueryRow(ctx, `select count(*) from api_keys where merchant_id = $1 and revoked_at is null`, merchantID).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count keys: %w", err)
	}
	return n, nil
}

func insertKey(ctx context.Context, tx pg.DB, merchantID string, k Key) error {
	_, err := tx.Exec(ctx, `insert into api_keys (id, merchant_id, public, livemode, name, scopes, allowed_ips, per_minute, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		k.ID, merchantID, k.Public, k.Livemode, k.Name, k.Scopes, k.AllowedIPs, k.PerMinute, k.CreatedAt, k.ExpiresAt)
	if err != nil {
		return fmt.Errorf("insert key: %w", err)
	}
	return nil
}

func updateKey(ctx context.Context, tx pg.DB, k Key) error {
	_, err := tx.Exec(ctx, `update api_keys set name = $2, scopes = $3, allowed_ips = $4, per_minute = $5 where id = $1`,
		k.ID, k.Name, k.Scopes, k.AllowedIPs, k.PerMinute)
	if err != nil {
		return fmt.Errorf("update key: %w", err)
	}
	return nil
}

func revokeKey(ctx context.Context, tx pg.DB, id string, now time.Time) error {
	if _, err := tx.Exec(ctx, `update api_keys set revoked_at = $2 where id = $1 and revoked_at is null`, id, now); err != nil {
		return fmt.Errorf("revoke key: %w", err)
	}
	if _, err := tx.Exec(ctx, `delete from api_key_secrets where key_id = $1`, id); err != nil {
		return fmt.Errorf("delete secrets of key: %w", err)
	}
	return nil
}

// replaceSecret makes hash the key's current secret. The others end at until at the latest; those that have ended are
// gone. It returns how many old ones are left.
func replaceSecret(ctx context.Context, tx pg.DB, keyID, hash string, now, until time.Time) (int, error) {
	_, err := tx.Exec(ctx, `update api_key_secrets set valid_until = least(valid_until, $2) where key_id = $1`, keyID, until)
	if err != nil {
		return 0, fmt.Errorf("end old secrets: %w", err)
	}
	if _, err := tx.Exec(ctx, `delete from api_key_secrets where key_id = $1 and valid_until <= $2`, keyID, now); err != nil {
		return 0, fmt.Errorf("delete old secrets: %w", err)
	}
	_, err = tx.Exec(ctx, `insert into api_key_secrets (id, key_id, hash, created_at) values ($1, $2, $3, $4)`,
		events.NewID(), keyID, hash, now)
	if err != nil {
		return 0, fmt.Errorf("insert secret: %w", err)
	}
	var old int
	err = tx.QueryRow(ctx, `select count(*) from api_key_secrets where key_id = $1 and valid_until is not null`, keyID).Scan(&old)
	if err != nil {
		return 0, fmt.Errorf("count old secrets: %w", err)
	}
	return old, nil
}

// countSecrets tells how many secrets of the key are valid, the current one among them.
func countSecrets(ctx context.Context, tx pg.DB, keyID string, now time.Time) (int, error) {
	var n int
	err := tx.QueryRow(ctx, `select count(*) from api_key_secrets where key_id = $1 and (valid_until is null or valid_until > $2)`, keyID, now).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count secrets: %w", err)
	}
	return n, nil
}

// ensureDemo makes the key of a demo, or ends the revocation of the one that is there, and returns its id and its merchant.
func ensureDemo(ctx context.Context, tx pg.DB, merchantID string, d Demo, livemode bool, now time.Time) (id, owner string, err error) {
	err = tx.QueryRow(ctx, `insert into api_keys (id, merchant_id, public, livemode, name, scopes, per_minute, created_at)
		values ($1, $2, $3, $4, 'Demo', $5, $6, $7)
		on conflict (public) do update set revoked_at = null, expires_at = null, per_minute = excluded.per_minute
		returning id::text, merchant_id::text`,
		events.NewID(), merchantID, d.Public, livemode, rights.AllScopes, max(d.PerMinute, 1), now).Scan(&id, &owner)
	if err != nil {
		return "", "", fmt.Errorf("ensure demo key: %w", err)
	}
	return id, owner, nil
}
