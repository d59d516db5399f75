package account

import (
	"context"
	"strconv"
	"time"

	"european-pay.eu/eupay/internal/run/pg"
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
	list, err := listAudit(ctx, u.pool, merchantID, after, limit+1)
	if err != nil {
		return nil, false, err
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

// NoteRequeue notes that an admin asks to give a dead letter back to its consumer.
func (u *Users) NoteRequeue(ctx context.Context, admin Presence, sequence uint64) error {
	return record(ctx, u.pool, instant(u.now), ByUser(admin.ID), "dead_letter.requeue_asked", strconv.FormatUint(sequence, 10), nil)
}
