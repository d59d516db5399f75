package stack

import (
	"context"
	"fmt"

	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/config"
	"european-pay.eu/eupay/services/einvoice"
	"european-pay.eu/eupay/services/gateway"
	"european-pay.eu/eupay/services/payments"
	"european-pay.eu/eupay/services/portal"
	"european-pay.eu/eupay/services/qr"
	"european-pay.eu/eupay/services/webhooks"
)

// opener opens a service with the settings that its own process would read from the environment.
type opener func(ctx context.Context, env map[string]string, deps boot.Deps) (boot.Service, error)

var openers = map[string]opener{
	system.Payments: open(payments.New),
	system.Webhooks: open(webhooks.New),
	system.QR:       open(qr.New),
	system.EInvoice: open(einvoice.New),
	system.Portal:   open(portal.New),
	system.Gateway:  open(gateway.New),
}

func open[C any, S boot.Service](make func(context.Context, C, boot.Deps) (S, error)) opener {
	return func(ctx context.Context, env map[string]string, deps boot.Deps) (boot.Service, error) {
		var cfg C
		if err := config.Parse(&cfg, env); err != nil {
			return nil, err
		}
		return make(ctx, cfg, deps)
	}
}

// StartService starts a service (again) on its own ports and waits until it is ready.
func (s *Stack) StartService(ctx context.Context, name string) error {
	sys := s.System()
	svc, err := openers[name](ctx, sys.Env(name), boot.Deps{Log: s.log})
	if err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	s.mu.Lock()
	if g, ok := svc.(*gateway.Service); ok {
		s.gateway = g
	}
	s.services[name] = s.supervise(name, func(ctx context.Context) error {
		defer svc.Close()
		return svc.Run(ctx)
	})
	s.mu.Unlock()
	return sys.WaitReady(ctx, name, s.failure)
}

// Replica starts another replica of a service on ports of its own. The caller stops it.
func (s *Stack) Replica(ctx context.Context, name string) (stop func(), err error) {
	env := s.System().Env(name)
	for _, setting := range []string{"EUPAY_HTTP_ADDR", "EUPAY_GRPC_ADDR", "EUPAY_MANAGEMENT_ADDR"} {
		env[setting] = system.Loopback(0)
	}
	svc, err := openers[name](ctx, env, boot.Deps{Log: s.log})
	if err != nil {
		return nil, fmt.Errorf("start another %s: %w", name, err)
	}
	p := s.supervise("another "+name, func(ctx context.Context) error {
		defer svc.Close()
		return svc.Run(ctx)
	})
	return p.stop, nil
}

// StopService stops a service regularly; StartService starts it again.
func (s *Stack) StopService(name string) {
	s.mu.Lock()
	p := s.services[name]
	delete(s.services, name)
	s.mu.Unlock()
	p.stop()
}

// RestartPayments stops the payments service and starts it again.
func (s *Stack) RestartPayments(ctx context.Context) error {
	s.StopService(system.Payments)
	return s.StartService(ctx, system.Payments)
}
