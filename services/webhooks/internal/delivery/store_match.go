package delivery

import (
	"context"
	"fmt"

	"european-pay.eu/eupay/internal/run/pg"
)

// Match selects finished deliveries to send again. Empty fields do not filter, but Statuses must have one.
type Match struct {
	Merchant string
	Livemode bool
	Statuses []string

	EndpointID, Reference, EventType string

	Created Between
}

// where excludes what cannot be sent again: tests, and deliveries to disabled or deleted endpoints.
func (m Match) where() (string, []any) {
	var c conditions
	c.add("merchant_id = $%d", m.Merchant)
	c.add("livemode = $%d", m.Livemode)
	c.add("status = any($%d)", m.Statuses)
	c.add("event_type <> $%d", TestEvent)
	c.equal("endpoint_id", m.EndpointID)
	c.equal("reference", m.Reference)
	c.equal("event_type", m.EventType)
	c.between("created_at", m.Created)
	where, args := c.where()
	return where + ` and endpoint_id in (select e.id from endpoints e
		where e.merchant_id = $1 and e.livemode = $2 and e.enabled and e.deleted_at is null)`, args
}

// CountMatching returns the number of matching deliveries.
func CountMatching(ctx context.Context, db pg.DB, m Match) (n int64, err error) {
	where, args := m.where()
	if err := db.QueryRow(ctx, `select count(*) from deliveries where `+where, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("count deliveries to send again: %w", err)
	}
	return n, nil
}
