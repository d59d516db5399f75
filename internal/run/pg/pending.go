package pg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// undefinedTable is the SQLSTATE of a table that does not exist, or whose schema the role may not see.
const undefinedTable = "42P01"

// Pending returns the names of the migrations in the root of files that the schema which db uses lacks, oldest first. A schema may have
// more than the files: the version after this one has migrated it.
func Pending(ctx context.Context, db DB, files fs.FS) ([]string, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("list the migrations: %w", err)
	}
	applied, err := versions(ctx, db)
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	return slices.DeleteFunc(names, func(name string) bool { return applied[number(name)] }), nil
}

// versions returns the numbers of the migrations that were applied.
func versions(ctx context.Context, db DB) (map[int64]bool, error) {
	var numbers []int64
	rows, err := db.Query(ctx, `select version_id from goose_db_version where is_applied`)
	if err == nil {
		numbers, err = pgx.CollectRows(rows, pgx.RowTo[int64])
	}
	if err != nil && sqlState(err) != undefinedTable {
		return nil, fmt.Errorf("read the schema's version: %w", err)
	}
	applied := make(map[int64]bool, len(numbers))
	for _, n := range numbers {
		applied[n] = true
	}
	return applied, nil
}

// number returns that of a migration's file; 0, which is always applied, if it has none.
func number(name string) int64 {
	digits, _, _ := strings.Cut(name, "_")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// errBehind tells a schema that lacks migrations from other problems.
var errBehind = errors.New("run eupayctl database migrate --run as the role that owns the schema; this service, whose role may not change it, waits " +
	"(EUPAY_MIGRATIONS=wait)")

// Migrated returns an error that names what is missing (IsBehind), unless the schema has every migration of files.
func Migrated(ctx context.Context, db DB, schema string, files fs.FS) error {
	missing, err := Pending(ctx, db, files)
	if err != nil || len(missing) == 0 {
		return err
	}
	if len(missing) == 1 {
		return fmt.Errorf("the schema %s lacks the migration %s: %w", schema, missing[0], errBehind)
	}
	return fmt.Errorf("the schema %s lacks %d migrations, from %s to %s: %w", schema, len(missing), missing[0], missing[len(missing)-1], errBehind)
}

// IsBehind reports whether a schema lacks migrations, which somebody else applies. Waiting helps.
func IsBehind(err error) bool { return errors.Is(err, errBehind) }
