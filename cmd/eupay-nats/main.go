// Command eupay-nats is the embedded NATS server with JetStream as a process of its own, for `make run-split`. In a
// cluster use the real one.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"european-pay.eu/eupay/internal/boot"
	"european-pay.eu/eupay/internal/config"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/natsserver"
)

type settings struct {
	Dir  string `env:"EUPAY_NATS_DIR,required"`
	Port int    `env:"EUPAY_NATS_PORT" envDefault:"4222"`
	// TLS names the files of the broker's identity.
	TLS identity.Files
	boot.StreamSettings
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var s settings
	if err := config.Load(&s); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	who, err := identity.Load(s.TLS, func(err error) { fmt.Fprintln(os.Stderr, err) })
	if err != nil {
		return err
	}
	srv, err := natsserver.Start(natsserver.Options{Dir: s.Dir, Port: s.Port, Identity: who, MaxBytes: natsserver.Room(s.Broker().Bytes)})
	if err != nil {
		return err
	}
	fmt.Println("NATS runs on port", srv.Port())
	<-ctx.Done()
	srv.Stop()
	return nil
}
