package main

import (
	"log/slog"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
)

// serve replaces the named service, at the address in the setting; it expects an operator's identity.
func serve(t *testing.T, name, setting string, desc *grpc.ServiceDesc, answers any) {
	t.Helper()
	serveAll(t, name, setting, answers, desc)
}

// serveAll is serve for several gRPC services.
func serveAll(t *testing.T, name, setting string, answers any, all ...*grpc.ServiceDesc) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	creds := credentials.NewTLS(identitytest.Load(t, name).Server())
	srv := grpc.NewServer(grpc.Creds(creds), grpc.ChainUnaryInterceptor(errs.UnaryServer(log)), grpc.ChainStreamInterceptor(errs.StreamServer(log)))
	for _, desc := range all {
		srv.RegisterService(desc, answers)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	as(t, identitytest.Files(t, identity.Operator))
	t.Setenv(setting, l.Addr().String())
}
