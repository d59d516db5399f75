package pg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"github.com/pressly/goose/v3"
)

// readSteps returns the migrations in the root of files. PostgreSQL gets the text of each file whole, in one transaction, and finds the
// statements itself: goose would take a buffer of 4 MiB to find the end of each line's statement.
func readSteps(files fs.FS) ([]*goose.Migration, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("list the migrations: %w", err)
	}
	list := make([]*goose.Migration, 0, len(names))
	for _, name := range names {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		text := string(content)
		if err := checkStep(text); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		list = append(list, goose.NewGoMigration(number(name), &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, text); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		}}, nil))
	}
	return list, nil
}

// notes are the lines in which goose's format says what to do, with any spaces.
var notes = regexp.MustCompile(`(?m)^\s*--\s*\+goose\s+(.*?)\s*$`)

// checkStep returns an error for what would be run as plain SQL although goose's format means something else by it. Nothing goes down,
// and everything is a transaction.
func checkStep(text string) error {
	if !strings.HasPrefix(text, "-- +goose Up\n") {
		return errors.New("the first line must be -- +goose Up")
	}
	for _, note := range notes.FindAllStringSubmatch(text, -1)[1:] {
		if note[1] != "StatementBegin" && note[1] != "StatementEnd" {
			return fmt.Errorf("-- +goose %s is not supported", note[1])
		}
	}
	return nil
}
