package system

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"path"

	"github.com/jackc/pgx/v5"
)

// role is the service's own role, which owns its schema and sees no other. It has the database's name before it, because all databases of
// a server share their roles.
func (s System) role(service string) string { return s.databaseName() + "_" + service }

func (s System) databaseName() string {
	u, err := url.Parse(s.DatabaseURL)
	if err != nil {
		return ""
	}
	return path.Base(u.Path)
}

// password is the role's.
func (s System) password(service string) string {
	mac := hmac.New(sha256.New, []byte(s.Secrets.Database))
	mac.Write([]byte(service))
	return hex.EncodeToString(mac.Sum(nil))
}

// ServiceDatabaseURL is the database as the service's own role reaches it; empty when DatabaseURL is no URL.
func (s System) ServiceDatabaseURL(service string) string {
	u, err := url.Parse(s.DatabaseURL)
	if err != nil {
		return ""
	}
	query := u.Query()
	query.Del("user")
	query.Del("password")
	u.User, u.RawQuery = url.UserPassword(s.role(service), s.password(service)), query.Encode()
	return u.String()
}

// PrepareDatabase makes a role for each service that owns the service's schema, with all that is in it, and may use nothing else.
// DatabaseURL must be of a role that may create roles.
func (s System) PrepareDatabase(ctx context.Context) error {
	db, err := pgx.Connect(ctx, s.DatabaseURL)
	if err != nil {
		return errors.New("EUPAY_DATABASE_URL is no address of a PostgreSQL that answers") // the error would show the password
	}
	defer db.Close(ctx)
	if err := s.makeRoles(ctx, db); err != nil {
		return fmt.Errorf("make a role for each service in the database: %w. The role of EUPAY_DATABASE_URL must be the database's owner and have CREATEROLE", err)
	}
	own, err := pgx.Connect(ctx, s.ServiceDatabaseURL(Gateway))
	if err != nil {
		return errors.New("the services' own roles cannot sign in to the database: its pg_hba.conf must let them in with a password (scram-sha-256)")
	}
	return own.Close(ctx)
}

func (s System) makeRoles(ctx context.Context, db *pgx.Conn) error {
	return pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		// Two systems that start on one database take turns.
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtext('eupay roles'))`); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "revoke connect, temporary on database "+name(s.databaseName())+" from public"); err != nil {
			return err
		}
		for _, service := range Names {
			if err := s.makeRole(ctx, tx, service); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s System) makeRole(ctx context.Context, tx pgx.Tx, service string) error {
	var exists bool
	if err := tx.QueryRow(ctx, `select exists (select from pg_roles where rolname = $1)`, s.role(service)).Scan(&exists); err != nil {
		return err
	}
	role, verb := name(s.role(service)), "create"
	if exists {
		verb = "alter"
	}
	for _, statement := range []string{
		verb + " role " + role + " login password '" + s.password(service) + "'", // hexadecimal
		"grant " + role + " to current_user",
		"grant connect on database " + name(s.databaseName()) + " to " + role,
		"create schema if not exists " + name(service) + " authorization " + role,
		"alter schema " + name(service) + " owner to " + role,
	} {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return err
		}
	}
	// What was made before there were roles is handed over.
	_, err := tx.Exec(ctx, fmt.Sprintf(`do $$
		declare one record;
		begin
			for one in select c.oid::regclass as what from pg_class c where c.relnamespace = '%[1]s'::regnamespace and c.relowner <> '%[2]s'::regrole
				and c.relkind in ('r', 'p', 'v', 'm') loop
				execute format('alter table %%s owner to %%I', one.what, '%[3]s');
			end loop;
			for one in select p.oid::regprocedure as what from pg_proc p where p.pronamespace = '%[1]s'::regnamespace and p.proowner <> '%[2]s'::regrole loop
				execute format('alter function %%s owner to %%I', one.what, '%[3]s');
			end loop;
		end $$`, name(service), role, s.role(service)))
	return err
}

func name(identifier string) string { return pgx.Identifier{identifier}.Sanitize() }
