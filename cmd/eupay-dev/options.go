package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"time"

	"european-pay.eu/eupay/internal/run/config"
)

// options exist only in the all-in-one process, for measurements.
type options struct {
	// PprofAddr serves Go profiles, only on loopback because they show the memory.
	PprofAddr string `env:"EUPAY_PPROF_ADDR"`
	// DemoRate is the calls per minute of the demo's API key. 0: the limit of the API reference.
	DemoRate int `env:"EUPAY_DEMO_RATE"`
}

func loadOptions() (options, error) {
	var o options
	err := config.Load(&o)
	return o, err
}

// Validate refuses settings that would show the memory to others.
func (o *options) Validate() error {
	if o.PprofAddr == "" {
		return nil
	}
	addr, err := netip.ParseAddrPort(o.PprofAddr)
	if err != nil || !addr.Addr().IsLoopback() {
		return errors.New("EUPAY_PPROF_ADDR must be a loopback address with a port, such as 127.0.0.1:6060")
	}
	return nil
}

// profile serves /debug/pprof/ until stop is called.
func (o *options) profile(ctx context.Context) (stop func(), err error) {
	if o.PprofAddr == "" {
		return func() {}, nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.PprofAddr)
	if err != nil {
		return nil, fmt.Errorf("listen for profiles: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			say("Profiles are no longer served: %v", err)
		}
	}()
	return func() {
		srv.Close() // aborts profiles in progress
		<-ended
	}, nil
}
