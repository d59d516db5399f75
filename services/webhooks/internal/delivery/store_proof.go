package delivery

import (
	"context"
	"fmt"
)

// recordProof records that the server of an endpoint's URL belongs to the merchant, unless the URL has changed.
func (e *Engine) recordProof(ctx context.Context, endpointID, url string) error {
	_, err := e.db.Exec(ctx, `update endpoints set proven_at = $3 where id = $1 and url = $2 and proven_at is null`, endpointID, url, e.now())
	if err != nil {
		return fmt.Errorf("record proof of endpoint: %w", err)
	}
	return nil
}

// proven reports whether the endpoint still has that URL and its server has proven it. Deliveries in the first minute after a
// change of the URL do not count: they may have gone to the previous URL.
func (e *Engine) proven(ctx context.Context, endpointID, url string) (proven bool, err error) {
	err = e.db.QueryRow(ctx, `select coalesce((select e.proven_at is not null or exists (select from deliveries d
			where d.endpoint_id = e.id and d.status = 'delivered' and d.event_type <> $3 and d.created_at >= coalesce(e.url_since + interval '1 minute', e.created_at))
		from endpoints e where e.id = $1 and e.url = $2), false)`, endpointID, url, TestEvent).Scan(&proven)
	if err != nil {
		return false, fmt.Errorf("read proof of endpoint: %w", err)
	}
	return proven, nil
}
