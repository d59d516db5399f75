package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// operator has the tool, and the run folder by which it finds the system.
type operator struct{ program, dir string }

// operatorsTool is the path of eupayctl, which buildOperatorsTool has built.
var operatorsTool string

// buildOperatorsTool builds eupayctl for as long as the run lasts.
func buildOperatorsTool(run *wholeRun) error {
	dir, err := os.MkdirTemp("", "eupayctl-")
	if err != nil {
		return err
	}
	run.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			run.Error(err)
		}
	})
	operatorsTool = filepath.Join(dir, "eupayctl")
	build := exec.CommandContext(context.Background(), "go", "build", "-o", operatorsTool, "european-pay.eu/eupay/cmd/eupayctl")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as make builds it
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build eupayctl: %w: %s", err, out)
	}
	return nil
}

func newOperator(t *testing.T, w *world) operator {
	t.Helper()
	o := operator{operatorsTool, t.TempDir()}
	if err := w.stack.System().WriteDemoEnv(o.dir); err != nil {
		t.Fatal(err)
	}
	return o
}

// lines calls the tool and returns the objects that it writes.
func (o operator) lines(t *testing.T, args ...string) (all []map[string]any) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), o.program, append(args, "--run-dir", o.dir, "--output", "json")...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "EUPAY_") })
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v: %s", args, err, complaint.String())
	}
	for text := range strings.Lines(string(out)) {
		var v map[string]any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		all = append(all, v)
	}
	return all
}

func TestAnOperatorSeesAPaymentAndReplaysIt(t *testing.T) {
	t.Parallel()
	o := newOperator(t, shared)
	m := shared.newMerchant(t)
	p := m.paid(t, nil)
	seen := o.lines(t, "events", "tail", "--merchant", m.ID, "--type", "payment.completed")
	if len(seen) != 1 || seen[0]["reference"] != p.Reference || seen[0]["status"] != "completed" || seen[0]["mode"] != "test" {
		t.Fatalf("the operator sees %v", seen)
	}
	id := seen[0]["id"].(string)
	if shown := o.lines(t, "events", "show", id); len(shown) != 1 || shown[0]["payload"] == nil {
		t.Errorf("shown: %v", shown)
	}
	if did := o.lines(t, "replay", "--consumer", "webhooks", "--id", id, "--redeliver", "--run"); len(did) != 1 || did[0]["published"] != true || did[0]["events"] != 1.0 {
		t.Fatalf("the replay: %v", did)
	}
	// A work queue: consumed messages are removed.
	eventually(t, "the replay is consumed", func() bool {
		for _, s := range o.lines(t, "streams", "status") {
			if s["stream"] == "EUPAY_REPLAY" {
				return s["messages"] == 0.0 && o.lagOf(t, s, "webhooks") == 0.0
			}
		}
		return false
	})
}

// lagOf returns the lag of a consumer of a stream.
func (o operator) lagOf(t *testing.T, stream map[string]any, consumer string) any {
	t.Helper()
	for _, c := range stream["consumers"].([]any) {
		if c := c.(map[string]any); c["consumer"] == consumer {
			return c["lag"]
		}
	}
	t.Fatalf("%v has no consumer %s", stream, consumer)
	return nil
}
