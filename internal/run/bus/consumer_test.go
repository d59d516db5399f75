package bus_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/run/bus"
)

// TestAConsumerThatLostItsFolderIsReplaced: every update of it fails, so a service could never consume again.
func TestAConsumerThatLostItsFolderIsReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := natstest.Connect(t, natstest.ServerIn(t, dir).URL())
	cfg := jetstream.ConsumerConfig{Durable: "worker", FilterSubject: "eupay.cmd.>", AckPolicy: jetstream.AckExplicitPolicy}
	if _, err := b.EnsureConsumer(t.Context(), bus.Commands, cfg); err != nil {
		t.Fatal(err)
	}
	if _, err := b.JS.Publish(t.Context(), "eupay.cmd.test", []byte("kept")); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "jetstream", "$G", "streams", bus.Commands, "obs", "worker")
	if err := os.Rename(folder, filepath.Join(t.TempDir(), "worker")); err != nil { // at once: the broker may be writing
		t.Fatal(err)
	}
	if _, err := b.EnsureConsumer(t.Context(), bus.Commands, cfg); err == nil {
		t.Fatal("the broker stores it: the test proves nothing")
	}
	cons, err := b.EnsureConsumer(t.Context(), bus.Commands, cfg)
	if err != nil {
		t.Fatal(err)
	}
	m, err := cons.Next()
	if err != nil || string(m.Data()) != "kept" {
		t.Errorf("the queue lost its message: %v", err)
	}
}
