package vaulttest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/vault"
)

// marks finds what is sealed by the names that all tables use: the id of its key is a text key_id or …_key_id, or the value is bytes sealed or …_sealed.
// What tells whether the keys are the right ones is sealed anew by itself.
const marks = `select table_name || '.' || column_name from information_schema.columns
	where table_schema = current_schema() and table_name <> 'vault_check'
	and (column_name ~ '(^|_)key_id$' and data_type = 'text' or column_name ~ '(^|_)sealed$' and data_type = 'bytea') order by 1`

// KnowsAll fails the test unless each sealed column of the schema is one of those that are sealed anew when a master key is replaced: what is left out
// is lost with the old key. short are tables whose rows do not outlive the replacement.
func KnowsAll(t testing.TB, pool *pgxpool.Pool, known []vault.Column, short ...string) {
	t.Helper()
	rows, err := pool.Query(t.Context(), marks)
	if err != nil {
		t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range known {
		names = append(names, c.Table+"."+c.KeyID, c.Table+"."+c.Data)
	}
	for _, table := range short {
		names = append(names, table+".key_id", table+".sealed")
	}
	for _, column := range found {
		if !slices.Contains(names, column) {
			t.Errorf("%s is sealed, and not sealed anew with a new key", column)
		}
	}
	for _, column := range names {
		var there bool
		err := pool.QueryRow(t.Context(), `select exists (select from information_schema.columns where table_schema = current_schema()
			and table_name || '.' || column_name = $1)`, column).Scan(&there)
		if err != nil || !there {
			t.Errorf("there is no column %s: %v", column, err)
		}
	}
}

// UnderOneKey fails the test unless each column has values, and all of them open with the current key of the vault alone.
func UnderOneKey(t testing.TB, pool *pgxpool.Pool, alone *vault.Vault, known []vault.Column) {
	t.Helper()
	for _, c := range known {
		of := strings.Join(slices.Concat(c.Key, c.Of), "::text, ") + "::text"
		rows, err := pool.Query(t.Context(), fmt.Sprintf(`select array[%s], %s, %s from %s where %[2]s is not null`, of, c.KeyID, c.Data, c.Table))
		if err != nil {
			t.Fatal(err)
		}
		values, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (text string, err error) {
			var of []string
			var sealed vault.Sealed
			if err := r.Scan(&of, &sealed.KeyID, &sealed.Data); err != nil {
				return "", err
			}
			return alone.Open(sealed, c.Owner(of))
		})
		if err != nil || len(values) == 0 {
			t.Errorf("%s.%s has %d values: %v", c.Table, c.Data, len(values), err)
		}
	}
}
