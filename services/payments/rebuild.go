package payments

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/rebuild"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// Fact is an event of the stream, from which payments are rebuilt.
type Fact = rebuild.Fact

// Finding is a payment of which the database knew less than the stream or the provider.
type Finding = rebuild.Finding

// Rebuild brings the database of the settings, restored from a backup, up to the facts since then; see rebuild.Run. The service must
// not run.
func Rebuild(ctx context.Context, cfg Config, facts []Fact, since time.Time, apply bool, now func() time.Time) ([]Finding, error) {
	keys, err := cfg.connectionsVault()
	if err != nil {
		return nil, fmt.Errorf("read EUPAY_CONNECTIONS_KEY: %w", err)
	}
	pool, err := cfg.OpenPool(ctx, "payments")
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	d := rebuild.Deps{Pool: pool, Store: store.New(pool, keys, now, func() {}), SessionTTL: cfg.Engine.SessionTTL, Now: now}
	for into, p := range map[*rebuild.Provider]ProviderConfig{&d.Live: cfg.Live, &d.Test: cfg.Test} {
		if p.BaseURL == "" {
			continue
		}
		client := powens.New(p.client("", cfg.PublicURL, cfg.Engine.InFlight), now, slog.New(slog.DiscardHandler))
		defer client.Close()
		*into = client
	}
	return rebuild.Run(ctx, d, facts, since, apply)
}
