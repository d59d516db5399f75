package account

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/run/pg"
)

// Actor is who changes something, for the audit log: "user:<id>", "key:<id>" or "system:<what>".
type Actor string

// ByUser is the Actor of a logged-in user.
func ByUser(id string) Actor { return Actor("user:" + id) }

// record writes an audit row in the transaction of the change. detail holds no credential.
func record(ctx context.Context, tx pg.DB, at time.Time, by Actor, action, target string, detail map[string]any) error {
	if detail == nil {
		detail = map[string]any{}
	}
	text, err := json.Marshal(detail)
	if err != nil {
		return fmt.Errorf("encode audit detail: %w", err)
	}
	var id *string // what the merchant is found by, whose business it is
	if isID(target) {
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

// listAudit reads the entries of a merchant before the one of that id (0: all), the newest first.
func listAudit(ctx context.Context, db pg.DB, merchantID string, after int64, limit int) ([]AuditEntry, error) {
	rows, err := db.Query(ctx, `select id, at, actor, action, target, detail from audit_log
		where merchant_id = $1 and ($2 = 0 or id < $2) order by id desc limit $3`, merchantID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (AuditEntry, error) {
		var e AuditEntry
		return e, r.Scan(&e.ID, &e.At, &e.Actor, &e.Action, &e.Target, &e.Detail)
	})
	if err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	return list, nil
}

// nameActors fills in the addresses of users.
func nameActors(ctx context.Context, db *pgxpool.Pool, list []AuditEntry) error {
	var ids []string
	for _, e := range list {
		if id, ok := strings.CutPrefix(e.Actor, "user:"); ok && isID(id) {
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
	for i := range list {
		list[i].ActorEmail = emails[list[i].Actor]
	}
	return nil
}
