package boot

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"european-pay.eu/eupay/internal/run/config"
)

// Service is the facade of a service module.
type Service interface {
	Run(ctx context.Context) error
	Close()
}

// checker are the settings of a service with a database: they embed Plain or Base.
type checker interface{ checkSettings() error }

// Main is the main function of a service: it reads cfg from the environment, opens the service and runs it until SIGINT or
// SIGTERM. With the argument "check-config" it only checks the settings. It returns the exit code.
func Main[C any, S Service](cfg *C, open func(context.Context, C, Deps) (S, error)) int {
	if err := config.Load(cfg); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if len(os.Args) > 1 && os.Args[1] == "check-config" {
		if c, ok := any(cfg).(checker); ok {
			if err := c.checkSettings(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
		fmt.Println("settings are valid")
		return 0
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	TuneMemory()
	svc, err := open(ctx, *cfg, Deps{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer svc.Close()
	if err := svc.Run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
