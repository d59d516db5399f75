package catalog

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
)

const detailColumns = `, kind, coalesce(vat_rate_takeaway, 0), contains_alcohol, stock_unlimited, sold_out, sold_out_until, position, origin, translations`

func (d *Details) columns() []any {
	return []any{&d.Kind, &d.TakeawayVAT, &d.Alcohol, &d.Unlimited, &d.SoldOut, &d.SoldOutUntil, &d.Position, &d.Origins, &d.Translations}
}

// withParts adds the parts of the set menus.
func withParts(ctx context.Context, db pg.Reader, list []Product) ([]Product, error) {
	var menus []string
	for _, p := range list {
		if p.Kind == setMenu {
			menus = append(menus, p.ID)
		}
	}
	if len(menus) == 0 {
		return list, nil
	}
	parts, err := Parts(ctx, db, menus)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Parts = parts[list[i].ID]
	}
	return list, nil
}

// Parts returns the parts of set menus by product, in their order.
func Parts(ctx context.Context, db pg.Reader, products []string) (map[string][]Part, error) {
	rows, err := db.Query(ctx, `select t.product_id::text, t.id::text, t.name, t.min_choices, t.max_choices, t.course, t.translations,
		coalesce(jsonb_agg(jsonb_build_object('product_id', c.product_id, 'supplement_cents', c.supplement_cents) order by c.position)
			filter (where c.part_id is not null), '[]')
		from set_menu_parts t left join set_menu_choices c on c.part_id = t.id
		where t.product_id = any($1::text[]::uuid[]) group by t.id order by t.product_id, t.position`, products)
	if err != nil {
		return nil, fmt.Errorf("read set menus: %w", err)
	}
	defer rows.Close()
	parts := make(map[string][]Part)
	for rows.Next() {
		var product string
		var p Part
		if err := rows.Scan(&product, &p.ID, &p.Name, &p.Min, &p.Max, &p.Course, &p.Translations, &p.Choices); err != nil {
			return nil, fmt.Errorf("read set menus: %w", err)
		}
		parts[product] = append(parts[product], p)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read set menus: %w", err)
	}
	return parts, nil
}

// lockChoices makes sure that the products of the given parts are the merchant's and no set menus, and stay so until tx ends. It also locks the
// product that has the parts, if there is one: everybody locks products in the order of their ids.
func (f DetailFields) lockChoices(ctx context.Context, tx pgx.Tx, merchantID, own string) error {
	if f.Parts == nil {
		return nil
	}
	var ids []string
	for _, p := range *f.Parts {
		for _, c := range p.Choices {
			ids = append(ids, c.ProductID)
		}
	}
	if isID(own) {
		ids = append(ids, own)
	}
	rows, err := tx.Query(ctx, `select id::text from products where merchant_id = $1 and id = any($2::text[]::uuid[]) and (kind = $3 or id::text = $4)
		order by id for update`, merchantID, ids, plain, own)
	if err != nil {
		return fmt.Errorf("lock the products of a set menu: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("lock the products of a set menu: %w", err)
	}
	for i, p := range *f.Parts {
		for j, c := range p.Choices {
			if c.ProductID == own || !slices.Contains(found, c.ProductID) {
				return errNoChoice(i, j)
			}
		}
	}
	return nil
}

// setDetails writes the details of a product that tx has written and locked. before are the parts that it had.
func (f DetailFields) setDetails(ctx context.Context, tx pgx.Tx, p *Product, before []Part) error {
	if err := p.consistent(); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `update products set kind = $2, vat_rate_takeaway = nullif($3::int, 0), contains_alcohol = $4, stock_unlimited = $5, position = $6,
		origin = $7, translations = $8, vat_rate = $9 where id = $1`,
		p.ID, p.Kind, p.TakeawayVAT, p.Alcohol, p.Unlimited, p.Position, notNil(p.Origins), p.Translations.notNil(), p.VATPerMill)
	if err != nil {
		return fmt.Errorf("write a product's details: %w", err)
	}
	if p.Kind == setMenu && f.Kind != nil {
		if err := notChosen(ctx, tx, p.ID); err != nil {
			return err
		}
	}
	if f.Parts == nil {
		return nil
	}
	if err := number(p.Parts, before); err != nil {
		return err
	}
	return writeParts(ctx, tx, p)
}

// notChosen refuses to make a set menu of a product that is part of one.
func notChosen(ctx context.Context, tx pgx.Tx, id string) error {
	var chosen bool
	if err := tx.QueryRow(ctx, `select exists (select from set_menu_choices where product_id = $1)`, id).Scan(&chosen); err != nil {
		return fmt.Errorf("look for a product in set menus: %w", err)
	}
	if chosen {
		return errs.Invalid(errs.Field{Field: "kind", Message: "kind must be product, because a set menu has this product."})
	}
	return nil
}

func writeParts(ctx context.Context, tx pgx.Tx, p *Product) error {
	b := &pgx.Batch{}
	b.Queue(`delete from set_menu_parts where product_id = $1`, p.ID)
	for i, part := range p.Parts {
		b.Queue(`insert into set_menu_parts (id, product_id, position, name, min_choices, max_choices, course, translations)
			values ($1, $2, $3, $4, $5, $6, $7, $8)`, part.ID, p.ID, i, part.Name, part.Min, part.Max, part.Course, part.Translations.notNil())
		for j, c := range part.Choices {
			b.Queue(`insert into set_menu_choices (part_id, product_id, position, supplement_cents) values ($1, $2, $3, $4)`, part.ID, c.ProductID, j, c.Supplement)
		}
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("write a set menu: %w", err)
	}
	return nil
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (t Translations) notNil() Translations {
	if t == nil {
		return Translations{}
	}
	return t
}

// SetSoldOut marks a merchant's product as sold out until then, nil for until further notice, or as on sale.
func (s *Store) SetSoldOut(ctx context.Context, merchantID, id string, soldOut bool, until *time.Time) (Product, error) {
	var p Product
	err := s.change(ctx, func(tx pgx.Tx) error {
		var err error
		if p, err = readOne(ctx, tx, merchantID, id, "for update"); err != nil {
			return err
		}
		p.SoldOut, p.SoldOutUntil = soldOut, until
		if _, err := tx.Exec(ctx, `update products set sold_out = $2, sold_out_until = $3 where id = $1`, id, soldOut, until); err != nil {
			return fmt.Errorf("mark a product as sold out: %w", err)
		}
		return s.save(ctx, tx, &p)
	})
	return p, err
}
