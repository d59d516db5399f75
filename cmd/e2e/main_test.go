package e2e

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"

	"go.uber.org/goleak"
)

// shared is the system that most tests use in parallel, each with its own merchants.
var shared *world

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	all := &wholeRun{}
	defer func() {
		if err := closeBrowser(); err != nil {
			fmt.Fprintln(os.Stderr, "close the browser:", err)
		}
		all.end()
		if err := errors.Join(theLog.check(), goleak.Find()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}()
	flag.Parse()
	// The system, its bank and all callers share this process, with the race detector on: with every further parallel test, each
	// step of a request waits longer for the processor. Two per core keep it busy; with twelve, reading one row took longer than
	// the gateway's five seconds.
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		if err := f.Value.Set(strconv.Itoa(2 * runtime.GOMAXPROCS(0))); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	if err := buildOperatorsTool(all); err != nil { // before the tests: none of them shares the machine with a compiler
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// The services may change no schema in the tests of the shared system: as in production, another role migrates.
	shared = newWorld(all, map[string]string{"EUPAY_MIGRATIONS": "wait"})
	return m.Run()
}

// wholeRun replaces a test for what lives as long as all of them.
type wholeRun struct {
	testing.TB
	cleanups []func()
}

func (*wholeRun) Helper() {}

func (r *wholeRun) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (*wholeRun) Error(args ...any) { fmt.Fprintln(os.Stderr, args...) }

func (r *wholeRun) Fatal(args ...any) {
	fmt.Fprintln(os.Stderr, args...)
	r.end()
	os.Exit(1)
}

func (r *wholeRun) Fatalf(format string, args ...any) { r.Fatal(fmt.Sprintf(format, args...)) }

func (r *wholeRun) end() {
	for len(r.cleanups) > 0 {
		last := len(r.cleanups) - 1
		f := r.cleanups[last]
		r.cleanups = r.cleanups[:last]
		f()
	}
}
