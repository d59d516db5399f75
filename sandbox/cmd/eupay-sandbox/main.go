// Command eupay-sandbox runs the sandbox bank as a process of its own. Settings come from the environment, see
// sandbox/README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"european-pay.eu/eupay/sandbox/bank"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, "eupay-sandbox:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, getenv func(string) string) error {
	s, err := readSettings(getenv)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	s.bank.Log = log
	b, err := bank.New(s.bank)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stopped := make(chan error, 3)
	go func() { stopped <- b.Run(ctx) }()
	go func() { stopped <- serve(ctx, cancel, s.addr, b.Handler()) }()
	go func() { stopped <- serve(ctx, cancel, s.management, b.Management()) }()
	log.Info("sandbox bank is open", "api", s.addr, "management", s.management, "journal", s.bank.Dir)
	return errors.Join(<-stopped, <-stopped, <-stopped, b.Close())
}

// serve listens until ctx ends, and ends it for the others when it cannot.
func serve(ctx context.Context, cancel context.CancelCauseFunc, addr string, h http.Handler) error {
	server := &http.Server{Addr: addr, Handler: h, ReadHeaderTimeout: 10 * time.Second}
	closed := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer done()
		closed <- server.Shutdown(grace)
	})
	err := server.ListenAndServe()
	if errors.Is(err, http.ErrServerClosed) {
		return <-closed
	}
	if stop() {
		cancel(err)
	}
	return fmt.Errorf("serve %s: %w", addr, err)
}
