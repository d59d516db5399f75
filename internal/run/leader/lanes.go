package leader

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/run/pg"
)

// Lanes is a job in several parts, each of which one replica does. Replicas with another number of lanes, and those that do the job in
// one part with Run, wait until all with this number have stopped; and the other way round.
type Lanes struct {
	// Job is the name of the lease that the replicas hold together.
	Job string
	// Number of lanes: two at least.
	Number int
	// Prepare is called on one replica before the lanes begin with this number, and perhaps again later. Nobody does the job meanwhile.
	Prepare func(context.Context, *Lease) error
	// Lead does the work of one lane, from 0. When its context ends it stops at once.
	Lead func(ctx context.Context, lane int, l *Lease) error
}

// lanePattern matches the job of a lane: the job of all, the lane and their number.
var lanePattern = regexp.MustCompile(`^(.+) \d+/(\d+)$`)

// asking ends the name of the row with which a replica asks for a lane.
const asking = " asked for"

// IsJob reports whether somebody should hold the lease, given the holders of all leases of the schema by their jobs: it is not the lane of
// a number of lanes that there are no more, and no replica's question for a lane.
func IsJob(job string, holders map[string]string) bool {
	if of := lanePattern.FindStringSubmatch(job); of != nil {
		return holders[of[1]] == of[2]+" lanes"
	}
	return !strings.HasSuffix(job, asking)
}

// RunLanes is RunFenced for a job with lanes. The lanes are spread evenly over the replicas.
func RunLanes(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger, lanes Lanes) error {
	own, giveBack, err := beside(ctx, pool)
	if err != nil {
		return err
	}
	defer giveBack()
	s := &sharer{Lanes: lanes, own: own, service: pg.Schema(pool), me: identity(), log: log, held: make(map[int]context.CancelFunc), rest: make(map[int]time.Time)}
	leads := leading.WithLabelValues(s.service, lanes.Job)
	leads.Set(0)
	for ctx.Err() == nil {
		k, err := s.join(ctx)
		if k != nil {
			leads.Set(1)
			err = k.during(ctx, func(ctx context.Context) error { return s.lead(ctx, &k.lease) })
			leads.Set(0)
		}
		if err != nil && ctx.Err() == nil {
			log.Warn("leader's work interrupted, retrying", "job", lanes.Job, "error", err)
		}
		pause(ctx, retryEvery)
	}
	return nil
}

// sharer is one replica of a job with lanes.
type sharer struct {
	Lanes
	own     *connections
	service string
	me      string
	log     *slog.Logger

	mu sync.Mutex
	// held ends the work of each lane that this replica leads; rest is until when it leaves a lane to others.
	held map[int]context.CancelFunc
	rest map[int]time.Time
}

// holder is the name in the shared lease: it says how many lanes there are, and is the same on all replicas.
func (s *sharer) holder() string { return fmt.Sprintf("%d lanes", s.Number) }

// name is the job of one lane.
func (s *sharer) name(lane int) string { return fmt.Sprintf("%s %d/%d", s.Job, lane+1, s.Number) }

// join returns the shared lease. If nobody holds the lease, it is taken alone, prepared and shared. nil: others do the job with another
// number of lanes.
func (s *sharer) join(ctx context.Context) (*keeper, error) {
	if k, err := s.joinOthers(ctx); k != nil || err != nil {
		return k, err
	}
	leads := leading.WithLabelValues(s.service, s.Job)
	_, err := hold(ctx, s.own, s.Job, s.me, leads, s.log, func(ctx context.Context, l *Lease) error {
		if err := s.Prepare(ctx, l); err != nil {
			return fmt.Errorf("prepare %s: %w", s.holder(), err)
		}
		_, err := s.own.pool.Exec(ctx, `update leadership set holder = $4, epoch = epoch + 1, expires_at = now() + $5::interval
			where job = $1 and holder = $2 and epoch = $3`, append(l.args(), s.holder(), ttl)...)
		if err != nil {
			return fmt.Errorf("share the lease of %s: %w", s.Job, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.joinOthers(ctx)
}

// joinOthers returns nil if the lease is not shared by replicas with this number of lanes.
func (s *sharer) joinOthers(ctx context.Context) (*keeper, error) {
	ctx, cancel := context.WithTimeout(ctx, ttl)
	defer cancel()
	k := &keeper{own: s.own, lease: Lease{job: s.Job, holder: s.holder()}, until: time.Now().Add(ttl - margin)}
	err := s.own.pool.QueryRow(ctx, `update leadership set expires_at = now() + $3::interval where job = $1 and holder = $2 and expires_at > now()
		returning epoch`, s.Job, s.holder(), ttl).Scan(&k.lease.epoch)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("join the lease of %s: %w", s.Job, err)
	}
	return k, nil
}

// lead competes for the lanes while the shared lease is held.
func (s *sharer) lead(ctx context.Context, shared *Lease) error {
	var all sync.WaitGroup
	for lane := range s.Number {
		all.Go(func() { s.compete(ctx, lane, shared) })
	}
	all.Go(func() { s.spread(ctx) })
	all.Wait()
	return ctx.Err()
}

// compete leads one lane whenever its lease is free.
func (s *sharer) compete(ctx context.Context, lane int, shared *Lease) {
	leads := leading.WithLabelValues(s.service, s.name(lane))
	leads.Set(0)
	for ctx.Err() == nil {
		if !s.resting(lane) {
			led, err := hold(ctx, s.own, s.name(lane), s.me, leads, s.log, func(ctx context.Context, l *Lease) error {
				l.shared = shared
				return s.leadLane(ctx, lane, l)
			})
			if err != nil && ctx.Err() == nil {
				s.log.Warn("leader's work interrupted, retrying", "job", s.name(lane), "error", err)
			}
			if err == nil && !led {
				s.own.await(ctx, s.name(lane))
				continue
			}
		}
		pause(ctx, retryEvery)
	}
}

// leadLane works until ctx ends, or until the lane is given to another replica.
func (s *sharer) leadLane(ctx context.Context, lane int, l *Lease) error {
	within, give := context.WithCancel(ctx)
	defer give()
	s.note(lane, give)
	defer s.note(lane, nil)
	err := s.Lead(within, lane, l)
	if within.Err() != nil && ctx.Err() == nil {
		return nil
	}
	return err
}

func (s *sharer) note(lane int, give context.CancelFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if give == nil {
		delete(s.held, lane)
		return
	}
	s.held[lane] = give
}

func (s *sharer) resting(lane int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Before(s.rest[lane])
}

// give ends this replica's work on one lane and leaves it to others for a while.
func (s *sharer) give() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for lane, end := range s.held {
		s.log.Info("lane given to another replica", "job", s.name(lane))
		s.rest[lane] = time.Now().Add(ttl)
		end()
		return
	}
}

// spread makes the replicas lead the same number of lanes, give or take one.
func (s *sharer) spread(ctx context.Context) {
	for ctx.Err() == nil {
		if err := s.compare(ctx); err != nil {
			s.log.DebugContext(ctx, "lanes not spread", "job", s.Job, "error", err)
		}
		pause(ctx, renewEvery)
	}
}

// compare asks for a lane if another replica has two more than this one, and gives one to a replica that has two less and asks.
func (s *sharer) compare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, renewEvery)
	defer cancel()
	question := s.Job + asking
	jobs := []string{question}
	for lane := range s.Number {
		jobs = append(jobs, s.name(lane))
	}
	rows, err := s.own.pool.Query(ctx, `select job, holder from leadership where job = any($1) and expires_at > now()`, jobs)
	if err != nil {
		return fmt.Errorf("read who leads: %w", err)
	}
	leases, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ Job, Holder string }])
	if err != nil {
		return fmt.Errorf("read who leads: %w", err)
	}
	asks, led := "", make(map[string]int)
	for _, l := range leases {
		if l.Job == question {
			asks = l.Holder
		} else {
			led[l.Holder]++
		}
	}
	mine := led[s.me]
	switch {
	case asks != "" && asks != s.me && mine >= led[asks]+2:
		s.give()
		_, err = s.own.pool.Exec(ctx, `update leadership set expires_at = now() where job = $1 and holder = $2`, question, asks)
	case len(led) > 0 && slices.Max(slices.Collect(maps.Values(led))) >= mine+2:
		_, err = take(ctx, s.own, question, s.me)
	}
	return err
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
