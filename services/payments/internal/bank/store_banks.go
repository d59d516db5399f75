package bank

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// store is the tables banks and bank_refreshes.
type store struct{ pool *pgxpool.Pool }

// claim reports whether it is time to ask the provider and nobody else does; if so, until is when somebody else may.
func (s *store) claim(ctx context.Context, live bool, now, until time.Time) (bool, error) {
	tag, err := s.pool.Exec(ctx, `insert into bank_refreshes (livemode, due_at) values ($1, $3)
		on conflict (livemode) do update set due_at = $3 where bank_refreshes.due_at <= $2`, live, now, until)
	if err != nil {
		return false, fmt.Errorf("claim the refresh of banks: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

func (s *store) postpone(ctx context.Context, live bool, until time.Time) error {
	if _, err := s.pool.Exec(ctx, `update bank_refreshes set due_at = $2 where livemode = $1`, live, until); err != nil {
		return fmt.Errorf("postpone the refresh of banks: %w", err)
	}
	return nil
}

// replace replaces the banks of a mode.
func (s *store) replace(ctx context.Context, live bool, banks []Bank, now, next time.Time) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `delete from banks where livemode = $1`, live); err != nil {
			return err
		}
		rows := make([][]any, len(banks))
		for i, b := range banks {
			can, err := json.Marshal(b.Can)
			if err != nil {
				return err
			}
			rows[i] = []any{live, b.ID, b.Name, b.Countries, can}
		}
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{"banks"}, []string{"livemode", "id", "name", "countries", "can"}, pgx.CopyFromRows(rows)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `update bank_refreshes set refreshed_at = $2, due_at = $3 where livemode = $1`, live, now, next)
		return err
	})
	if err != nil {
		return fmt.Errorf("replace the list of banks: %w", err)
	}
	return nil
}

// all returns the banks of a mode and when they were refreshed; zero: never.
func (s *store) all(ctx context.Context, live bool) (banks []Bank, refreshed time.Time, err error) {
	var at *time.Time
	err = s.pool.QueryRow(ctx, `select refreshed_at from bank_refreshes where livemode = $1`, live).Scan(&at)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && at == nil {
		return nil, time.Time{}, nil
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read the list of banks: %w", err)
	}
	rows, err := s.pool.Query(ctx, `select id::text, name, countries, can from banks where livemode = $1`, live)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read the list of banks: %w", err)
	}
	banks, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (b Bank, err error) {
		err = row.Scan(&b.ID, &b.Name, &b.Countries, &b.Can)
		return b, err
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read the list of banks: %w", err)
	}
	return banks, at.UTC(), nil
}
