package pgserver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// fakeBinaries makes a folder whose postgres says that it is the version.
func fakeBinaries(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\necho 'postgres (PostgreSQL) %s'\n", version)
	err := errors.Join(
		os.WriteFile(filepath.Join(dir, "postgres"), []byte(script), 0o755),
		os.WriteFile(filepath.Join(dir, "initdb"), nil, 0o755),
	)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func cluster(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	if err := errors.Join(os.Mkdir(data, 0o700), os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte(version+"\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestOnlyBinariesThatCanOpenTheClusterAreUsable(t *testing.T) {
	for _, c := range []struct {
		binaries, cluster string
		want              bool
	}{
		{"16.4", "", true},
		{"15.14 (Debian 15.14-0+deb12u1)", "", true},
		{"14.9", "", false},
		{"16.4", "16", true},
		{"17.2", "16", false},
		{"unreadable", "", false},
	} {
		dir := ""
		if c.cluster != "" {
			dir = cluster(t, c.cluster)
		}
		if got := Usable(t.Context(), fakeBinaries(t, c.binaries), dir); got != c.want {
			t.Errorf("binaries %s, cluster %q: %v", c.binaries, c.cluster, got)
		}
	}
	if Usable(t.Context(), t.TempDir(), "") {
		t.Error("an empty folder is usable")
	}
}

func TestFindRefusesWhenNoVersionFitsTheCluster(t *testing.T) {
	bin, err := Find(t.Context(), cluster(t, "9"))
	if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "which PostgreSQL 9 has made") {
		t.Errorf("got %s, %v", bin, err)
	}
}

func TestTheNewestBinariesAreTakenUnlessTheyAreTooOld(t *testing.T) {
	for _, c := range []struct {
		versions []string
		want     int
		err      string
	}{
		{[]string{"15.2", "17.1", "16.4", "14.9"}, 17, ""},
		{[]string{"13.1", "14.9"}, 0, "no PostgreSQL 15 or newer found on this machine, only 14"},
		{nil, 0, "no PostgreSQL 15 or newer found on this machine"},
	} {
		var candidates []string
		for _, v := range c.versions {
			candidates = append(candidates, fakeBinaries(t, v))
		}
		bin, err := choose(t.Context(), candidates, "")
		if (err == nil && version(t.Context(), bin) != c.want) || (err != nil && err.Error() != c.err) || (err == nil) != (c.err == "") {
			t.Errorf("%v: %s, %v", c.versions, bin, err)
		}
	}
}

func TestFindSeesThePath(t *testing.T) {
	t.Setenv("PATH", fakeBinaries(t, "99.1")+":"+os.Getenv("PATH"))
	bin, err := Find(t.Context(), "")
	if err != nil || version(t.Context(), bin) != 99 {
		t.Errorf("got %s, %v", bin, err)
	}
}

func TestHomeAvoidsFoldersThatTheServerCannotReach(t *testing.T) {
	user, err := User()
	if err != nil {
		t.Fatal(err)
	}
	closed := t.TempDir() // below a folder of mode 700
	got, err := Home(filepath.Join(closed, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	if user == nil && got != filepath.Join(closed, "postgres") {
		t.Errorf("an ordinary user was sent to %s", got)
	}
	if user != nil && !strings.HasPrefix(got, rootHome) {
		t.Errorf("root was sent to %s", got)
	}
	again, err := Home(filepath.Join(closed, "postgres"))
	if err != nil || again != got {
		t.Errorf("not stable: %s, %s, %v", got, again, err)
	}
	if open := folder(t); reachable(open, &syscall.Credential{Uid: 54321, Gid: 54321}) != true {
		t.Errorf("%s should be reachable", open)
	}
}
