package merchant

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
)

// lastRune follows every character, so prefix+lastRune follows every text that begins with prefix.
const lastRune = "\U0010ffff"

// search finds merchants by the indexes of what admins search for, each of which is read up to the bound. They are an array, because for a
// subquery that may find as many as the bound PostgreSQL reads all merchants.
func search(ctx context.Context, db pg.Reader, w wanted, page, limit int) ([]Merchant, int64, error) {
	rows, err := db.Query(ctx, `with found (id) as (
			(select id from merchants where $1 <> '' and to_tsvector('simple', name || ' ' || legal_name) @@ to_tsquery('simple', $1) limit $6)
			union (select id from merchants where lower(email) collate "C" >= $2 and lower(email) collate "C" < $2 || $7 limit $6)
			union (select merchant_id from users where merchant_id is not null and removed_at is null
				and lower(email) collate "C" >= $2 and lower(email) collate "C" < $2 || $7 limit $6)
			union (select merchant_id from api_keys where public collate "C" >= $3 and public collate "C" < $3 || $7 limit $6)
			union (select id from merchants where siren = $4 and siren <> '' limit $6)
			union select id from merchants where id = nullif($5, '')::uuid)
		select count(*) over (), `+Columns+` from merchants m where not m.pending and m.id = any(array(select id from found limit $6))
		order by m.created_at desc, m.id desc limit $8 offset $9`,
		w.words, w.prefix, w.public, w.siren, w.id, mostFound, lastRune, limit, int64(page-1)*int64(limit))
	if err != nil {
		return nil, 0, fmt.Errorf("search merchants: %w", err)
	}
	var total int64
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (m Merchant, err error) {
		return m, r.Scan(append([]any{&total}, m.Fields()...)...)
	})
	if err != nil {
		return nil, 0, fmt.Errorf("search merchants: %w", err)
	}
	return list, total, nil
}
