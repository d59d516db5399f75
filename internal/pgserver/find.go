package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

const oldest = 15

// ErrNotFound is returned when the machine has no usable server binaries.
var ErrNotFound = errors.New("no PostgreSQL 15 or newer found on this machine")

// Find returns the folder of the newest server binaries on the machine, version 15 or newer. If dir already holds a cluster, it
// returns the binaries of that cluster's version, because no other version can open it.
func Find(ctx context.Context, dir string) (string, error) {
	candidates, err := installed()
	if err != nil {
		return "", err
	}
	return choose(ctx, candidates, dir)
}

func choose(ctx context.Context, candidates []string, dir string) (string, error) {
	need := clusterVersion(dir)
	newest, newestVersion := "", 0
	for _, bin := range candidates {
		v := version(ctx, bin)
		if need != 0 && v == need {
			return bin, nil
		}
		if v > newestVersion {
			newest, newestVersion = bin, v
		}
	}
	switch {
	case newestVersion == 0:
		return "", ErrNotFound
	case need != 0:
		return "", fmt.Errorf("%w that opens %s, which PostgreSQL %d has made", ErrNotFound, dir, need)
	case newestVersion < oldest:
		return "", fmt.Errorf("%w, only %d", ErrNotFound, newestVersion)
	}
	return newest, nil
}

// installed lists the folders in which packages install the server: Debian, Red Hat, Homebrew, the PATH.
func installed() ([]string, error) {
	var dirs []string
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin",
	} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("look for PostgreSQL: %w", err)
		}
		dirs = append(dirs, found...)
	}
	if onPath, err := exec.LookPath("postgres"); err == nil {
		if resolved, err := filepath.EvalSymlinks(onPath); err == nil {
			dirs = append(dirs, filepath.Dir(resolved))
		}
	}
	return dirs, nil
}

// Usable reports whether bin holds complete server binaries, version 15 or newer, that can open the cluster in dir, if any.
func Usable(ctx context.Context, bin, dir string) bool {
	v := version(ctx, bin)
	need := clusterVersion(dir)
	return v >= oldest && (need == 0 || v == need)
}

var versionText = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// version returns the major version of the binaries in bin; 0 if they are incomplete or do not run.
func version(ctx context.Context, bin string) int {
	if _, err := os.Stat(filepath.Join(bin, "initdb")); err != nil {
		return 0
	}
	out, err := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return 0
	}
	m := versionText.FindSubmatch(out)
	if m == nil {
		return 0
	}
	return number(string(m[1]))
}

// clusterVersion returns the major version of the cluster in dir; 0 if there is none.
func clusterVersion(dir string) int {
	content, err := os.ReadFile(filepath.Join(dir, "data", "PG_VERSION"))
	if err != nil {
		return 0
	}
	return number(strings.TrimSpace(string(content)))
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// HasCluster reports whether dir already holds a cluster.
func HasCluster(dir string) bool { return clusterVersion(dir) != 0 }
