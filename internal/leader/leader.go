// Package leader lets one replica at a time do a job. Leadership is a lease in a row of the service's schema: it ends by itself when
// its holder vanishes, whatever PostgreSQL believes about the connection. Each leader has an epoch, with which it fences its
// writes: one that was cut off and comes back late writes nothing any more.
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
)

const (
	// ttl is how long a lease lasts by the database's clock. A leader that was killed is followed after it.
	ttl = 4500 * time.Millisecond
	// renewEvery leaves room for two renewals that fail.
	renewEvery = 1500 * time.Millisecond
	// margin before the lease's end, by the leader's own clock, is when it stops: clocks may run at different speeds.
	margin = time.Second
	// retryEvery is how soon a follower notices that there is no leader.
	retryEvery = 300 * time.Millisecond
)

// Run calls lead while this replica holds the lease of that job, again after lead fails or the lease is lost, until ctx
// ends. The context that lead gets ends before anybody else can hold the lease. When lead returns the lease is given up at once.
// What must not be written by a leader of yesterday needs RunFenced.
func Run(ctx context.Context, pool *pgxpool.Pool, job string, log *slog.Logger, lead func(context.Context) error) error {
	return RunFenced(ctx, pool, job, log, func(ctx context.Context, _ *Lease) error { return lead(ctx) })
}

// RunFenced is Run for a leader that fences its transactions with the lease.
func RunFenced(ctx context.Context, pool *pgxpool.Pool, job string, log *slog.Logger, lead func(context.Context, *Lease) error) error {
	me := identity()
	for ctx.Err() == nil {
		if err := hold(ctx, pool, job, me, log, lead); err != nil && ctx.Err() == nil {
			log.Warn("leader's work interrupted, trying again", "job", job, "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(retryEvery):
		}
	}
	return nil
}

// identity of a candidate: for people who look at the table, and to tell apart two of one process.
func identity() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), uuid.NewString())
}

func hold(ctx context.Context, pool *pgxpool.Pool, job, me string, log *slog.Logger, lead func(context.Context, *Lease) error) error {
	k, err := take(ctx, pool, job, me)
	if err != nil || k == nil {
		return err
	}
	defer k.giveUp(ctx, log)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		cancel(k.keep(ctx))
	}()
	err = lead(ctx, &k.lease)
	lost := context.Cause(ctx)
	cancel(nil)
	<-kept
	if lost != nil {
		return lost // what lead returned follows from it
	}
	return err
}
