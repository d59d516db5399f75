package apikey

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/form"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/slots"
)

const (
	// DefaultPerMinute is the rate limit of a new key.
	DefaultPerMinute = 100
	// MaxOverlap is how long a replaced secret may stay valid.
	MaxOverlap = 7 * 24 * time.Hour
	// maxKeys bounds the keys of one merchant that are not revoked.
	maxKeys = 50
	// maxOldSecrets bounds the bcrypt comparisons of one request.
	maxOldSecrets = 2
)

// NewKey is what a merchant chooses for a key.
type NewKey struct {
	Livemode bool
	Name     string
	// Scopes: nil for all.
	Scopes     []rights.Scope
	AllowedIPs []netip.Prefix
	// PerMinute: nil for DefaultPerMinute.
	PerMinute *int
	// ExpiresAt: nil for never.
	ExpiresAt *time.Time
}

// Change holds the new values; nil leaves a value as it is.
type Change struct {
	Name       *string
	Scopes     *[]rights.Scope
	AllowedIPs *[]netip.Prefix
	PerMinute  *int
}

// Create makes a key and returns it with its secret, which nobody can read again.
func (k *Keys) Create(ctx context.Context, by audit.Actor, merchantID string, n NewKey) (Key, string, error) {
	key := Key{
		ID: events.NewID(), Public: newPublic(n.Livemode), Livemode: n.Livemode, Name: n.Name, Scopes: n.Scopes,
		AllowedIPs: n.AllowedIPs, PerMinute: DefaultPerMinute, CreatedAt: k.instant(), ExpiresAt: n.ExpiresAt,
	}
	if key.Scopes == nil {
		key.Scopes = rights.AllScopes
	}
	if n.PerMinute != nil {
		key.PerMinute = *n.PerMinute
	}
	if err := checkKey(key); err != nil {
		return Key{}, "", err
	}
	if err := checkRoom(ctx, k.pool, merchantID); err != nil { // once more under the lock: this one saves the hash
		return Key{}, "", err
	}
	secret := newSecret(n.Livemode)
	hash, err := k.hasher.Hash(ctx, slots.Turn{Name: merchantID}, secret)
	if err != nil {
		return Key{}, "", err
	}
	err = pgx.BeginFunc(ctx, k.pool, func(tx pgx.Tx) error { return k.create(ctx, tx, by, merchantID, &key, hash) })
	if err != nil {
		return Key{}, "", err
	}
	return key, secret, nil
}

func (k *Keys) create(ctx context.Context, tx pgx.Tx, by audit.Actor, merchantID string, key *Key, hash string) error {
	m, err := merchant.Lock(ctx, tx, merchantID) // the lock makes the count below right
	if err != nil {
		return err
	}
	if err := checkRoom(ctx, tx, m.ID); err != nil {
		return err
	}
	if key.AllowedIPs == nil {
		key.AllowedIPs = []netip.Prefix{}
	}
	if err := insertKey(ctx, tx, m.ID, *key); err != nil {
		return err
	}
	if _, err := replaceSecret(ctx, tx, key.ID, hash, key.CreatedAt, key.CreatedAt); err != nil {
		return err
	}
	key.Merchant = m
	return audit.Record(ctx, tx, key.CreatedAt, by, "api_key.created", key.ID, map[string]any{"public": key.Public, "merchant_id": m.ID})
}

func checkRoom(ctx context.Context, db pg.DB, merchantID string) error {
	n, err := countActiveKeys(ctx, db, merchantID)
	if err != nil {
		return err
	}
	if n >= maxKeys {
		return errs.New(errs.InvalidState, "The account has %d API keys. Revoke one that is not in use.", n)
	}
	return nil
}

// List returns a page of the merchant's keys, revoked ones too, newest first, and how many there are in all.
func (k *Keys) List(ctx context.Context, merchantID string, page, limit int) ([]Key, int64, error) {
	return listKeys(ctx, k.pool, merchantID, page, limit)
}

// Update changes a key that is not revoked.
func (k *Keys) Update(ctx context.Context, by audit.Actor, merchantID, id string, change Change) (Key, error) {
	return k.change(ctx, merchantID, id, func(tx pgx.Tx, key *Key) (bool, error) {
		changed := key.apply(change)
		if err := checkKey(*key); err != nil || len(changed) == 0 {
			return false, err
		}
		if err := updateKey(ctx, tx, *key); err != nil {
			return true, err
		}
		return true, audit.Record(ctx, tx, k.instant(), by, "api_key.updated", id, changed)
	})
}

// apply sets the new values and returns those that differ for the audit log.
func (k *Key) apply(c Change) map[string]any {
	changed := map[string]any{}
	if c.Name != nil && *c.Name != k.Name {
		k.Name, changed["name"] = *c.Name, *c.Name
	}
	if c.Scopes != nil && !slices.Equal(*c.Scopes, k.Scopes) {
		k.Scopes, changed["scopes"] = *c.Scopes, *c.Scopes
	}
	if c.AllowedIPs != nil && !slices.Equal(*c.AllowedIPs, k.AllowedIPs) {
		k.AllowedIPs, changed["allowed_ips"] = append([]netip.Prefix{}, *c.AllowedIPs...), *c.AllowedIPs
	}
	if c.PerMinute != nil && *c.PerMinute != k.PerMinute {
		k.PerMinute, changed["per_minute"] = *c.PerMinute, *c.PerMinute
	}
	return changed
}

// Revoke ends a key for good, on every replica at once. Revoking it again changes nothing.
func (k *Keys) Revoke(ctx context.Context, by audit.Actor, merchantID, id string) error {
	now := k.instant()
	_, err := k.lock(ctx, merchantID, id, func(tx pgx.Tx, key *Key) (bool, error) {
		if key.RevokedAt != nil {
			return false, nil
		}
		if err := revokeKey(ctx, tx, id, now); err != nil {
			return true, err
		}
		return true, audit.Record(ctx, tx, now, by, "api_key.revoked", id, map[string]any{"public": key.Public, "merchant_id": merchantID})
	})
	return err
}

// Rotate makes a new secret, returned once. The present one stays valid for overlap (0 to MaxOverlap), older ones no
// longer than that: with 0 all of them end at once.
func (k *Keys) Rotate(ctx context.Context, by audit.Actor, merchantID, id string, overlap time.Duration) (Key, string, error) {
	if overlap < 0 || overlap > MaxOverlap {
		return Key{}, "", errs.Invalid(errs.Field{Field: "overlap_seconds", Message: "overlap_seconds must be from 0 to 604800 (7 days)."})
	}
	now := k.instant()
	livemode, err := k.rotatable(ctx, merchantID, id, now, now.Add(overlap))
	if err != nil {
		return Key{}, "", err
	}
	secret := newSecret(livemode)
	hash, err := k.hasher.Hash(ctx, slots.Turn{Name: merchantID}, secret) // before the transaction: it is slow
	if err != nil {
		return Key{}, "", err
	}
	key, err := k.change(ctx, merchantID, id, func(tx pgx.Tx, _ *Key) (bool, error) {
		old, err := replaceSecret(ctx, tx, id, hash, now, now.Add(overlap))
		if err != nil {
			return true, err
		}
		if old > maxOldSecrets {
			return false, errOldSecrets()
		}
		return true, audit.Record(ctx, tx, now, by, "api_key.rotated", id, map[string]any{"overlap_seconds": int64(overlap.Seconds())})
	})
	if err != nil {
		return Key{}, "", err
	}
	return key, secret, nil
}

// rotatable is the mode of a key whose secrets may be replaced with the present one valid until then: what must be refused is
// refused before the hash is computed.
func (k *Keys) rotatable(ctx context.Context, merchantID, id string, now, until time.Time) (bool, error) {
	key, err := k.change(ctx, merchantID, id, func(tx pgx.Tx, _ *Key) (bool, error) {
		valid, err := countSecrets(ctx, tx, id, now)
		if err == nil && until.After(now) && valid > maxOldSecrets {
			err = errOldSecrets()
		}
		return false, err
	})
	return key.Livemode, err
}

func errOldSecrets() error {
	return errs.New(errs.InvalidState, "Two older secrets of this key are still valid. Wait until one ends, or rotate without overlap.")
}

// change is lock for a key that must not be revoked.
func (k *Keys) change(ctx context.Context, merchantID, id string, do func(pgx.Tx, *Key) (bool, error)) (Key, error) {
	return k.lock(ctx, merchantID, id, func(tx pgx.Tx, key *Key) (bool, error) {
		if key.RevokedAt != nil {
			return false, errs.New(errs.InvalidState, "The API key is revoked. Create a new one.")
		}
		return do(tx, key)
	})
}

// lock runs do in a transaction that has locked the key, and makes all replicas forget the key afterwards if do reports a change.
func (k *Keys) lock(ctx context.Context, merchantID, id string, do func(pgx.Tx, *Key) (changed bool, err error)) (Key, error) {
	if !form.IsID(id) {
		return Key{}, errs.NotFound("API key")
	}
	var key Key
	var changed bool
	err := pgx.BeginFunc(ctx, k.pool, func(tx pgx.Tx) error {
		var err error
		if key, err = lockKey(ctx, tx, merchantID, id); err != nil {
			return err
		}
		changed, err = do(tx, &key)
		return err
	})
	if errors.Is(err, errNoKey) {
		return Key{}, errs.NotFound("API key")
	}
	if changed { // also after an error: a commit whose answer was lost may have happened
		k.notify.forget(key.ID)
	}
	if err != nil {
		return Key{}, err
	}
	return key, nil
}

// instant is now as the database keeps it.
func (k *Keys) instant() time.Time { return k.now().UTC().Truncate(time.Microsecond) }
