package firstrun

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheDoctorListsWhatWorksAndWhatDoesNot(t *testing.T) {
	t.Parallel()
	m := healthy(t)
	said, status := m.run("doctor.sh")
	if status != 0 || strings.Count(said, "ok       ") != strings.Count(said, "\n") {
		t.Errorf("a healthy machine: %d, %s", status, said)
	}
	says(t, said, "Go 1.99.0\n", "C compiler gcc\n", "PostgreSQL 16\n", "50000 MB free")
	if err := os.Remove(filepath.Join(m.bin, "gcc")); err != nil {
		t.Fatal(err)
	}
	said, status = m.run("doctor.sh")
	if status != 1 || strings.Count(said, "PROBLEM  ") != 1 {
		t.Errorf("without a compiler: %d, %s", status, said)
	}
}

func TestWithoutGo(t *testing.T) {
	t.Parallel()
	m := healthy(t)
	if err := os.Remove(filepath.Join(m.bin, "go")); err != nil {
		t.Fatal(err)
	}
	says(t, m.complaint("go"), "Go is not installed: install Go 1.", "https://go.dev/dl/", "PATH")
	said, status := m.run("compile.sh", "out", "./cmd/eupay-dev")
	if status != 1 {
		t.Errorf("compile.sh ends with %d", status)
	}
	says(t, said, "Go is not installed")
}

func TestAGoThatIsTooOldAndCannotDownloadAnother(t *testing.T) {
	t.Parallel()
	for _, fake := range []string{
		`[ "$GOTOOLCHAIN" = local ] && [ "$PWD" = / ] && [ "$2" = GOVERSION ] && echo go1.25.9 && exit; exit 1`, // refuses go.work
		`[ "$2" = GOVERSION ] && echo go1.20.14`, // does not know of toolchains
	} {
		m := healthy(t)
		m.program("go", fake)
		says(t, m.complaint("go"), "is too old", "install Go 1.2", "GOTOOLCHAIN=auto", " or newer")
	}
}

func TestVersionsOfGoAreComparedAsNumbers(t *testing.T) {
	t.Parallel()
	m := healthy(t)
	for version, good := range map[string]bool{"1.100": true, "2.0": true, "1.26.8": true, "1.26rc1": true, "1.9.9": false, "1.25.12": false} {
		m.goVersion(version)
		if problem := m.complaint("go"); (problem == "") != good {
			t.Errorf("%s: %q", version, problem)
		}
	}
}

func TestWithoutACompilerOnlyTestsSuffer(t *testing.T) {
	t.Parallel()
	m := healthy(t)
	if err := os.Remove(filepath.Join(m.bin, "gcc")); err != nil {
		t.Fatal(err)
	}
	says(t, m.complaint("compiler"), "no C compiler (gcc)", "only make test", "race detector", "apt-get install gcc")
}

func TestPostgresMustBeInstalledOrDownloadable(t *testing.T) {
	t.Parallel()
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Fatal(err)
	}
	mirror := httptest.NewServer(http.NotFoundHandler()) // answers, and that is enough
	defer mirror.Close()
	for name, c := range map[string]struct {
		installed, repository string
		problem               string
	}{
		"installed":           {"15.14", "http://127.0.0.1:1", ""},
		"to be downloaded":    {"", mirror.URL, ""},
		"too old, download":   {"14.9", mirror.URL, ""},
		"nowhere":             {"", "http://127.0.0.1:1", "No PostgreSQL is installed, and http://127.0.0.1:1 does not answer"},
		"too old and nowhere": {"14.9", "http://127.0.0.1:1", "The installed PostgreSQL 14 is older than 15, and"},
	} {
		m := healthy(t)
		m.program("curl", "exec "+curl+` "$@"`)
		m.set("EUPAY_POSTGRES_REPOSITORY", c.repository)
		m.program("postgres", "exit 1")
		if c.installed != "" {
			m.program("postgres", fmt.Sprintf("echo 'postgres (PostgreSQL) %s'", c.installed))
		}
		problem := m.complaint("postgres")
		if (problem == "") != (c.problem == "") {
			t.Errorf("%s: %q", name, problem)
		}
		if c.problem != "" {
			says(t, problem, c.problem, "install PostgreSQL 15 or newer", "EUPAY_DATABASE_URL", "EUPAY_POSTGRES_REPOSITORY")
		}
		m.set("EUPAY_DATABASE_URL", "postgres://elsewhere")
		if problem := m.complaint("postgres"); problem != "" {
			t.Errorf("%s, with a server of its own: %s", name, problem)
		}
	}
}

func TestATakenPortIsNamedWithItsHolderAndItsSetting(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
	for _, setting := range []string{"PORT", "EUPAY_NATS_PORT", "EUPAY_BANK_MGMT_PORT", "EUPAY_S3_PORT"} {
		m := healthy(t)
		m.set(setting, taken)
		says(t, m.complaint("ports"), "Port "+taken+" is taken by another program: stop it, or set "+setting+" to another port")
		m.program("lsof", "echo COMMAND PID; echo nginx 77")
		says(t, m.complaint("ports"), "Port "+taken+" is taken by nginx (process 77)")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	m := healthy(t)
	m.set("PORT", taken)
	if problem := m.complaint("ports"); problem != "" {
		t.Errorf("a free port: %s", problem)
	}
	m.set("PORT", "web")
	says(t, m.complaint("ports"), "PORT is web, which is not a port")
}

func TestAFullDisk(t *testing.T) {
	t.Parallel()
	m := healthy(t)
	m.free(999)
	says(t, m.complaint("disk"), "The disk is full: only 999 MB are free for Go's build cache", "EU Pay needs 1000", "go clean -cache", "GOCACHE")
	m.free(299)
	said, status := m.run("doctor.sh", "--problems", "disk")
	if status != 1 || strings.Count(said, "The disk is full") != 3 {
		t.Errorf("status %d: %s", status, said)
	}
	says(t, said, "the run folder", "EUPAY_RUN_DIR", "temporary files", "TMPDIR")
	m.set("EUPAY_RUN_DIR", filepath.Join(t.TempDir(), "not", "yet", "there"))
	m.free(1000)
	if problem := m.complaint("disk"); problem != "" {
		t.Errorf("a folder that is yet to be made: %s", problem)
	}
}
