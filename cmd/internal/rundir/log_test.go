package rundir

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAFullLogIsRotated: a run of weeks filled the disk.
func TestAFullLogIsRotated(t *testing.T) {
	l := &logFile{path: filepath.Join(t.TempDir(), "eupay.log"), limit: 25}
	if err := l.begin(); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"first line\n", "second line\n", "third line\n", strings.Repeat("x", 40) + "\n", "last\n"} {
		if n, err := l.Write([]byte(line)); err != nil || n != len(line) {
			t.Fatalf("%d, %v", n, err)
		}
	}
	l.close()
	for path, want := range map[string]string{l.path: "last\n", l.path + ".1": strings.Repeat("x", 40) + "\n"} {
		if content, err := os.ReadFile(path); err != nil || string(content) != want {
			t.Errorf("%s holds %q, %v", path, content, err)
		}
	}
}
