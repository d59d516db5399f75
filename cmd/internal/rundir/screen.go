package rundir

import (
	"io"
	"strings"
	"text/template"
	"time"

	"european-pay.eu/eupay/cmd/internal/system"
)

var screen = template.Must(template.New("screen").Parse(`
  EU Pay runs. Ready after {{.Took}}. Nothing here moves real money.

  Portal               {{.URL}}/portal
  Documentation        {{.URL}}/docs
  API                  {{.URL}}/api/v1
  Sandbox bank         {{.BankURL}}
  Sandbox e-invoicing  {{.InvoicingURL}}
  Sandbox mailbox      {{.MailPages}}

  API key              {{.Secrets.APIKey}}
  API secret           {{.Secrets.APISecret}}

  Merchant             {{.MerchantEmail}} {{.Secrets.MerchantLogin}}
  Admin                {{.AdminEmail}} {{.Secrets.AdminLogin}}
  Customer             {{.CustomerEmail}} {{.Secrets.CustomerLogin}}

  Create a payment:

  curl -X POST "{{.URL}}/api/v1/gateway/payments" \
    -H "X-Api-Key: {{.Secrets.APIKey}}" \
    -H "X-Api-Secret: {{.Secrets.APISecret}}" \
    -H "Content-Type: application/json" \
    -d '{
      "amount": 29.99,
      "currency": "EUR",
      "description": "Order #1042",
      "reference": "ORDER-1042",
      "success_url": "https://yourstore.com/success",
      "cancel_url": "https://yourstore.com/cancel"
    }'

  All of this for scripts: {{.DemoEnv}}
  Log: {{.LogFile}}
  Stop with Ctrl-C. What was created stays; to start afresh remove {{.Dir}}.

`))

type screenData struct {
	system.System
	Took, Dir, DemoEnv, LogFile              string
	MerchantEmail, AdminEmail, CustomerEmail string
}

// Screen prints how to reach the running system.
func (s Settings) Screen(w io.Writer, sys system.System, took time.Duration) error {
	return screen.Execute(w, screenData{
		System: sys, Took: took.Round(10 * time.Millisecond).String(),
		Dir: s.Dir, DemoEnv: system.DemoEnv(s.Dir), LogFile: s.LogFile(),
		MerchantEmail: pad(system.MerchantEmail), AdminEmail: pad(system.AdminEmail), CustomerEmail: pad(system.CustomerEmail),
	})
}

func pad(s string) string { return s + strings.Repeat(" ", max(0, 20-len(s))) }
