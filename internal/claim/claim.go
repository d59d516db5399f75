// Package claim keeps what makes two requests the same one: a merchant's key stands for what the first request with it made. A claim is taken in
// the transaction that makes it, so a key never stands for something that does not exist.
//
// A service that uses it has this table in its schema (the types of merchant_id and reference are its own):
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

	"european-pay.eu/eupay/internal/pg"
)

// Key is what a merchant gave a request, in one mode: an Idempotency-Key, or its own reference.
type Key struct {
	MerchantID string
	Livemode   bool
	// Kind tells keys of several kinds apart, as "header" and "reference".
	Kind, Key string
}

// Claim is what a key stands for.
type Claim struct {
	// Reference of what the first request made.
	Reference string
	// Fingerprint of the request, so that another one with the same key can be told from the same one. Empty where that does not matter.
	Fingerprint []byte
	// ExpiresAt is when the key is free again.
	ExpiresAt time.Time
}

// Same reports whether both are of the same request.
func (c Claim) Same(fingerprint []byte) bool { return bytes.Equal(c.Fingerprint, fingerprint) }

// Take takes a key that is free for c, and returns what the key stands for now: c itself, or what an earlier request made. A
// request that comes at the same time waits here for the other transaction. Take several keys always in the same order.
func Take(ctx context.Context, tx pg.DB, k Key, c Claim, now time.Time) (holder Claim, err error) {
	if c.Fingerprint == nil {
		c.Fingerprint = []byte{}
	}
	tag, err := tx.Exec(ctx, `insert into claims (merchant_id, livemode, kind, key, reference, fingerprint, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (merchant_id, livemode, kind, key) do update
		set reference = excluded.reference, fingerprint = excluded.fingerprint, expires_at = excluded.expires_at
		where claims.expires_at <= $8`,
		k.MerchantID, k.Livemode, k.Kind, k.Key, c.Reference, c.Fingerprint, c.ExpiresAt, now)
	if err != nil {
		return Claim{}, fmt.Errorf("take the %s %q: %w", k.Kind, k.Key, err)
	}
	if tag.RowsAffected() == 1 {
		return c, nil
	}
	holder, ok, err := read(ctx, tx, k)
	if err == nil && !ok {
		err = fmt.Errorf("take the %s %q: its holder is gone", k.Kind, k.Key)
	}
	return holder, err
}

// Find returns what a key stands for; false when it is free.
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

// Point makes a key that is taken stand for something else: one that came beside another key, which stood for that already.
func Point(ctx context.Context, tx pg.DB, k Key, reference string) error {
	_, err := tx.Exec(ctx, `update claims set reference = $5 where merchant_id = $1 and livemode = $2 and kind = $3 and key = $4`,
		k.MerchantID, k.Livemode, k.Kind, k.Key, reference)
	if err != nil {
		return fmt.Errorf("point the %s %q: %w", k.Kind, k.Key, err)
	}
	return nil
}

// Move takes a key from the one that holds it, for reasons of its own, and reports whether that one still held it.
func Move(ctx context.Context, tx pg.DB, k Key, from string, to Claim) (bool, error) {
	tag, err := tx.Exec(ctx, `update claims set reference = $6, expires_at = $7
		where merchant_id = $1 and livemode = $2 and kind = $3 and key = $4 and reference = $5`,
		k.MerchantID, k.Livemode, k.Kind, k.Key, from, to.Reference, to.ExpiresAt)
	if err != nil {
		return false, fmt.Errorf("move the %s %q: %w", k.Kind, k.Key, err)
	}
	return tag.RowsAffected() == 1, nil
}

// Purge forgets keys that are free.
func Purge(ctx context.Context, db pg.DB, now time.Time) error {
	if _, err := db.Exec(ctx, `delete from claims where expires_at <= $1`, now); err != nil {
		return fmt.Errorf("purge claims: %w", err)
	}
	return nil
}
