package main

import (
	"context"
	"fmt"
	"os"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/natsserver"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/config"
)

type natsSettings struct {
	Dir  string `env:"EUPAY_NATS_DIR,required"`
	Port int    `env:"EUPAY_NATS_PORT" envDefault:"4222"`
	// TLS names the files of the broker's identity.
	TLS identity.Files
	boot.StreamSettings
}

// runNATS runs the embedded NATS server with JetStream until ctx ends. In a cluster use the real one.
func runNATS(ctx context.Context) error {
	var s natsSettings
	if err := config.Load(&s); err != nil {
		return err
	}
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
