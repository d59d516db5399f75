package measure

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"european-pay.eu/eupay/internal/run/pg"
)

var (
	poolMax      = describe("eupay_database_pool_max_connections", "How many connections the service's pool may open.", ofPool...)
	poolOpen     = describe("eupay_database_pool_open_connections", "Open connections of the pool, in use or idle.", ofPool...)
	poolInUse    = describe("eupay_database_pool_in_use_connections", "Connections of the pool that a statement or a transaction holds.", ofPool...)
	poolWaits    = describe("eupay_database_pool_waits_total", "How often a connection was wanted and none was idle.", ofPool...)
	poolWaited   = describe("eupay_database_pool_wait_seconds_total", "Time spent waiting for connections of the pool.", ofPool...)
	poolGivenUp  = describe("eupay_database_pool_given_up_total", "Waits for a connection that ended without one.", ofPool...)
	poolWritable = describe("eupay_database_writable", "1 if the database answers and accepts writes, 0 if it does not.", "service")
	replicaIdle  = describe("eupay_database_replica_unused", "1 if there is a replica of the database and lists are read from the primary all the same.", "service")
	replicaLag   = describe("eupay_database_replica_lag_seconds", "How old what the database's replica has is at most; 0 if there is none, or it is unknown.", "service")
)

// ofPool are the labels of a pool, which is of "writes" or "reads", or of reads at the "replica". Reads without a pool of their own have the
// first.
var ofPool = []string{"service", "pool"}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// writableWithin is the deadline for asking a database, well below the usual deadline of a scrape.
const writableWithin = time.Second

// databases are the pools of this process. It has several of one service only in tests; their numbers are added.
type databases struct {
	mu    sync.Mutex
	pools map[*pgxpool.Pool]database
}

// database is that of a service.
type database struct {
	service string
	reads   *pg.Reads
}

var open = func() *databases {
	d := &databases{pools: make(map[*pgxpool.Pool]database)}
	prometheus.MustRegister(d)
	return d
}()

// Database measures the service's pools until stop is called, which goes before closing them.
func Database(service string, pool *pgxpool.Pool, reads *pg.Reads) (stop func()) {
	open.mu.Lock()
	defer open.mu.Unlock()
	open.pools[pool] = database{service, reads}
	return func() {
		open.mu.Lock()
		defer open.mu.Unlock()
		delete(open.pools, pool)
	}
}

// Describe implements prometheus.Collector.
func (d *databases) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{poolMax, poolOpen, poolInUse, poolWaits, poolWaited, poolGivenUp, poolWritable, replicaIdle, replicaLag} {
		to <- desc
	}
}

// pool names one of a service's pools.
type pool struct{ service, of string }

// replica is what is known of the replica of a service's database.
type replica struct {
	unused bool
	lag    time.Duration
}

// reading is what the pools of the same name say together.
type reading struct{ most, open, inUse, waits, givenUp, waited float64 }

func (r *reading) add(s *pgxpool.Stat) {
	r.most += float64(s.MaxConns())
	r.open += float64(s.TotalConns())
	r.inUse += float64(s.AcquiredConns())
	r.waits += float64(s.EmptyAcquireCount())
	r.waited += s.EmptyAcquireWaitTime().Seconds()
	r.givenUp += float64(s.CanceledAcquireCount())
}

// writable asks all databases at the same time, so that a pool that is exhausted leaves the others theirs.
func (d *databases) writable(ctx context.Context) map[*pgxpool.Pool]bool {
	var mu sync.Mutex
	var asking sync.WaitGroup
	can := make(map[*pgxpool.Pool]bool)
	for pool := range d.pools {
		asking.Go(func() {
			ok := writable(ctx, pool)
			mu.Lock()
			defer mu.Unlock()
			can[pool] = ok
		})
	}
	asking.Wait()
	return can
}

// Collect implements prometheus.Collector. Scrapes take turns, so that none asks a pool that is being closed.
func (d *databases) Collect(to chan<- prometheus.Metric) {
	d.mu.Lock()
	defer d.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), writableWithin)
	defer cancel()
	can := d.writable(ctx)
	pools, services, replicas := make(map[pool]*reading), make(map[string]bool), make(map[string]replica)
	for writes, db := range d.pools {
		services[db.service] = can[writes]
		for of, p := range db.pools(writes) {
			name := pool{db.service, of}
			if pools[name] == nil {
				pools[name] = &reading{}
			}
			pools[name].add(p.Stat())
		}
		exists, used, lag := db.reads.Replica()
		replicas[db.service] = replica{exists && !used, lag}
	}
	for name, r := range pools {
		r.collect(to, name)
	}
	for service, ok := range services {
		to <- prometheus.MustNewConstMetric(poolWritable, prometheus.GaugeValue, yes(ok), service)
	}
	for service, r := range replicas {
		to <- prometheus.MustNewConstMetric(replicaIdle, prometheus.GaugeValue, yes(r.unused), service)
		to <- prometheus.MustNewConstMetric(replicaLag, prometheus.GaugeValue, r.lag.Seconds(), service)
	}
}

// pools are the service's own and those of its reads.
func (db database) pools(writes *pgxpool.Pool) map[string]*pgxpool.Pool {
	all := map[string]*pgxpool.Pool{"writes": writes}
	primary, replica := db.reads.Pools()
	if primary != nil {
		all["reads"] = primary
	}
	if replica != nil {
		all["replica"] = replica
	}
	return all
}

func (r *reading) collect(to chan<- prometheus.Metric, p pool) {
	to <- prometheus.MustNewConstMetric(poolMax, prometheus.GaugeValue, r.most, p.service, p.of)
	to <- prometheus.MustNewConstMetric(poolOpen, prometheus.GaugeValue, r.open, p.service, p.of)
	to <- prometheus.MustNewConstMetric(poolInUse, prometheus.GaugeValue, r.inUse, p.service, p.of)
	to <- prometheus.MustNewConstMetric(poolWaits, prometheus.CounterValue, r.waits, p.service, p.of)
	to <- prometheus.MustNewConstMetric(poolWaited, prometheus.CounterValue, r.waited, p.service, p.of)
	to <- prometheus.MustNewConstMetric(poolGivenUp, prometheus.CounterValue, r.givenUp, p.service, p.of)
}

// yes is a truth as a value.
func yes(ok bool) float64 {
	if ok {
		return 1
	}
	return 0
}

// writable asks on a connection of the pool, as the service's own statements do. An exhausted pool is therefore not writable either.
func writable(ctx context.Context, pool *pgxpool.Pool) bool {
	var readOnly string
	err := pool.QueryRow(ctx, `select current_setting('transaction_read_only')`).Scan(&readOnly)
	return err == nil && readOnly == "off"
}
