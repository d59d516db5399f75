package pgserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"
)

// childDir tells this test binary to be a program that runs a private server until it is killed.
const childDir = "EUPAY_PGSERVER_TEST_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(program(dir))
	}
	goleak.VerifyTestMain(m)
}

func program(dir string) int {
	ctx := context.Background()
	bin, err := Find(ctx, dir)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	srv, err := Start(ctx, Options{Dir: dir, Bin: bin, Volatile: true})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(srv.URL)
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil { // until the parent closes it
		fmt.Println(err)
	}
	srv.Stop()
	return 0
}

// folder returns a new folder that the server's user can reach: root's test folders are closed to others.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "postgres")
}

func binaries(t *testing.T, dir string) string {
	t.Helper()
	bin, err := Find(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

func start(t *testing.T, o Options) *Server {
	t.Helper()
	o.Bin, o.Volatile = binaries(t, o.Dir), true
	srv, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Stop)
	return srv
}

func query(t *testing.T, url, sql string) (value string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), sql).Scan(&value); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		t.Fatal(err)
	}
	return value
}

const (
	write = `create table kept as select 'yes' as value; `
	read  = `select value from kept`
)

func TestDataSurvivesStopAndKillOnTheSamePort(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	first := start(t, Options{Dir: dir})
	execute(t, first.URL, write)
	first.Stop()
	first.Stop() // twice is harmless

	second := start(t, Options{Dir: dir, Port: first.Port})
	if second.URL != first.URL {
		t.Errorf("the address or the password changed: %s, %s", first.URL, second.URL)
	}
	if got := query(t, second.URL, read); got != "yes" {
		t.Errorf("after a stop: %q", got)
	}
	second.Kill()
	<-second.Done()

	third := start(t, Options{Dir: dir})
	if got := query(t, third.URL, read); got != "yes" {
		t.Errorf("after a kill: %q", got)
	}
}

func execute(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// startChild runs this binary as a program of the given user that holds a server, and returns the server's URL.
func startChild(t *testing.T, dir string, as *syscall.Credential) (*exec.Cmd, io.Closer, string) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe") // its real path is closed to other users
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "postgres://") {
		t.Fatalf("the child says %q, %v", line, err)
	}
	return cmd, stdin, strings.TrimSpace(line)
}

func TestAServerLeftByAKilledRunIsStoppedAndItsDataKept(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	cmd, _, url := startChild(t, dir, nil)
	execute(t, url, write)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the child ended in peace")
	}
	srv := start(t, Options{Dir: dir})
	if got := query(t, srv.URL, read); got != "yes" {
		t.Errorf("after the kill: %q", got)
	}
}

func TestASecondServerTakesTheClusterOver(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	first := start(t, Options{Dir: dir})
	second := start(t, Options{Dir: dir})
	<-first.Done()
	if got := query(t, second.URL, `select 'answers'`); got != "answers" {
		t.Errorf("got %q", got)
	}
}

func TestAnOrdinaryUserRunsTheServerAsThemselves(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	user, err := User()
	if err != nil {
		t.Fatal(err)
	}
	if err := Own(dir, user); err != nil {
		t.Fatal(err)
	}
	cmd, stdin, url := startChild(t, dir, user)
	if got := query(t, url, `select 'answers'`); got != "answers" {
		t.Errorf("got %q", got)
	}
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the child ended with %v", err)
	}
}

func TestAnInterruptedInitdbIsRepeated(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	left := filepath.Join(dir, "data.unfinished")
	if err := errors.Join(os.MkdirAll(left, 0o755), os.WriteFile(filepath.Join(left, "PG_VERSION"), []byte("15\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	srv := start(t, Options{Dir: dir})
	if got := query(t, srv.URL, `select 'answers'`); got != "answers" {
		t.Errorf("got %q", got)
	}
}

func TestTheErrorOfStartNamesTheLog(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	srv := start(t, Options{Dir: dir})
	_, err := Start(t.Context(), Options{Dir: folder(t), Bin: binaries(t, ""), Port: srv.Port})
	if err == nil || !strings.Contains(err.Error(), "postgres.log") {
		t.Errorf("got %v", err)
	}
}

func TestOtherUsersCannotAccessTheServer(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	srv := start(t, Options{Dir: dir})
	if conn, err := pgx.Connect(t.Context(), strings.Replace(srv.URL, ":", ":wrong-", 2)); err == nil {
		t.Error("a wrong password was accepted", conn.Close(t.Context()))
	}
	if got := query(t, srv.URL, `show listen_addresses`); got != "127.0.0.1" {
		t.Errorf("it listens on %s", got)
	}
	for _, name := range []string{"password", "data", "postgres.log"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
}
