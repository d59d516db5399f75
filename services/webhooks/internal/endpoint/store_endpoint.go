package endpoint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/pg"
)

const columns = `id::text, merchant_id, livemode, url, description, event_types, enabled, disabled_reason, rate_limit,
	key_id, secret, old_key_id, old_secret, old_until, created_at, updated_at`

func scan(row pgx.CollectableRow) (Endpoint, error) {
	var (
		e        Endpoint
		oldKey   *string
		oldUntil *time.Time
	)
	err := row.Scan(&e.ID, &e.Merchant, &e.Livemode, &e.URL, &e.Description, &e.EventTypes, &e.Enabled, &e.DisabledReason, &e.RateLimit,
		&e.Secret.KeyID, &e.Secret.Data, &oldKey, &e.Old.Data, &oldUntil, &e.CreatedAt, &e.UpdatedAt)
	if oldKey != nil && oldUntil != nil {
		e.Old.KeyID, e.OldUntil = *oldKey, *oldUntil
	}
	return e, err
}

// Store keeps endpoints. Whatever is read or changed for a merchant is found by merchant and mode as well as by id: the
// endpoint of another merchant does not exist.
type Store struct{ pool *pgxpool.Pool }

// NewStore returns a store on the service's schema.
func NewStore(pool *pgxpool.Pool) *Store { return &Store{pool: pool} }

// Insert adds e, unless the merchant has the greatest number of endpoints in this mode already.
func (s *Store) Insert(ctx context.Context, e Endpoint) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		// Two requests at the same moment must not both see one free place.
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
			return errs.Invalid(errs.Field{Field: "url", Message: "A merchant has at most 16 webhook endpoints in each mode. Delete one first."})
		}
		_, err = tx.Exec(ctx, `insert into endpoints (id, merchant_id, livemode, url, description, event_types, enabled, key_id, secret, created_at, updated_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)`,
			e.ID, e.Merchant, e.Livemode, e.URL, e.Description, e.EventTypes, e.Enabled, e.Secret.KeyID, e.Secret.Data, e.CreatedAt)
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
	if uuid.Validate(id) != nil {
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

// Change applies change to the endpoint, which nobody else can change meanwhile, and stores what the merchant may set.
func (s *Store) Change(ctx context.Context, merchant string, livemode bool, id string, change func(*Endpoint) error) (Endpoint, error) {
	var e Endpoint
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var err error
		if e, err = get(ctx, tx, merchant, livemode, id, "for update"); err != nil {
			return err
		}
		if err := change(&e); err != nil {
			return err
		}
		var oldKey, oldUntil any
		if e.Old.Data != nil {
			oldKey, oldUntil = e.Old.KeyID, e.OldUntil
		}
		_, err = tx.Exec(ctx, `update endpoints set url = $2, description = $3, event_types = $4, enabled = $5, disabled_reason = $6,
			key_id = $7, secret = $8, old_key_id = $9, old_secret = $10, old_until = $11, updated_at = $12 where id = $1`,
			e.ID, e.URL, e.Description, e.EventTypes, e.Enabled, e.DisabledReason,
			e.Secret.KeyID, e.Secret.Data, oldKey, e.Old.Data, oldUntil, e.UpdatedAt)
		if err != nil {
			return fmt.Errorf("update endpoint: %w", err)
		}
		return nil
	})
	return e, err
}

// Delete forgets the endpoint and its secrets, and cancels its open deliveries.
func (s *Store) Delete(ctx context.Context, merchant string, livemode bool, id string, now time.Time) error {
	if uuid.Validate(id) != nil {
		return errs.NotFound("Webhook endpoint")
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
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
		return nil
	})
}

// Mode names a merchant in one mode.
type Mode struct {
	Merchant string
	Livemode bool
}

// OfMerchants returns the endpoints of several merchants, also disabled ones, and keeps them from being deleted or
// disabled until tx ends.
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

// Lookup returns endpoints by id for the sender; deleted ones are missing.
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

// missStep bounds what one call of Miss ends.
const missStep = 1000

// Miss ends open deliveries of an endpoint that is disabled; recovery can bring them back. It returns how many it ended:
// call it until there are none.
func Miss(ctx context.Context, db pg.DB, endpointID string, now time.Time) (int64, error) {
	tag, err := db.Exec(ctx, `with open as (
			select d.id from deliveries d where d.endpoint_id = $1 and d.status in ('waiting', 'pending') and d.event_type <> 'webhook_endpoint.test'
			and exists (select from endpoints e where e.id = $1 and not e.enabled)
			order by d.id limit $3 for update
		)
		update deliveries d set status = 'missed', finished_at = $2, lease_owner = null from open where d.id = open.id`, endpointID, now, missStep)
	if err != nil {
		return 0, fmt.Errorf("end deliveries of a disabled endpoint: %w", err)
	}
	return tag.RowsAffected(), nil
}
