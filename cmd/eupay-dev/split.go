package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"european-pay.eu/eupay/cmd/internal/rundir"
	"european-pay.eu/eupay/cmd/internal/stack"
	"european-pay.eu/eupay/cmd/internal/system"
)

// runSplit runs every service, the broker and the sandbox as separate processes. The services' programs are in the folder of this
// one.
func runSplit(ctx context.Context) (err error) {
	begin := time.Now()
	settings, err := rundir.Load()
	defer func() { err = settings.Explain(err) }()
	if err != nil {
		return err
	}
	release, err := rundir.Lock(settings.Dir)
	if err != nil {
		return err
	}
	defer release()
	log, closeLog, err := settings.OpenLog()
	if err != nil {
		return err
	}
	defer closeLog()
	sys, err := settings.System()
	if err != nil {
		return err
	}
	endPostgres, err := postgres(ctx, settings, &sys, log)
	if err != nil {
		return err
	}
	defer endPostgres()
	if err := sys.PrepareDatabase(ctx); err != nil {
		return err
	}
	all, err := programs(settings.Dir)
	if err != nil {
		return err
	}
	defer all.stop() // repeating it is harmless
	if err := startAll(ctx, all, sys, log); err != nil {
		return fmt.Errorf("%w\nThe logs are in %s", err, settings.Dir)
	}
	return serveSplit(ctx, settings, sys, all, begin)
}

// postgres starts the private server unless another one was given.
func postgres(ctx context.Context, s rundir.Settings, sys *system.System, log *slog.Logger) (end func(), err error) {
	if s.DatabaseURL != "" {
		return func() {}, nil
	}
	srv, err := stack.PrivatePostgres(ctx, stack.Options{Dir: s.Dir, Repository: s.Repository, Log: log, Say: say}, sys.Ports.Postgres)
	if err != nil {
		return nil, err
	}
	sys.DatabaseURL = srv.URL
	return srv.Stop, nil
}

func startAll(ctx context.Context, all *processes, sys system.System, log *slog.Logger) error {
	say("Starting NATS, the sandbox and the services…")
	if err := errors.Join(all.startSelf(broker, sys.NATSEnv(all.dir)), all.start("eupay-sandbox", sys.SandboxEnv(all.dir))); err != nil {
		return err
	}
	for _, name := range system.Names {
		if err := all.start(name, sys.Env(name)); err != nil {
			return err
		}
	}
	for _, name := range system.Names {
		if err := sys.WaitReady(ctx, name, all.failure); err != nil {
			return err
		}
	}
	return stack.Seed(ctx, sys, 0, log)
}

func serveSplit(ctx context.Context, settings rundir.Settings, sys system.System, all *processes, begin time.Time) error {
	if err := sys.WriteDemoEnv(settings.Dir); err != nil {
		return err
	}
	if err := settings.Screen(os.Stdout, sys, time.Since(begin)); err != nil {
		return err
	}
	var failed error
	select {
	case <-ctx.Done():
		say("Stopping… (Ctrl-C again to force)")
	case failed = <-all.failure:
	}
	if err := errors.Join(failed, system.RemoveDemoEnv(settings.Dir)); err != nil {
		return err
	}
	all.stop()
	say("Stopped.")
	return nil
}
