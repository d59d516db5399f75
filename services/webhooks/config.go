package webhooks

import (
	"errors"
	"time"

	"european-pay.eu/eupay/internal/boot"
	"european-pay.eu/eupay/services/webhooks/internal/push"
	"european-pay.eu/eupay/services/webhooks/internal/secret"
)

// Config holds the settings of the webhooks service.
type Config struct {
	boot.Base
	// MasterKey encrypts the endpoints' secrets: 32 bytes in base64 or hex. Keep it: without it no webhook can be signed.
	MasterKey string `env:"EUPAY_WEBHOOK_MASTER_KEY,required"`
	// AllowLoopback lets webhooks go to this machine, for tests and demonstrations only.
	AllowLoopback bool `env:"EUPAY_WEBHOOK_ALLOW_LOOPBACK" envDefault:"false"`
	// Schedule is the wait before each attempt, counted from the end of the one before.
	Schedule []time.Duration `env:"EUPAY_WEBHOOK_SCHEDULE" envDefault:"0s,5s,30s,5m,30m"`
	// Timeout bounds one attempt. At most 30 s: leases are made for that.
	Timeout time.Duration `env:"EUPAY_WEBHOOK_TIMEOUT" envDefault:"10s"`
	// Workers bounds the attempts at one time.
	Workers int `env:"EUPAY_WEBHOOK_WORKERS" envDefault:"512"`
	// PerEndpoint bounds the attempts at one endpoint at one time.
	PerEndpoint int `env:"EUPAY_WEBHOOK_ENDPOINT_CONCURRENCY" envDefault:"32"`
	// PushPrivateKey signs Web Push messages (VAPID): a P-256 private key, 32 bytes in base64url. Keep it: browsers
	// subscribe to its public part. PushSubject is whom push services can turn to: mailto: or https:. Without both there
	// is no push.
	PushPrivateKey string `env:"EUPAY_PUSH_PRIVATE_KEY"`
	PushSubject    string `env:"EUPAY_PUSH_SUBJECT"`
}

// Validate reports every setting that cannot work.
func (c *Config) Validate() error {
	_, keyErr := secret.NewVault(c.MasterKey)
	_, pushErr := push.NewKey(c.PushPrivateKey, c.PushSubject)
	problems := []error{keyErr, pushErr}
	check := func(ok bool, message string) {
		if !ok {
			problems = append(problems, errors.New(message))
		}
	}
	check(len(c.Schedule) > 0 && len(c.Schedule) <= 20, "EUPAY_WEBHOOK_SCHEDULE needs 1 to 20 waits")
	for i, wait := range c.Schedule {
		check(wait >= 0 && (i > 0 || wait == 0), "EUPAY_WEBHOOK_SCHEDULE must start with 0s and have no negative wait")
	}
	check(c.Timeout > 0 && c.Timeout <= 30*time.Second, "EUPAY_WEBHOOK_TIMEOUT must be above 0 and at most 30s")
	check(c.Workers > 0 && c.Workers <= 10_000, "EUPAY_WEBHOOK_WORKERS must be from 1 to 10000")
	check(c.PerEndpoint > 0 && c.PerEndpoint <= c.Workers, "EUPAY_WEBHOOK_ENDPOINT_CONCURRENCY must be from 1 to EUPAY_WEBHOOK_WORKERS")
	return errors.Join(problems...)
}
