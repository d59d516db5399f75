package chaos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/freeport"
	"european-pay.eu/eupay/internal/pgserver"
)

// pair are two PostgreSQL servers: one that accepts writes, and its standby, which has everything that was committed.
type pair struct {
	t    *testing.T
	bin  string
	dirs [2]string

	ports  [2]int
	fronts [2]*front

	mu      sync.Mutex
	servers [2]*pgserver.Server
	primary int
	// wrong are the binaries of a server whose clock is wrong; empty: the clock is right.
	wrong string
}

// fakeTime is the library that shows a program another time (Debian's package libfaketime). It works for programs of libc alone, as PostgreSQL:
// those in Go ask the kernel.
const fakeTime = "/usr/lib/*/faketime/libfaketimeMT.so.1"

// hurry gives the standby a clock that is ahead, until it is made again.
func (p *pair) hurry(by time.Duration) {
	library, err := filepath.Glob(fakeTime)
	if err != nil || len(library) == 0 {
		p.t.Errorf("no clock can be wrong: %s is missing (apt-get install libfaketime)", fakeTime)
		return
	}
	p.wrong = filepath.Join(filepath.Dir(p.dirs[0]), "wrong-clock")
	script := fmt.Sprintf("#!/bin/sh\nexport LD_PRELOAD=%s FAKETIME=+%ds FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_NO_CACHE=0\nexec %s \"$@\"\n",
		library[0], int(by.Seconds()), filepath.Join(p.bin, "postgres"))
	if err := errors.Join(os.MkdirAll(p.wrong, 0o755), os.WriteFile(filepath.Join(p.wrong, "postgres"), []byte(script), 0o755)); err != nil {
		p.t.Error(err)
		return
	}
	p.mu.Lock()
	standby := p.servers[1-p.primary]
	p.mu.Unlock()
	standby.Kill()
	p.follow()
	p.wrong = ""
}

func newPair(t *testing.T, dir string) *pair {
	t.Helper()
	p := &pair{t: t}
	for i := range p.dirs {
		p.dirs[i] = filepath.Join(dir, fmt.Sprint("postgres", i+1))
		if err := os.MkdirAll(p.dirs[i], 0o755); err != nil {
			t.Fatal(err)
		}
		p.ports[i] = must(freeport.Find())
		p.fronts[i] = newFront(t, nil, fmt.Sprint("127.0.0.1:", p.ports[i]))
	}
	p.bin = must(pgserver.Find(t.Context(), p.dirs[0]))
	t.Cleanup(func() {
		for _, s := range p.servers {
			if s != nil {
				s.Stop()
			}
		}
	})
	p.launch(0)
	p.run(`alter system set wal_retrieve_retry_interval = '200ms'`, `select pg_reload_conf()`)
	return p
}

func (p *pair) launch(i int) {
	s, err := pgserver.Start(p.t.Context(), pgserver.Options{Dir: p.dirs[i], Port: p.ports[i], Bin: cmp.Or(p.wrong, p.bin), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		p.t.Errorf("PostgreSQL %d: %v", i+1, err)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.servers[i] = s
}

// now is the server that accepts writes.
func (p *pair) now() *pgserver.Server {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.servers[p.primary]
}

// connect connects to the server that accepts writes.
func (p *pair) connect(ctx context.Context) (*pgx.Conn, error) { return pgx.Connect(ctx, p.now().URL) }

// url names both servers, through their fronts. A client connects to the one that accepts writes.
func (p *pair) url() string {
	u := must(url.Parse(p.now().URL))
	u.Host = p.fronts[0].address() + "," + p.fronts[1].address()
	query := u.Query()
	query.Set("target_session_attrs", "read-write")
	u.RawQuery = query.Encode()
	return u.String()
}

// run executes statements on the server that accepts writes.
func (p *pair) run(statements ...string) {
	db, err := p.connect(p.t.Context())
	for _, sql := range statements {
		if err == nil {
			_, err = db.Exec(p.t.Context(), sql)
		}
	}
	if err != nil {
		p.t.Errorf("%v: %v", statements, err)
		return
	}
	db.Close(p.t.Context())
}

// follow makes the other server a standby of the one that accepts writes. From then on a commit waits until the standby has it.
func (p *pair) follow() {
	to := 1 - p.primary
	if err := pgserver.Clone(p.t.Context(), p.now(), pgserver.Options{Dir: p.dirs[to], Bin: p.bin}); err != nil {
		p.t.Error(err)
		return
	}
	p.launch(to)
	p.run(`alter system set synchronous_standby_names = '*'`, `select pg_reload_conf()`)
}

// crash ends the server that accepts writes, without a checkpoint.
func (p *pair) crash() { p.now().Kill() }

// restart brings it back.
func (p *pair) restart() { p.launch(p.primary) }

// promote makes the standby accept writes, alone until somebody follows it.
func (p *pair) promote() {
	p.mu.Lock()
	p.primary = 1 - p.primary
	p.mu.Unlock()
	p.run(`select pg_promote()`, `alter system reset synchronous_standby_names`, `select pg_reload_conf()`)
}

// exhaust takes every connection that the server has to give, also those that are in use, until release.
func (p *pair) exhaust() (release func()) {
	limit, cancel := context.WithCancel(p.t.Context())
	var all []*pgx.Conn
	first, err := p.connect(limit)
	if err != nil {
		p.t.Error(err)
		cancel()
		return func() {}
	}
	all = append(all, first)
	fill := func() {
		for {
			c, err := p.connect(limit)
			if err != nil {
				return
			}
			all = append(all, c)
		}
	}
	fill()
	if _, err := first.Exec(limit, `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'eupay-%'`); err != nil {
		p.t.Error(err)
	}
	fill()
	return func() {
		for _, c := range all {
			c.Close(limit)
		}
		cancel()
	}
}
