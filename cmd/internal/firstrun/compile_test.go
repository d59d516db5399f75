package firstrun

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// every is the pause, in seconds, between the lines of compile.sh where there is no terminal.
const every = 5

// compiling returns a machine whose `go build` does this; its program has three packages.
func compiling(t *testing.T, build string) *machine {
	t.Helper()
	m := healthy(t)
	m.program("go", `case $1 in
build) `+build+` ;;
list) printf 'io\nnet\nours\n' ;;
env) case $2 in GOVERSION) echo go1.99.0 ;; GOCACHE) echo /tmp ;; CC) echo gcc ;; esac ;;
esac`)
	return m
}

func TestThereIsNoOutputIfThereIsNothingToDo(t *testing.T) {
	t.Parallel()
	said, status := compiling(t, "exit 0").run("compile.sh", "out", "./cmd/x")
	if said != "" || status != 0 {
		t.Errorf("%d: %q", status, said)
	}
}

func TestTheDownloadsAndTheProgressOfTheCompilerAreShown(t *testing.T) {
	t.Parallel()
	said, status := compiling(t, "echo 'go: downloading example.org/m v1.2.3' >&2").run("compile.sh", "out", "./cmd/x")
	if status != 0 {
		t.Errorf("status %d", status)
	}
	says(t, said, "Downloading module 1: example.org/m v1.2.3, 0 s\n")
	said, _ = compiling(t, `printf 'net\nexample.org/m/v2\n' >&2`).run("compile.sh", "out", "./cmd/x")
	says(t, said, "Compiling: 1 of at most 3 packages, 0 s\n", "Compiled in ")
}

func TestThereIsALineEveryFewSecondsAlthoughTheCompilerIsSilent(t *testing.T) {
	t.Parallel()
	clock := filepath.Join(t.TempDir(), "clock")
	if err := os.WriteFile(clock, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	m := compiling(t, `echo net >&2; while [ "$(grep -c x `+clock+`)" -lt 40 ]; do :; done`)
	m.program("sleep", "exit 0")                              // a second is over at once,
	m.program("date", "echo x >>"+clock+"; grep -c x "+clock) // and each look at the clock is a second later
	said, _ := m.run("compile.sh", "out", "./cmd/x")
	last, lines := -every, 0
	for line := range strings.Lines(said) {
		var second int
		if _, err := fmt.Sscanf(line, "Compiling: 1 of at most 3 packages, %d s", &second); err != nil {
			continue
		}
		if second < last+every {
			t.Errorf("after second %d comes %d", last, second)
		}
		last, lines = second, lines+1
	}
	if lines < 3 {
		t.Errorf("%d lines in 40 seconds: %s", lines, said)
	}
}

func TestWhatTheCompilerSaysIsShownInFull(t *testing.T) {
	t.Parallel()
	text := "# example.org/m\n./main.go:3:2: undefined: x\n\thave (int)\n\n"
	m := compiling(t, "printf 'net\\n"+strings.ReplaceAll(strings.ReplaceAll(text, "\n", "\\n"), "\t", "\\t")+"io\\n' >&2; exit 1")
	said, status := m.run("compile.sh", "out", "./cmd/x")
	if status != 1 || !strings.Contains(said, text) || strings.Contains(said, "Compiled") {
		t.Errorf("%d: %q", status, said)
	}
}

func TestAFailureCausedByTheMachineIsExplained(t *testing.T) {
	t.Parallel()
	m := compiling(t, "echo 'write /tmp/x: no space left on device' >&2; exit 1")
	m.free(10)
	said, status := m.run("compile.sh", "out", "./cmd/x")
	if status != 1 {
		t.Errorf("status %d", status)
	}
	says(t, said, "no space left on device\n", "The disk is full: only 10 MB are free for Go's build cache")

	m = compiling(t, `echo 'cgo: C compiler "gcc" not found' >&2; exit 1`)
	m.program("gcc", "")
	if said, _ := m.run("compile.sh", "out", "-race", "./cmd/x"); strings.Contains(said, "There is no C compiler") {
		t.Errorf("there is one: %s", said)
	}
	if err := os.Remove(filepath.Join(m.bin, "gcc")); err != nil {
		t.Fatal(err)
	}
	said, _ = m.run("compile.sh", "out", "-race", "./cmd/x")
	says(t, said, "There is no C compiler (gcc)")
	if said, _ := m.run("compile.sh", "out", "./cmd/x"); strings.Contains(said, "There is no C compiler") {
		t.Errorf("without the race detector none is needed: %s", said)
	}
}

func TestTheFlagsReachGo(t *testing.T) {
	t.Parallel()
	said, _ := compiling(t, `echo "asked: $*" >&2`).run("compile.sh", "some where/out", "-race", "./cmd/x", "./cmd/y")
	says(t, said, "asked: build -v -o some where/out -race ./cmd/x ./cmd/y\n")
}

// Ctrl-C on a terminal goes to the whole process group.
func TestCtrlCEndsTheCompilerToo(t *testing.T) {
	t.Parallel()
	m := compiling(t, "echo net >&2; exec sleep 1000")
	cmd := exec.CommandContext(t.Context(), filepath.Join(m.bin, "sh"), filepath.Join(tools, "compile.sh"), "out", "./cmd/x")
	cmd.Env, cmd.SysProcAttr = m.env, &syscall.SysProcAttr{Setpgid: true}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stderr)
	if line, err := lines.ReadString('\n'); err != nil || !strings.HasPrefix(line, "Compiling") {
		t.Fatalf("%q, %v", line, err)
	}
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, lines); err != nil { // ends when nobody is left who could write
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) {
		t.Errorf("it ended with %v", err)
	}
}
