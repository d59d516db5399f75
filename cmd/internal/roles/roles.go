// Package roles creates a PostgreSQL role for each service, which owns the service's schema and may use no other.
package roles

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/run/pg"
)

// Services are those that have a schema.
func Services() []string { return append(identity.Services(), "portal") }

// Role of one service.
type Role struct {
	// Service is also the name of the schema.
	Service, Name, Password string
}

// URL returns the database's URL for the role, derived from the administrator's URL.
func (r Role) URL(admin string) (string, error) {
	u, err := url.Parse(admin)
	if err != nil || u.Host == "" && u.RawQuery == "" {
		return "", errNoURL // the error would show the password
	}
	query := u.Query()
	query.Del("user")
	query.Del("password")
	u.User, u.RawQuery = url.UserPassword(r.Name, r.Password), query.Encode()
	return u.String(), nil
}

var errNoURL = errors.New("EUPAY_DATABASE_URL must be a URL: postgres://user:password@host/database")

// Database returns the name of the database in the administrator's URL.
func Database(admin string) string {
	u, err := url.Parse(admin)
	if err != nil {
		return ""
	}
	return path.Base(u.Path)
}

// Prepare creates the roles and their schemas, transfers to them what an earlier version created as another role, and revokes
// everyone else's access to the database. It can be repeated at any time. admin is the URL of the database's owner, who must have
// CREATEROLE.
func Prepare(ctx context.Context, admin string, roles []Role) error {
	db, err := pgx.Connect(ctx, admin)
	if err != nil {
		return fmt.Errorf("PostgreSQL does not answer at the address in EUPAY_DATABASE_URL, or refuses its user%s", state(err))
	}
	defer db.Close(ctx)
	err = pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		// Concurrent runs on one database take turns.
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtext('eupay roles'))`); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "revoke connect, temporary on database "+name(db.Config().Database)+" from public"); err != nil {
			return err
		}
		for _, r := range roles {
			if err := r.prepare(ctx, tx, db.Config().Database); err != nil {
				return fmt.Errorf("role %s: %w", r.Name, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("make a role for each service in the database: %w. The user of EUPAY_DATABASE_URL must own the database and have CREATEROLE", err)
	}
	return signsIn(ctx, admin, roles[0])
}

// state returns the SQLSTATE of a refused connection. The rest of the error names the user and possibly more.
func state(err error) string {
	var refused interface{ SQLState() string }
	if errors.As(err, &refused) {
		return " (SQLSTATE " + refused.SQLState() + ")"
	}
	return ""
}

func signsIn(ctx context.Context, admin string, r Role) error {
	own, err := r.URL(admin)
	if err != nil {
		return err
	}
	db, err := pgx.Connect(ctx, own)
	if err != nil {
		return fmt.Errorf("the services' own roles cannot sign in to the database: its pg_hba.conf must let them in with a password (scram-sha-256)%s", state(err))
	}
	return db.Close(ctx)
}

func (r Role) prepare(ctx context.Context, tx pgx.Tx, database string) error {
	var exists bool
	if err := tx.QueryRow(ctx, `select exists (select from pg_roles where rolname = $1)`, r.Name).Scan(&exists); err != nil {
		return err
	}
	role, verb := name(r.Name), "create"
	if exists {
		verb = "alter"
	}
	for _, statement := range []string{
		verb + " role " + role + " login password " + literal(r.Password),
		"grant " + role + " to current_user",
		"grant connect on database " + name(database) + " to " + role,
		"create schema if not exists " + name(r.Service) + " authorization " + role,
		"alter schema " + name(r.Service) + " owner to " + role,
		// A pooler in transaction mode passes no parameters of a connection on.
		"alter role " + role + " in database " + name(database) + " set search_path = " + name(r.Service),
		"alter role " + role + " in database " + name(database) + " set idle_in_transaction_session_timeout = " + literal(pg.IdleInTransaction.String()),
	} {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return r.takeOver(ctx, tx)
}

// takeOver transfers everything in the schema to its role.
func (r Role) takeOver(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `select format('alter table %s owner to %I', c.oid::regclass, $2::text) from pg_class c
			where c.relnamespace = (select oid from pg_namespace where nspname = $1) and pg_get_userbyid(c.relowner) <> $2 and c.relkind in ('r', 'p', 'v', 'm')
		union all select format('alter function %s owner to %I', p.oid::regprocedure, $2::text) from pg_proc p
			where p.pronamespace = (select oid from pg_namespace where nspname = $1) and pg_get_userbyid(p.proowner) <> $2`, r.Service, r.Name)
	if err != nil {
		return err
	}
	statements, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, statement := range statements {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func name(identifier string) string { return pgx.Identifier{identifier}.Sanitize() }

// literal is a text of SQL, whatever it holds: with E” a backslash means what it says in every setting.
func literal(text string) string {
	return "E'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(text) + "'"
}
