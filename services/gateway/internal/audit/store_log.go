package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/gateway/internal/form"
)

// Record writes an audit row in the transaction of the change. detail holds no credential.
func Record(ctx context.Context, tx pg.DB, at time.Time, by Actor, action, target string, detail map[string]any) error {
	if detail == nil {
		detail = map[string]any{}
	}
	text, err := json.Marshal(detail)
	if err != nil {
		return fmt.Errorf("encode audit detail: %w", err)
	}
	var id *string // what the merchant is found by, whose business it is
	if form.IsID(target) {
		id = &target
	}
	_, err = tx.Exec(ctx, `insert into audit_log (at, actor, action, target, detail, merchant_id) values ($1, $2, $3, $4, $5,
		coalesce((select id from merchants where id = $6::uuid), (select merchant_id from users where id = $6::uuid),
			(select merchant_id from api_keys where id = $6::uuid)))`,
		at, string(by), action, target, string(text), id)
	if err != nil {
		return fmt.Errorf("write audit log: %w", err)
	}
	return nil
}

// list reads the entries of a merchant before the one of that id (0: all), the newest first.
func list(ctx context.Context, db pg.DB, merchantID string, after int64, limit int) ([]Entry, error) {
	if after == 0 {
		after = math.MaxInt64 // a bound of the index in any case: a plan for all parameters has no use for "$2 = 0 or …"
	}
	rows, err := db.Query(ctx, `select id, at, actor, action, target, detail from audit_log
		where merchant_id = $1 and id < $2 order by id desc limit $3`, merchantID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	entries, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (Entry, error) {
		var e Entry
		return e, r.Scan(&e.ID, &e.At, &e.Actor, &e.Action, &e.Target, &e.Detail)
	})
	if err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	return entries, nil
}

// nameActors fills in the email addresses of users.
func nameActors(ctx context.Context, db *pgxpool.Pool, entries []Entry) error {
	var ids []string
	for _, e := range entries {
		if id, ok := strings.CutPrefix(e.Actor, "user:"); ok && form.IsID(id) {
			ids = append(ids, id)
		}
	}
	rows, err := db.Query(ctx, `select array['user:' || id::text, email] from users where id = any($1::uuid[])`, ids)
	if err != nil {
		return fmt.Errorf("read actors: %w", err)
	}
	users, err := pgx.CollectRows(rows, pgx.RowTo[[2]string])
	if err != nil {
		return fmt.Errorf("read actors: %w", err)
	}
	emails := map[string]string{}
	for _, one := range users {
		emails[one[0]] = one[1]
	}
	for i := range entries {
		entries[i].ActorEmail = emails[entries[i].Actor]
	}
	return nil
}
