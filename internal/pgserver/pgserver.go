// Package pgserver runs a private PostgreSQL for the all-in-one and for tests. The server runs as an unprivileged user
// even when the caller is root, which PostgreSQL insists on.
package pgserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Options of a private server.
type Options struct {
	// Dir keeps the cluster, its password and its log. The server's user must be able to reach it.
	Dir string
	// Port 0 picks a free one.
	Port int
	// Bin is the folder of the server binaries; see Find.
	Bin string
	// Volatile trades durability for speed. Only for tests.
	Volatile bool
	Log      *slog.Logger
}

// Server is a running private PostgreSQL.
type Server struct {
	// URL of its database, with the password.
	URL string

	process *os.Process
	done    chan struct{}
	once    sync.Once
}

// Start makes the cluster when Dir has none, starts the server on loopback and waits until it answers.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	owner, err := unprivileged()
	if err != nil {
		return nil, err
	}
	data, err := filepath.Abs(filepath.Join(o.Dir, "data"))
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", o.Dir, err)
	}
	password, err := initialise(ctx, o, owner, data)
	if err != nil {
		return nil, err
	}
	if err := endPrevious(data, o.Log); err != nil {
		return nil, err
	}
	if o.Port == 0 {
		if o.Port, err = freePort(); err != nil {
			return nil, err
		}
	}
	s, err := launch(o, owner, data, password)
	if err != nil {
		return nil, err
	}
	if err := s.waitReady(ctx); err != nil {
		s.Stop()
		return nil, fmt.Errorf("%w; its log is %s", err, filepath.Join(o.Dir, "postgres.log"))
	}
	return s, nil
}

// initialise returns the password of the cluster, which it makes first when there is none.
func initialise(ctx context.Context, o Options, owner *syscall.Credential, data string) (string, error) {
	secret := filepath.Join(o.Dir, "password")
	if _, err := os.Stat(filepath.Join(data, "PG_VERSION")); err == nil {
		password, err := os.ReadFile(secret)
		if err != nil {
			return "", fmt.Errorf("read the password of the private PostgreSQL: %w", err)
		}
		return strings.TrimSpace(string(password)), nil
	}
	o.Log.Info("making a private PostgreSQL cluster", "dir", o.Dir)
	if err := os.RemoveAll(data); err != nil { // an initdb that was interrupted
		return "", fmt.Errorf("clear %s: %w", data, err)
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return "", fmt.Errorf("make %s: %w", data, err)
	}
	password := uuid.NewString()
	if err := os.WriteFile(secret, []byte(password+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write %s: %w", secret, err)
	}
	if owner != nil {
		for _, path := range []string{o.Dir, data, secret} {
			if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
				return "", fmt.Errorf("hand %s to the server's user: %w", path, err)
			}
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(o.Bin, "initdb"), "-D", data, "-U", "eupay", "--encoding=UTF8", "--locale=C",
		"--auth=scram-sha-256", "--pwfile="+secret, "--no-sync", "--no-instructions")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner}
	cmd.Dir = o.Dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb as %s: %w: %s", describe(owner), err, strings.TrimSpace(string(out)))
	}
	return password, nil
}

func launch(o Options, owner *syscall.Credential, data, password string) (*Server, error) {
	logFile, err := os.OpenFile(filepath.Join(o.Dir, "postgres.log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of the private PostgreSQL: %w", err)
	}
	defer logFile.Close()
	args := []string{
		"-D", data, "-p", strconv.Itoa(o.Port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "max_connections=300", "-c", "shared_buffers=128MB", "-c", "timezone=UTC", "-c", "jit=off",
	}
	if o.Volatile {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	cmd := exec.Command(filepath.Join(o.Bin, "postgres"), args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = logFile, logFile, o.Dir
	// A group of its own: Ctrl-C must not reach the server before its clients are done. SIGINT (fast shutdown) when we die.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner, Setpgid: true, Pdeathsig: syscall.SIGINT}
	s := &Server{
		URL:  (&url.URL{Scheme: "postgres", User: url.UserPassword("eupay", password), Host: fmt.Sprintf("127.0.0.1:%d", o.Port), Path: "/postgres", RawQuery: "sslmode=disable"}).String(),
		done: make(chan struct{}),
	}
	started := make(chan error, 1)
	go func() {
		// Linux sends Pdeathsig when the thread that started the child ends, so the thread is kept.
		runtime.LockOSThread()
		defer close(s.done)
		err := cmd.Start()
		started <- err
		if err == nil {
			if err := cmd.Wait(); err != nil {
				o.Log.Warn("private PostgreSQL ended", "error", err)
			}
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	s.process = cmd.Process
	return s, nil
}

func (s *Server) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.done:
			return errors.New("the private PostgreSQL ended at its start")
		case <-ctx.Done():
			return errors.New("the private PostgreSQL did not answer within 60 s")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Stop ends the server in an orderly way (fast shutdown) and waits for it. It may be called more than once.
func (s *Server) Stop() {
	s.once.Do(func() {
		if err := s.process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return
		}
	})
	<-s.done
}

// Kill ends the server as a crash would. Only for tests.
func (s *Server) Kill() {
	s.once.Do(func() {
		if err := s.process.Signal(syscall.SIGQUIT); err != nil { // immediate shutdown: no checkpoint, children end too
			return
		}
	})
	<-s.done
}

// endPrevious stops a server that an earlier, killed run left behind on this cluster.
func endPrevious(data string, log *slog.Logger) error {
	content, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return nil //nolint:nilerr // no file, no earlier server
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || !isPostgres(pid, data) {
		return nil //nolint:nilerr // the file is stale; postgres removes it itself
	}
	log.Info("ending the PostgreSQL that an earlier run left behind", "pid", pid)
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil {
		return fmt.Errorf("end the earlier PostgreSQL %d: %w", pid, err)
	}
	for range 500 {
		if !isPostgres(pid, data) {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("the earlier PostgreSQL %d does not end", pid)
}

// isPostgres makes sure that the pid was not given to another program meanwhile.
func isPostgres(pid int, data string) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && strings.Contains(string(line), data)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
