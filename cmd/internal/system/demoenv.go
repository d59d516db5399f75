package system

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"european-pay.eu/eupay/internal/identity"
)

// The demo accounts. example.com is reserved for documentation; the IBAN is the usual example.
const (
	MerchantName  = "Demo Store"
	MerchantIBAN  = "FR1420041010050500013M02606"
	MerchantEmail = "merchant@example.com"
	AdminEmail    = "admin@example.com"
	CustomerEmail = "customer@example.com"
)

const demoEnvHeader = `# How to reach the running EU Pay on this machine. For shells and scripts: set -a; . ./demo.env; set +a
# EUPAY_URL is the base without /api/v1. Written when the system answers, removed when it stops.
`

// Demo returns the variables of demo.env, in order.
func (s System) Demo() [][2]string {
	return [][2]string{
		{"EUPAY_URL", s.URL()},
		{"EUPAY_API_KEY", s.Secrets.APIKey},
		{"EUPAY_API_SECRET", s.Secrets.APISecret},
		{"EUPAY_MERCHANT_EMAIL", MerchantEmail},
		{"EUPAY_MERCHANT_PASSWORD", s.Secrets.MerchantLogin},
		{"EUPAY_ADMIN_EMAIL", AdminEmail},
		{"EUPAY_ADMIN_PASSWORD", s.Secrets.AdminLogin},
		{"EUPAY_CUSTOMER_EMAIL", CustomerEmail},
		{"EUPAY_CUSTOMER_PASSWORD", s.Secrets.CustomerLogin},
		{"EUPAY_BANK_URL", s.BankURL()},
		{"EUPAY_BANK_MGMT_URL", s.BankManagementURL()},
		{"EUPAY_INVOICING_URL", s.InvoicingURL()},
		{"EUPAY_INVOICING_MGMT_URL", s.InvoicingManagementURL()},
		{"EUPAY_MAILBOX_URL", s.MailboxURL()},
		{"EUPAY_NATS_URL", s.NATSURL()},
		{"EUPAY_TLS_CERT", s.Identity(identity.Operator).Cert},
		{"EUPAY_TLS_KEY", s.Identity(identity.Operator).Key},
		{"EUPAY_TLS_CA", s.Identity(identity.Operator).CA},
		{"EUPAY_GATEWAY_ADDR", Loopback(s.Ports.GRPC[Gateway])},
		{"EUPAY_PAYMENTS_ADDR", Loopback(s.Ports.GRPC[Payments])},
		{"EUPAY_WEBHOOKS_ADDR", Loopback(s.Ports.GRPC[Webhooks])},
		{"EUPAY_QR_ADDR", Loopback(s.Ports.GRPC[QR])},
		{"EUPAY_EINVOICE_ADDR", Loopback(s.Ports.GRPC[EInvoice])},
		{"EUPAY_DATABASE_URL", s.DatabaseURL},
	}
}

// DemoEnv returns the path of demo.env in the folder.
func DemoEnv(dir string) string { return filepath.Join(dir, "demo.env") }

// WriteDemoEnv writes demo.env, readable only by its owner.
func (s System) WriteDemoEnv(dir string) error {
	var b strings.Builder
	b.WriteString(demoEnvHeader)
	for _, kv := range s.Demo() {
		fmt.Fprintf(&b, "%s=%s\n", kv[0], quote(kv[1]))
	}
	return writeSecret(DemoEnv(dir), []byte(b.String()))
}

// RemoveDemoEnv removes demo.env, which is no longer true.
func RemoveDemoEnv(dir string) error {
	if err := os.Remove(DemoEnv(dir)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove demo.env: %w", err)
	}
	return nil
}

// ReadDemoEnv reads a demo.env.
func ReadDemoEnv(dir string) (map[string]string, error) {
	f, err := os.Open(DemoEnv(dir))
	if err != nil {
		return nil, fmt.Errorf("read demo.env: %w", err)
	}
	defer f.Close()
	vars := make(map[string]string)
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), "=")
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		vars[name] = unquote(value)
	}
	return vars, lines.Err()
}

// quote makes s a single word of a POSIX shell, whatever it contains.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func unquote(s string) string {
	return strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(s, "'"), "'"), `'\''`, "'")
}
