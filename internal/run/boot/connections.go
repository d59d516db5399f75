package boot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/run/pg"
)

// budget is how many connections a replica of each service opens at most, unless EUPAY_DATABASE_CONNS says otherwise. With two
// replicas of each service and a third during a rollout this is 96, and PostgreSQL's default of 100 leaves 97 to roles that are no
// superusers.
var budget = map[string]int32{"gateway": 6, "payments": 8, "webhooks": 6, "qr": 5, "einvoice": 5, "portal": 2}

// usualConns is the budget of a service that the table does not name.
const usualConns = 8

// The ways in which connections reach the server.
const (
	poolingSession     = "session"
	poolingTransaction = "transaction"
)

// The ways in which a service gets its schema.
const (
	migrationsApply = "apply"
	migrationsWait  = "wait"
)

// Conns returns how many connections a replica of the service opens at most by default.
func Conns(service string) int32 {
	if n := budget[service]; n > 0 {
		return n
	}
	return usualConns
}

// OpenPool returns a pool on the schema of the named service for a tool that works in its place: with the service's settings, but
// without its migrations.
func (p Plain) OpenPool(ctx context.Context, service string) (*pgxpool.Pool, error) {
	s, err := p.database(service, 0)
	if err != nil {
		return nil, err
	}
	pool, err := pg.Open(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := pg.Check(ctx, pool, s); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// database returns the settings of the service's pool, whose size leaves room for the connections of the leaders, which are beside
// it.
func (p Plain) database(service string, leaders int32) (pg.Settings, error) {
	s := pg.Settings{
		URL: p.DatabaseURL, Schema: service, MaxConns: p.DatabaseConns, PlainStartup: p.DatabasePlainStartup,
		Pooled: p.DatabasePooling == poolingTransaction, DirectURL: p.DatabaseDirectURL,
	}
	if s.MaxConns == 0 {
		s.MaxConns = Conns(service)
	}
	if s.MaxConns -= leaders; s.MaxConns < leastPool {
		return s, fmt.Errorf("EUPAY_DATABASE_CONNS (%d) must be at least %d", p.DatabaseConns, leastPool+leaders)
	}
	if p.Migrations != "" && p.Migrations != migrationsApply && p.Migrations != migrationsWait {
		return s, fmt.Errorf("EUPAY_MIGRATIONS (%s) must be apply or wait", p.Migrations)
	}
	switch p.DatabasePooling {
	case "", poolingSession:
	case poolingTransaction:
		if s.DirectURL == "" && p.Migrations != migrationsWait {
			return s, errors.New("EUPAY_DATABASE_POOLING=transaction needs EUPAY_DATABASE_DIRECT_URL, which leads to PostgreSQL itself: " +
				"migrations hold a lock of a session")
		}
	default:
		return s, fmt.Errorf("EUPAY_DATABASE_POOLING (%s) must be session or transaction", p.DatabasePooling)
	}
	return s, nil
}

// reads takes from the settings of the service's pool the connections of reads, and returns theirs.
func (p Plain) reads(s *pg.Settings) (pg.ReadSettings, error) {
	r := pg.ReadSettings{
		ReplicaURL: p.DatabaseReadURL, MaxConns: p.DatabaseReadConns,
		Timeout: cmp.Or(p.DatabaseReadTimeout, defaultReadTimeout), MaxLag: cmp.Or(p.DatabaseReadLag, defaultReadLag),
	}
	most := s.MaxConns - leastPool
	if r.MaxConns < 0 || r.MaxConns > max(most, 0) {
		return r, fmt.Errorf("EUPAY_DATABASE_READ_CONNS (%d) must be at most %d, so that EUPAY_DATABASE_CONNS has enough for everything else", r.MaxConns, most)
	}
	if r.Timeout < time.Millisecond || r.MaxLag < time.Second {
		return r, errors.New("EUPAY_DATABASE_READ_TIMEOUT must be at least 1ms, and EUPAY_DATABASE_READ_LAG at least 1s, as often as the lag is measured")
	}
	if r.ReplicaURL != "" {
		if err := pg.CheckReplicaURL(r.ReplicaURL); err != nil {
			return r, err
		}
	}
	if r.MaxConns == 0 {
		r.MaxConns = min(max(1, s.MaxConns/readShare), most)
	}
	s.MaxConns -= r.MaxConns
	return r, nil
}

const (
	defaultReadTimeout = 15 * time.Second
	defaultReadLag     = 5 * time.Second
	// readShare is the part of a service's connections that reads have by default: a third.
	readShare = 3
)

// leastPool is the smallest pool with which no two things wait for each other.
const leastPool = 2
