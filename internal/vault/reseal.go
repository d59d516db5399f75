package vault

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Column is a sealed value that the rows of a table have.
type Column struct {
	Table string
	// Key are the columns of the primary key.
	Key []string
	// KeyID and Data are the columns of the value. A row where they are null has none.
	KeyID, Data string
	// Of are columns that the owner follows from, besides.
	Of []string
	// Owner is what the value is bound to, from the texts of Key and then Of.
	Owner func(of []string) string
	// Hash, with HashOf, is a column that is made of the opened value; empty for none.
	Hash   string
	HashOf func(plain string) []byte
}

// atOnce is how many rows one transaction seals anew.
const atOnce = 100

// Reseal seals everything with the current master key that an earlier one has sealed, while the services run, and returns how many values
// it was. When it has returned without an error the earlier keys are not needed any more.
func (v *Vault) Reseal(ctx context.Context, pool *pgxpool.Pool, columns ...Column) (total int64, err error) {
	for _, c := range columns {
		for {
			n, err := v.resealSome(ctx, pool, c)
			if err != nil {
				return total, fmt.Errorf("seal %s anew: %w", c.Table, err)
			}
			if n == 0 {
				break
			}
			total += int64(n)
		}
	}
	s := v.Seal(checkText, v.name)
	if _, err := pool.Exec(ctx, `update vault_check set key_id = $2, sealed = $3 where vault = $1 and key_id <> $2`, v.name, s.KeyID, s.Data); err != nil {
		return total, fmt.Errorf("seal the check of the %s master key anew: %w", v.name, err)
	}
	return total, nil
}

type resealed struct {
	of     []string
	sealed Sealed
}

// resealSome locks its rows, so that a change of one of them at the same moment is not undone.
func (v *Vault) resealSome(ctx context.Context, pool *pgxpool.Pool, c Column) (n int, err error) {
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, fmt.Sprintf(`select array[%s], %s, %s from %s where %s <> $1 limit %d for update`,
			texts(append(append([]string{}, c.Key...), c.Of...)), c.KeyID, c.Data, c.Table, c.KeyID, atOnce), v.current().id)
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (one resealed, err error) {
			return one, r.Scan(&one.of, &one.sealed.KeyID, &one.sealed.Data)
		})
		if err != nil {
			return err
		}
		for _, one := range list {
			if err := v.resealOne(ctx, tx, c, one); err != nil {
				return err
			}
		}
		n = len(list)
		return nil
	})
	return n, err
}

func (v *Vault) resealOne(ctx context.Context, tx pgx.Tx, c Column, one resealed) error {
	owner := c.Owner(one.of)
	plain, err := v.Open(one.sealed, owner)
	if err != nil {
		return err
	}
	fresh := v.Seal(plain, owner)
	set, args := fmt.Sprintf("%s = $1, %s = $2", c.KeyID, c.Data), []any{fresh.KeyID, fresh.Data}
	if c.Hash != "" {
		set, args = set+fmt.Sprintf(", %s = $3", c.Hash), append(args, c.HashOf(plain))
	}
	var where []string
	for i, column := range c.Key {
		args = append(args, one.of[i])
		where = append(where, fmt.Sprintf("%s::text = $%d", column, len(args)))
	}
	_, err = tx.Exec(ctx, fmt.Sprintf("update %s set %s where %s", c.Table, set, strings.Join(where, " and ")), args...)
	return err
}

func texts(columns []string) string { return strings.Join(columns, "::text, ") + "::text" }
