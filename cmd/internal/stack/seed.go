package stack

import (
	"context"
	"log/slog"

	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/config"
	"european-pay.eu/eupay/services/gateway"
)

// usualRate is the API reference's limit of an API key, in requests per minute.
const usualRate = 100

// seed ensures that the demo accounts exist, with the credentials in the system's secrets.
func (s *Stack) seed(ctx context.Context) error {
	s.mu.Lock()
	g := s.gateway
	s.mu.Unlock()
	_, err := g.Seed(ctx, Demo(s.System(), s.o.RatePerMinute))
	return err
}

// Demo returns the accounts of every system on one machine.
func Demo(sys system.System, perMinute int) gateway.Demo {
	if perMinute == 0 {
		perMinute = usualRate
	}
	return gateway.Demo{
		Merchant:         gateway.Merchant{Name: system.MerchantName, Email: system.MerchantEmail, IBAN: system.MerchantIBAN},
		MerchantPassword: sys.Secrets.MerchantLogin,
		AdminEmail:       system.AdminEmail, AdminPassword: sys.Secrets.AdminLogin,
		CustomerEmail: system.CustomerEmail, CustomerPassword: sys.Secrets.CustomerLogin,
		Keys: []gateway.DemoKey{{Public: sys.Secrets.APIKey, Secret: sys.Secrets.APISecret, PerMinute: perMinute}},
	}
}

// Seed creates the demo accounts of a system whose services are separate processes: it briefly opens a second gateway that serves
// nobody. perMinute is the limit of the demo's API key; 0: that of the API reference.
func Seed(ctx context.Context, sys system.System, perMinute int, log *slog.Logger) error {
	env := sys.Env(system.Gateway)
	for _, name := range []string{"EUPAY_HTTP_ADDR", "EUPAY_GRPC_ADDR", "EUPAY_MANAGEMENT_ADDR"} {
		env[name] = system.Loopback(0)
	}
	var cfg gateway.Config
	if err := config.Parse(&cfg, env); err != nil {
		return err
	}
	g, err := gateway.New(ctx, cfg, boot.Deps{Log: log})
	if err != nil {
		return err
	}
	defer g.Close()
	_, err = g.Seed(ctx, Demo(sys, perMinute))
	return err
}
