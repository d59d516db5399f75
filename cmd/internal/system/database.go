package system

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"

	"golang.org/x/sync/errgroup"

	"european-pay.eu/eupay/cmd/internal/roles"
)

// role returns the name of a service's role. It begins with the database's name, because all databases of a server share their
// roles.
func (s System) role(service string) roles.Role {
	mac := hmac.New(sha256.New, []byte(s.Secrets.Database))
	mac.Write([]byte(service))
	return roles.Role{Service: service, Name: roles.Database(s.DatabaseURL) + "_" + service, Password: hex.EncodeToString(mac.Sum(nil))}
}

// ServiceDatabaseURL returns the database's URL for the service's own role; empty if DatabaseURL is not a URL.
func (s System) ServiceDatabaseURL(service string) string {
	own, err := s.role(service).URL(s.DatabaseURL)
	if err != nil {
		return ""
	}
	return own
}

// PrepareDatabase creates a role for each service, which may use the service's schema and nothing else. The service owns it and migrates
// it when it starts; if EUPAY_MIGRATIONS is "wait", another role owns all schemas and migrates them here. The role in DatabaseURL must be
// permitted to create roles.
func (s System) PrepareDatabase(ctx context.Context) error {
	all := make([]roles.Role, 0, len(Names))
	for _, service := range Names {
		all = append(all, s.role(service))
	}
	if s.Extra["EUPAY_MIGRATIONS"] != "wait" {
		return roles.Prepare(ctx, s.DatabaseURL, all, roles.Role{})
	}
	owner := s.role("migrations")
	if err := roles.Prepare(ctx, s.DatabaseURL, all, owner); err != nil {
		return err
	}
	url, err := owner.URL(s.DatabaseURL)
	if err != nil {
		return err
	}
	migrations, ctx := errgroup.WithContext(ctx)
	for _, r := range all {
		migrations.Go(func() error { return roles.Migrate(ctx, url, r) })
	}
	return migrations.Wait()
}

// ownConns is how many connections a service opens where the PostgreSQL is the system's own.
const ownConns = "16"

// database returns the settings with which a service reaches its database.
func (s System) database(service string) map[string]string {
	env := map[string]string{"EUPAY_DATABASE_URL": s.ServiceDatabaseURL(service), "EUPAY_DATABASE_CONNS": cmp.Or(s.Extra["EUPAY_DATABASE_CONNS"], ownConns)}
	if s.Pooler == "" {
		return env
	}
	u, err := url.Parse(env["EUPAY_DATABASE_URL"])
	if err != nil {
		return env
	}
	u.Host, u.RawQuery = s.Pooler, ""
	env["EUPAY_DATABASE_POOLING"], env["EUPAY_DATABASE_DIRECT_URL"], env["EUPAY_DATABASE_URL"] = "transaction", env["EUPAY_DATABASE_URL"], u.String()
	return env
}
