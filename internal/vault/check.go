package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/pg"
)

// checkText is what every vault seals once; it says nothing.
const checkText = "eupay"

// Check fails unless one of the master keys is the one that sealed what the schema holds. It keeps a known text, sealed, in the table
//
//	create table vault_check (
//	    vault  text  primary key,
//	    key_id text  not null,
//	    sealed bytea not null
//	);
//
// existing is a query for the key id of anything sealed earlier, at most one row: the first key that is tried must not be believed
// blindly.
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
	_, err = v.compare(ctx, db) // another replica may have been faster, with another key
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
	_, ok := v.knows(id)
	return ok
}

func (v *Vault) wrong(sealedWith string) error {
	return fmt.Errorf("the %s master key is not the one that sealed the secrets in the database: that has the id %s, this service has %s. "+
		"Start with the right key, or name it among the earlier ones; nothing was changed", v.name, sealedWith, v.ids())
}
