// Package leader elects one replica to do a job. Leadership is a lease in a row of the service's schema: it expires when its
// holder vanishes, whatever PostgreSQL believes about the connection. Each leader has an epoch that fences its writes: a former
// leader that was disconnected cannot write any more.
//
// A service that uses it has this table in its schema:
//
//	create table leadership (
//	    job        text        primary key,
//	    holder     text        not null,
//	    epoch      bigint      not null,
//	    expires_at timestamptz not null
//	);
package leader

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"european-pay.eu/eupay/internal/run/pg"
)

const (
	// ttl is the lifetime of a lease by the database's clock. A leader that was killed is replaced after it.
	ttl = 4500 * time.Millisecond
	// renewEvery leaves time for two failed renewals.
	renewEvery = 1500 * time.Millisecond
	// margin is how long before the end of the lease, by its own clock, the leader stops. Clocks may run at different speeds.
	margin = time.Second
	// retryEvery is how often followers look whether their job is free.
	retryEvery = 300 * time.Millisecond
)

// Run calls lead while this replica holds the lease of the job, and again after lead fails or the lease is lost, until ctx ends.
// The context of lead ends before another replica can hold the lease. When lead returns, the lease is released at once. If a
// former leader must not be able to write, use RunFenced.
func Run(ctx context.Context, pool *pgxpool.Pool, job string, log *slog.Logger, lead func(context.Context) error) error {
	return RunFenced(ctx, pool, job, log, func(ctx context.Context, _ *Lease) error { return lead(ctx) })
}

// RunFenced is Run for a leader that fences its transactions with the lease.
func RunFenced(ctx context.Context, pool *pgxpool.Pool, job string, log *slog.Logger, lead func(context.Context, *Lease) error) error {
	me, leads := identity(), leading.WithLabelValues(pg.Schema(pool), job)
	leads.Set(0)
	own, giveBack, err := beside(ctx, pool)
	if err != nil {
		return err
	}
	defer giveBack()
	for ctx.Err() == nil {
		led, err := hold(ctx, own, job, me, leads, log, lead)
		if err == nil && !led {
			own.await(ctx, job)
			continue
		}
		if err != nil && ctx.Err() == nil {
			log.Warn("leader's work interrupted, retrying", "job", job, "error", err)
		}
		pause(ctx, retryEvery)
	}
	return nil
}

// identity returns a unique name of this candidate, readable for people who look at the table.
func identity() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), uuid.NewString())
}

// hold leads if nobody does, and reports whether it has led.
func hold(
	ctx context.Context, own *connections, job, me string, leads prometheus.Gauge, log *slog.Logger, lead func(context.Context, *Lease) error,
) (led bool, err error) {
	k, err := take(ctx, own, job, me)
	if err != nil || k == nil {
		return false, err
	}
	defer k.release(ctx, log)
	leads.Set(1)
	defer leads.Set(0)
	return true, k.during(ctx, func(ctx context.Context) error { return lead(ctx, &k.lease) })
}
