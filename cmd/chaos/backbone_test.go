package chaos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/run/bus"
)

// readOnly is for how long the database takes no writes: EUPAY_CHAOS_READ_ONLY, or briefly.
func readOnly(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("EUPAY_CHAOS_READ_ONLY")
	if text == "" {
		return 10 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		t.Fatalf("EUPAY_CHAOS_READ_ONLY is %q, not a duration such as 60s", text)
	}
	return d
}

// TestChaosTheBackboneHeals takes away what the services stand on while payments are made: the broker's consumers, its streams, its
// disk, and the database's writes. Nothing is restarted but the broker. Afterwards all books must agree and no event was given up.
func TestChaosTheBackboneHeals(t *testing.T) {
	w := build(t)
	w.start()
	m := newMerchant(t, w)
	lasting := readOnly(t)
	m.runUnderLoad([]func(){
		func() { w.loseConsumers(); m.timeNextPayment("after the loss of all consumers") },
		func() { w.loseStreams(); m.timeNextPayment("after the loss of all streams") },
		func() { w.loseBrokersDisk(); m.timeNextPayment("after the loss of the broker's disk") },
		func() { w.takeNoWrites(lasting); m.timeNextPayment("after a database without writes") },
	})
	if given := must(must(w.broker().Stream(t.Context(), bus.DeadLetter)).Info(t.Context())).State.Msgs; given > 0 {
		t.Errorf("%d messages were given up", given)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// timeNextPayment logs how long it takes until a payment can be made again.
func (m *merchant) timeNextPayment(when string) {
	began := time.Now()
	body := object{"amount": 1, "description": "Order", "reference": "AGAIN " + when}
	var got answer
	if status := m.insist(m.t.Context(), http.MethodPost, "/gateway/payments", body, &got); status != http.StatusCreated && status != http.StatusOK {
		m.t.Errorf("create %s: %d", when, status)
	}
	m.t.Logf("a payment was made %s %s", time.Since(began).Round(10*time.Millisecond), when)
}

// broker is what an operator can do to it.
func (w *world) broker() jetstream.JetStream {
	w.t.Helper()
	nc, err := w.sys.DialNATS(natsgo.MaxReconnects(-1))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		w.t.Fatal(err)
	}
	return js
}

func (w *world) loseConsumers() {
	w.t.Log("delete all consumers")
	if err := deleteConsumers(w.t.Context(), w.broker()); err != nil {
		w.t.Error(err)
	}
}

func deleteConsumers(ctx context.Context, js jetstream.JetStream) error {
	for _, name := range []string{bus.Events, bus.Commands, bus.Replay} {
		stream, err := js.Stream(ctx, name)
		if err != nil {
			return err
		}
		for consumer := range stream.ConsumerNames(ctx).Name() {
			if err := stream.DeleteConsumer(ctx, consumer); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
				return err
			}
		}
	}
	return nil
}

func (w *world) loseStreams() {
	w.t.Log("delete all streams")
	js := w.broker()
	for _, stream := range []string{bus.Commands, bus.Events, bus.Replay, bus.DeadLetter} {
		if err := js.DeleteStream(w.t.Context(), stream); err != nil {
			w.t.Error(err)
		}
	}
}

func (w *world) loseBrokersDisk() {
	w.t.Log("kill NATS and empty its disk")
	w.end(nats)
	if err := os.RemoveAll(filepath.Join(w.dir, "nats")); err != nil {
		w.t.Fatal(err)
	}
	w.spawn(nats)
	limit, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	up := func() bool {
		nc, err := w.sys.DialNATS()
		if err == nil {
			nc.Close()
		}
		return err == nil
	}
	if !until(limit, pause, up) {
		w.t.Fatal("NATS does not come back")
	}
}

// takeNoWrites makes the database what a replica is, drops all connections as a failover does, and takes it back after a while.
func (w *world) takeNoWrites(lasting time.Duration) {
	w.t.Logf("no writes for %s", lasting)
	db, err := pgx.Connect(w.t.Context(), w.sys.DatabaseURL)
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close(w.t.Context())
	const drop = `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`
	run := func(sql string) {
		if _, err := db.Exec(w.t.Context(), sql); err != nil {
			w.t.Fatalf("%s: %v", sql, err)
		}
	}
	run(`set default_transaction_read_only = off`)
	run(fmt.Sprintf(`alter database %s set default_transaction_read_only = on`, pgx.Identifier{db.Config().Database}.Sanitize()))
	run(drop)
	over := make(chan struct{})
	time.AfterFunc(lasting, func() { close(over) })
	<-over
	run(fmt.Sprintf(`alter database %s reset default_transaction_read_only`, pgx.Identifier{db.Config().Database}.Sanitize()))
}
