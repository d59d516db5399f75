// Command bench measures EU Pay as its users experience it: it starts the all-in-one process with a durable PostgreSQL, loads it
// over loopback, and prints every figure beside its target and beside the maximum of this machine, measured in the same run. The
// load generator runs on the same machine, so the figures are a lower bound. With the files of several runs (BENCH_JSON) as arguments, the
// first version's and the second's in turn, it prints what the second does in terms of the first instead.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"european-pay.eu/eupay/internal/pgserver"
	"european-pay.eu/eupay/internal/run/config"
)

// limit is the deadline of the whole run.
const limit = 10 * time.Minute

type settings struct {
	// Seconds is the duration of each load.
	Seconds int `env:"BENCH_SECONDS" envDefault:"5"`
	// Program to measure. Default: the all-in-one beside this program.
	Program string `env:"BENCH_PROGRAM"`
	// Only runs the named parts, separated by commas: idle, create, list, slowbank, read, webhook, invoice, attack, pages, menu, hotspot. The part
	// replicas is alone: it has a system of its own.
	Only []string `env:"BENCH_ONLY"`
	// JSON is the file that the figures are written to besides.
	JSON string `env:"BENCH_JSON"`
}

var parts = []string{"idle", "create", "list", "slowbank", "read", "webhook", "invoice", "attack", "pages", "menu", "hotspot"}

// replicasPart is the part that has a system of its own.
const replicasPart = "replicas"

// Validate implements config's check.
func (s *settings) Validate() error {
	if s.Seconds < 1 || s.Seconds > 60 {
		return errors.New("BENCH_SECONDS must be from 1 to 60")
	}
	if s.replicas() {
		return nil
	}
	for _, part := range s.Only {
		if !slices.Contains(parts, part) {
			return fmt.Errorf("BENCH_ONLY knows %s; and %s alone", strings.Join(parts, ", "), replicasPart)
		}
	}
	return nil
}

func (s *settings) wants(part string) bool { return len(s.Only) == 0 || slices.Contains(s.Only, part) }

func (s *settings) replicas() bool { return slices.Equal(s.Only, []string{replicasPart}) }

func (s *settings) each() time.Duration { return time.Duration(s.Seconds) * time.Second }

func main() {
	if len(os.Args) > 1 {
		if err := compareFiles(os.Stdout, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "The benchmark failed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var s settings
	if err := config.Load(&s); err != nil {
		return err
	}
	if s.Program == "" {
		self, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find the program to measure: %w", err)
		}
		s.Program = filepath.Join(filepath.Dir(self), "eupay-dev")
	}
	dir, err := pgserver.TempDir("eupay-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	return measure(ctx, s, dir)
}

func measure(ctx context.Context, s settings, dir string) error {
	t := newTable(os.Stdout)
	part := measured
	if s.replicas() {
		part = measureReplicas
	}
	err := part(ctx, s, dir, t)
	if s.JSON != "" {
		err = errors.Join(err, t.write(s.JSON))
	}
	return err
}

func measured(ctx context.Context, s settings, dir string, t *table) error {
	sys, err := started(ctx, s, dir, t)
	if err != nil {
		return err
	}
	b := &bench{settings: s, dir: dir, system: sys, table: t}
	defer func() { b.system.stop() }()
	if err := b.machine(ctx); err != nil {
		return err
	}
	for _, p := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"idle", b.idle},
		{"create", b.creation},
		{"list", b.lists},
		{"slowbank", b.slowBank},
		{"read", b.reading},
		{"webhook", b.webhooks},
		{"invoice", b.invoices},
		{"attack", b.attacks},
		{"pages", b.pages},
		{"menu", b.menus},
		{"hotspot", b.hotspot},
	} {
		if !s.wants(p.name) {
			continue
		}
		if err := p.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	t.row(row{name: "memory after the load", value: fmt.Sprintf("%d MB", b.system.memory())})
	return nil
}

// bench is one run.
type bench struct {
	settings
	dir    string
	system *program
	table  *table
	made   []payment // not paid yet
}
