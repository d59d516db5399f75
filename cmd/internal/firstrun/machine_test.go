package firstrun

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const tools = "../../../tools"

// machine is a computer with only those programs that a test puts on it.
type machine struct {
	t   *testing.T
	bin string
	env []string
}

// basics are what every system has.
var basics = []string{"sh", "awk", "cat", "date", "df", "dirname", "grep", "head", "kill", "printf", "readlink", "sed", "sleep", "sort", "tail"}

// bare returns a machine with the basics, on which nothing is wrong but what is not installed.
func bare(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t, bin: t.TempDir()}
	m.env = []string{
		"PATH=" + m.bin, "HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir(), "EUPAY_RUN_DIR=" + t.TempDir(), "PORT=0", "POSTGRES_FOLDERS=",
	}
	for _, name := range basics {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(m.bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// healthy returns a machine that lacks nothing.
func healthy(t *testing.T) *machine {
	t.Helper()
	m := bare(t)
	m.goVersion("1.99.0")
	m.program("gcc", "")
	m.program("postgres", "echo 'postgres (PostgreSQL) 16.4'")
	m.program("initdb", "")
	m.free(50000)
	return m
}

// program installs a shell script.
func (m *machine) program(name, script string) {
	m.t.Helper()
	path := filepath.Join(m.bin, name)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		m.t.Fatal(err)
	}
}

// goVersion installs a Go that can tell its settings.
func (m *machine) goVersion(version string) {
	m.t.Helper()
	m.program("go", "case $2 in GOVERSION) echo go"+version+" ;; GOCACHE) echo "+m.t.TempDir()+" ;; CC) echo gcc ;; esac")
}

// free installs a df that knows one disk, with so many megabytes left.
func (m *machine) free(megabytes int) {
	m.t.Helper()
	m.program("df", fmt.Sprintf("echo Filesystem Blocks Used Available Capacity Mounted; echo /dev/disk 90000000 1 %d 99%% /", megabytes<<10))
}

// set sets an environment variable.
func (m *machine) set(name, value string) { m.env = append(m.env, name+"="+value) }

// run runs a script of tools/ and returns all that it says, and its exit status.
func (m *machine) run(script string, args ...string) (said string, status int) {
	m.t.Helper()
	cmd := exec.CommandContext(m.t.Context(), filepath.Join(m.bin, "sh"), append([]string{filepath.Join(tools, script)}, args...)...)
	cmd.Env = m.env
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		m.t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// complaint is what a check of doctor.sh has against the machine: a sentence, or nothing.
func (m *machine) complaint(check string) string {
	m.t.Helper()
	said, status := m.run("doctor.sh", "--problems", check)
	if (status == 1) != (said != "") || strings.Count(said, "\n") > 1 {
		m.t.Errorf("status %d: %s", status, said)
	}
	return strings.TrimSpace(said)
}

// says fails unless text has all the parts.
func says(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in %q", part, text)
		}
	}
}
