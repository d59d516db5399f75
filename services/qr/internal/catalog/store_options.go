package catalog

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
)

const groupColumns = `id::text, merchant_id::text, name, min_choices, max_choices, created_at, updated_at, translations`

func scanGroup(row pgx.CollectableRow) (OptionGroup, error) {
	var g OptionGroup
	err := row.Scan(&g.ID, &g.MerchantID, &g.Name, &g.Min, &g.Max, &g.CreatedAt, &g.UpdatedAt, &g.Translations)
	return g, err
}

// groups runs a query for groupColumns and reads the options of what it finds.
func groups(ctx context.Context, db pg.DB, sql string, args ...any) ([]OptionGroup, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read option groups: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanGroup)
	if err != nil {
		return nil, fmt.Errorf("read option groups: %w", err)
	}
	return list, readOptions(ctx, db, list)
}

func readOptions(ctx context.Context, db pg.DB, list []OptionGroup) error {
	if len(list) == 0 {
		return nil
	}
	at, ids := make(map[string]*OptionGroup, len(list)), make([]string, len(list))
	for i := range list {
		at[list[i].ID], ids[i] = &list[i], list[i].ID
	}
	rows, err := db.Query(ctx, `select group_id::text, id::text, name, price_cents, is_default, is_available, translations from options
		where group_id = any($1::text[]::uuid[]) order by group_id, position`, ids)
	if err != nil {
		return fmt.Errorf("read options: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var group string
		var o Option
		if err := rows.Scan(&group, &o.ID, &o.Name, &o.Price, &o.Default, &o.Available, &o.Translations); err != nil {
			return fmt.Errorf("read options: %w", err)
		}
		at[group].Options = append(at[group].Options, o)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read options: %w", err)
	}
	return nil
}

// Groups returns all of a merchant's option groups, the oldest first.
func (s *Store) Groups(ctx context.Context, merchantID string) ([]OptionGroup, error) {
	return groups(ctx, s.pool, `select `+groupColumns+` from option_groups where merchant_id = $1 order by created_at, id`, merchantID)
}

// Group returns a merchant's option group, or NOT_FOUND.
func (s *Store) Group(ctx context.Context, merchantID, id string) (OptionGroup, error) {
	return readGroup(ctx, s.pool, merchantID, id, "")
}

func readGroup(ctx context.Context, db pg.DB, merchantID, id, lock string) (OptionGroup, error) {
	if !isID(id) {
		return OptionGroup{}, errs.NotFound(groupNoun)
	}
	list, err := groups(ctx, db, `select `+groupColumns+` from option_groups where id = $1 and merchant_id = $2 `+lock, id, merchantID)
	if err == nil && len(list) == 0 {
		err = errs.NotFound(groupNoun)
	}
	if err != nil {
		return OptionGroup{}, err
	}
	return list[0], nil
}

// CreateGroup adds a group.
func (s *Store) CreateGroup(ctx context.Context, g *OptionGroup) error {
	g.CreatedAt = s.now()
	g.UpdatedAt = g.CreatedAt
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		// The lock on the version's row serialises the count.
		if err := Bump(ctx, tx, g.MerchantID); err != nil {
			return err
		}
		var count int
		if err := tx.QueryRow(ctx, `select count(*) from option_groups where merchant_id = $1`, g.MerchantID).Scan(&count); err != nil {
			return fmt.Errorf("count option groups: %w", err)
		}
		if count >= MaxOptionGroups {
			return errs.New(errs.InvalidState, "A catalog holds at most %d option groups. Delete what is no longer used.", MaxOptionGroups)
		}
		_, err := tx.Exec(ctx, `insert into option_groups (id, merchant_id, name, min_choices, max_choices, created_at, updated_at, translations)
			values ($1, $2, $3, $4, $5, $6, $6, $7)`, g.ID, g.MerchantID, g.Name, g.Min, g.Max, g.CreatedAt, g.Translations.notNil())
		if err != nil {
			return fmt.Errorf("insert option group: %w", err)
		}
		return writeOptions(ctx, tx, g)
	})
}

// writeOptions replaces the options of a locked or new group. Those that stay keep their id.
func writeOptions(ctx context.Context, tx pgx.Tx, g *OptionGroup) error {
	ids := make([]string, len(g.Options))
	for i, o := range g.Options {
		ids[i] = o.ID
	}
	b := &pgx.Batch{}
	b.Queue(`delete from options where group_id = $1 and id <> all($2::text[]::uuid[])`, g.ID, ids)
	for i, o := range g.Options {
		b.Queue(`insert into options (id, group_id, position, name, price_cents, is_default, is_available, translations) values ($1, $2, $3, $4, $5, $6, $7, $8)
			on conflict (id) do update set position = $3, name = $4, price_cents = $5, is_default = $6, is_available = $7, translations = $8`,
			o.ID, g.ID, i, o.Name, o.Price, o.Default, o.Available, o.Translations.notNil())
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("write options: %w", err)
	}
	return nil
}

// ChangeGroup applies change to a merchant's group, and returns what it became.
func (s *Store) ChangeGroup(ctx context.Context, merchantID, id string, change func(*OptionGroup) error) (OptionGroup, error) {
	var g OptionGroup
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var err error
		if g, err = readGroup(ctx, tx, merchantID, id, "for update"); err != nil {
			return err
		}
		if err := change(&g); err != nil {
			return err
		}
		g.UpdatedAt = s.now()
		_, err = tx.Exec(ctx, `update option_groups set name = $2, min_choices = $3, max_choices = $4, updated_at = $5, translations = $6 where id = $1`,
			g.ID, g.Name, g.Min, g.Max, g.UpdatedAt, g.Translations.notNil())
		if err != nil {
			return fmt.Errorf("update option group: %w", err)
		}
		if err := writeOptions(ctx, tx, &g); err != nil {
			return err
		}
		return Bump(ctx, tx, merchantID)
	})
	return g, err
}

// DeleteGroup deletes a merchant's group, which its products lose.
func (s *Store) DeleteGroup(ctx context.Context, merchantID, id string) error {
	if !isID(id) {
		return errs.NotFound(groupNoun)
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `delete from option_groups where id = $1 and merchant_id = $2`, id, merchantID)
		if err != nil {
			return fmt.Errorf("delete option group: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return errs.NotFound(groupNoun)
		}
		return Bump(ctx, tx, merchantID)
	})
}

// lockGroups makes sure that the given groups are the merchant's, and stay until tx ends. Everybody locks products, then groups, then the
// version of the menu, so that nobody can deadlock.
func (f Fields) lockGroups(ctx context.Context, tx pgx.Tx, merchantID string) error {
	if f.Groups == nil {
		return nil
	}
	rows, err := tx.Query(ctx, `select id::text from option_groups where merchant_id = $1 and id = any($2::text[]::uuid[]) order by id for key share`,
		merchantID, *f.Groups)
	if err != nil {
		return fmt.Errorf("lock option groups: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("lock option groups: %w", err)
	}
	if missing := slices.DeleteFunc(slices.Clone(*f.Groups), func(id string) bool { return slices.Contains(found, id) }); len(missing) > 0 {
		return errNoGroups(missing)
	}
	return nil
}

// setGroups replaces the groups of a product that tx has written. tx has locked the groups.
func (f Fields) setGroups(ctx context.Context, tx pgx.Tx, p *Product) error {
	if f.Groups == nil {
		return nil
	}
	if _, err := tx.Exec(ctx, `delete from product_option_groups where product_id = $1`, p.ID); err != nil {
		return fmt.Errorf("replace a product's option groups: %w", err)
	}
	_, err := tx.Exec(ctx, `insert into product_option_groups (product_id, group_id, position)
		select $1, id, position from unnest($2::text[]::uuid[]) with ordinality as given (id, position)`, p.ID, *f.Groups)
	if err != nil {
		return fmt.Errorf("replace a product's option groups: %w", err)
	}
	p.Groups = *f.Groups
	return nil
}

// MenuGroups returns the merchant's groups that belong to a product, by id, and each product's groups in their order. With products, only
// theirs.
func MenuGroups(ctx context.Context, db pg.DB, merchantID string, products []string) (map[string]OptionGroup, map[string][]string, error) {
	rows, err := db.Query(ctx, `select l.product_id::text, l.group_id::text from product_option_groups l join option_groups g on g.id = l.group_id
		where g.merchant_id = $1 and ($2::text[] is null or l.product_id = any($2::text[]::uuid[])) order by l.product_id, l.position`, merchantID, products)
	if err != nil {
		return nil, nil, fmt.Errorf("read products' option groups: %w", err)
	}
	links, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ Product, Group string }])
	if err != nil {
		return nil, nil, fmt.Errorf("read products' option groups: %w", err)
	}
	of, ids := make(map[string][]string), make([]string, len(links))
	for i, l := range links {
		of[l.Product], ids[i] = append(of[l.Product], l.Group), l.Group
	}
	slices.Sort(ids)
	list, err := groups(ctx, db, `select `+groupColumns+` from option_groups where id = any($1::text[]::uuid[])`, slices.Compact(ids))
	if err != nil {
		return nil, nil, err
	}
	byID := make(map[string]OptionGroup, len(list))
	for _, g := range list {
		byID[g.ID] = g
	}
	return byID, of, nil
}
