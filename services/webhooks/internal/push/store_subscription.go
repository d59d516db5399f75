package push

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
)

const columns = `id::text, merchant_id, user_id, livemode, push_service, description, event_types, language, created_at, last_delivered_at, key_id, sealed`

func scan(row pgx.CollectableRow) (subscription, error) {
	var s subscription
	err := row.Scan(&s.ID, &s.Merchant, &s.User, &s.Livemode, &s.Service, &s.Description, &s.Kinds, &s.Language, &s.CreatedAt,
		&s.LastDelivered, &s.Sealed.KeyID, &s.Sealed.Data)
	return s, err
}

var errNoSubscription = errs.NotFound("Push subscription")

// subscribe stores the browser identified by hash. A user who had it already in that mode keeps its id and its messages, and the
// kinds and the language that s does not say. If it belonged to another user, it is removed with all its messages: the browser
// belongs to its current user. seal is called once the id is known.
func subscribe(ctx context.Context, tx pgx.Tx, s subscription, hash []byte, seal func(*subscription) error) (subscription, error) {
	// Lock the browser first, then the user: concurrent requests for one browser must not both find it absent, and those of one
	// user must not both find the last free place.
	for _, key := range []string{fmt.Sprintf("push:%x", hash), "push:" + s.Merchant + "\x1f" + s.User} {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended($1, 0))`, key); err != nil {
			return s, fmt.Errorf("lock push subscription: %w", err)
		}
	}
	if _, err := tx.Exec(ctx, `delete from push_subscriptions where endpoint_hash = $1
		and (merchant_id, user_id, livemode) is distinct from ($2, $3, $4)`, hash, s.Merchant, s.User, s.Livemode); err != nil {
		return s, fmt.Errorf("take push subscription over: %w", err)
	}
	kindsBefore, languageBefore := usualKinds, english
	err := tx.QueryRow(ctx, `select id::text, created_at, last_delivered_at, event_types, language from push_subscriptions where endpoint_hash = $1
		for no key update`, hash).Scan(&s.ID, &s.CreatedAt, &s.LastDelivered, &kindsBefore, &languageBefore)
	known := err == nil
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return s, fmt.Errorf("look up push subscription: %w", err)
	}
	if len(s.Kinds) == 0 {
		s.Kinds = kindsBefore
	}
	s.Language = cmp.Or(s.Language, languageBefore)
	if err := seal(&s); err != nil {
		return s, err
	}
	if known {
		_, err = tx.Exec(ctx, `update push_subscriptions set key_id = $2, sealed = $3, description = $4, event_types = $5, language = $6
			where id = $1`, s.ID, s.Sealed.KeyID, s.Sealed.Data, s.Description, s.Kinds, s.Language)
	} else {
		err = insert(ctx, tx, s, hash)
	}
	if err != nil {
		return s, fmt.Errorf("store push subscription: %w", err)
	}
	return s, nil
}

func insert(ctx context.Context, tx pgx.Tx, s subscription, hash []byte) error {
	var n int
	if err := tx.QueryRow(ctx, `select count(*) from push_subscriptions where merchant_id = $1 and user_id = $2`,
		s.Merchant, s.User).Scan(&n); err != nil {
		return fmt.Errorf("count: %w", err)
	}
	if n >= maxPerUser {
		return errs.Invalid(errs.Field{Field: "endpoint", Message: "You can have at most 20 push subscriptions. Delete one first."})
	}
	if _, err := tx.Exec(ctx, `insert into push_subscriptions
		(id, merchant_id, user_id, livemode, endpoint_hash, push_service, key_id, sealed, description, event_types, language, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		s.ID, s.Merchant, s.User, s.Livemode, hash, s.Service, s.Sealed.KeyID, s.Sealed.Data, s.Description, s.Kinds, s.Language, s.CreatedAt); err != nil {
		return fmt.Errorf("insert: %w", err)
	}
	return nil
}

// list returns the user's subscriptions, oldest first.
func list(ctx context.Context, db pg.DB, merchant, user string) ([]subscription, error) {
	rows, err := db.Query(ctx, `select `+columns+` from push_subscriptions where merchant_id = $1 and user_id = $2 order by id`, merchant, user)
	if err != nil {
		return nil, fmt.Errorf("list push subscriptions: %w", err)
	}
	found, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("list push subscriptions: %w", err)
	}
	return found, nil
}

// get returns one of the user's subscriptions, or NOT_FOUND.
func get(ctx context.Context, db pg.DB, merchant, user, id string) (subscription, error) {
	if uuid.Validate(id) != nil {
		return subscription{}, errNoSubscription
	}
	rows, err := db.Query(ctx, `select `+columns+` from push_subscriptions where id = $1 and merchant_id = $2 and user_id = $3`, id, merchant, user)
	return theOnly(rows, err, "get")
}

// choose changes the kinds and the language of one of the user's subscriptions, if they are not empty, or returns NOT_FOUND.
func choose(ctx context.Context, db pg.DB, merchant, user, id string, chosen []string, language string) (subscription, error) {
	if uuid.Validate(id) != nil {
		return subscription{}, errNoSubscription
	}
	rows, err := db.Query(ctx, `update push_subscriptions set
			event_types = case when cardinality($4::text[]) > 0 then $4 else event_types end,
			language = coalesce(nullif($5, ''), language)
		where id = $1 and merchant_id = $2 and user_id = $3 returning `+columns, id, merchant, user, chosen, language)
	return theOnly(rows, err, "change")
}

// theOnly returns the row of a statement that names one subscription, or NOT_FOUND.
func theOnly(rows pgx.Rows, err error, what string) (subscription, error) {
	if err != nil {
		return subscription{}, fmt.Errorf("%s push subscription: %w", what, err)
	}
	s, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return subscription{}, errNoSubscription
	}
	if err != nil {
		return subscription{}, fmt.Errorf("%s push subscription: %w", what, err)
	}
	return s, nil
}

// unsubscribe deletes one of the user's subscriptions with all its messages, or returns NOT_FOUND.
func unsubscribe(ctx context.Context, db pg.DB, merchant, user, id string) error {
	if uuid.Validate(id) != nil {
		return errNoSubscription
	}
	tag, err := db.Exec(ctx, `delete from push_subscriptions where id = $1 and merchant_id = $2 and user_id = $3`, id, merchant, user)
	if err != nil {
		return fmt.Errorf("delete push subscription: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errNoSubscription
	}
	return nil
}

// deleteSubscription deletes a subscription that its push service no longer knows.
func deleteSubscription(ctx context.Context, db pg.DB, id string) error {
	if _, err := db.Exec(ctx, `delete from push_subscriptions where id = $1`, id); err != nil {
		return fmt.Errorf("delete push subscription: %w", err)
	}
	return nil
}

// recordDelivery stores when the push service last accepted a message.
func recordDelivery(ctx context.Context, db pg.DB, id string, at time.Time) error {
	if _, err := db.Exec(ctx, `update push_subscriptions set last_delivered_at = $2 where id = $1`, id, at); err != nil {
		return fmt.Errorf("record push delivery: %w", err)
	}
	return nil
}
