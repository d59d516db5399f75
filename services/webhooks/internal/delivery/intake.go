package delivery

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
)

// intake turns events into deliveries. The consumer calls handle and, after the commit, commit, strictly alternating.
type intake struct {
	engine *Engine
	// Of the current transaction: the deliveries leased to this process, and their reserved slots.
	leased   []reservation
	promoted []Job
	// spilled is true if some deliveries had no slot and wait in the database.
	spilled bool
}

// reservation is a job and the queue that has a slot for it.
type reservation struct {
	queue string
	job   Job
}

// handle records the deliveries of a batch. Those that can be attempted at once are leased to this process, so that they need not
// be claimed.
func (in *intake) handle(ctx context.Context, tx pgx.Tx, batch []consume.Event) error {
	in.reset()
	changes, err := decode(batch)
	if err != nil {
		return err
	}
	targets, err := endpoint.OfMerchants(ctx, tx, modes(changes))
	if err != nil {
		return err
	}
	now := in.engine.now()
	h := in.engine.holder(now)
	rows, bodies, err := in.plan(changes, targets, now, h)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		if err := recordOnly(ctx, tx, changes, bodies); err != nil {
			return err
		}
		return in.redeliver(ctx, tx, changes, now)
	}
	in.reserve(rows, now)
	waiting, err := insert(ctx, tx, func(b *pgx.Batch) { queueEvents(b, changes, bodies) }, rows, h, now)
	if err != nil {
		return err
	}
	if err := in.redeliver(ctx, tx, changes, now); err != nil || len(waiting) == 0 {
		return err
	}
	// An event may be older than the pending one, or the pending one of this lane is finished.
	b := &pgx.Batch{}
	queuePromote(b, waiting, now, h, &in.promoted)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("order deliveries: %w", err)
	}
	return nil
}

// recordOnly records a batch that no endpoint receives. There is no order of deliveries to keep.
func recordOnly(ctx context.Context, tx pgx.Tx, changes []change, bodies [][]byte) error {
	b := &pgx.Batch{}
	queueEvents(b, changes, bodies)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("record events: %w", err)
	}
	return nil
}

// redeliver sends deliveries again whose events an operator replayed for redelivery.
func (in *intake) redeliver(ctx context.Context, tx pgx.Tx, changes []change, now time.Time) error {
	var ids []string
	for _, c := range changes {
		if c.event.Redeliver() {
			ids = append(ids, c.event.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	n, err := redeliver(ctx, tx, ids, now)
	in.spilled = in.spilled || n > 0
	return err
}

// commit passes the leased deliveries to the senders.
func (in *intake) commit() {
	for _, r := range in.leased {
		in.engine.pool.Push(r.queue, r.job)
	}
	for _, j := range in.promoted {
		in.engine.pool.Add(in.engine.queueName(j), j)
	}
	if in.spilled {
		in.engine.Wake()
	}
	in.leased, in.promoted, in.spilled = nil, nil, false
}

// reset cancels the reservations of a transaction that was not committed.
func (in *intake) reset() {
	for _, r := range in.leased {
		in.engine.pool.Cancel(r.queue)
	}
	in.leased, in.promoted, in.spilled = nil, nil, false
}

// reserve marks the rows for which the senders have slots.
func (in *intake) reserve(rows []*row, now time.Time) {
	for _, r := range rows {
		queue := in.engine.queueName(r.job)
		wanted := !r.behind && !r.missed && !in.engine.health.paused(r.job.EndpointID, now)
		r.reserved = wanted && in.engine.pool.Reserve(queue)
		in.spilled = in.spilled || wanted && !r.reserved
		r.settle = func(pending bool) {
			switch {
			case r.reserved && pending:
				in.leased = append(in.leased, reservation{queue, r.job})
			case r.reserved:
				in.engine.pool.Cancel(queue)
			}
		}
	}
}

// change is a decoded event.
type change struct {
	event   consume.Event
	message Message
}

func decode(batch []consume.Event) ([]change, error) {
	changes := make([]change, len(batch))
	for i, e := range batch {
		m, err := Read(e.Event)
		if err != nil {
			return nil, consume.Poison(err)
		}
		changes[i] = change{event: e, message: m}
	}
	return changes, nil
}

func modes(changes []change) []endpoint.Mode {
	seen := make(map[endpoint.Mode]bool)
	var list []endpoint.Mode
	for _, c := range changes {
		m := endpoint.Mode{Merchant: c.event.Merchant, Livemode: c.event.Livemode}
		if !seen[m] {
			seen[m] = true
			list = append(list, m)
		}
	}
	return list
}

// row is a delivery to record.
type row struct {
	job      Job
	merchant string
	livemode bool
	sequence int64
	// behind is true if a lower sequence of the same lane is in the same batch.
	behind bool
	// missed is true if the endpoint is disabled.
	missed   bool
	reserved bool
	settle   func(pending bool)
}

// plan matches events with the endpoints that subscribe to them. own are the bodies of the events under their own types.
func (in *intake) plan(changes []change, targets map[endpoint.Mode][]endpoint.Endpoint, now time.Time, h holder) (rows []*row, own [][]byte, err error) {
	heads := make(map[lane]*row)
	own = make([][]byte, len(changes))
	for i, c := range changes {
		if own[i], err = c.message.Body(c.event.Type); err != nil {
			return nil, nil, consume.Poison(err)
		}
		bodies := map[string][]byte{c.event.Type: own[i]}
		for _, e := range targets[endpoint.Mode{Merchant: c.event.Merchant, Livemode: c.event.Livemode}] {
			as, wanted := endpoint.Announce(e.EventTypes, c.event.Type)
			if !wanted || c.event.Type == failingEvent && c.message.Reference == e.ID {
				continue
			}
			if err := in.engine.directory.Learn(e); err != nil {
				return nil, nil, err
			}
			if bodies[as] == nil {
				body, err := c.message.Body(as)
				if err != nil {
					return nil, nil, consume.Poison(err)
				}
				bodies[as] = body
			}
			r := newRow(c, e.ID, as, bodies[as], now, h)
			rows = append(rows, r)
			if r.missed = !e.Enabled; !r.missed {
				keepOrder(heads, r)
			}
		}
	}
	return rows, own, nil
}

func newRow(c change, endpointID, as string, body []byte, now time.Time, h holder) *row {
	return &row{
		merchant: c.event.Merchant, livemode: c.event.Livemode, sequence: c.message.Sequence,
		job: Job{
			ID: events.NewID(), EndpointID: endpointID, EventID: c.event.ID, EventType: as,
			Reference: c.message.Reference, Body: body, CreatedAt: now, LeaseUntil: h.until, Lessee: h.owner,
			Trace: c.event.Trace,
		},
	}
}

// keepOrder marks all rows of a lane as behind, except the one with the lowest sequence.
func keepOrder(heads map[lane]*row, r *row) {
	l := lane{r.job.EndpointID, r.job.Reference}
	head := heads[l]
	switch {
	case head == nil:
		heads[l] = r
	case head.sequence < r.sequence || (head.sequence == r.sequence && head.job.EventID < r.job.EventID):
		r.behind = true
	default:
		head.behind = true
		heads[l] = r
	}
}
