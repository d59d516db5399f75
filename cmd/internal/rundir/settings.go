// Package rundir has what the programs that run EU Pay on one machine share: their settings, the folder with their state, and the
// screen that shows how to reach the system.
package rundir

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/internal/run/config"
)

// Settings of a run.
type Settings struct {
	// Dir has all state and secrets.
	Dir string `env:"EUPAY_RUN_DIR" envDefault:".run"`
	// Port of the gateway. 0: any free port, for everything else too.
	Port int `env:"PORT" envDefault:"8080"`
	// PublicURL is the gateway's URL for payers, if that is not this machine's loopback.
	PublicURL string `env:"EUPAY_PUBLIC_URL"`
	// DatabaseURL of a PostgreSQL to use instead of a private one.
	DatabaseURL string `env:"EUPAY_DATABASE_URL"`
	// Repository from which PostgreSQL is downloaded if the machine has none.
	Repository         string `env:"EUPAY_POSTGRES_REPOSITORY"`
	PostgresPort       int    `env:"EUPAY_POSTGRES_PORT"`
	NATSPort           int    `env:"EUPAY_NATS_PORT"`
	BankPort           int    `env:"EUPAY_BANK_PORT"`
	BankManagementPort int    `env:"EUPAY_BANK_MGMT_PORT"`
	InvoicingPort      int    `env:"EUPAY_INVOICING_PORT"`
	InvoicingMgmtPort  int    `env:"EUPAY_INVOICING_MGMT_PORT"`
	S3Port             int    `env:"EUPAY_S3_PORT"`
	PagesPort          int    `env:"EUPAY_PAGES_PORT"`
	SMTPPort           int    `env:"EUPAY_SMTP_PORT"`
	MailboxPort        int    `env:"EUPAY_MAILBOX_PORT"`
	LogLevel           string `env:"EUPAY_LOG_LEVEL" envDefault:"info"`
	// Extra are the other given settings of the services.
	Extra map[string]string `env:"-"`
}

// Load reads the settings from the environment and creates the folder. If that fails, it returns the settings with the error.
func Load() (Settings, error) {
	vars, err := config.Environment()
	if err != nil {
		return Settings{}, err
	}
	var s Settings
	if err := config.Parse(&s, vars); err != nil {
		return Settings{}, err
	}
	s.Extra = make(map[string]string)
	for name, value := range vars {
		if strings.HasPrefix(name, "EUPAY_") || strings.HasPrefix(name, "OTEL_") || name == "REDIS_URL" {
			s.Extra[name] = value
		}
	}
	if s.Dir, err = filepath.Abs(s.Dir); err != nil {
		return Settings{}, fmt.Errorf("resolve EUPAY_RUN_DIR: %w", err)
	}
	// Other users may pass through: PostgreSQL may run as another user. Every secret in it is protected by itself.
	if err := os.MkdirAll(s.Dir, 0o755); err != nil { //nolint:gosec // see above
		return s, fmt.Errorf("make the run folder: %w", err)
	}
	return s, nil
}

// Ports returns the required ports, and those to use if they are free.
func (s Settings) Ports() (want, usual system.Ports) {
	want = system.Ports{
		HTTP: s.Port, Postgres: s.PostgresPort, NATS: s.NATSPort, S3: s.S3Port, Pages: s.PagesPort, Bank: s.BankPort, BankManagement: s.BankManagementPort,
		Invoicing: s.InvoicingPort, InvoicingManagement: s.InvoicingMgmtPort, SMTP: s.SMTPPort, Mailbox: s.MailboxPort,
	}
	if s.Port == 0 {
		return want, system.Ports{}
	}
	return want, system.Usual()
}

// System describes the system with these settings: its ports, and the secrets and identities in the folder.
func (s Settings) System() (system.System, error) {
	ports, err := system.Prefer(s.Ports())
	if err != nil {
		return system.System{}, err
	}
	sys, err := system.Load(s.Dir, ports)
	if err != nil {
		return system.System{}, err
	}
	sys.DatabaseURL, sys.PublicURL, sys.Extra = s.DatabaseURL, s.PublicURL, s.Extra
	return sys, nil
}
