// Command eupay-sandbox runs the sandbox bank as its own process; also the e-invoicing platform, the S3 store and the mailbox if
// they have an address. Settings come from the environment, see sandbox/README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"european-pay.eu/eupay/sandbox/bank"
	"european-pay.eu/eupay/sandbox/einvoicing"
	"european-pay.eu/eupay/sandbox/mailbox"
	"european-pay.eu/eupay/sandbox/s3"
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
	s.bank.Log, s.einvoicing.Log, s.s3.Log = log, log, log
	b, err := bank.New(s.bank)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	parts := []func() error{
		func() error { return b.Run(ctx) },
		func() error { return serve(ctx, cancel, s.addr, b.Handler()) },
		func() error { return serve(ctx, cancel, s.management, b.Management()) },
	}
	log.Info("sandbox bank is open", "api", s.addr, "management", s.management, "journal", s.bank.Dir)
	if s.s3Addr != "" {
		store, err := s3.New(s.s3)
		if err != nil {
			return errors.Join(err, b.Close())
		}
		parts = append(parts, func() error { return serve(ctx, cancel, s.s3Addr, store.Handler()) })
		log.Info("S3 store is open", "api", s.s3Addr, "bucket", s.s3.Bucket, "objects", s.s3.Dir)
	}
	if s.smtp != "" {
		box := mailbox.New(mailbox.Config{Log: log})
		parts = append(parts,
			func() error { return take(ctx, cancel, s.smtp, box) },
			func() error { return serve(ctx, cancel, s.mailbox, box.Management()) },
		)
		log.Info("mailbox is open", "smtp", s.smtp, "mails", s.mailbox)
	}
	if s.einvoicingAddr == "" {
		return errors.Join(runAll(parts), b.Close())
	}
	e, err := einvoicing.New(s.einvoicing)
	if err != nil {
		return errors.Join(err, b.Close())
	}
	parts = append(parts,
		func() error { return e.Run(ctx) },
		func() error { return serve(ctx, cancel, s.einvoicingAddr, e.Handler()) },
		func() error { return serve(ctx, cancel, s.einvoicingManagement, e.Management()) },
	)
	log.Info("e-invoicing platform is open", "api", s.einvoicingAddr, "management", s.einvoicingManagement, "journal", s.einvoicing.Dir)
	return errors.Join(runAll(parts), b.Close(), e.Close())
}

// runAll runs all parts until the last one ends.
func runAll(parts []func() error) error {
	stopped := make(chan error, len(parts))
	for _, part := range parts {
		go func() { stopped <- part() }()
	}
	var problems []error
	for range parts {
		problems = append(problems, <-stopped)
	}
	return errors.Join(problems...)
}

// take accepts mail until ctx ends. If that fails, it ends the other parts.
func take(ctx context.Context, cancel context.CancelCauseFunc, addr string, box *mailbox.Mailbox) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err == nil {
		err = box.Serve(ctx, l)
	}
	if err != nil {
		cancel(err)
		return fmt.Errorf("take mail at %s: %w", addr, err)
	}
	return nil
}

// serve listens until ctx ends. If that fails, it ends the other parts.
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
