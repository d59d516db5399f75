package e2e

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"european-pay.eu/eupay/cmd/internal/system"
)

// TestNoServiceMayChangeItsSchema: the roles of the shared system, with which all its tests work, only read and write rows.
func TestNoServiceMayChangeItsSchema(t *testing.T) {
	t.Parallel()
	sys := shared.stack.System()
	for _, service := range system.Names {
		db, err := pgx.Connect(t.Context(), sys.ServiceDatabaseURL(service))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close(t.Context()) })
		for _, statement := range []string{`create table mine (id int)`, `drop table goose_db_version`, `delete from goose_db_version`} {
			var refused *pgconn.PgError
			if _, err := db.Exec(t.Context(), statement); !errors.As(err, &refused) || refused.Code != "42501" { // insufficient_privilege
				t.Errorf("%s: %s: %v", service, statement, err)
			}
		}
	}
}
