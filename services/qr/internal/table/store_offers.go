package table

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/qr/internal/hours"
)

const offerColumns = `id::text, merchant_id::text, coalesce(product_id::text, ''), name, type, value, min_order_cents, starts_at, ends_at,
	created_at, updated_at, weekdays, from_time, until_time`

func scanOffer(row pgx.CollectableRow) (offer, error) {
	var o offer
	var week hours.Weekly
	err := row.Scan(&o.ID, &o.Merchant, &o.ProductID, &o.Name, &o.Type, &o.Value, &o.MinOrder, &o.StartsAt, &o.EndsAt, &o.CreatedAt, &o.UpdatedAt,
		&week.Weekdays, &week.From, &week.Until)
	if len(week.Weekdays) > 0 || week.From != "" {
		o.Schedule = &week
	}
	return o, err
}

// week is the schedule of an offer as it is stored.
func (o offer) week() hours.Weekly {
	week := hours.Weekly{Weekdays: []string{}}
	if o.Schedule != nil {
		week.Weekdays, week.From, week.Until = append(week.Weekdays, o.Schedule.Weekdays...), o.Schedule.From, o.Schedule.Until
	}
	return week
}

// offersOf returns all offers of a merchant, oldest first.
func offersOf(ctx context.Context, db pg.DB, merchantID string) ([]offer, error) {
	list, err := readAll(ctx, db, scanOffer, `select `+offerColumns+` from offers where merchant_id = $1 order by created_at, id`, merchantID)
	if err != nil {
		return nil, fmt.Errorf("read offers: %w", err)
	}
	return list, nil
}

// listOffers returns one page, oldest first, and the total of at most maxOffers.
func listOffers(ctx context.Context, db pg.DB, merchantID string, onProduct bool, limit, offset int64) ([]offer, int64, error) {
	var total int64
	err := db.QueryRow(ctx, `select count(*) from offers where merchant_id = $1 and (product_id is not null) = $2`, merchantID, onProduct).Scan(&total)
	if err != nil {
		return nil, 0, fmt.Errorf("count offers: %w", err)
	}
	list, err := readAll(ctx, db, scanOffer, `select `+offerColumns+` from offers where merchant_id = $1 and (product_id is not null) = $2
		order by created_at, id limit $3 offset $4`, merchantID, onProduct, limit, offset)
	if err != nil {
		return nil, 0, fmt.Errorf("list offers: %w", err)
	}
	return list, total, nil
}

func readOffer(ctx context.Context, db pg.DB, merchantID string, onProduct bool, id string) (offer, error) {
	o, err := readOne(ctx, db, scanOffer, `select `+offerColumns+` from offers where merchant_id = $1 and (product_id is not null) = $2 and id = $3`,
		merchantID, onProduct, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return offer{}, errs.NotFound(offerNoun)
	}
	if err != nil {
		return offer{}, fmt.Errorf("read offer: %w", err)
	}
	return o, nil
}

// insertOffer refuses a product that is not the merchant's, and more offers than the maximum.
func insertOffer(ctx context.Context, tx pgx.Tx, o offer) error {
	var n int64
	if err := tx.QueryRow(ctx, `select count(*) from offers where merchant_id = $1`, o.Merchant).Scan(&n); err != nil {
		return fmt.Errorf("count offers: %w", err)
	}
	if n >= maxOffers {
		return errs.New(errs.InvalidState, "You can have at most %d offers. Delete one first.", maxOffers)
	}
	if err := checkProduct(ctx, tx, o); err != nil {
		return err
	}
	week := o.week()
	_, err := tx.Exec(ctx, `insert into offers (id, merchant_id, product_id, name, type, value, min_order_cents, starts_at, ends_at, created_at, updated_at,
		weekdays, from_time, until_time) values ($1, $2, nullif($3, '')::uuid, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12, $13)`,
		o.ID, o.Merchant, o.ProductID, o.Name, o.Type, o.Value, o.MinOrder, o.StartsAt, o.EndsAt, o.CreatedAt, week.Weekdays, week.From, week.Until)
	if err != nil {
		return fmt.Errorf("insert offer: %w", err)
	}
	return nil
}

func updateOffer(ctx context.Context, tx pgx.Tx, o offer) error {
	if err := checkProduct(ctx, tx, o); err != nil {
		return err
	}
	week := o.week()
	_, err := tx.Exec(ctx, `update offers set product_id = nullif($2, '')::uuid, name = $3, type = $4, value = $5, min_order_cents = $6,
		starts_at = $7, ends_at = $8, updated_at = $9, weekdays = $10, from_time = $11, until_time = $12 where id = $1`,
		o.ID, o.ProductID, o.Name, o.Type, o.Value, o.MinOrder, o.StartsAt, o.EndsAt, o.UpdatedAt, week.Weekdays, week.From, week.Until)
	if err != nil {
		return fmt.Errorf("update offer: %w", err)
	}
	return nil
}

func checkProduct(ctx context.Context, tx pgx.Tx, o offer) error {
	if o.ProductID == "" {
		return nil
	}
	var found bool
	err := tx.QueryRow(ctx, `select exists (select from products where merchant_id = $1 and id = $2)`, o.Merchant, o.ProductID).Scan(&found)
	if err != nil {
		return fmt.Errorf("find the product of an offer: %w", err)
	}
	if !found {
		return errs.Invalid(errs.Field{Field: "product_id", Message: "product_id must be the id of one of your products."})
	}
	return nil
}

func deleteOffer(ctx context.Context, tx pgx.Tx, merchantID string, onProduct bool, id string) error {
	tag, err := tx.Exec(ctx, `delete from offers where merchant_id = $1 and (product_id is not null) = $2 and id = $3`, merchantID, onProduct, id)
	if err != nil {
		return fmt.Errorf("delete offer: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errs.NotFound(offerNoun)
	}
	return nil
}
