package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/run/bus"
)

// limits of the machine, each per second, and the processor time of an echo, its client included.
type limits struct {
	commits, publishes, echoes float64
	echoTakes                  time.Duration
}

const (
	busyClients = 16
	// machinePart is the title of the limits themselves.
	machinePart = "This machine"
)

// machine measures the maximum rates of the servers that EU Pay uses.
func (b *bench) machine(ctx context.Context) error {
	b.table.title(machinePart, "what PostgreSQL, NATS and HTTP do alone")
	if err := b.commits(ctx); err != nil {
		return fmt.Errorf("measure PostgreSQL: %w", err)
	}
	if err := b.publishes(ctx); err != nil {
		return fmt.Errorf("measure NATS: %w", err)
	}
	return b.echo(ctx)
}

// alone loads one part for a third of the usual time.
func (b *bench) alone(ctx context.Context, clients int, do step) (*result, error) {
	r := undisturbed(func() *result {
		return load{pid: b.system.pid, duration: max(b.each()/3, time.Second), do: do}.closed(ctx, clients)
	})
	return r, r.failure
}

func (b *bench) commits(ctx context.Context) error {
	cfg, err := pgxpool.ParseConfig(b.system.vars["EUPAY_DATABASE_URL"])
	if err != nil {
		return fmt.Errorf("read the URL: %w", err)
	}
	cfg.MaxConns = busyClients
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer pool.Close()
	if _, err := pool.Exec(ctx, `create schema if not exists bench; create table if not exists bench.rows (id bigint, note text)`); err != nil {
		return fmt.Errorf("make a table: %w", err)
	}
	insert := func(_ *conn, n int64) error {
		_, err := pool.Exec(ctx, `insert into bench.rows (id, note) values ($1, $2)`, n, "one durable row")
		return err
	}
	for _, clients := range []int{1, busyClients} {
		r, err := b.alone(ctx, clients, insert)
		if err != nil {
			return err
		}
		b.table.limits.commits = r.rate() // of the last load, which is the highest
		b.table.figure(figure{name: fmt.Sprintf("PostgreSQL durable commits, %d clients", clients), r: r})
	}
	_, err = pool.Exec(ctx, `drop schema bench cascade`)
	return err
}

func (b *bench) publishes(ctx context.Context) error {
	vars := b.system.vars
	who, err := identity.Load(identity.FilesIn(vars), func(error) {})
	if err != nil {
		return err
	}
	nc, err := nats.Connect(vars["EUPAY_NATS_URL"], bus.Secure(who)...)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "BENCH", Subjects: []string{"bench"}, Storage: jetstream.FileStorage}); err != nil {
		return err
	}
	payload := []byte(strings.Repeat("x", 512))
	r, err := b.alone(ctx, busyClients, func(*conn, int64) error {
		_, err := js.Publish(ctx, "bench", payload)
		return err
	})
	if err != nil {
		return err
	}
	b.table.limits.publishes = r.rate()
	b.table.figure(figure{name: "JetStream stored publishes, 16 clients", r: r})
	return js.DeleteStream(ctx, "BENCH")
}

func (b *bench) echo(ctx context.Context) error {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(w, r.Body); err != nil {
			panic(http.ErrAbortHandler)
		}
	}))
	defer srv.Close()
	host := strings.TrimPrefix(srv.URL, "http://")
	body := strings.Repeat("x", 400)
	request := fmt.Appendf(nil, "POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s", host, len(body), body)
	l := load{host: host, pid: b.system.pid, duration: max(b.each()/3, time.Second), do: func(c *conn, _ int64) error { return c.expect(request) }}
	r := undisturbed(func() *result { return l.closed(ctx, busyClients) })
	b.table.limits.echoes, b.table.limits.echoTakes = r.rate(), r.each(r.cpu[theLoad])
	b.table.figure(figure{name: "HTTP echo in one process, 16 clients", r: r})
	return r.failure
}

// of formats a rate as a part of a limit.
func of(rate, limit float64, what string) string {
	if limit == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f %% of %s", 100*rate/limit, what)
}
