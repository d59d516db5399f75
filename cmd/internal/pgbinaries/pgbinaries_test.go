package pgbinaries

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"european-pay.eu/eupay/internal/pgserver"
)

// The settings of this test binary as a program of another user; see TestAnOrdinaryUserDownloadsToo.
const (
	asProgramCache = "EUPAY_PGBINARIES_TEST_CACHE"
	asProgramURL   = "EUPAY_PGBINARIES_TEST_URL"
)

func TestMain(m *testing.M) {
	Child()
	if cache := os.Getenv(asProgramCache); cache != "" {
		bin, err := Ensure(context.Background(), Options{Cache: cache, Repository: os.Getenv(asProgramURL), Download: true, Say: quiet})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(bin)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func quiet(string, ...any) {}

// repository serves the archive at the paths of Maven Central and counts the requests for it.
func repository(t *testing.T, archive []byte, sum string) (url string, downloads *atomic.Int32) {
	t.Helper()
	downloads = new(atomic.Int32)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, isSum := strings.CutSuffix(r.URL.Path, ".sha256")
		dir, ok := strings.CutPrefix(path, "/maven/io/zonky/test/postgres/embedded-postgres-binaries-")
		if !ok || !strings.HasSuffix(dir, ".jar") {
			http.NotFound(w, r)
			return
		}
		body := archive
		if isSum {
			body = []byte(sum)
		} else {
			downloads.Add(1)
		}
		if _, err := w.Write(body); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/maven/", downloads
}

func checksum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// folder returns a new folder that the server's user can reach.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "cache")
}

func TestTheBinariesOfTheMachineComeFirst(t *testing.T) {
	bin, err := Ensure(t.Context(), Options{Cache: folder(t), Repository: "http://127.0.0.1:1", Say: quiet})
	if err != nil {
		t.Fatal(err)
	}
	if want, err := pgserver.Find(t.Context(), ""); err != nil || bin != want {
		t.Errorf("got %s, want %s (%v)", bin, want, err)
	}
}

func TestADownloadedServerRunsAndIsDownloadedOnce(t *testing.T) {
	archive := jar(t)
	url, downloads := repository(t, archive, checksum(archive))
	var said []string
	o := Options{Cache: folder(t), Repository: url, Download: true, Say: func(f string, a ...any) { said = append(said, fmt.Sprintf(f, a...)) }}
	bin, err := Ensure(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(said) != 1 || !strings.Contains(said[0], "downloading a private PostgreSQL") {
		t.Errorf("it said %q", said)
	}
	srv, err := pgserver.Start(t.Context(), pgserver.Options{Dir: filepath.Join(filepath.Dir(o.Cache), "postgres"), Bin: bin, Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Stop()
	again, err := Ensure(t.Context(), o)
	if err != nil || again != bin || downloads.Load() != 1 {
		t.Errorf("the second time: %s, %v, %d downloads", again, err, downloads.Load())
	}
	if rest, err := filepath.Glob(filepath.Join(o.Cache, "*.unfinished")); err != nil || len(rest) != 0 {
		t.Errorf("left over: %v, %v", rest, err)
	}
}

func TestAnOrdinaryUserDownloadsToo(t *testing.T) {
	owner, err := pgserver.User()
	if err != nil {
		t.Fatal(err)
	}
	cache := folder(t)
	if err := pgserver.Own(cache, owner); err != nil {
		t.Fatal(err)
	}
	archive := jar(t)
	url, _ := repository(t, archive, checksum(archive))
	self, err := executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Dir = cache
	cmd.Env = append(os.Environ(), asProgramCache+"="+cache, asProgramURL+"="+url)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), cache) {
		t.Errorf("%v: %s", err, out)
	}
}

func TestADamagedDownloadIsRefusedAndNotKept(t *testing.T) {
	archive := jar(t)
	url, _ := repository(t, archive, checksum([]byte("another")))
	o := Options{Cache: folder(t), Repository: url, Download: true, Say: quiet}
	_, err := Ensure(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "checksums do not match") {
		t.Fatalf("got %v", err)
	}
	if kept, err := filepath.Glob(filepath.Join(o.Cache, "*", "bin", "postgres")); err != nil || len(kept) != 0 {
		t.Errorf("kept %v, %v", kept, err)
	}
}

func TestWithoutPostgreSQLAndNetworkTheErrorSaysWhatToDo(t *testing.T) {
	_, err := Ensure(t.Context(), Options{Cache: folder(t), Repository: "http://127.0.0.1:1", Download: true, Say: quiet})
	if err == nil || strings.Contains(err.Error(), "\n") {
		t.Fatalf("got %v", err)
	}
	for _, part := range []string{"no PostgreSQL 15 or newer", "none could be downloaded (", "install one", "set EUPAY_DATABASE_URL", "EUPAY_POSTGRES_REPOSITORY"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in %v", part, err)
		}
	}
}

func TestTheDownloadFitsTheCluster(t *testing.T) {
	for major, want := range map[string]string{"": "18.", "15": "15.", "17": "17."} {
		dir := t.TempDir()
		if major != "" {
			data := filepath.Join(dir, "data")
			if err := errors.Join(os.Mkdir(data, 0o700), os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte(major+"\n"), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		v, err := wanted(dir)
		if err != nil || !strings.HasPrefix(string(v), want) {
			t.Errorf("cluster %q: %s, %v", major, v, err)
		}
	}
}
