package vault

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Column describes a sealed column of a table.
type Column struct {
	Table string
	// Key lists the columns of the primary key.
	Key []string
	// KeyID and Data are the columns of the sealed value. Both are null if a row has no value.
	KeyID, Data string
	// Of lists further columns that determine the owner.
	Of []string
	// Owner returns what the value is bound to, given the texts of Key and then Of.
	Owner func(of []string) string
	// Plain is a text column in which earlier versions stored the value unsealed; empty if none. The value is sealed and the
	// column emptied.
	Plain string
	// Where restricts the rows; empty for all.
	Where string
	// Hashes are the columns with keyed hashes of the value: they change with the key.
	Hashes []Hash
}

// Hash is a column that Of computes from the decrypted value, given the texts of Key and then Of of its row.
type Hash struct {
	Column string
	Of     func(of []string, plain string) []byte
}

// batchSize is how many rows one transaction seals again.
const batchSize = 100

// Reseal seals with the current master key everything that is unsealed or sealed with an earlier key, while the services run, and
// returns the number of values. After it has succeeded, the earlier keys are not needed any more.
func (v *Vault) Reseal(ctx context.Context, pool *pgxpool.Pool, columns ...Column) (total int64, err error) {
	for _, c := range columns {
		var after []string
		for {
			rows, err := v.resealSome(ctx, pool, c, after)
			if err != nil {
				return total, fmt.Errorf("seal %s anew: %w", c.Table, err)
			}
			if len(rows) == 0 {
				break
			}
			total += int64(len(rows))
			after = rows[len(rows)-1].of[:len(c.Key)]
		}
	}
	s := v.Seal(checkText, v.name)
	if _, err := pool.Exec(ctx, `update vault_check set key_id = $2, sealed = $3 where vault = $1 and key_id <> $2`, v.name, s.KeyID, s.Data); err != nil {
		return total, fmt.Errorf("seal the check of the %s master key anew: %w", v.name, err)
	}
	return total, nil
}

// resealed is a row with a value to seal again.
type resealed struct {
	of     []string
	keyID  *string
	sealed []byte
	plain  string
}

// resealSome seals the next rows, in the order of their keys, after the given one (nil: from the first) and returns them. It
// locks them, so that it does not undo a concurrent change.
func (v *Vault) resealSome(ctx context.Context, pool *pgxpool.Pool, c Column, after []string) (list []resealed, err error) {
	query, args := c.next(v.current().id, after)
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (one resealed, err error) {
			return one, r.Scan(&one.of, &one.keyID, &one.sealed, &one.plain)
		})
		if err != nil {
			return err
		}
		for _, one := range list {
			if err := v.resealOne(ctx, tx, c, one); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// next returns the query for the rows of resealSome and its arguments. It walks along the primary key, so that a large table is
// read only once.
func (c Column) next(current string, after []string) (query string, args []any) {
	plain, where := "''", c.KeyID+" <> $1"
	if c.Plain != "" {
		plain, where = c.Plain, "("+where+" or "+c.Plain+" <> '')"
	}
	if c.Where != "" {
		where += " and " + c.Where
	}
	args = []any{current}
	if after != nil {
		var places []string
		for _, value := range after {
			args = append(args, value)
			places = append(places, fmt.Sprintf("$%d", len(args)))
		}
		where += fmt.Sprintf(" and (%s) > (%s)", strings.Join(c.Key, ", "), strings.Join(places, ", "))
	}
	of := append(append([]string{}, c.Key...), c.Of...)
	return fmt.Sprintf(`select array[%s], %s, %s, %s from %s where %s order by %s limit %d for update`,
		texts(of), c.KeyID, c.Data, plain, c.Table, where, strings.Join(c.Key, ", "), batchSize), args
}

func (v *Vault) resealOne(ctx context.Context, tx pgx.Tx, c Column, one resealed) error {
	owner, plain := c.Owner(one.of), one.plain
	if plain == "" {
		var err error
		if plain, err = v.Open(Sealed{KeyID: *one.keyID, Data: one.sealed}, owner); err != nil {
			return err
		}
	}
	fresh := v.Seal(plain, owner)
	set, args := fmt.Sprintf("%s = $1, %s = $2", c.KeyID, c.Data), []any{fresh.KeyID, fresh.Data}
	if c.Plain != "" {
		set += ", " + c.Plain + " = ''"
	}
	for _, h := range c.Hashes {
		args = append(args, h.Of(one.of, plain))
		set += fmt.Sprintf(", %s = $%d", h.Column, len(args))
	}
	var where []string
	for i, column := range c.Key {
		args = append(args, one.of[i])
		where = append(where, fmt.Sprintf("%s = $%d", column, len(args)))
	}
	_, err := tx.Exec(ctx, fmt.Sprintf("update %s set %s where %s", c.Table, set, strings.Join(where, " and ")), args...)
	return err
}

func texts(columns []string) string { return strings.Join(columns, "::text, ") + "::text" }
