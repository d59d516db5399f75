// Package timetable keeps keys with due times.
package timetable

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// Table has keys with the time at which they are due. A key may be in it several times.
type Table struct {
	mu    sync.Mutex
	items entries
	wake  chan struct{}
}

type entry struct {
	due int64 // UnixNano
	key int64
}

type entries []entry

func (e entries) Len() int           { return len(e) }
func (e entries) Less(i, j int) bool { return e[i].due < e[j].due }
func (e entries) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *entries) Push(x any)        { *e = append(*e, x.(entry)) }
func (e *entries) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	*e = (*e)[:last]
	return x
}

// New returns an empty table.
func New() *Table {
	return &Table{wake: make(chan struct{}, 1)}
}

// Add makes key due at a time. It wakes Run if nothing was due earlier.
func (t *Table) Add(key int64, due time.Time) {
	t.mu.Lock()
	heap.Push(&t.items, entry{due: due.UnixNano(), key: key})
	first := t.items[0].key == key
	t.mu.Unlock()
	if first {
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
}

// Clear removes everything.
func (t *Table) Clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.items = nil
}

// Next removes and returns one key that is due.
func (t *Table) Next(now time.Time) (int64, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.items) == 0 || t.items[0].due > now.UnixNano() {
		return 0, false
	}
	return heap.Pop(&t.items).(entry).key, true
}

// Run calls fire with each key when it is due, one at a time, until ctx ends.
func (t *Table) Run(ctx context.Context, now func() time.Time, fire func(key int64)) {
	t.Watch(ctx, now, func() {
		for ctx.Err() == nil {
			key, ok := t.Next(now())
			if !ok {
				return
			}
			fire(key)
		}
	})
}

// Watch calls take when something is due, until ctx ends. It removes nothing itself: take calls Next, under the same lock as its
// other callers, so that a due key is never held only by Watch.
func (t *Table) Watch(ctx context.Context, now func() time.Time, take func()) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.wake:
		case <-timer.C:
		}
		take()
		timer.Reset(t.pause(now()))
	}
}

// pause returns how long nothing will be due.
func (t *Table) pause(now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.items) == 0 {
		return time.Hour
	}
	return max(0, time.Duration(t.items[0].due-now.UnixNano()))
}
