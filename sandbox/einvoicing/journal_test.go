package einvoicing

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
)

// TestAKillAfterAnyLineLeavesNothingHalfDone reads every beginning of a journal, as a platform would that was killed there.
func TestAKillAfterAnyLineLeavesNothingHalfDone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := newRig(t, func(c *Config) { c.Dir = dir }).enrol("m-1")
	d := sample.Invoice()
	r.issue(d)
	r.call(201, "POST", "/reporting/payments", collected("c-1", d.Number, "28.80", `{"rate":20,"amount":28.80}`))
	whole, err := os.ReadFile(filepath.Join(dir, "einvoicing.journal"))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	for n := range lines {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "einvoicing.journal"), bytes.Join(lines[:n], nil), 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := New(Config{APIKey: testKey, Dir: dir, Now: r.clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range p.state.invoices {
			if from := p.state.drafts[i.Draft]; from.Invoice != i.ID || from.Number != i.Number {
				t.Errorf("after line %d the draft of an invoice is still open", n)
			}
			if told := len(p.state.reports) == 1; told != (i.Collected == 2880) || told != (i.status() == codeCollected) {
				t.Errorf("after line %d: %d collections, %d cents, status %d", n, len(p.state.reports), i.Collected, i.status())
			}
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
