package account

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"european-pay.eu/eupay/internal/pg"
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
