package main

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// loaded is the result of a second with n requests, during which programs used cores.
func loaded(n int, cpu shares) *result {
	return &result{counted: time.Second, latencies: slices.Repeat([]time.Duration{time.Millisecond}, n), cpu: cpu}
}

func TestAFigureIsSaidInEchoesAndCommitsOfItsRun(t *testing.T) {
	t.Parallel()
	l := limits{commits: 4000, echoes: 20000, echoTakes: 50 * time.Microsecond}
	r := loaded(1000, shares{"eupay-dev": 0.7, "postgres": 0.3, theLoad: 0.2, theOthers: 0.6})
	if got := l.beside(r); got != (beside{Echoes: 0.05, Commits: 0.25, EchoTimes: 20}) {
		t.Errorf("got %+v", got)
	}
	if got := (limits{}).beside(r); got != (beside{}) || got.String() != "" {
		t.Errorf("without limits: %+v", got)
	}
	if got := l.beside(loaded(0, nil)); got.EchoTimes != 0 {
		t.Errorf("without requests: %+v", got)
	}
}

// TestALoadIsRepeatedOnceIfTheMachineWasBusyBesides.
func TestALoadIsRepeatedOnceIfTheMachineWasBusyBesides(t *testing.T) {
	t.Parallel()
	quiet, busy, busier := shares{theOthers: 0}, shares{theOthers: 100}, shares{theOthers: 200}
	for name, c := range map[string]struct {
		runs     []shares
		want     int // of the runs
		repeated bool
	}{
		"quiet":           {[]shares{quiet}, 0, false},
		"busy, and quiet": {[]shares{busy, quiet}, 1, true},
		"still busy":      {[]shares{busier, busy}, 1, true},
		"busier":          {[]shares{busy, busier}, 0, true},
	} {
		runs := make([]*result, len(c.runs))
		for i, cpu := range c.runs {
			runs[i] = loaded(i+1, cpu)
		}
		n := 0
		got := undisturbed(func() *result { n++; return runs[n-1] })
		if got != runs[c.want] || n != len(runs) || got.repeated != c.repeated {
			t.Errorf("%s: run %v of %d, repeated %v", name, slices.Index(runs, got), n, got.repeated)
		}
	}
}

func TestAFailureIsNotRepeatedAway(t *testing.T) {
	t.Parallel()
	failed := &result{failure: errors.New("x"), cpu: shares{theOthers: 100}}
	if got := undisturbed(func() *result { return failed }); got != failed || got.repeated {
		t.Errorf("got %+v", got)
	}
	n := 0
	runs := []*result{loaded(1, shares{theOthers: 100}), {failure: errors.New("x"), cpu: shares{theOthers: 200}}}
	if got := undisturbed(func() *result { n++; return runs[n-1] }); got.failure == nil {
		t.Error("the failure of the second run is gone")
	}
}

// oneRun is the report of a run.
func oneRun(rate, p99, cpu, others float64) report {
	return report{Figures: []record{
		{Part: "Start", Name: "start", Value: "900 ms"},
		{Part: "Create", Name: "16 clients", PerSecond: rate, P99: p99, CPU: cpu, Others: others},
	}}
}

func TestVersionsAreComparedInPairs(t *testing.T) {
	t.Parallel()
	got := compare([]report{
		oneRun(100, 10, 1000, 0), oneRun(150, 5, 900, 0), oneRun(50, 10, 1000, 0.5), oneRun(100, 20, 800, 0), oneRun(200, 10, 1000, 0), oneRun(200, 10, 1000, 0),
	})
	if len(got) != 1 || got[0].name != "Create: 16 clients" {
		t.Fatalf("got %+v", got)
	}
	c := got[0]
	if s := c.rate.String(); s != "1.50 (1.00–2.00)" {
		t.Errorf("the rates: %s", s)
	}
	if s := c.p99.String(); s != "1.00 (0.50–2.00)" {
		t.Errorf("the latencies: %s", s)
	}
	if s := c.cpu.String(); s != "0.90 (0.80–1.00)" {
		t.Errorf("the processor times: %s", s)
	}
	if !strings.Contains(c.note, "1 of 3 pairs") {
		t.Errorf("the note is %q", c.note)
	}
	two := compare([]report{oneRun(100, 10, 0, 0), oneRun(100, 10, 0, 0), oneRun(100, 10, 0, 0), oneRun(300, 10, 0, 0)})
	if s := two[0].rate.String(); s != "2.00 (1.00–3.00)" {
		t.Errorf("of two pairs: %s", s)
	}
	if s := two[0].cpu.String(); s != "–" {
		t.Errorf("unknown processor times: %s", s)
	}
}

func TestReportsAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "run.json")
	tab := newTable(new(strings.Builder))
	tab.limits = limits{commits: 400, echoes: 2000, echoTakes: time.Millisecond}
	tab.title("Create", "x")
	tab.figure(figure{name: "16 clients", r: loaded(100, shares{"eupay": 0.5})})
	if err := tab.write(path); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	err := compareFiles(&out, []string{path, path})
	if err != nil || !strings.Contains(out.String(), "Create: 16 clients") || !strings.Contains(out.String(), "1.00 (1.00–1.00)") {
		t.Errorf("%v\n%s", err, out.String())
	}
	if err := compareFiles(&out, []string{path}); err == nil {
		t.Error("half a pair is compared")
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := compareFiles(&out, []string{path, path}); err == nil {
		t.Error("a broken file is compared")
	}
}

func TestWhatServicesCanDoFollowsFromTheirProcessorTime(t *testing.T) {
	t.Parallel()
	one, two := priceOf(0.1, 0.4, 300), priceOf(0.2, 0.8, 500) // a busy machine left them a third of it
	if math.Abs(one.each-0.001) > 1e-9 || math.Abs(one.most(1)-900) > 1e-6 {
		t.Errorf("one: %+v, at most %.0f/s", one, one.most(1))
	}
	if got := two.most(2) / one.most(1); math.Abs(got-1500.0/900) > 1e-6 {
		t.Errorf("two are %.2f times one", got)
	}
	for name, p := range map[string]price{"nothing was created": priceOf(0.1, 0.4, 0), "nothing is known": priceOf(0, 0, 100)} {
		if p.most(1) != 0 {
			t.Errorf("%s: %.0f/s", name, p.most(1))
		}
	}
}

func TestOnlyServicesCount(t *testing.T) {
	t.Parallel()
	s := shares{"payments": 0.25, "gateway": 0.5, "postgres": 1, "eupay-dev": 1, theLoad: 1, theOthers: 1}
	if s.services() != 0.75 || s.system() != 2.75 {
		t.Errorf("%v, %v", s.services(), s.system())
	}
}
