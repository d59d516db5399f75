package delivery

import (
	"context"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/tally"
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
	c := &conditions{}
	c.add("merchant_id = $%d", m.Merchant)
	c.add("livemode = $%d", m.Livemode)
	c.statuses(m.Statuses)
	c.equal("endpoint_id", m.EndpointID)
	c.between("created_at", m.Created)
	c.add("event_type <> $%d", TestEvent)
	c.equal("reference", m.Reference)
	c.equal("event_type", m.EventType)
	where, args := c.where()
	return where + ` and endpoint_id in (select e.id from endpoints e
		where e.merchant_id = $1 and e.livemode = $2 and e.enabled and e.deleted_at is null)`, args
}

// CountMatching returns the number of matching deliveries. Those that were delivered, or are of one event type or about one thing, are
// counted one by one, up to tally.Most.
func CountMatching(ctx context.Context, db pg.Reader, m Match) (total tally.Total, err error) {
	for _, status := range m.Statuses {
		if !endedBadly(status) || m.Reference+m.EventType != "" {
			where, args := m.where()
			return tally.AtMost(ctx, db, "from deliveries where "+where, args...)
		}
	}
	active, err := activeEndpoints(ctx, db, m)
	if err != nil {
		return total, err
	}
	for _, status := range m.Statuses {
		one := m
		one.Statuses = []string{status}
		of := Filter{Merchant: m.Merchant, Livemode: m.Livemode, Status: status, Created: m.Created}
		at, err := findPage(ctx, db, of.counters(active, func(ctx context.Context, created Between) (int64, error) {
			one.Created = created
			where, args := one.where()
			return countAll(ctx, db, "deliveries", where, args)
		}), 0)
		if err != nil {
			return total, err
		}
		total.Rows += at.total.Rows
	}
	return total, nil
}
