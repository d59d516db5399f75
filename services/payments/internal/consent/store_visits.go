package consent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/vault"
)

// The tables are named after their first owners: customer_id is the owner's id, a customer's or a merchant's.

// errNoUser is returned when the owner has never started to link an account.
var errNoUser = errors.New("the owner has no user at the provider")

func (k *Keeper) user(ctx context.Context, o Owner) (id string, token vault.Sealed, err error) {
	err = k.Pool.QueryRow(ctx, `select provider_user, token_key_id, token_sealed from bank_users where customer_id = $1 and livemode = $2`,
		o.ID, o.Livemode).Scan(&id, &token.KeyID, &token.Data)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", vault.Sealed{}, errNoUser
	}
	if err != nil {
		return "", vault.Sealed{}, fmt.Errorf("read provider user: %w", err)
	}
	return id, token, nil
}

// addUser stores the provider user unless the owner already has one.
func (k *Keeper) addUser(ctx context.Context, o Owner, id string, token vault.Sealed) error {
	_, err := k.Pool.Exec(ctx, `insert into bank_users (customer_id, livemode, provider_user, token_key_id, token_sealed, created_at)
		values ($1, $2, $3, $4, $5, $6) on conflict (customer_id, livemode) do nothing`,
		o.ID, o.Livemode, id, token.KeyID, token.Data, k.clock())
	if err != nil {
		return fmt.Errorf("store provider user: %w", err)
	}
	return nil
}

// Lock serialises changes to an owner's accounts.
func Lock(ctx context.Context, tx pgx.Tx, o Owner) error {
	_, err := tx.Exec(ctx, `select 1 from bank_users where customer_id = $1 and livemode = $2 for update`, o.ID, o.Livemode)
	return err
}

// AddVisit stores a visit.
func (k *Keeper) AddVisit(ctx context.Context, v Visit) error {
	_, err := k.Pool.Exec(ctx, `insert into bank_visits (id, customer_id, livemode, return_url, expires_at) values ($1, $2, $3, $4, $5)`,
		v.ID, v.Owner.ID, v.Livemode, v.ReturnURL, v.Expires)
	if err != nil {
		return fmt.Errorf("store visit: %w", err)
	}
	return nil
}

// Visit returns the visit that a state refers to. If it has been deleted, the state is invalid.
func (k *Keeper) Visit(ctx context.Context, id uuid.UUID) (Visit, error) {
	v := Visit{ID: id}
	err := k.Pool.QueryRow(ctx, `select customer_id::text, livemode, return_url, expires_at, used_at is not null, connection_id
		from bank_visits where id = $1`, id).Scan(&v.Owner.ID, &v.Livemode, &v.ReturnURL, &v.Expires, &v.Used, &v.ConnectionID)
	if errors.Is(err, pgx.ErrNoRows) {
		return Visit{}, k.ErrBadState()
	}
	if err != nil {
		return Visit{}, fmt.Errorf("read visit: %w", err)
	}
	return v, nil
}

// UseVisit ends a visit: with the connection that it created, or with none. first is false when it had already ended; then nothing is
// written.
func UseVisit(ctx context.Context, db pg.DB, id uuid.UUID, connectionID string, now time.Time) (first bool, err error) {
	tag, err := db.Exec(ctx, `update bank_visits set used_at = $2, connection_id = $3 where id = $1 and used_at is null`, id, now, connectionID)
	if err != nil {
		return false, fmt.Errorf("end visit: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// TryCode locks a visit whose accounts wait for the confirmation, and takes an attempt with a code that is right or not. refused is
// the error for the caller; the attempt is counted all the same. done: the visit was confirmed before.
func (k *Keeper) TryCode(ctx context.Context, tx pgx.Tx, o Owner, id uuid.UUID, right bool) (connectionID string, done bool, refused, err error) {
	var tries int
	err = tx.QueryRow(ctx, `select connection_id, tries, confirmed_at is not null from bank_visits
		where id = $1 and customer_id = $2 and livemode = $3 and connection_id <> '' for update`, id, o.ID, o.Livemode).
		Scan(&connectionID, &tries, &done)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return "", false, ErrNoVisit(), nil
	case err != nil:
		return "", false, nil, err
	case !done && tries >= MaxCodeAttempts:
		return "", false, k.ErrNotConfirmed(), nil
	case !right:
		_, err := tx.Exec(ctx, `update bank_visits set tries = tries + 1 where id = $1`, id)
		return "", false, ErrWrongCode(), err
	}
	return connectionID, done, nil, nil
}

// Confirmed records that the accounts of a visit were linked.
func Confirmed(ctx context.Context, tx pgx.Tx, id uuid.UUID, now time.Time) error {
	_, err := tx.Exec(ctx, `update bank_visits set confirmed_at = $2 where id = $1`, id, now)
	return err
}

// DeleteVisits deletes the visits that ended longer ago than their retention.
func (k *Keeper) DeleteVisits(ctx context.Context) error {
	if _, err := k.Pool.Exec(ctx, `delete from bank_visits where expires_at < $1`, k.clock().Add(-VisitRetention)); err != nil {
		return fmt.Errorf("delete visits: %w", err)
	}
	return nil
}
