package leader

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/run/pg"
)

// ErrDeposed is the error of a leader's transaction after another replica has become the leader.
var ErrDeposed = errors.New("another replica has become the leader")

// errNotRenewed ends the work of a leader that cannot reach the database.
var errNotRenewed = errors.New("the lease could not be renewed in time")

// Lease is one replica's leadership of one job.
type Lease struct {
	job    string
	holder string
	epoch  int64
	// shared is, for the lease of a lane, that of all lanes.
	shared *Lease
}

// Fence fails with ErrDeposed unless this replica still holds the lease. Call it last in the transaction: until the commit nobody
// can take the lease over, and it cannot be renewed. An expired lease that nobody has taken still counts.
func (l *Lease) Fence(ctx context.Context, tx pg.DB) error {
	b := &pgx.Batch{}
	l.QueueFence(b)
	return tx.SendBatch(ctx, b).Close()
}

// QueueFence is Fence for a batch.
func (l *Lease) QueueFence(b *pgx.Batch) {
	if l.shared != nil {
		l.shared.QueueFence(b)
	}
	b.Queue(`select true from leadership where job = $1 and holder = $2 and epoch = $3 for share`, l.args()...).QueryRow(func(row pgx.Row) error {
		var ok bool
		err := row.Scan(&ok)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrDeposed
		}
		if err != nil {
			return fmt.Errorf("check the lease of %s: %w", l.job, err)
		}
		return nil
	})
}

// Write executes one statement in a transaction of its own, in one round trip. It fails with ErrDeposed unless this replica still holds the lease.
// The statement has its arguments from $1 on and must write nothing unless "exists (select from held)": until the commit nobody can take the
// lease over. It is not for the lease of a lane.
func (l *Lease) Write(ctx context.Context, db pg.DB, sql string, args ...any) error {
	n := len(args)
	var held bool
	err := db.QueryRow(ctx, fmt.Sprintf(`with held as materialized (select true from leadership where job = $%d and holder = $%d and epoch = $%d for share),
		written as (%s) select exists (select from held)`, n+1, n+2, n+3, sql), append(slices.Clone(args), l.args()...)...).Scan(&held)
	switch {
	case err != nil:
		return fmt.Errorf("write by the lease of %s: %w", l.job, err)
	case !held:
		return ErrDeposed
	default:
		return nil
	}
}

func (l *Lease) args() []any { return []any{l.job, l.holder, l.epoch} }

// keeper holds a lease on the leaders' own connections.
type keeper struct {
	pool  *pgxpool.Pool
	lease Lease
	until time.Time // when to stop, by this process's clock
}

const takeSQL = `insert into leadership as l (job, holder, epoch, expires_at) select $1, $2, 1, now() + $3::interval
	where not exists (select from leadership where job = $1 and expires_at > now())
	on conflict (job) do update set holder = excluded.holder, epoch = l.epoch + 1, expires_at = excluded.expires_at
	where l.expires_at <= now() returning l.epoch`

// take returns nil if another replica holds the lease.
func take(ctx context.Context, pool *pgxpool.Pool, job, me string) (*keeper, error) {
	ctx, cancel := context.WithTimeout(ctx, ttl)
	defer cancel()
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("acquire a leader's connection: %w", err)
	}
	defer conn.Release()
	k := &keeper{pool: pool, lease: Lease{job: job, holder: me}, until: time.Now().Add(ttl - margin)}
	err = conn.QueryRow(ctx, takeSQL, job, me, ttl).Scan(&k.lease.epoch)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("take the lease of %s: %w", job, err)
	}
	return k, nil
}

// during keeps the lease while work runs. The context of work ends when the lease is lost.
func (k *keeper) during(ctx context.Context, work func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	keeperDone := make(chan struct{})
	go func() {
		defer close(keeperDone)
		cancel(k.keep(ctx))
	}()
	err := work(ctx)
	lost := context.Cause(ctx)
	cancel(nil)
	<-keeperDone
	if lost != nil {
		return lost // the error of work is a consequence of it
	}
	return err
}

// keep renews the lease until ctx ends, or returns why the leader must stop.
func (k *keeper) keep(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(renewEvery):
		}
		if err := k.renewInTime(ctx); err != nil {
			return err
		}
	}
}

// renewInTime retries until the lease is nearly over.
func (k *keeper) renewInTime(ctx context.Context) error {
	ctx, cancel := context.WithDeadline(ctx, k.until)
	defer cancel()
	for {
		err := k.renew(ctx)
		if err == nil || errors.Is(err, ErrDeposed) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", errNotRenewed, err)
		case <-time.After(retryEvery / 3):
		}
	}
}

// renew makes one attempt, on a new connection if the last one broke.
func (k *keeper) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, renewEvery)
	defer cancel()
	startedAt := time.Now() // before the database's clock starts to count
	tag, err := k.pool.Exec(ctx, `update leadership set expires_at = now() + $4::interval where job = $1 and holder = $2 and epoch = $3`,
		append(k.lease.args(), ttl)...)
	if err != nil {
		return fmt.Errorf("renew the lease of %s: %w", k.lease.job, err)
	}
	if tag.RowsAffected() == 0 {
		return ErrDeposed
	}
	k.until = startedAt.Add(ttl - margin)
	return nil
}

// releaseTimeout is the deadline for releasing the lease, which expires anyway.
const releaseTimeout = 2 * time.Second

// release ends the lease at once, so that another replica does not have to wait for its expiry.
func (k *keeper) release(ctx context.Context, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	_, err := k.pool.Exec(ctx, `update leadership set expires_at = now() where job = $1 and holder = $2 and epoch = $3`, k.lease.args()...)
	if err != nil {
		log.Debug("lease not released, it will expire", "job", k.lease.job, "error", err)
	}
}
