package account

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/pg"
)

// AuditEntry is something that somebody did, or tried to do.
type AuditEntry struct {
	ID int64
	At time.Time
	// Actor is "user:<id>", "key:<id>" or "system:<what>"; ActorEmail is the user's address, empty for others.
	Actor      string
	ActorEmail string
	// Action is what, Target the id of what was changed.
	Action string
	Target string
	Detail map[string]any
}

// Audit returns what concerns the merchant, the newest first, after the entry of that id (0: from the beginning), and whether there is more.
func (u *Users) Audit(ctx context.Context, merchantID string, after int64, limit int) ([]AuditEntry, bool, error) {
	rows, err := u.pool.Query(ctx, `select id, at, actor, action, target, detail from audit_log
		where merchant_id = $1 and ($2 = 0 or id < $2) order by id desc limit $3`, merchantID, after, limit+1)
	if err != nil {
		return nil, false, fmt.Errorf("read audit log: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (AuditEntry, error) {
		var e AuditEntry
		return e, r.Scan(&e.ID, &e.At, &e.Actor, &e.Action, &e.Target, &e.Detail)
	})
	if err != nil {
		return nil, false, fmt.Errorf("read audit log: %w", err)
	}
	more := len(list) > limit
	list = list[:min(len(list), limit)]
	return list, more, nameActors(ctx, u.pool, list)
}

// auditPart is how many entries of an export are in memory at a time.
const auditPart = 500

// ExportAudit hands all that concerns the user's merchant to each, in parts, the newest first. The first entry is that it was asked for.
func (u *Users) ExportAudit(ctx context.Context, who Presence, format string, from Device, each func([]AuditEntry) error) error {
	err := record(ctx, u.pool, instant(u.now), ByUser(who.ID), "audit.exported", who.MerchantID, map[string]any{"format": format, "ip": addressText(from.IP)})
	if err != nil {
		return err
	}
	for after, more := int64(0), true; more; {
		var list []AuditEntry
		if list, more, err = u.Audit(ctx, who.MerchantID, after, auditPart); err != nil {
			return err
		}
		if len(list) == 0 {
			return nil
		}
		after = list[len(list)-1].ID
		if err := each(list); err != nil {
			return err
		}
	}
	return nil
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

// The outcomes of what is tried to get in.
const (
	succeeded = "success"
	refused   = "failure"
)

// recordEntry notes who tried to get in, from where, and what came of it. An address without an account leaves an entry as well: it
// costs as much, and who looks for an attack sees it.
func recordEntry(ctx context.Context, db pg.DB, at time.Time, userID, action, outcome string, from Device) error {
	actor, target := ByUser(userID), userID
	if userID == "" {
		actor, target = "system:login", "unknown"
	}
	return record(ctx, db, at, actor, action, target, map[string]any{
		"outcome": outcome, "ip": addressText(from.IP), "device": DeviceName(from.UserAgent),
	})
}
