package roles_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"european-pay.eu/eupay/cmd/internal/roles"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/gateway/migrations"
	paymentsschema "european-pay.eu/eupay/services/payments/migrations"
)

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	db, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close(t.Context()) })
	return db
}

func denied(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "42501" // insufficient_privilege
}

// TestEachServiceSeesItsOwnSchemaOnly, also in a database where an earlier version made everything as one role.
func TestEachServiceSeesItsOwnSchemaOnly(t *testing.T) {
	t.Parallel()
	admin := pgtest.Database(t, "gateway", migrations.FS)
	database := roles.Database(admin)
	nasty := `p'a\ss"` + uuid.NewString()
	all := []roles.Role{{Service: "gateway", Name: database + "_gateway", Password: nasty}, {Service: "payments", Name: database + "_payments", Password: nasty}}
	for range 2 { // again is harmless
		if err := roles.Prepare(t.Context(), admin, all); err != nil {
			t.Fatal(err)
		}
	}
	own := make(map[string]*pgx.Conn)
	for i, files := range []pg.Settings{{Schema: "gateway"}, {Schema: "payments"}} {
		url, err := all[i].URL(admin)
		if err != nil {
			t.Fatal(err)
		}
		files.URL = url
		schema := migrations.FS
		if files.Schema == "payments" {
			schema = paymentsschema.FS
		}
		if err := pg.Migrate(t.Context(), files, schema); err != nil {
			t.Fatalf("%s migrates its own schema: %v", files.Schema, err)
		}
		own[files.Schema] = connect(t, url)
	}
	for service, statement := range map[string]string{"gateway": `alter table gateway.merchants add column more int`, "payments": `delete from payments.payments`} {
		if _, err := own[service].Exec(t.Context(), statement); err != nil {
			t.Errorf("%s with its own: %v", service, err)
		}
	}
	for service, statements := range map[string][]string{
		"gateway":  {`select * from payments.payments`, `delete from payments.outbox`, `create table payments.mine (id int)`, `create schema mine`},
		"payments": {`select * from gateway.users`, `update gateway.merchants set iban = ''`, `create table public.mine (id int)`, `create temporary table mine (id int)`},
	} {
		for _, statement := range statements {
			if _, err := own[service].Exec(t.Context(), statement); !denied(err) {
				t.Errorf("%s: %s: %v", service, statement, err)
			}
		}
	}
}

func TestTheErrorSaysWhichRightAnAdministratorLacks(t *testing.T) {
	t.Parallel()
	admin := pgtest.Empty(t)
	role := roles.Role{Service: "gateway", Name: roles.Database(admin) + "_gateway", Password: "first"}
	if err := roles.Prepare(t.Context(), admin, []roles.Role{role}); err != nil {
		t.Fatal(err)
	}
	own, err := role.URL(admin)
	if err != nil {
		t.Fatal(err)
	}
	if err := roles.Prepare(t.Context(), own, []roles.Role{role}); err == nil || !strings.Contains(err.Error(), "CREATEROLE") {
		t.Errorf("got %v", err)
	}
	role.Password = "wrong s3cret"
	if wrong, err := role.URL(admin); err != nil {
		t.Fatal(err)
	} else if err := roles.Prepare(t.Context(), wrong, nil); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}
