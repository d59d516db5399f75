package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"european-pay.eu/eupay/cmd/internal/rundir"
	"european-pay.eu/eupay/cmd/internal/stack"
	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/internal/pgserver"
)

// demoLimit is the deadline of the whole demonstration, including a download of PostgreSQL.
const demoLimit = 15 * time.Minute

// runDemo shows one payment from end to end, with every request and answer: it registers a webhook endpoint, creates the payment,
// pays it at the sandbox bank, and receives and verifies the webhook. It uses the system that runs on EUPAY_RUN_DIR, or a
// temporary one. It fails if any step does.
func runDemo(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("\nThe demo failed: %w", err)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, demoLimit)
	defer cancel()
	settings, err := rundir.Load()
	if err != nil {
		return err
	}
	vars, err := system.ReadDemoEnv(settings.Dir)
	if err == nil {
		fmt.Printf("Using the EU Pay that runs on %s.\n", vars["EUPAY_URL"])
		return newDemo(vars["EUPAY_URL"], vars["EUPAY_API_KEY"], vars["EUPAY_API_SECRET"], os.Stdout).run(ctx)
	}
	fmt.Println("No EU Pay runs here: starting a temporary one…")
	s, remove, err := temporary(ctx, settings)
	if err != nil {
		return err
	}
	defer remove()
	secrets := s.System().Secrets
	return newDemo(s.URL(), secrets.APIKey, secrets.APISecret, os.Stdout).run(ctx)
}

// temporary starts a system in a folder that is removed with it. Downloaded PostgreSQL binaries are kept in the run folder.
func temporary(ctx context.Context, settings rundir.Settings) (*stack.Stack, func(), error) {
	dir, err := pgserver.TempDir("eupay-demo-")
	if err != nil {
		return nil, nil, err
	}
	remove := func() {
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, "remove the temporary system:", err)
		}
	}
	s, err := stack.Start(ctx, stack.Options{
		Dir: dir, DatabaseURL: settings.DatabaseURL, Repository: settings.Repository, Binaries: filepath.Join(settings.Dir, "postgres-binaries"),
		Volatile: true, Env: settings.Extra, Log: slog.New(slog.DiscardHandler), Say: func(f string, a ...any) { fmt.Printf(f+"\n", a...) },
	})
	if err != nil {
		remove()
		return nil, nil, err
	}
	return s, func() { s.Stop(); remove() }, nil
}
