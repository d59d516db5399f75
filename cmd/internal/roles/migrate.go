package roles

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
	einvoice "european-pay.eu/eupay/services/einvoice/migrations"
	gateway "european-pay.eu/eupay/services/gateway/migrations"
	payments "european-pay.eu/eupay/services/payments/migrations"
	portal "european-pay.eu/eupay/services/portal/migrations"
	qr "european-pay.eu/eupay/services/qr/migrations"
	webhooks "european-pay.eu/eupay/services/webhooks/migrations"
)

// Migrations returns those of a service; nil if there is no such service.
func Migrations(service string) fs.FS {
	return map[string]fs.FS{
		"einvoice": einvoice.FS, "gateway": gateway.FS, "payments": payments.FS, "portal": portal.FS, "qr": qr.FS, "webhooks": webhooks.Files,
	}[service]
}

// Pending returns the names of the migrations that the service's schema lacks. url is of a role that may read the schema.
func Pending(ctx context.Context, url, service string) ([]string, error) {
	pool, err := pg.Open(ctx, pg.Settings{URL: url, Schema: service, MaxConns: 1})
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	return pg.Pending(ctx, pool, Migrations(service))
}

// Migrate applies the pending migrations of the role's service. owner is the database's URL for the role that owns the schema: the one
// for migrations. A migration that gives way to the services at work is tried again until ctx ends.
func Migrate(ctx context.Context, owner string, r Role) error {
	for {
		err := pg.Migrate(ctx, pg.Settings{URL: owner, Schema: r.Service}, Migrations(r.Service))
		if err == nil {
			break
		}
		if !pg.IsContended(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Second):
		}
	}
	db, err := pgx.Connect(ctx, owner)
	if err != nil {
		return fmt.Errorf("PostgreSQL does not answer at the address in EUPAY_DATABASE_URL, or refuses its user%s", state(err))
	}
	defer db.Close(ctx)
	if err := r.protectVersion(ctx, db); err != nil {
		return fmt.Errorf("protect the version of the schema %s: %w", r.Service, err)
	}
	return nil
}
