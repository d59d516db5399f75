// Package roles creates a PostgreSQL role for each service, which may use the service's schema and no other. It owns that schema, or a
// role for migrations owns all of them and the services' roles only read and write rows.
package roles

import (
	"cmp"
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

// Role of one service, or that of the migrations.
type Role struct {
	// Service is also the name of the schema. That of the migrations has none.
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
// everyone else's access to the database. owner, unless its name is empty, is the role for migrations: it owns the schemas then, and the
// others may read and write rows in theirs, also of tables that it creates later. Prepare can be repeated at any time, also with or
// without an owner where it was not so before. admin is the URL of the database's owner, who must have CREATEROLE.
func Prepare(ctx context.Context, admin string, roles []Role, owner Role) error {
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
		// What changes its owner is in use: who waits for a lock on it holds everybody up, so it gives way and may be repeated.
		if _, err := tx.Exec(ctx, `set local lock_timeout = '500ms'`); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "revoke connect, temporary on database "+name(db.Config().Database)+" from public"); err != nil {
			return err
		}
		if owner.Name != "" {
			if err := owner.create(ctx, tx, db.Config().Database); err != nil {
				return fmt.Errorf("role %s: %w", owner.Name, err)
			}
		}
		for _, r := range roles {
			if err := r.prepare(ctx, tx, db.Config().Database, owner.Name); err != nil {
				return fmt.Errorf("role %s: %w", r.Name, err)
			}
		}
		return nil
	})
	if pg.IsContended(err) {
		return fmt.Errorf("the services hold locks on what changes its owner. Nothing was changed: do it again: %w", err)
	}
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

// create makes the role, which may sign in to the database. Its password may be a new one.
func (r Role) create(ctx context.Context, tx pgx.Tx, database string) error {
	var exists bool
	if err := tx.QueryRow(ctx, `select exists (select from pg_roles where rolname = $1)`, r.Name).Scan(&exists); err != nil {
		return err
	}
	verb := "create"
	if exists {
		verb = "alter"
	}
	return execute(ctx, tx,
		verb+" role "+name(r.Name)+" login password "+literal(r.Password),
		"grant "+name(r.Name)+" to current_user",
		"grant connect on database "+name(database)+" to "+name(r.Name))
}

// prepare makes the service's role and schema. owner is the role that owns the schema; empty: the service's own.
func (r Role) prepare(ctx context.Context, tx pgx.Tx, database, owner string) error {
	if err := r.create(ctx, tx, database); err != nil {
		return err
	}
	role, schema, owns := name(r.Name), name(r.Service), cmp.Or(owner, r.Name)
	if err := execute(ctx, tx,
		"create schema if not exists "+schema+" authorization "+name(owns),
		"alter schema "+schema+" owner to "+name(owns),
		// A pooler in transaction mode passes no parameters of a connection on.
		"alter role "+role+" in database "+name(database)+" set search_path = "+schema,
		"alter role "+role+" in database "+name(database)+" set idle_in_transaction_session_timeout = "+literal(pg.IdleInTransaction.String()),
	); err != nil {
		return err
	}
	if err := r.handOver(ctx, tx, owns); err != nil || owner == "" {
		return err
	}
	return r.restrict(ctx, tx, owner)
}

// handOver gives everything in the schema to the role that owns it.
func (r Role) handOver(ctx context.Context, tx pgx.Tx, owner string) error {
	rows, err := tx.Query(ctx, `select format('alter table %s owner to %I', c.oid::regclass, $2::text) from pg_class c
			where c.relnamespace = (select oid from pg_namespace where nspname = $1) and pg_get_userbyid(c.relowner) <> $2 and c.relkind in ('r', 'p', 'v', 'm')
		union all select format('alter function %s owner to %I', p.oid::regprocedure, $2::text) from pg_proc p
			where p.pronamespace = (select oid from pg_namespace where nspname = $1) and pg_get_userbyid(p.proowner) <> $2`, r.Service, owner)
	if err != nil {
		return err
	}
	statements, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	return execute(ctx, tx, statements...)
}

// restrict lets the role read and write the rows of all tables in its schema, also of those that the owner creates later, and do nothing
// else: it may neither change nor empty a table.
func (r Role) restrict(ctx context.Context, tx pgx.Tx, owner string) error {
	const onTables, onSequences = "select, insert, update, delete on ", "usage, select, update on "
	role, schema := name(r.Name), name(r.Service)
	later := "alter default privileges for role " + name(owner) + " in schema " + schema + " grant "
	if err := execute(ctx, tx,
		"grant usage on schema "+schema+" to "+role,
		"grant "+onTables+"all tables in schema "+schema+" to "+role,
		"grant "+onSequences+"all sequences in schema "+schema+" to "+role,
		later+onTables+"tables to "+role,
		later+onSequences+"sequences to "+role,
	); err != nil {
		return err
	}
	return r.protectVersion(ctx, tx)
}

// protectVersion lets the role read which migrations its schema has, and not write it.
func (r Role) protectVersion(ctx context.Context, db pg.DB) error {
	var exists bool
	table := pgx.Identifier{r.Service, "goose_db_version"}.Sanitize()
	if err := db.QueryRow(ctx, `select to_regclass($1) is not null`, table).Scan(&exists); err != nil || !exists {
		return err
	}
	_, err := db.Exec(ctx, "revoke insert, update, delete on "+table+" from "+name(r.Name))
	return err
}

func execute(ctx context.Context, tx pgx.Tx, statements ...string) error {
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
