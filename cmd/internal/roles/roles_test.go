package roles_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

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
		if err := roles.Prepare(t.Context(), admin, all, roles.Role{}); err != nil {
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

// TestAnOwnerMigratesAndTheServicesOnlyWriteRows, also in a database where the services owned their schemas before, and back again.
func TestAnOwnerMigratesAndTheServicesOnlyWriteRows(t *testing.T) {
	t.Parallel()
	admin := pgtest.Empty(t)
	database := roles.Database(admin)
	service := roles.Role{Service: "payments", Name: database + "_payments", Password: "secret"}
	owner := roles.Role{Name: database + "_migrations", Password: "secret"}
	serviceURL, err := service.URL(admin)
	if err != nil {
		t.Fatal(err)
	}
	ownerURL, err := owner.URL(admin)
	if err != nil {
		t.Fatal(err)
	}
	prepare := func(owner roles.Role) {
		t.Helper()
		if err := roles.Prepare(t.Context(), admin, []roles.Role{service}, owner); err != nil {
			t.Fatal(err)
		}
	}
	prepare(roles.Role{})
	if err := pg.Migrate(t.Context(), pg.Settings{URL: serviceURL, Schema: "payments"}, first(t, paymentsschema.FS)); err != nil {
		t.Fatal(err)
	}
	if missing, err := roles.Pending(t.Context(), serviceURL, "payments"); err != nil || len(missing) == 0 {
		t.Errorf("%d migrations are missing, %v", len(missing), err)
	}
	for range 2 { // again is harmless
		prepare(owner)
		if err := roles.Migrate(t.Context(), ownerURL, service); err != nil {
			t.Fatal(err)
		}
	}
	if missing, err := roles.Pending(t.Context(), serviceURL, "payments"); err != nil || len(missing) > 0 {
		t.Errorf("the service sees that %v are missing, %v", missing, err)
	}
	db := connect(t, serviceURL)
	// Tables of both: those that the service made, and those that the owner made of later migrations.
	for _, statement := range []string{
		`select make_months('inbox', now() + interval '6 months')`, `insert into inbox (consumer, event_id) values ('c', id_floor(now() + interval '6 months'))`,
		`select drop_months('inbox', 'received_at', now() - interval '1 year')`,
		`delete from outbox`, `delete from payment_settlements`, `insert into idempotency (merchant_id, mode, key) select merchant_id, mode, reference from payments`,
	} {
		if _, err := db.Exec(t.Context(), statement); denied(err) {
			t.Errorf("the service: %s: %v", statement, err)
		}
	}
	var inRest int
	if err := db.QueryRow(t.Context(), `select count(*) from inbox_rest`).Scan(&inRest); err != nil || inRest != 0 {
		t.Errorf("%d rows lack a month, %v", inRest, err)
	}
	for _, statement := range []string{
		`drop table inbox_rest`, `create table mine (id int)`, `alter table payments add column more int`, `drop table outbox`, `truncate outbox`, `create index mine on payments (reference)`,
		`alter table payments disable trigger all`, `update goose_db_version set version_id = 1`, `insert into goose_db_version (version_id, is_applied) values (9999, true)`,
		`set role "` + owner.Name + `"`,
	} {
		if _, err := db.Exec(t.Context(), statement); !denied(err) {
			t.Errorf("the service: %s: %v", statement, err)
		}
	}
	prepare(roles.Role{})
	if _, err := connect(t, serviceURL).Exec(t.Context(), `alter table payments add column more int`); err != nil {
		t.Errorf("the service owns its schema again: %v", err)
	}
}

// first returns only the first of the migrations.
func first(t *testing.T, files fs.FS) fs.FS {
	t.Helper()
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	content, err := fs.ReadFile(files, names[0])
	if err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{names[0]: {Data: content}}
}

func TestTheErrorSaysWhichRightAnAdministratorLacks(t *testing.T) {
	t.Parallel()
	admin := pgtest.Empty(t)
	role := roles.Role{Service: "gateway", Name: roles.Database(admin) + "_gateway", Password: "first"}
	if err := roles.Prepare(t.Context(), admin, []roles.Role{role}, roles.Role{}); err != nil {
		t.Fatal(err)
	}
	own, err := role.URL(admin)
	if err != nil {
		t.Fatal(err)
	}
	if err := roles.Prepare(t.Context(), own, []roles.Role{role}, roles.Role{}); err == nil || !strings.Contains(err.Error(), "CREATEROLE") {
		t.Errorf("got %v", err)
	}
	role.Password = "wrong s3cret"
	if wrong, err := role.URL(admin); err != nil {
		t.Fatal(err)
	} else if err := roles.Prepare(t.Context(), wrong, nil, roles.Role{}); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}
