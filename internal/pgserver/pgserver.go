// Package pgserver runs a private PostgreSQL for the all-in-one and for tests. The server runs as an unprivileged user even if
// the caller is root, because PostgreSQL refuses to run as root.
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
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/child"
	"european-pay.eu/eupay/internal/freeport"
)

const (
	readyLimit = 60 * time.Second
	// stopLimit is how long a regular shutdown may take before the server is killed, which loses nothing that was committed.
	stopLimit = 15 * time.Second
)

// Options of a private server.
type Options struct {
	// Dir stores the cluster, its password and its log. The server's user must have access to it; see Home.
	Dir string
	// Port on loopback. Default: any free port.
	Port int
	// Bin is the folder of the server binaries; see Find.
	Bin string
	// Volatile trades durability for speed. For tests only.
	Volatile bool
	Log      *slog.Logger
}

// Server is a running private PostgreSQL.
type Server struct {
	// URL of its database, with the password.
	URL string
	// Port it listens on.
	Port int

	process *child.Process
	log     *slog.Logger
	stop    sync.Once
}

// Start creates the cluster if Dir has none, starts the server on loopback and waits until it accepts connections.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	owner, err := User()
	if err != nil {
		return nil, err
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, fmt.Errorf("resolve %s: %w", o.Dir, err)
	}
	if err := Own(o.Dir, owner); err != nil {
		return nil, err
	}
	data := filepath.Join(o.Dir, "data")
	password, err := initialise(ctx, o, owner, data)
	if err != nil {
		return nil, err
	}
	if err := endPrevious(ctx, data, o.Log); err != nil {
		return nil, err
	}
	if o.Port == 0 {
		if o.Port, err = freeport.Find(); err != nil {
			return nil, err
		}
	}
	return launch(ctx, o, owner, data, password)
}

func launch(ctx context.Context, o Options, owner *syscall.Credential, data, password string) (*Server, error) {
	logPath := filepath.Join(o.Dir, "postgres.log")
	logFile, err := os.OpenFile(logPath, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of the private PostgreSQL: %w", err)
	}
	defer logFile.Close()
	cmd := exec.Command(filepath.Join(o.Bin, "postgres"), arguments(o, data)...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = logFile, logFile, o.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner}
	host := net.JoinHostPort("127.0.0.1", strconv.Itoa(o.Port))
	u := url.URL{Scheme: "postgres", User: url.UserPassword("eupay", password), Host: host, Path: "/postgres", RawQuery: "sslmode=disable"}
	process, err := child.Start(cmd, syscall.SIGINT) // a fast shutdown
	if err != nil {
		return nil, err
	}
	s := &Server{URL: u.String(), Port: o.Port, process: process, log: o.Log}
	if err := s.waitReady(ctx); err != nil {
		s.Stop()
		return nil, fmt.Errorf("%w; its log is %s", err, logPath)
	}
	return s, nil
}

func arguments(o Options, data string) []string {
	args := []string{
		"-D", data, "-p", strconv.Itoa(o.Port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "max_connections=300", "-c", "shared_buffers=128MB", "-c", "timezone=UTC", "-c", "jit=off",
	}
	if o.Volatile {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	return args
}

func (s *Server) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.Done():
			return errors.New("the private PostgreSQL ended at its start")
		case <-ctx.Done():
			return fmt.Errorf("the private PostgreSQL did not answer: %w", context.Cause(ctx))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Done is closed when the server has ended for any reason.
func (s *Server) Done() <-chan struct{} { return s.process.Done() }

// Stop shuts the server down (fast shutdown: transactions in progress are rolled back) and waits for it. It may be called more
// than once.
func (s *Server) Stop() {
	s.end(syscall.SIGINT)
	select {
	case <-s.Done():
	case <-time.After(stopLimit):
		s.signal(syscall.SIGQUIT)
		<-s.Done()
	}
}

// Kill ends the server as a crash would (immediate shutdown: no checkpoint). For tests only.
func (s *Server) Kill() {
	s.end(syscall.SIGQUIT)
	<-s.Done()
}

func (s *Server) end(sig syscall.Signal) { s.stop.Do(func() { s.signal(sig) }) }

func (s *Server) signal(sig syscall.Signal) {
	if err := s.process.Signal(sig); err != nil {
		s.log.Warn("stop the private PostgreSQL", "error", err)
	}
}
