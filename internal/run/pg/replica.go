package pg

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// replicaState is the outcome of the last comparison.
type replicaState struct {
	// used says that reads go to the replica.
	used bool
	// lag is how old what it has is at most; 0 as long as it is unknown.
	lag time.Duration
}

const (
	// checkEvery is how often the replica is compared with the primary.
	checkEvery = time.Second
	// checkWithin is the deadline of a comparison.
	checkWithin = 2 * time.Second
	// longestTrail is how many positions of the primary are remembered: a replica that is further behind is not measured.
	longestTrail = 600
)

// Run compares the replica with the primary until ctx ends. Before its first comparison, and without a replica, the primary is read.
func (r *Reads) Run(ctx context.Context) error {
	if r.replica == nil {
		return nil
	}
	ticker := time.NewTicker(checkEvery)
	defer ticker.Stop()
	for {
		r.check(ctx, time.Now)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Replica reports whether there is a replica, whether reads go there, and how old what it has is at most. Its lag is 0 as long as it is
// unknown.
func (r *Reads) Replica() (exists, used bool, lag time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.replica != nil, r.state.used, r.state.lag
}

func (r *Reads) usesReplica() bool {
	_, used, _ := r.Replica()
	return used
}

// check decides whether the replica is used. All that was committed before a position of the primary was read is in a replica that has
// replayed as far. So its lag is counted by our clock alone: neither the clocks of the servers matter, nor that nothing is written, nor
// that the replica believes to be at the end of a log that it does not receive any more.
func (r *Reads) check(ctx context.Context, now func() time.Time) {
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	at := now()
	var position int64
	// A primary that does not answer changes nothing: without its positions the lag grows until it is beyond the limit.
	if err := r.writes.QueryRow(ctx, `select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint`).Scan(&position); err == nil {
		r.mu.Lock()
		r.trail.add(at, position)
		r.mu.Unlock()
	}
	r.judge(now(), r.compare(ctx))
}

// errNotReplica is of a server that accepts writes: the primary itself, or one that was a replica and may have gone its own way.
var errNotReplica = errors.New("EUPAY_DATABASE_READ_URL leads to a server that is no replica")

// compare asks the replica how far it is.
func (r *Reads) compare(ctx context.Context) error {
	var reached *int64
	err := r.replica.QueryRow(ctx, `select case when pg_is_in_recovery() then pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint end`).Scan(&reached)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil // it is busy, which is no reason to give its load to the primary; if it lasts, the lag is
	case err != nil:
		return fmt.Errorf("ask the replica how far it is: %w", err)
	case reached == nil:
		return errNotReplica
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trail.reach(*reached)
	return nil
}

// judge decides by the outcome of a comparison.
func (r *Reads) judge(at time.Time, err error) {
	r.mu.Lock()
	before := r.state.used
	lag, known := r.trail.lag(at)
	r.state = replicaState{used: err == nil && known && lag <= r.maxLag, lag: lag}
	after := r.state
	r.mu.Unlock()
	switch {
	case before && !after.used:
		r.log.Warn("lists are read from the primary", "replica_lag", after.lag, "error", err)
	case !before && after.used:
		r.log.Info("lists are read from the replica", "replica_lag", after.lag)
	}
}

// leave reads from the primary until the replica has passed a check.
func (r *Reads) leave(why error) {
	r.mu.Lock()
	before := r.state.used
	r.state.used = false
	r.mu.Unlock()
	if before {
		r.log.Warn("lists are read from the primary", "error", why)
	}
}

// trail are positions of the primary, each with a time before it was read, oldest first.
type trail struct {
	ahead   []mark // not reached
	reached time.Time
}

type mark struct {
	at       time.Time
	position int64
}

func (t *trail) add(at time.Time, position int64) {
	if len(t.ahead) == longestTrail {
		t.ahead = t.ahead[1:]
	}
	t.ahead = append(t.ahead, mark{at, position})
}

// reach notes how far the replica is. After a failover an old position may be beyond newer ones: it was lost, and matters no more.
func (t *trail) reach(position int64) {
	for i := len(t.ahead) - 1; i >= 0; i-- {
		if t.ahead[i].position <= position {
			t.reached, t.ahead = t.ahead[i].at, t.ahead[i+1:]
			return
		}
	}
}

// lag returns how old what the replica has is at most; false as long as it has reached nothing.
func (t *trail) lag(now time.Time) (time.Duration, bool) {
	if t.reached.IsZero() {
		return 0, false
	}
	return now.Sub(t.reached), true
}
