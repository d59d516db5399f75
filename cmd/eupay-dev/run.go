package main

import (
	"context"
	"os"
	"time"

	"european-pay.eu/eupay/cmd/internal/rundir"
	"european-pay.eu/eupay/cmd/internal/stack"
	"european-pay.eu/eupay/cmd/internal/system"
)

// runAll runs the complete EU Pay in this process.
func runAll(ctx context.Context) (err error) {
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
	own, err := loadOptions()
	if err != nil {
		return err
	}
	stopProfile, err := own.profile(ctx)
	if err != nil {
		return err
	}
	defer stopProfile()
	want, usual := settings.Ports()
	s, err := stack.Start(ctx, stack.Options{
		Dir: settings.Dir, DatabaseURL: settings.DatabaseURL, Repository: settings.Repository, PublicURL: settings.PublicURL,
		Ports: want, Usual: usual, Env: settings.Extra, RatePerMinute: own.DemoRate, Log: log, Say: say,
	})
	if err != nil {
		return settings.SeeLog(err)
	}
	defer s.Stop()
	if err := stack.SeedShop(ctx, s.System()); err != nil {
		log.Warn("demo shop is not complete", "error", err) // everything else works without it
	}
	return serve(ctx, settings, s, begin)
}

// serve publishes how to reach the system while it runs.
func serve(ctx context.Context, settings rundir.Settings, s *stack.Stack, begin time.Time) error {
	if err := s.System().WriteDemoEnv(settings.Dir); err != nil {
		return err
	}
	if err := settings.Screen(os.Stdout, s.System(), time.Since(begin)); err != nil {
		return err
	}
	failed := s.Wait(ctx)
	if err := system.RemoveDemoEnv(settings.Dir); err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	say("Stopping… (Ctrl-C again to force)")
	s.Stop()
	say("Stopped.")
	return nil
}
