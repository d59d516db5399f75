// Command with-postgres runs another command with a private, temporary PostgreSQL, whose URL is in EUPAY_TEST_DATABASE_URL. If
// that is already set, it only runs the command.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"european-pay.eu/eupay/cmd/internal/pgbinaries"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/pgserver"
)

func main() {
	pgbinaries.Child()
	os.Exit(run())
}

func run() int {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: with-postgres COMMAND [ARGUMENT …]")
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if os.Getenv(pgtest.EnvURL) == "" {
		end, err := start(ctx)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer end()
	}
	return execute(ctx, os.Args[1], os.Args[2:]...)
}

// execute runs the command and returns its exit code.
func execute(ctx context.Context, name string, args ...string) int {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(exit.ExitCode(), 1)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// start starts a server in a temporary folder; end removes it.
func start(ctx context.Context) (end func(), err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	bin, err := pgbinaries.Ensure(ctx, pgbinaries.Options{
		Cache: filepath.Join(cache, "eupay", "postgres"), Repository: os.Getenv("EUPAY_POSTGRES_REPOSITORY"), Say: say,
	})
	if err != nil {
		return nil, err
	}
	dir, err := pgserver.VolatileDir("eupay-test-postgres-")
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	say("Making a temporary PostgreSQL for the tests (%s)…", bin)
	srv, err := pgserver.Start(ctx, pgserver.Options{Dir: filepath.Join(dir, "postgres"), Bin: bin, Volatile: true, Log: log})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := os.Setenv(pgtest.EnvURL, srv.URL); err != nil {
		return nil, err
	}
	return func() {
		srv.Stop()
		if err := os.RemoveAll(dir); err != nil {
			log.Warn("remove the temporary PostgreSQL", "error", err)
		}
	}, nil
}
