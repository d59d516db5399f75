package endpoint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
)

const columns = `id::text, merchant_id, livemode, url, description, event_types, rate_limit, enabled, disabled_reason,
	key_id, secret, old_key_id, old_secret, old_until, created_at, updated_at`

func scan(row pgx.CollectableRow) (Endpoint, error) {
	var (
		e        Endpoint
		oldKey   *string
		oldUntil *time.Time
	)
	err := row.Scan(&e.ID, &e.Merchant, &e.Livemode, &e.URL, &e.Description, &e.EventTypes, &e.RateLimit, &e.Enabled, &e.DisabledReason,
		&e.Secret.KeyID, &e.Secret.Data, &oldKey, &e.Old.Data, &oldUntil, &e.CreatedAt, &e.UpdatedAt)
	if oldKey != nil && oldUntil != nil {
		e.Old.KeyID, e.OldUntil = *oldKey, *oldUntil
	}
	return e, err
}

// Store stores endpoints. Everything read or changed for a merchant is selected by merchant and mode as well as by id, so
// endpoints of other merchants are not found.
type Store struct{ pool *pgxpool.Pool }

// NewStore returns a store for the service's schema.
func NewStore(pool *pgxpool.Pool) *Store { return &Store{pool: pool} }

// Insert adds e, unless the merchant already has the maximum number of endpoints in this mode.
func (s *Store) Insert(ctx context.Context, e Endpoint) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		// Concurrent requests must not both see one free place.
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('endpoints:' || $1, 0))`, e.Merchant); err != nil {
			return fmt.Errorf("lock endpoints of merchant: %w", err)
		}
		var n int
		err := tx.QueryRow(ctx, `select count(*) from endpoints where merchant_id = $1 and livemode = $2 and deleted_at is null`,
			e.Merchant, e.Livemode).Scan(&n)
		if err != nil {
			return fmt.Errorf("count endpoints: %w", err)
		}
		if n >= MaxPerMerchant {
			return errs.Invalid(errs.Field{Field: "url", Message: "You can have at most 16 webhook endpoints in each mode. Delete one first."})
		}
		_, err = tx.Exec(ctx, `insert into endpoints (id, merchant_id, livemode, url, description, event_types, rate_limit, enabled,
				key_id, secret, created_at, updated_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)`,
			e.ID, e.Merchant, e.Livemode, e.URL, e.Description, e.EventTypes, e.RateLimit, e.Enabled, e.Secret.KeyID, e.Secret.Data, e.CreatedAt)
		if err != nil {
			return fmt.Errorf("insert endpoint: %w", err)
		}
		return nil
	})
}

// List returns the merchant's endpoints, oldest first.
func (s *Store) List(ctx context.Context, merchant string, livemode bool) ([]Endpoint, error) {
	rows, err := s.pool.Query(ctx, `select `+columns+` from endpoints
		where merchant_id = $1 and livemode = $2 and deleted_at is null order by id`, merchant, livemode)
	if err != nil {
		return nil, fmt.Errorf("list endpoints: %w", err)
	}
	list, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("list endpoints: %w", err)
	}
	return list, nil
}

// Get returns one endpoint of the merchant, or NOT_FOUND.
func (s *Store) Get(ctx context.Context, merchant string, livemode bool, id string) (Endpoint, error) {
	return get(ctx, s.pool, merchant, livemode, id, "")
}

func get(ctx context.Context, db pg.DB, merchant string, livemode bool, id, lock string) (Endpoint, error) {
	if !IsID(id) {
		return Endpoint{}, errs.NotFound("Webhook endpoint")
	}
	rows, err := db.Query(ctx, `select `+columns+` from endpoints
		where id = $1 and merchant_id = $2 and livemode = $3 and deleted_at is null `+lock, id, merchant, livemode)
	if err != nil {
		return Endpoint{}, fmt.Errorf("get endpoint: %w", err)
	}
	e, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return Endpoint{}, errs.NotFound("Webhook endpoint")
	}
	if err != nil {
		return Endpoint{}, fmt.Errorf("get endpoint: %w", err)
	}
	return e, nil
}

// Change locks the endpoint, applies change and stores what the merchant may set. An endpoint that becomes disabled misses its
// open deliveries; one that is enabled again starts healthy. change may be called more than once.
func (s *Store) Change(ctx context.Context, merchant string, livemode bool, id string, change func(*Endpoint) error) (Endpoint, error) {
	var e Endpoint
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		var err error
		if e, err = get(ctx, tx, merchant, livemode, id, "for update"); err != nil {
			return err
		}
		before := e.Enabled
		if err := change(&e); err != nil {
			return err
		}
		if err := update(ctx, tx, e); err != nil {
			return err
		}
		switch {
		case before && !e.Enabled:
			_, err := Miss(ctx, tx, e.ID, e.UpdatedAt, missAtOnce)
			return err
		case !before && e.Enabled:
			return deleteHealth(ctx, tx, e.ID)
		}
		return nil
	})
	return e, err
}

func update(ctx context.Context, tx pgx.Tx, e Endpoint) error {
	var oldKey, oldUntil any
	if e.Old.Data != nil {
		oldKey, oldUntil = e.Old.KeyID, e.OldUntil
	}
	_, err := tx.Exec(ctx, `update endpoints set url = $2, description = $3, event_types = $4, rate_limit = $5, enabled = $6,
		disabled_reason = $7, key_id = $8, secret = $9, old_key_id = $10, old_secret = $11, old_until = $12, updated_at = $13,
		proven_at = case when url = $2 then proven_at end, url_since = case when url = $2 then url_since else $13 end
		where id = $1`,
		e.ID, e.URL, e.Description, e.EventTypes, e.RateLimit, e.Enabled, e.DisabledReason,
		e.Secret.KeyID, e.Secret.Data, oldKey, e.Old.Data, oldUntil, e.UpdatedAt)
	if err != nil {
		return fmt.Errorf("update endpoint: %w", err)
	}
	return nil
}

// missAtOnce is how many deliveries disabling an endpoint ends in its own transaction: about a second's work on a slow day. More
// could take longer than the merchant's request. The senders end the rest later.
const missAtOnce = 5_000

// inTx runs fn in a transaction and retries after a deadlock: the results of attempts are written to the same deliveries in
// another order.
func (s *Store) inTx(ctx context.Context, fn func(pgx.Tx) error) error {
	const (
		deadlock = "40P01"
		tries    = 3
	)
	for try := 1; ; try++ {
		err := pgx.BeginFunc(ctx, s.pool, fn)
		var refused *pgconn.PgError
		if try == tries || !errors.As(err, &refused) || refused.Code != deadlock {
			return err
		}
	}
}

// Delete deletes the endpoint, its secrets and its health, and cancels its open deliveries.
func (s *Store) Delete(ctx context.Context, merchant string, livemode bool, id string, now time.Time) error {
	if !IsID(id) {
		return errs.NotFound("Webhook endpoint")
	}
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `update endpoints set deleted_at = $4, updated_at = $4, enabled = false,
			key_id = null, secret = null, old_key_id = null, old_secret = null, old_until = null
			where id = $1 and merchant_id = $2 and livemode = $3 and deleted_at is null`, id, merchant, livemode, now)
		if err != nil {
			return fmt.Errorf("delete endpoint: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return errs.NotFound("Webhook endpoint")
		}
		_, err = tx.Exec(ctx, `update deliveries set status = 'cancelled', finished_at = $2, lease_owner = null
			where endpoint_id = $1 and status in ('waiting', 'pending')`, id, now)
		if err != nil {
			return fmt.Errorf("cancel open deliveries: %w", err)
		}
		return deleteHealth(ctx, tx, id)
	})
}

// State says whether an endpoint takes deliveries.
type State string

// States of an endpoint.
const (
	Active   State = "active"
	Disabled State = "disabled"
	Deleted  State = "deleted"
)

// State returns the state of a merchant's endpoint, including deleted ones, or NOT_FOUND.
func (s *Store) State(ctx context.Context, merchant string, livemode bool, id string) (State, error) {
	if !IsID(id) {
		return "", errs.NotFound("Webhook endpoint")
	}
	var state State
	err := s.pool.QueryRow(ctx, `select case when deleted_at is not null then 'deleted' when enabled then 'active' else 'disabled' end
		from endpoints where id = $1 and merchant_id = $2 and livemode = $3`, id, merchant, livemode).Scan(&state)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", errs.NotFound("Webhook endpoint")
	}
	if err != nil {
		return "", fmt.Errorf("read state of endpoint: %w", err)
	}
	return state, nil
}

// Mode is a merchant in one mode.
type Mode struct {
	Merchant string
	Livemode bool
}

// OfMerchants returns the endpoints of several merchants, including disabled ones, and prevents that they are deleted or disabled
// until tx ends.
func OfMerchants(ctx context.Context, tx pgx.Tx, modes []Mode) (map[Mode][]Endpoint, error) {
	merchants, live := make([]string, len(modes)), make([]bool, len(modes))
	for i, m := range modes {
		merchants[i], live[i] = m.Merchant, m.Livemode
	}
	rows, err := tx.Query(ctx, `select `+columns+` from endpoints join unnest($1::text[], $2::bool[]) as m (merchant_id, livemode)
		using (merchant_id, livemode) where deleted_at is null order by id for share of endpoints`, merchants, live)
	if err != nil {
		return nil, fmt.Errorf("find endpoints of events: %w", err)
	}
	list, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("find endpoints of events: %w", err)
	}
	found := make(map[Mode][]Endpoint, len(modes))
	for _, e := range list {
		m := Mode{e.Merchant, e.Livemode}
		found[m] = append(found[m], e)
	}
	return found, nil
}

// Lookup returns an endpoint by id for the sender; deleted ones are not found.
func (s *Store) Lookup(ctx context.Context, id string) (Endpoint, bool, error) {
	rows, err := s.pool.Query(ctx, `select `+columns+` from endpoints where id = $1 and deleted_at is null`, id)
	if err != nil {
		return Endpoint{}, false, fmt.Errorf("look up endpoint: %w", err)
	}
	e, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return Endpoint{}, false, nil
	}
	if err != nil {
		return Endpoint{}, false, fmt.Errorf("look up endpoint: %w", err)
	}
	return e, true, nil
}

// Miss marks at most limit open deliveries of a disabled endpoint as missed and returns their number. Recovery can send them
// later. Tests in progress continue.
func Miss(ctx context.Context, db pg.DB, endpointID string, now time.Time, limit int) (int64, error) {
	tag, err := db.Exec(ctx, `with open as (
			select d.id from deliveries d where d.endpoint_id = $1 and d.status in ('waiting', 'pending') and d.event_type <> 'webhook_endpoint.test'
			and exists (select from endpoints e where e.id = $1 and not e.enabled)
			order by d.id limit $3 for update
		)
		update deliveries d set status = 'missed', finished_at = $2, lease_owner = null from open where d.id = open.id`, endpointID, now, limit)
	if err != nil {
		return 0, fmt.Errorf("end deliveries of a disabled endpoint: %w", err)
	}
	return tag.RowsAffected(), nil
}
