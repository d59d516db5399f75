package bank

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func inDir(dir string) func(*Config) { return func(c *Config) { c.Dir = dir } }

func TestKilledBankForgetsNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before := newRig(t, inDir(dir)) // never closed before the next one opens: as after a kill
	who := change{"/payer_identity": change{"first_name": "Ada"}, "/client_state": "st"}
	created := before.create(who).id()
	pending := before.create(change{"label": "pdng/done - X", "reference_id": "REF-1"}).id()
	before.must(before.b.AuthoriseWith(pending, Choice{Connector: "shrug", Account: "joint"}))
	cancelling := pendingAt(before, "ask-twice")
	before.operate(cancelling, cancelBody)
	refused := before.create().id()
	before.must(before.b.Refuse(refused))

	after := newRig(t, inDir(dir))
	for _, id := range []int64{created, pending, cancelling, refused} {
		path := fmt.Sprintf("/2.0/payments/%d?show_sensitive=true", id)
		was, is := before.call("GET", path, nil).text, after.call("GET", path, nil).text
		if id != cancelling && was != is { // the address of the bank's page is another one
			t.Errorf("was %s\nis  %s", was, is)
		}
	}
	after.want(after.get(cancelling), map[string]any{"state": "pending", "state_detail": "cancelling"})
	after.want(after.call("GET", "/2.0/payments?reference_id=REF-1", nil), map[string]any{"total": 1, "payments.0.id": pending})
	after.clock.Add(15 * time.Second)
	after.b.Tick() // the phase that was running goes on
	if got := after.b.store.get(pending).cur.Load().State; got != "accepted" {
		t.Error(got)
	}
	if next := after.create().id(); next != refused+1 {
		t.Errorf("next id %d after %d", next, refused)
	}
}

func TestJournalIsCompacted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := newRig(t, inDir(dir))
	id := r.create(change{"label": "pdng/pdng/done - X"}).id()
	r.must(r.b.Authorise(id))
	r.clock.Add(time.Minute)
	r.want(r.get(id), map[string]any{"state": "done"})
	long := lines(t, dir)
	again := newRig(t, inDir(dir))
	if short := lines(t, dir); long != 6 || short != 2 { // head, created, validating, pending ×2, done; then head and done
		t.Errorf("%d lines became %d", long, short)
	}
	again.want(again.get(id), map[string]any{"state": "done"})
}

func lines(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "payments.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, c := range text {
		if c == '\n' {
			n++
		}
	}
	return n
}

func TestResetIsRememberedToo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := newRig(t, inDir(dir))
	old := r.create(change{"reference_id": "OLD"}).id()
	r.must(r.b.SetFaults(Fault{Kind: "error", Operation: "get"}))
	r.must(r.b.Reset())
	if got := r.get(old); got.status != 404 {
		t.Errorf("%d %s", got.status, got.text)
	}
	kept := r.create(change{"reference_id": "NEW"}).id()
	again := newRig(t, inDir(dir))
	if len(again.b.Payments()) != 1 || len(again.b.ByReference("OLD")) != 0 || kept <= old {
		t.Errorf("%+v", again.b.Payments())
	}
}

func TestBrokenJournalIsNotIgnored(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "payments.jsonl"), []byte("{\"p\":{}}\nnonsense\n{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{ClientID: "a", ClientSecret: "b", Dir: dir}); err == nil {
		t.Error("a bank opened on a broken journal")
	}
}

// TestManyAtOnce is for the race detector, and counts.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := newRig(t, inDir(dir), func(c *Config) { c.InstantPhase = 0 }).run()
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for n := range 20 {
				a, err := r.try(t.Context(), "POST", "/2.0/payments", r.token, orderBody(change{"reference_id": fmt.Sprintf("R-%d-%d", worker, n), "label": "pdng - X"}))
				if err != nil {
					t.Error(err)
					return
				}
				var pressed sync.WaitGroup // a payer presses in many windows at once: one press counts
				var counted atomic.Int32
				for range 10 {
					pressed.Go(func() {
						if r.b.Authorise(a.id()) == nil {
							counted.Add(1)
						}
					})
				}
				pressed.Wait()
				if counted.Load() != 1 {
					t.Errorf("%d presses counted", counted.Load())
				}
			}
		})
	}
	all.Wait()
	again := newRig(t, inDir(dir))
	payments := again.b.Payments()
	seen := map[string]bool{}
	for _, p := range payments {
		if p.State != "done" || seen[p.ReferenceID] {
			t.Errorf("%+v", p)
		}
		seen[p.ReferenceID] = true
	}
	if len(payments) != 160 {
		t.Errorf("%d payments", len(payments))
	}
}

func TestNumbersAreNotGivenAgain(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	if a, b := firstNumber(now), firstNumber(now.Add(time.Minute)); b-a != 60*2000 {
		t.Errorf("%d %d", a, b)
	}
	r := newRig(t, func(c *Config) { c.FirstID = 7 })
	if id := r.create().id(); id != 7 {
		t.Error(id)
	}
}
