// Package claim implements idempotency keys: a merchant's key refers to the object that the first request with it created. A
// claim is taken in the transaction that creates the object, so a key never refers to an object that does not exist.
//
// A service that uses it has this table in its schema (the types of merchant_id and reference may differ):
//
//	create table claims (
//	    merchant_id text        not null,
//	    livemode    boolean     not null,
//	    kind        text        not null,
//	    key         text        not null,
//	    reference   text        not null,
//	    fingerprint bytea       not null default '',
//	    expires_at  timestamptz not null,
//	    primary key (merchant_id, livemode, kind, key)
//	);
//	create index claims_expired on claims (expires_at);
package claim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"european-pay.eu/eupay/internal/run/pg"
)

// Key identifies a request of a merchant in one mode: an Idempotency-Key, or the merchant's own reference.
type Key struct {
	MerchantID string
	Livemode   bool
	// Kind distinguishes kinds of keys, such as "header" and "reference".
	Kind, Key string
}

// Claim is what a key refers to.
type Claim struct {
	// Reference of the object that the first request created.
	Reference string
	// Fingerprint of the request, which detects that a key is used with a different request. Empty if that does not matter.
	Fingerprint []byte
	// ExpiresAt is when the key becomes free.
	ExpiresAt time.Time
}

// Same reports whether the claim belongs to the request with the fingerprint.
func (c Claim) Same(fingerprint []byte) bool { return bytes.Equal(c.Fingerprint, fingerprint) }

const takeSQL = `insert into claims (merchant_id, livemode, kind, key, reference, fingerprint, expires_at)
	values ($1, $2, $3, $4, $5, $6, $7)
	on conflict (merchant_id, livemode, kind, key) do update
	set reference = excluded.reference, fingerprint = excluded.fingerprint, expires_at = excluded.expires_at
	where claims.expires_at <= $8`

func takeArguments(k Key, c Claim, now time.Time) []any {
	if c.Fingerprint == nil {
		c.Fingerprint = []byte{}
	}
	return []any{k.MerchantID, k.Livemode, k.Kind, k.Key, c.Reference, c.Fingerprint, c.ExpiresAt, now}
}

// Queue adds to a batch what claims a free key for c, so that the first request with a key needs no round trip for it. taken is true after the
// batch if the key was free. If it was not, call Take in the same transaction.
func Queue(b *pgx.Batch, k Key, c Claim, now time.Time, taken *bool) {
	b.Queue(takeSQL, takeArguments(k, c, now)...).Exec(func(tag pgconn.CommandTag) error {
		*taken = tag.RowsAffected() == 1
		return nil
	})
}

// Take claims a free key for c and returns the current claim: c itself, or that of an earlier request. It waits for concurrent
// transactions that claim the same key. Always take several keys in the same order.
func Take(ctx context.Context, tx pg.DB, k Key, c Claim, now time.Time) (holder Claim, err error) {
	tag, err := tx.Exec(ctx, takeSQL, takeArguments(k, c, now)...)
	if err != nil {
		return Claim{}, fmt.Errorf("take the %s %q: %w", k.Kind, k.Key, err)
	}
	if tag.RowsAffected() == 1 {
		return c, nil
	}
	holder, ok, err := read(ctx, tx, k)
	if err == nil && !ok {
		err = fmt.Errorf("take the %s %q: its holder has disappeared", k.Kind, k.Key)
	}
	return holder, err
}

// Find returns the claim of a key; found is false if the key is free.
func Find(ctx context.Context, db pg.DB, k Key, now time.Time) (holder Claim, found bool, err error) {
	holder, found, err = read(ctx, db, k)
	return holder, found && holder.ExpiresAt.After(now), err
}

func read(ctx context.Context, db pg.DB, k Key) (c Claim, found bool, err error) {
	err = db.QueryRow(ctx, `select reference::text, fingerprint, expires_at from claims
		where merchant_id = $1 and livemode = $2 and kind = $3 and key = $4`, k.MerchantID, k.Livemode, k.Kind, k.Key).
		Scan(&c.Reference, &c.Fingerprint, &c.ExpiresAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return Claim{}, false, nil
	}
	if err != nil {
		return Claim{}, false, fmt.Errorf("read the %s %q: %w", k.Kind, k.Key, err)
	}
	return c, true, nil
}

// Point makes a taken key refer to another object. It is used when the request also carried another key that already referred to
// that object.
func Point(ctx context.Context, tx pg.DB, k Key, reference string) error {
	_, err := tx.Exec(ctx, `update claims set reference = $5 where merchant_id = $1 and livemode = $2 and kind = $3 and key = $4`,
		k.MerchantID, k.Livemode, k.Kind, k.Key, reference)
	if err != nil {
		return fmt.Errorf("point the %s %q: %w", k.Kind, k.Key, err)
	}
	return nil
}

// Move transfers a key from its holder to another claim and reports whether the holder still held it.
func Move(ctx context.Context, tx pg.DB, k Key, from string, to Claim) (bool, error) {
	tag, err := tx.Exec(ctx, `update claims set reference = $6, expires_at = $7
		where merchant_id = $1 and livemode = $2 and kind = $3 and key = $4 and reference = $5`,
		k.MerchantID, k.Livemode, k.Kind, k.Key, from, to.Reference, to.ExpiresAt)
	if err != nil {
		return false, fmt.Errorf("move the %s %q: %w", k.Kind, k.Key, err)
	}
	return tag.RowsAffected() == 1, nil
}

// Purge deletes expired claims.
func Purge(ctx context.Context, db pg.DB, now time.Time) error {
	if _, err := db.Exec(ctx, `delete from claims where expires_at <= $1`, now); err != nil {
		return fmt.Errorf("purge claims: %w", err)
	}
	return nil
}
