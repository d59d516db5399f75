package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
)

// checkText is the known text that every vault seals once.
const checkText = "eupay"

// Check fails unless one of the master keys has sealed the secrets in the schema. It stores a known text, sealed, in the table
//
//	create table vault_check (
//	    vault  text  primary key,
//	    key_id text  not null,
//	    sealed bytea not null
//	);
//
// existing is a query for the key id of any sealed value, at most one row: without it, the first key ever checked would be
// accepted whatever it is.
func (v *Vault) Check(ctx context.Context, db pg.DB, existing string) error {
	if found, err := v.compare(ctx, db); found || err != nil {
		return err
	}
	var earlier string
	err := db.QueryRow(ctx, existing).Scan(&earlier)
	switch {
	case err == nil && !v.has(earlier):
		return v.wrong(earlier)
	case err != nil && !errors.Is(err, pgx.ErrNoRows):
		return fmt.Errorf("check the %s master key: %w", v.name, err)
	}
	s := v.Seal(checkText, v.name)
	if _, err := db.Exec(ctx, `insert into vault_check (vault, key_id, sealed) values ($1, $2, $3) on conflict do nothing`, v.name, s.KeyID, s.Data); err != nil {
		return fmt.Errorf("check the %s master key: %w", v.name, err)
	}
	_, err = v.compare(ctx, db) // another replica may have stored it first, with another key
	return err
}

func (v *Vault) compare(ctx context.Context, db pg.DB) (found bool, err error) {
	var s Sealed
	err = db.QueryRow(ctx, `select key_id, sealed from vault_check where vault = $1`, v.name).Scan(&s.KeyID, &s.Data)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("check the %s master key: %w", v.name, err)
	}
	if text, err := v.Open(s, v.name); err != nil || text != checkText {
		return true, v.wrong(s.KeyID)
	}
	return true, nil
}

func (v *Vault) has(id string) bool {
	_, ok := v.find(id)
	return ok
}

func (v *Vault) wrong(sealedWith string) error {
	return fmt.Errorf("the %s master key is not the one that sealed the secrets in the database: that has the id %s, this service has %s. "+
		"Start with the right key, or name it among the earlier ones; nothing was changed", v.name, sealedWith, v.ids())
}
