// Package system describes EU Pay on one machine: the addresses of all parts, the secrets that they share and the settings of
// each service. The all-in-one process and the processes of `make run-split` are built from it.
package system

import (
	"cmp"
	"maps"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/localca"
	"european-pay.eu/eupay/internal/run/bus"
)

// The sandbox bank's phases: long enough to be seen, short enough not to wait.
const (
	InstantPhase = 500 * time.Millisecond
	ClassicPhase = 2 * time.Second
)

// pushSubject is the contact for the browsers' push services. Some of them refuse an address on this machine.
const pushSubject = "https://european-pay.eu"

// System is one complete description.
type System struct {
	Ports   Ports
	Secrets Secrets
	// DatabaseURL of the PostgreSQL for its administrator. Each service has its own role and schema there.
	DatabaseURL string
	// Identities is the folder of the services' certificates.
	Identities string
	// PublicURL is the gateway's URL for payers and merchants. Empty: loopback.
	PublicURL string
	// Extra settings are passed to every service, unless they contradict those derived from the rest.
	Extra map[string]string
}

// URL returns the base URL of the gateway, without /api/v1.
func (s System) URL() string { return "http://" + Loopback(s.Ports.HTTP) }

// Public returns the gateway's URL for payers.
func (s System) Public() string {
	if s.PublicURL != "" {
		return strings.TrimRight(s.PublicURL, "/")
	}
	return s.URL()
}

// BankURL returns the base URL of the sandbox bank.
func (s System) BankURL() string { return "http://" + Loopback(s.Ports.Bank) }

// BankManagementURL returns the URL at which its faults are controlled.
func (s System) BankManagementURL() string { return "http://" + Loopback(s.Ports.BankManagement) }

// InvoicingURL returns the base URL of the sandbox e-invoicing platform.
func (s System) InvoicingURL() string { return "http://" + Loopback(s.Ports.Invoicing) }

// InvoicingManagementURL returns the URL at which its faults are controlled.
func (s System) InvoicingManagementURL() string {
	return "http://" + Loopback(s.Ports.InvoicingManagement)
}

// accounts returns the settings that protect accounts: off, unless the extra settings say otherwise. On one machine the examples
// of the API reference must work as written, and the passwords of the demo accounts are public anyway.
func (s System) accounts() map[string]string {
	env := make(map[string]string)
	for _, name := range []string{"EUPAY_EMAIL_VERIFICATION", "EUPAY_ADMIN_MFA", "EUPAY_STEP_UP"} {
		env[name] = cmp.Or(s.Extra[name], "false")
	}
	env["EUPAY_IBAN_HOLD"] = cmp.Or(s.Extra["EUPAY_IBAN_HOLD"], "0s")
	return env
}

// Load describes the system of a folder: its secrets and identities, which are created if missing, and these ports.
func Load(dir string, ports Ports) (System, error) {
	secrets, err := LoadSecrets(dir)
	if err != nil {
		return System{}, err
	}
	identities := filepath.Join(dir, "identities")
	if err := localca.Ensure(identities, time.Now(), localca.Names()...); err != nil {
		return System{}, err
	}
	return System{Ports: ports, Secrets: secrets, Identities: identities}, nil
}

// NATSURL returns the URL of the broker. Clients must present an identity.
func (s System) NATSURL() string { return "nats://" + Loopback(s.Ports.NATS) }

// Identity returns the files of an identity.
func (s System) Identity(name string) identity.Files { return localca.Files(s.Identities, name) }

// As returns the named identity. If its files become unreadable later, the previous ones stay in use.
func (s System) As(name string) (*identity.Identity, error) {
	return identity.Load(s.Identity(name), func(error) {})
}

// DialNATS connects to the broker as an operator. The caller closes the connection.
func (s System) DialNATS(options ...nats.Option) (*nats.Conn, error) {
	who, err := s.As(identity.Operator)
	if err != nil {
		return nil, err
	}
	return nats.Connect(s.NATSURL(), append(options, bus.Secure(who)...)...)
}

// NATSEnv returns the settings of the broker as a separate process, which stores its streams below dir. It has room for the
// streams that the services create, whose settings are the same.
func (s System) NATSEnv(dir string) map[string]string {
	env := maps.Clone(s.Extra)
	if env == nil {
		env = make(map[string]string)
	}
	maps.Copy(env, s.Identity(identity.NATS).Settings())
	env["EUPAY_NATS_DIR"], env["EUPAY_NATS_PORT"] = filepath.Join(dir, "nats"), strconv.Itoa(s.Ports.NATS)
	return env
}

// ManagementURL returns the URL of a service's health and metrics.
func (s System) ManagementURL(service string) string {
	return "http://" + Loopback(s.Ports.Management[service])
}

// ProviderHook returns the URL for the sandbox bank's webhooks.
func (s System) ProviderHook() string { return s.URL() + "/api/v1/webhooks/powens" }

// InvoicingHook returns the URL for the sandbox e-invoicing platform's webhooks.
func (s System) InvoicingHook() string { return s.URL() + "/api/v1/webhooks/seqino/test" }

// Env returns the settings of a service, as its process would find them in the environment.
func (s System) Env(service string) map[string]string {
	env := make(map[string]string)
	maps.Copy(env, s.Extra)
	if service == Portal {
		maps.Copy(env, s.portal())
		return env
	}
	maps.Copy(env, map[string]string{
		"EUPAY_DATABASE_URL":    s.ServiceDatabaseURL(service),
		"EUPAY_NATS_URL":        s.NATSURL(),
		"EUPAY_PUBLIC_URL":      s.Public(),
		"EUPAY_GRPC_ADDR":       Loopback(s.Ports.GRPC[service]),
		"EUPAY_MANAGEMENT_ADDR": Loopback(s.Ports.Management[service]),
	})
	maps.Copy(env, s.Identity(service).Settings())
	maps.Copy(env, s.own(service))
	return env
}

// portal are all settings of the portal: it knows the database and the public API, and nobody else.
func (s System) portal() map[string]string {
	env := map[string]string{
		"EUPAY_DATABASE_URL":       s.ServiceDatabaseURL(Portal),
		"EUPAY_MANAGEMENT_ADDR":    Loopback(s.Ports.Management[Portal]),
		"EUPAY_HTTP_ADDR":          Loopback(s.Ports.Pages),
		"EUPAY_API_URL":            s.URL(),
		"EUPAY_PUBLIC_URL":         s.Public(),
		"EUPAY_PORTAL_MASTER_KEY":  s.Secrets.PortalMaster,
		"EUPAY_TRUSTED_PROXIES":    loopbackOnly,
		"EUPAY_PORTAL_DEVELOPMENT": "true",
	}
	if s.OwnMailbox() {
		env["EUPAY_MAILBOX_URL"] = s.MailPages()
	}
	if s.OwnS3() {
		env["EUPAY_S3_ENDPOINT"], env["EUPAY_S3_PUBLIC_URL"] = s.S3URL(), s.S3PublicURL()
	}
	return env
}

// loopbackOnly is the network of this machine, where the gateway and the portal are each other's proxies.
const loopbackOnly = "127.0.0.0/8"

// own are the settings that one service has beside the common ones.
func (s System) own(service string) map[string]string {
	switch service {
	case Gateway:
		env := map[string]string{
			"EUPAY_HTTP_ADDR":                  Loopback(s.Ports.HTTP),
			"EUPAY_JWT_SECRET":                 s.Secrets.JWT,
			"EUPAY_PAGES_URL":                  "http://" + Loopback(s.Ports.Pages),
			"EUPAY_PORTAL_URL":                 s.Public() + "/portal",
			"EUPAY_TRUSTED_PROXIES":            cmp.Or(s.Extra["EUPAY_TRUSTED_PROXIES"], loopbackOnly),
			"EUPAY_POWENS_TEST_WEBHOOK_SECRET": s.Secrets.ProviderHook,
		}
		for _, other := range []string{Payments, Webhooks, QR, EInvoice} {
			env["EUPAY_"+strings.ToUpper(other)+"_ADDR"] = Loopback(s.Ports.GRPC[other])
		}
		maps.Copy(env, s.mail())
		maps.Copy(env, s.accounts())
		return env
	case Payments:
		return map[string]string{
			"EUPAY_POWENS_TEST_BASE_URL":      s.BankURL(),
			"EUPAY_POWENS_TEST_LINKS_URL":     s.BankURL(),
			"EUPAY_POWENS_TEST_CLIENT_ID":     s.Secrets.BankClientID,
			"EUPAY_POWENS_TEST_CLIENT_SECRET": s.Secrets.BankSecret,
			"EUPAY_CONNECTIONS_KEY":           s.Secrets.Connections,
		}
	case Webhooks:
		// A developer's receiver runs on this machine.
		return map[string]string{
			"EUPAY_WEBHOOK_MASTER_KEY": s.Secrets.WebhookMaster, "EUPAY_WEBHOOK_ALLOW_LOOPBACK": "true",
			"EUPAY_PUSH_PRIVATE_KEY": s.Secrets.PushKey, "EUPAY_PUSH_SUBJECT": pushSubject,
		}
	case QR:
		env := s.s3()
		env["EUPAY_QR_SIGNING_KEY"] = s.Secrets.QRSigningKey
		// Codes lead to the pages of this machine, so that a phone or a person can follow them.
		env["EUPAY_QR_BASE_URL"] = s.Public()
		return env
	case EInvoice:
		return map[string]string{
			"EUPAY_SEQINO_TEST_BASE_URL":       s.InvoicingURL(),
			"EUPAY_SEQINO_TEST_API_KEY":        s.Secrets.InvoicingKey,
			"EUPAY_SEQINO_TEST_WEBHOOK_SECRET": s.Secrets.InvoicingHook,
		}
	default:
		return nil
	}
}

// The S3 store's bucket, the prefix of its public keys, its region, and the name of its only key.
const (
	S3Bucket    = "eupay-images"
	S3Public    = "product-images/"
	S3Region    = "eu-west-3"
	S3AccessKey = "eupay-local"
)

// OwnS3 reports whether the system has its own S3 store. Extra settings may name another.
func (s System) OwnS3() bool { return s.Extra["EUPAY_S3_ENDPOINT"] == "" }

// S3URL returns the base URL of the S3 store.
func (s System) S3URL() string { return "http://" + Loopback(s.Ports.S3) }

// S3PublicURL returns the public URL of the bucket.
func (s System) S3PublicURL() string { return s.S3URL() + "/" + S3Bucket }

// s3 returns the settings for clients of the store. The extra settings replace all of them, because another store has other keys.
func (s System) s3() map[string]string {
	if !s.OwnS3() {
		return make(map[string]string)
	}
	return map[string]string{
		"EUPAY_S3_ENDPOINT": s.S3URL(), "EUPAY_S3_BUCKET": S3Bucket, "EUPAY_S3_REGION": S3Region, "EUPAY_S3_ACCESS_KEY": S3AccessKey,
		"EUPAY_S3_SECRET_KEY": s.Secrets.S3Key, "EUPAY_S3_PUBLIC_URL": s.S3PublicURL(),
	}
}

// SandboxEnv returns the settings of the sandbox process: bank, e-invoicing platform, S3 store and mailbox. It stores their
// journals and objects in dir.
func (s System) SandboxEnv(dir string) map[string]string {
	env := map[string]string{
		"EUPAY_SANDBOX_ADDR":           Loopback(s.Ports.Bank),
		"EUPAY_SANDBOX_MGMT_ADDR":      Loopback(s.Ports.BankManagement),
		"EUPAY_SANDBOX_DIR":            filepath.Join(dir, "bank"),
		"EUPAY_SANDBOX_BASE_URL":       s.BankURL(),
		"EUPAY_SANDBOX_CLIENT_ID":      s.Secrets.BankClientID,
		"EUPAY_SANDBOX_CLIENT_SECRET":  s.Secrets.BankSecret,
		"EUPAY_SANDBOX_WEBHOOK_URL":    s.ProviderHook(),
		"EUPAY_SANDBOX_WEBHOOK_SECRET": s.Secrets.ProviderHook,
		"EUPAY_SANDBOX_INSTANT_PHASE":  InstantPhase.String(),
		"EUPAY_SANDBOX_CLASSIC_PHASE":  ClassicPhase.String(),

		"EUPAY_SANDBOX_EINVOICING_ADDR":           Loopback(s.Ports.Invoicing),
		"EUPAY_SANDBOX_EINVOICING_MGMT_ADDR":      Loopback(s.Ports.InvoicingManagement),
		"EUPAY_SANDBOX_EINVOICING_DIR":            filepath.Join(dir, "invoicing"),
		"EUPAY_SANDBOX_EINVOICING_BASE_URL":       s.InvoicingURL(),
		"EUPAY_SANDBOX_EINVOICING_API_KEY":        s.Secrets.InvoicingKey,
		"EUPAY_SANDBOX_EINVOICING_WEBHOOK_URL":    s.InvoicingHook(),
		"EUPAY_SANDBOX_EINVOICING_WEBHOOK_SECRET": s.Secrets.InvoicingHook,
	}
	if s.OwnMailbox() {
		env["EUPAY_SANDBOX_SMTP_ADDR"], env["EUPAY_SANDBOX_MAILBOX_ADDR"] = Loopback(s.Ports.SMTP), Loopback(s.Ports.Mailbox)
	}
	if s.OwnS3() {
		maps.Copy(env, map[string]string{
			"EUPAY_SANDBOX_S3_ADDR": Loopback(s.Ports.S3), "EUPAY_SANDBOX_S3_DIR": filepath.Join(dir, "s3"), "EUPAY_SANDBOX_S3_BUCKET": S3Bucket,
			"EUPAY_SANDBOX_S3_REGION": S3Region, "EUPAY_SANDBOX_S3_ACCESS_KEY": S3AccessKey, "EUPAY_SANDBOX_S3_SECRET_KEY": s.Secrets.S3Key,
			"EUPAY_SANDBOX_S3_PUBLIC": S3Public,
		})
	}
	return env
}
