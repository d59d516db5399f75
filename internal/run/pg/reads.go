package pg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Reader reads rows: a pool, a transaction, or Reads.
type Reader interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Reads is where a service reads lists, summaries and exports: connections of their own, so that slow lists leave the service's other
// statements theirs, at a replica of the database if there is one that is fresh enough, else at the primary. What must see the caller's
// own last write, and all that decides about money, is read from the service's pool instead.
//
// It has no Exec: its connections refuse to write, also where there is no replica, except behind a pooler in transaction mode.
type Reads struct {
	// primary is the pool of reads at the primary; writes is the service's own, whose position a replica must have reached.
	primary, writes *pgxpool.Pool
	// replica is nil if there is none.
	replica *pgxpool.Pool
	maxLag  time.Duration
	log     *slog.Logger

	mu    sync.Mutex
	trail trail
	state replicaState
}

// ReadSettings say where Reads reads.
type ReadSettings struct {
	// ReplicaURL is of the replica, with the role of the service. Empty: there is none.
	ReplicaURL string
	// MaxConns is how many connections each of the two pools opens at most. 0: reads at the primary share the service's pool.
	MaxConns int32
	// Timeout ends a statement at the server. Behind a pooler in transaction mode, which keeps nothing of a session, only the deadline of
	// the call does.
	Timeout time.Duration
	// MaxLag is how old what the replica has may be. Beyond it the primary is read.
	MaxLag time.Duration
}

// ReadsOf returns Reads that reads from the pool alone, as tests and tools need it.
func ReadsOf(pool *pgxpool.Pool) *Reads { return &Reads{primary: pool, writes: pool} }

// OpenReads opens the pools of reads beside the service's pool. It does not wait for a server.
func OpenReads(ctx context.Context, s Settings, r ReadSettings, writes *pgxpool.Pool, log *slog.Logger) (*Reads, error) {
	reads := &Reads{primary: writes, writes: writes, maxLag: r.MaxLag, log: log}
	var err error
	if s.MaxConns = r.MaxConns; s.MaxConns > 0 {
		if reads.primary, err = s.startReads(ctx, r.Timeout, nil); err != nil {
			return nil, err
		}
	}
	if r.ReplicaURL == "" {
		return reads, nil
	}
	if s.URL = r.ReplicaURL; s.MaxConns == 0 {
		s.MaxConns = 1
	}
	if reads.replica, err = s.startReads(ctx, r.Timeout, anyServer); err != nil {
		reads.Close()
		return nil, err
	}
	return reads, nil
}

// CheckReplicaURL refuses a URL with which OpenReads would fail.
func CheckReplicaURL(url string) error {
	if _, err := pgxpool.ParseConfig(url); err != nil {
		return errors.New("EUPAY_DATABASE_READ_URL is not a PostgreSQL URL") // pgx's error text would contain the password
	}
	return nil
}

// anyServer accepts a server that refuses writes.
func anyServer(context.Context, *pgconn.PgConn) error { return nil }

// startReads opens a pool that cannot write. validate replaces the requirement of a server that accepts writes.
func (s Settings) startReads(ctx context.Context, timeout time.Duration, validate pgconn.ValidateConnectFunc) (*pgxpool.Pool, error) {
	cfg, err := s.config()
	if err != nil {
		return nil, err
	}
	cfg.ConnConfig.RuntimeParams["application_name"] = applicationPrefix + s.Schema + "-reads"
	if validate != nil {
		cfg.ConnConfig.ValidateConnect = validate
	}
	if !s.Pooled {
		// These are not startup parameters, because a connection that may not write looks like one to a demoted primary when it is opened.
		readOnly := "set default_transaction_read_only = on; set statement_timeout = " + strconv.FormatInt(timeout.Milliseconds(), 10)
		cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, readOnly)
			return err
		}
	}
	return s.start(ctx, cfg)
}

// Close closes the pools that OpenReads has opened.
func (r *Reads) Close() {
	for _, pool := range []*pgxpool.Pool{r.ownPrimary(), r.replica} {
		if pool != nil {
			pool.Close()
		}
	}
}

// Pools returns the pools beside the service's own: that of reads at the primary, and that at the replica. Either may be nil.
func (r *Reads) Pools() (primary, replica *pgxpool.Pool) { return r.ownPrimary(), r.replica }

func (r *Reads) ownPrimary() *pgxpool.Pool {
	if r.primary == r.writes {
		return nil
	}
	return r.primary
}

// Query reads from the replica if it can be used. If it fails before the first row, the primary is asked instead.
func (r *Reads) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if !r.usesReplica() {
		return r.primary.Query(ctx, sql, args...) //nolint:rowserrcheck // the caller checks it
	}
	found, err := r.replica.Query(ctx, sql, args...) //nolint:rowserrcheck // the caller checks it
	if r.failed(ctx, err) {
		return r.primary.Query(ctx, sql, args...) //nolint:rowserrcheck // the caller checks it
	}
	return &replicaRows{Rows: found, again: func() (pgx.Rows, bool) {
		if !r.failed(ctx, found.Err()) {
			return nil, false
		}
		other, _ := r.primary.Query(ctx, sql, args...) //nolint:rowserrcheck // the caller checks it, and the rows have the other error too
		return other, true
	}}, err
}

// QueryRow is Query for one row.
func (r *Reads) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	if !r.usesReplica() {
		return r.primary.QueryRow(ctx, sql, args...)
	}
	return replicaRow{r.replica.QueryRow(ctx, sql, args...), func(err error) (pgx.Row, bool) {
		if !r.failed(ctx, err) {
			return nil, false
		}
		return r.primary.QueryRow(ctx, sql, args...), true
	}}
}

// BeginTx begins a transaction that only reads, for example several lists of the same moment. It implements what pgx.BeginTxFunc needs.
func (r *Reads) BeginTx(ctx context.Context, o pgx.TxOptions) (pgx.Tx, error) {
	o.AccessMode = pgx.ReadOnly
	if r.usesReplica() {
		tx, err := r.replica.BeginTx(ctx, o)
		if !r.failed(ctx, err) {
			return tx, err
		}
	}
	return r.primary.BeginTx(ctx, o)
}

// replicaRows are rows of the replica, until it fails before the first one.
type replicaRows struct {
	pgx.Rows
	again func() (pgx.Rows, bool)
}

// Next implements pgx.Rows.
func (w *replicaRows) Next() bool {
	if w.Rows.Next() {
		w.again = nil
		return true
	}
	if w.again == nil {
		return false
	}
	other, ok := w.again() //nolint:rowserrcheck // the caller checks it
	w.again = nil
	if !ok {
		return false
	}
	w.Rows = other
	return w.Rows.Next()
}

type replicaRow struct {
	pgx.Row
	again func(error) (pgx.Row, bool)
}

// Scan implements pgx.Row.
func (w replicaRow) Scan(dest ...any) error {
	err := w.Row.Scan(dest...)
	if other, ok := w.again(err); ok {
		return other.Scan(dest...)
	}
	return err
}

// failed reports whether the replica is why a read failed, and neither the statement, which may be too slow or write, nor its caller. A
// replica that is gone is not asked again before it has answered a check; one that had to end a statement in order to go on replaying (40001)
// is well.
func (r *Reads) failed(ctx context.Context, err error) bool {
	state := sqlState(err)
	if err == nil || ctx.Err() != nil || state == queryCanceled || state == readOnly || !IsInfrastructure(err) {
		return false
	}
	if state != serializationFailure {
		r.leave(fmt.Errorf("a read failed: %w", err))
	}
	return true
}

const (
	// queryCanceled is the SQLSTATE of a statement that took too long.
	queryCanceled = "57014"
	// serializationFailure is, on a replica, the SQLSTATE of a statement that needed rows which the primary has removed.
	serializationFailure = "40001"
)
