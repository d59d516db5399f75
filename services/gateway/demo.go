package gateway

import (
	"context"

	"european-pay.eu/eupay/services/gateway/internal/apikey"
	"european-pay.eu/eupay/services/gateway/internal/directory"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
)

// Demo are the accounts that Seed ensures.
type Demo = directory.Demo

// DemoKey is an API key of Demo.
type DemoKey = apikey.Demo

// Merchant is an account that takes payments.
type Merchant = merchant.Merchant

// Seed makes sure that demo accounts with known credentials exist. It is for development and benchmarks only.
func (s *Service) Seed(ctx context.Context, d Demo) (Merchant, error) { return s.accounts.Seed(ctx, d) }
