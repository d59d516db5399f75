package stack

import (
	"context"

	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/services/gateway"
)

// usualRate is the documented limit of an API key, in requests a minute.
const usualRate = 100

// seed makes sure that the demo accounts exist, with the credentials of the system's secrets.
func (s *Stack) seed(ctx context.Context) error {
	s.mu.Lock()
	g := s.gateway
	s.mu.Unlock()
	_, err := g.Seed(ctx, Demo(s.System(), s.o.RatePerMinute))
	return err
}

// Demo are the accounts that every system on one machine has.
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
