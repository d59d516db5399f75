package measure

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

var (
	poolMax      = describe("eupay_database_pool_max_connections", "How many connections the service's pool may open.")
	poolOpen     = describe("eupay_database_pool_open_connections", "Open connections of the pool, in use or idle.")
	poolInUse    = describe("eupay_database_pool_in_use_connections", "Connections of the pool that a statement or a transaction holds.")
	poolWaits    = describe("eupay_database_pool_waits_total", "How often a connection was wanted and none was idle.")
	poolWaited   = describe("eupay_database_pool_wait_seconds_total", "Time spent waiting for connections of the pool.")
	poolGivenUp  = describe("eupay_database_pool_given_up_total", "Waits for a connection that ended without one.")
	poolWritable = describe("eupay_database_writable", "1 if the database answers and accepts writes, 0 if it does not.")
)

func describe(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, []string{"service"}, nil)
}

// writableWithin is the deadline for asking a database, well below the usual deadline of a scrape.
const writableWithin = time.Second

// databases are the pools of this process. It has several of one service only in tests; their numbers are added.
type databases struct {
	mu    sync.Mutex
	pools map[*pgxpool.Pool]string
}

var open = func() *databases {
	d := &databases{pools: make(map[*pgxpool.Pool]string)}
	prometheus.MustRegister(d)
	return d
}()

// Database measures the service's pool until stop is called, which goes before closing it.
func Database(service string, pool *pgxpool.Pool) (stop func()) {
	open.mu.Lock()
	defer open.mu.Unlock()
	open.pools[pool] = service
	return func() {
		open.mu.Lock()
		defer open.mu.Unlock()
		delete(open.pools, pool)
	}
}

// Describe implements prometheus.Collector.
func (d *databases) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{poolMax, poolOpen, poolInUse, poolWaits, poolWaited, poolGivenUp, poolWritable} {
		to <- desc
	}
}

// reading is what the pools of one service say together.
type reading struct {
	most, open, inUse, waits, givenUp, waited float64
	writable                                  bool
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
	services := make(map[string]reading)
	for pool, service := range d.pools {
		s, r := pool.Stat(), services[service]
		r.most += float64(s.MaxConns())
		r.open += float64(s.TotalConns())
		r.inUse += float64(s.AcquiredConns())
		r.waits += float64(s.EmptyAcquireCount())
		r.waited += s.EmptyAcquireWaitTime().Seconds()
		r.givenUp += float64(s.CanceledAcquireCount())
		r.writable = can[pool]
		services[service] = r
	}
	for service, r := range services {
		to <- prometheus.MustNewConstMetric(poolMax, prometheus.GaugeValue, r.most, service)
		to <- prometheus.MustNewConstMetric(poolOpen, prometheus.GaugeValue, r.open, service)
		to <- prometheus.MustNewConstMetric(poolInUse, prometheus.GaugeValue, r.inUse, service)
		to <- prometheus.MustNewConstMetric(poolWaits, prometheus.CounterValue, r.waits, service)
		to <- prometheus.MustNewConstMetric(poolWaited, prometheus.CounterValue, r.waited, service)
		to <- prometheus.MustNewConstMetric(poolGivenUp, prometheus.CounterValue, r.givenUp, service)
		is := 0.0
		if r.writable {
			is = 1
		}
		to <- prometheus.MustNewConstMetric(poolWritable, prometheus.GaugeValue, is, service)
	}
}

// writable asks on a connection of the pool, as the service's own statements do. An exhausted pool is therefore not writable either.
func writable(ctx context.Context, pool *pgxpool.Pool) bool {
	var readOnly string
	err := pool.QueryRow(ctx, `select current_setting('transaction_read_only')`).Scan(&readOnly)
	return err == nil && readOnly == "off"
}
