// Package pg opens a service's connection pool on its own PostgreSQL schema and applies its migrations.
package pg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"european-pay.eu/eupay/internal/dialer"
	"european-pay.eu/eupay/internal/run/trace"
)

// DB is a pool or a transaction.
type DB interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// Settings of a pool.
type Settings struct {
	URL      string
	Schema   string
	MaxConns int32 // 0: pgx's default
	// PlainStartup omits the keepalive settings of the server, which some connection poolers refuse.
	PlainStartup bool
	// Pooled says that a pooler in transaction mode is between us and the server: nothing of a session outlives a transaction. No
	// statement is prepared by name, and the role, not the connection, says which schema is used.
	Pooled bool
	// DirectURL leads to the server itself, for migrations, which hold a lock of a session. Empty: URL.
	DirectURL string
}

// Open returns a pool whose connections use only the service's schema. It does not wait for the server.
func Open(ctx context.Context, s Settings) (*pgxpool.Pool, error) {
	cfg, err := s.config()
	if err != nil {
		return nil, err
	}
	return s.start(ctx, cfg)
}

// config returns that of a pool.
func (s Settings) config() (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(s.URL)
	if err != nil {
		return nil, errors.New("EUPAY_DATABASE_URL is not a PostgreSQL URL") // pgx's error text would contain the password
	}
	if s.MaxConns > 0 {
		cfg.MaxConns = s.MaxConns
	}
	s.prepare(cfg.ConnConfig)
	cfg.ConnConfig.Tracer = trace.Postgres{Schema: s.Schema}
	cfg.ConnConfig.RuntimeParams["application_name"] = applicationPrefix + s.Schema
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	return cfg, nil
}

func (s Settings) start(ctx context.Context, cfg *pgxpool.Config) (*pgxpool.Pool, error) {
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open pool of schema %s: %w", s.Schema, err)
	}
	return pool, nil
}

// Schema returns the schema of a pool that Open has returned.
func Schema(pool *pgxpool.Pool) string {
	return strings.TrimPrefix(pool.Config().ConnConfig.RuntimeParams["application_name"], applicationPrefix)
}

// applicationPrefix and the schema are the name of our connections in PostgreSQL's views.
const applicationPrefix = "eupay-"

const (
	connectTimeout = 5 * time.Second
	// IdleInTransaction is how long a transaction may wait for its client's next statement. If a client vanishes, its locks block
	// others for this long.
	IdleInTransaction = 5 * time.Second
)

// prepare configures connections that detect a vanished server, that the server closes when the client has vanished, and that
// connect to a server accepting writes, unless the URL says otherwise.
func (s Settings) prepare(cfg *pgx.ConnConfig) {
	cfg.ConnectTimeout, cfg.DialFunc = connectTimeout, dialer.New(connectTimeout).DialContext
	cfg.OnPgError = keepConnection
	if !strings.Contains(s.URL, "target_session_attrs") {
		cfg.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	if s.Pooled {
		cfg.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
		return
	}
	cfg.RuntimeParams["search_path"] = s.Schema
	if s.PlainStartup {
		return
	}
	for name, value := range map[string]string{
		"tcp_keepalives_idle": seconds(dialer.Idle), "tcp_keepalives_interval": seconds(dialer.Interval), "tcp_keepalives_count": strconv.Itoa(dialer.Count),
		"tcp_user_timeout":                    strconv.FormatInt(dialer.UserTimeout.Milliseconds(), 10),
		"idle_in_transaction_session_timeout": strconv.FormatInt(IdleInTransaction.Milliseconds(), 10),
	} {
		if _, set := cfg.RuntimeParams[name]; !set {
			cfg.RuntimeParams[name] = value
		}
	}
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }

// migrationLock is how long a migration waits for a lock on a table. The version before is at work on the table meanwhile, and all of it
// that comes later waits behind us: a migration that has to wait for longer gives way and is repeated. It is shorter than PostgreSQL's
// deadlock_timeout of a second, after which the server would end one of the two, and not always us.
const migrationLock = 500 * time.Millisecond

// Migrate creates the schema and applies the pending migrations in the root of files. Several replicas may call it concurrently:
// an advisory lock serialises them. Each migration is a transaction. If one cannot have a lock (IsContended), the call can be repeated.
func Migrate(ctx context.Context, s Settings, files fs.FS) error {
	if s.DirectURL != "" {
		s.URL, s.Pooled = s.DirectURL, false
	}
	cfg, err := pgx.ParseConfig(s.URL)
	if err != nil {
		return errors.New("EUPAY_DATABASE_URL or EUPAY_DATABASE_DIRECT_URL is not a PostgreSQL URL")
	}
	s.prepare(cfg)
	db := stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "set lock_timeout = "+strconv.FormatInt(migrationLock.Milliseconds(), 10))
		return err
	}))
	defer db.Close()
	if err := createSchema(ctx, db, s.Schema); err != nil {
		return err
	}
	// One lock for each schema, so that services starting together do not wait for each other. It is polled every second.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(int64(crc32.ChecksumIEEE([]byte("eupay migrate "+s.Schema)))), lock.WithLockTimeout(1, 300))
	if err != nil {
		return fmt.Errorf("make the migration lock: %w", err)
	}
	steps, err := readSteps(files)
	if err != nil {
		return fmt.Errorf("read migrations of %s: %w", s.Schema, err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, nil, goose.WithGoMigrations(steps...), goose.WithDisableGlobalRegistry(true),
		goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("read migrations of %s: %w", s.Schema, err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate %s: %w", s.Schema, err)
	}
	return nil
}

func createSchema(ctx context.Context, db *sql.DB, schema string) error {
	var exists bool
	if err := db.QueryRowContext(ctx, `select exists (select from pg_namespace where nspname = $1)`, schema).Scan(&exists); err != nil {
		return fmt.Errorf("look for schema %s: %w", schema, err)
	}
	if exists {
		return nil
	}
	_, err := db.ExecContext(ctx, "create schema if not exists "+pgx.Identifier{schema}.Sanitize())
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == "23505" { // another replica created it concurrently
		return nil
	}
	if err != nil {
		return fmt.Errorf("create schema %s: %w", schema, err)
	}
	return nil
}
