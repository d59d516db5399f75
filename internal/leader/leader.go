// Package leader lets one replica at a time do a job, elected with a PostgreSQL advisory lock.
package leader

import (
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// retryEvery is how soon a follower takes over from a leader that is gone.
const retryEvery = 500 * time.Millisecond

// Run calls lead while this replica holds the lock of that name, again after lead fails or the connection breaks, until
// ctx ends. The context that lead gets ends when the lock's connection breaks. The lock dies with its connection, so
// a dead leader is followed at once, and a leader that is cut off from the database cannot write to it either.
func Run(ctx context.Context, pool *pgxpool.Pool, name string, log *slog.Logger, lead func(context.Context) error) error {
	for ctx.Err() == nil {
		if err := hold(ctx, pool, name, lead); err != nil && ctx.Err() == nil {
			log.Warn("leader's work interrupted, trying again", "job", name, "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(retryEvery):
		}
	}
	return nil
}

func hold(ctx context.Context, pool *pgxpool.Pool, name string, lead func(context.Context) error) error {
	pooled, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("acquire the leader's connection: %w", err)
	}
	var got bool
	err = pooled.QueryRow(ctx, `select pg_try_advisory_lock($1)`, key(name)).Scan(&got)
	if err != nil || !got {
		pooled.Release()
		return err
	}
	conn := pooled.Hijack() // closing it is what releases the lock, so it must not go back to the pool
	defer closeConn(ctx, conn)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		watch(ctx, conn)
		cancel()
	}()
	err = lead(ctx)
	cancel()
	<-watched
	return err
}

// watch returns when the connection is broken or ctx ends.
func watch(ctx context.Context, conn *pgx.Conn) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(retryEvery):
			if ping(ctx, conn) != nil {
				return
			}
		}
	}
}

// patience bounds the wait for the server: where the network swallows everything, an answer would never come, while the
// server may have given the lock to another already.
const patience = 5 * time.Second

func ping(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return conn.Ping(ctx)
}

func closeConn(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	conn.Close(ctx) // an error means that it was closed already, and the lock is gone either way
}

func key(name string) int64 {
	h := fnv.New64a()
	h.Write([]byte("eupay:" + name))
	return int64(h.Sum64())
}
