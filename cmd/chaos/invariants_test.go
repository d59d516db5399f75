package chaos

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/cmd/internal/roles"
	"european-pay.eu/eupay/internal/run/bus"
)

// invariant is what must hold in the end, whatever has happened.
type invariant struct {
	name  string
	prove func(ctx context.Context, t *testing.T, e *estate, x *traffic)
}

var invariants = []invariant{
	{"every accepted payment is final, once at the bank, and the same at REST and in webhooks", paymentsAgree},
	{"every change of a payment is in its history, without a gap", historiesAreWhole},
	{"no payment is refunded beyond its amount", refundsStayWithin},
	{"payment links are paid within their stock", roomAgrees(0)},
	{"subscriptions agree with bank and webhooks", roomAgrees(1)},
	{"points are exact", roomAgrees(2)},
	{"stock is what was not sold, and orders end as their payments", roomAgrees(3)},
	{"what a code asks for is paid once, whoever scans it", roomAgrees(4)},
	{"invoices have numbers without gaps and agree with platform and webhooks", invoicesAgree},
	{"every event was published, and every webhook was delivered", eventsArrive},
	{"nothing is stuck, and the system finds nothing wrong with itself", nothingIsStuck},
}

func paymentsAgree(ctx context.Context, t *testing.T, _ *estate, x *traffic) {
	t.Helper()
	x.m.mu.Lock()
	var references []string
	for _, reference := range x.m.accepted {
		references = append(references, reference)
	}
	x.m.mu.Unlock()
	agree(ctx, t, references, func(ctx context.Context, reference string) []string {
		if wrong := x.m.difference(ctx, reference); wrong != "" {
			return []string{reference + ": " + wrong}
		}
		return nil
	})
}

// none waits until a query for what must not be finds nothing.
func none(ctx context.Context, t *testing.T, e *estate, sql string) {
	t.Helper()
	agree(ctx, t, []string{sql}, func(ctx context.Context, sql string) []string {
		db, err := e.databases.connect(ctx)
		if err != nil {
			return []string{err.Error()}
		}
		defer db.Close(ctx)
		rows, err := db.Query(ctx, sql)
		if err != nil {
			return []string{err.Error()}
		}
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return []string{err.Error()}
		}
		return found
	})
}

func historiesAreWhole(ctx context.Context, t *testing.T, e *estate, _ *traffic) {
	t.Helper()
	none(ctx, t, e, `select p.reference || ' has changed ' || p.sequence || ' times, and its history has ' || count(h.sequence) || ' up to ' || coalesce(max(h.sequence), 0)
		from payments.payments p left join payments.payment_history h using (reference)
		group by p.reference, p.sequence, p.status
		having count(h.sequence) <> p.sequence or max(h.sequence) <> p.sequence`)
	none(ctx, t, e, `select p.reference || ' is ' || p.status || ', and its history ends with ' || h.to_status
		from payments.payments p join payments.payment_history h using (reference, sequence) where h.to_status <> p.status`)
}

func refundsStayWithin(ctx context.Context, t *testing.T, e *estate, _ *traffic) {
	t.Helper()
	none(ctx, t, e, `select p.reference || ': ' || sum(r.amount_cents) || ' of ' || p.amount_cents || ' cents are refunded, it says ' || p.amount_refunded_cents
		from payments.payments p join payments.payments r on r.original_reference = p.reference and r.status = 'completed'
		group by p.reference, p.amount_cents, p.amount_refunded_cents
		having sum(r.amount_cents) > p.amount_cents or sum(r.amount_cents) <> p.amount_refunded_cents`)
}

func roomAgrees(n int) func(context.Context, *testing.T, *estate, *traffic) {
	return func(ctx context.Context, t *testing.T, _ *estate, x *traffic) {
		t.Helper()
		x.rooms[n].compareBooks(ctx, t)
	}
}

func invoicesAgree(ctx context.Context, t *testing.T, _ *estate, x *traffic) {
	t.Helper()
	before := x.invoice.t
	x.invoice.t = t
	defer func() { x.invoice.t = before }()
	x.invoice.compareBooks(ctx)
}

func eventsArrive(ctx context.Context, t *testing.T, e *estate, _ *traffic) {
	t.Helper()
	for _, service := range roles.Services() {
		if service == "portal" {
			continue
		}
		none(ctx, t, e, `select event_type || ' of ' || merchant_id || ' is not published' from `+pgx.Identifier{service}.Sanitize()+`.outbox where published_at is null`)
	}
	none(ctx, t, e, `select event_type || ' of ' || reference || ' is ' || status from webhooks.deliveries where status <> 'delivered'`)
	js, end, err := e.jetStream()
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	stream, err := js.Stream(ctx, bus.DeadLetter)
	if err != nil {
		t.Fatal(err)
	}
	if n := stream.CachedInfo().State.Msgs; n > 0 {
		t.Errorf("%d messages were given up", n)
	}
}

func nothingIsStuck(ctx context.Context, t *testing.T, e *estate, _ *traffic) {
	t.Helper()
	agree(ctx, t, [][]string{{"payments", "stuck"}, {"doctor"}}, func(_ context.Context, args []string) []string {
		said, err := e.operate(args...)
		if err != nil {
			return []string{said, err.Error()}
		}
		return nil
	})
}
