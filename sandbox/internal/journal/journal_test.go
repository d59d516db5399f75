package journal

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func read(t *testing.T, path string) []string {
	t.Helper()
	var lines []string
	if err := Read(path, func(line []byte) error { lines = append(lines, string(line)); return nil }); err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestAppendIsReadBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sub", "j")
	if got := read(t, path); got != nil {
		t.Fatalf("a missing journal has lines: %v", got)
	}
	j, err := Rewrite(path, func(add func(any) error) error { return add(1) })
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Append("two"); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path); !slices.Equal(got, []string{"1", `"two"`}) { // before Close: as after a kill
		t.Errorf("lines %q", got)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(3); err == nil {
		t.Error("append after close must fail")
	}
}

func TestTornLastLineIsLeftOut(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "j")
	if err := os.WriteFile(path, []byte("1\n2\n{\"p\":"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("lines %q", got)
	}
}

func TestNilJournalForgets(t *testing.T) {
	t.Parallel()
	var j *File
	if err := j.Append(1); err != nil {
		t.Error(err)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}
