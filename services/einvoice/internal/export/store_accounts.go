package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/refuse"
)

// AccountsOf returns the accounts of a merchant's books.
func (e *Exports) AccountsOf(ctx context.Context, who Who) (Accounts, error) {
	set, err := e.accountsSet(ctx, who)
	return set.or(defaults), err
}

// accountsSet returns the accounts that a merchant has set; those that it has not are empty.
func (e *Exports) accountsSet(ctx context.Context, who Who) (set Accounts, err error) {
	var stored []byte
	err = e.Pool.QueryRow(ctx, `select accounts from book_accounts where merchant_id = $1 and livemode = $2`, who.MerchantID, who.Livemode).Scan(&stored)
	if errors.Is(err, pgx.ErrNoRows) {
		return Accounts{}, nil
	}
	if err == nil {
		err = json.Unmarshal(stored, &set)
	}
	if err != nil {
		return Accounts{}, fmt.Errorf("read the accounts of a merchant's books: %w", err)
	}
	return set, nil
}

// SetAccounts sets the accounts of a merchant's books for the exports that are requested from now on. An empty one is the usual one.
func (e *Exports) SetAccounts(ctx context.Context, who Who, set Accounts) (Accounts, error) {
	var bad refuse.Problems
	set.or(defaults).check(&bad, "")
	if err := bad.Err(); err != nil {
		return Accounts{}, err
	}
	stored, err := json.Marshal(set)
	if err != nil {
		return Accounts{}, fmt.Errorf("encode accounts: %w", err)
	}
	_, err = e.Pool.Exec(ctx, `insert into book_accounts (merchant_id, livemode, accounts, updated_at) values ($1, $2, $3, $4)
		on conflict (merchant_id, livemode) do update set accounts = excluded.accounts, updated_at = excluded.updated_at`,
		who.MerchantID, who.Livemode, stored, e.instant())
	if err != nil {
		return Accounts{}, fmt.Errorf("set the accounts of a merchant's books: %w", err)
	}
	return set.or(defaults), nil
}
