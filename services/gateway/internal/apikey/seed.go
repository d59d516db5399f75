package apikey

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/slots"
)

// Demo is a key pair with given credentials.
type Demo struct {
	Public, Secret string
	// PerMinute may be above MaxPerMinute.
	PerMinute int
}

// Seed makes sure that the merchant has the key, and that it may be used with the secret.
func (k *Keys) Seed(ctx context.Context, tx pgx.Tx, merchantID string, d Demo) error {
	now, who := k.instant(), slots.Turn{Name: string(audit.BySeed)}
	livemode := d.Public[:min(len(d.Public), 8)] == "pk_live_"
	if !isPublic(d.Public) || !isSecret(d.Secret, livemode) {
		return errors.New("a demo key must look like pk_test_… with sk_test_…, or pk_live_… with sk_live_…")
	}
	id, owner, err := ensureDemo(ctx, tx, merchantID, d, livemode, now)
	if err != nil {
		return err
	}
	if owner != merchantID {
		return errors.New("the demo key belongs to another merchant")
	}
	_, secrets, err := loadKey(ctx, tx, d.Public, now)
	if err != nil {
		return err
	}
	for _, s := range secrets {
		if ok, err := k.hasher.Matches(ctx, who, s.Hash, d.Secret); err != nil || (ok && s.ValidUntil == nil) {
			return err
		}
	}
	hash, err := k.hasher.Hash(ctx, who, d.Secret)
	if err != nil {
		return err
	}
	if _, err := replaceSecret(ctx, tx, id, hash, now, now); err != nil {
		return err
	}
	return audit.Record(ctx, tx, now, audit.BySeed, "api_key.created", id, map[string]any{"public": d.Public})
}
