package due

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// restEvery is how often a watched loop claims although nothing seems to be due: for what its First does not see.
const restEvery = 30 * time.Second

// Watch lets the loops of one database share their polling: one statement asks for all of them whether they have due rows.
type Watch struct {
	// DB is where the rows are.
	DB *pgxpool.Pool
	// First is the SQL of the earliest due time, null if there is none. An index must answer it. It has no parameters.
	First string
	// Now is the clock of the claim. nil: the claim compares with now() of the database.
	Now func() time.Time
}

func (w Watch) isSet() bool { return w.DB != nil && w.First != "" }

// watchers are the watchers of the databases that have watched loops.
var watchers = struct {
	sync.Mutex
	of map[*pgxpool.Pool]*watcher
}{of: make(map[*pgxpool.Pool]*watcher)}

// watcher asks one database.
type watcher struct {
	db   *pgxpool.Pool
	end  context.CancelFunc
	work sync.WaitGroup

	mu   sync.Mutex
	list []*watched
}

// watched is a loop in the view of its watcher.
type watched struct {
	Watch
	every time.Duration
	nudge func()
}

// watch has the loop nudged when a row is due, until the returned function is called. every is the longest delay.
func watch(w Watch, every time.Duration, nudge func()) (forget func()) {
	watchers.Lock()
	defer watchers.Unlock()
	at := watchers.of[w.DB]
	if at == nil {
		ctx, end := context.WithCancel(context.Background())
		at = &watcher{db: w.DB, end: end}
		watchers.of[w.DB] = at
		at.work.Go(func() { at.run(ctx) })
	}
	one := &watched{w, every, nudge}
	at.mu.Lock()
	at.list = append(at.list, one)
	at.mu.Unlock()
	return func() { at.forget(one) }
}

// forget ends the watcher with its last loop.
func (w *watcher) forget(one *watched) {
	watchers.Lock()
	defer watchers.Unlock()
	w.mu.Lock()
	var left []*watched // a new list: the old one may be in use
	for _, other := range w.list {
		if other != one {
			left = append(left, other)
		}
	}
	w.list = left
	w.mu.Unlock()
	if len(left) == 0 {
		delete(watchers.of, w.db)
		w.end()
		w.work.Wait()
	}
}

func (w *watcher) run(ctx context.Context) {
	for ctx.Err() == nil {
		list, pause := w.loops()
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		w.look(ctx, list)
	}
}

// loops returns the loops and the shortest of their delays.
func (w *watcher) loops() ([]*watched, time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	pause := time.Second
	for _, one := range w.list {
		pause = min(pause, one.every)
	}
	return w.list, pause
}

// look nudges the loops that have due rows. Without an answer it nudges all, which find out for themselves what is wrong.
func (w *watcher) look(ctx context.Context, list []*watched) {
	ctx, cancel := context.WithTimeout(ctx, claimWithin)
	defer cancel()
	sql, args := question(list)
	rows, err := w.db.Query(ctx, sql, args...)
	var due []bool
	if err == nil {
		due, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[[]bool])
	}
	for i, one := range list {
		if err != nil || len(due) != len(list) || due[i] {
			one.nudge()
		}
	}
}

// question returns the statement that says of each loop whether it has a due row.
func question(list []*watched) (sql string, args []any) {
	parts := make([]string, len(list))
	for i, one := range list {
		parts[i] = fmt.Sprintf("coalesce((%s) <= coalesce($%d::timestamptz, now()), false)", one.First, i+1)
		var now *time.Time
		if one.Now != nil {
			at := one.Now()
			now = &at
		}
		args = append(args, now)
	}
	return "select array[" + strings.Join(parts, ", ") + "]", args
}
