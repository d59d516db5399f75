package webhooks

import (
	"errors"
	"slices"
	"time"

	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/services/webhooks/internal/delivery"
	"european-pay.eu/eupay/services/webhooks/internal/push"
	"european-pay.eu/eupay/services/webhooks/internal/secret"
)

// Config holds the settings of the webhooks service.
type Config struct {
	boot.Base
	// MasterKey encrypts the endpoints' secrets: 32 bytes in base64 or hex. Back it up: without it no webhook can be signed.
	MasterKey string `env:"EUPAY_WEBHOOK_MASTER_KEY,required"`
	// OldMasterKeys are the previous keys, needed until `eupayctl keys rotate` has sealed everything with the new key.
	OldMasterKeys []string `env:"EUPAY_WEBHOOK_OLD_MASTER_KEYS"`
	// AllowLoopback permits webhooks to this machine. For tests and demonstrations only.
	AllowLoopback bool `env:"EUPAY_WEBHOOK_ALLOW_LOOPBACK" envDefault:"false"`
	// Schedule is the wait before each attempt, counted from the end of the previous one.
	Schedule []time.Duration `env:"EUPAY_WEBHOOK_SCHEDULE" envDefault:"0s,5s,30s,5m,30m"`
	// Timeout is the deadline of one attempt. At most 30 s, which the leases are designed for.
	Timeout time.Duration `env:"EUPAY_WEBHOOK_TIMEOUT" envDefault:"10s"`
	// Workers limits the concurrent attempts.
	Workers int `env:"EUPAY_WEBHOOK_WORKERS" envDefault:"512"`
	// PerEndpoint limits the concurrent attempts at one endpoint.
	PerEndpoint int `env:"EUPAY_WEBHOOK_ENDPOINT_CONCURRENCY" envDefault:"32"`
	// Jitter is the maximum fraction by which each wait after the first is extended at random.
	Jitter float64 `env:"EUPAY_WEBHOOK_JITTER" envDefault:"0.1"`
	// BreakerFailures is the number of consecutive failures, over all deliveries of one event type to an endpoint, that open the
	// circuit breaker of that type.
	BreakerFailures int `env:"EUPAY_WEBHOOK_BREAKER_FAILURES" envDefault:"10"`
	// DisableAfter is how long an endpoint may fail without a success before it is disabled.
	DisableAfter time.Duration `env:"EUPAY_WEBHOOK_DISABLE_AFTER" envDefault:"120h"`
	// Retention is how long finished deliveries and their attempts are kept.
	Retention time.Duration `env:"EUPAY_WEBHOOK_RETENTION" envDefault:"2160h"`
	// EventLanes is how many replicas can turn events into deliveries at the same time: 1, 2, 4 or 8. All replicas need the same number; those
	// that differ wait until the others have stopped.
	EventLanes int `env:"EUPAY_EVENT_LANES" envDefault:"1"`
	// PushPrivateKey signs Web Push messages (VAPID): a P-256 private key, 32 bytes in base64url. Back it up: browsers subscribe
	// with its public part. PushSubject is the contact for push services: mailto: or https:. Without both, push is disabled.
	PushPrivateKey string `env:"EUPAY_PUSH_PRIVATE_KEY"`
	PushSubject    string `env:"EUPAY_PUSH_SUBJECT"`
}

// The pauses of a circuit breaker: the first equals the wait before the second attempt; the longest is short enough to notice
// soon that an endpoint has recovered.
const (
	firstPause   = 5 * time.Second
	longestPause = time.Minute
)

func (c *Config) engine() delivery.Config {
	return delivery.Config{
		Schedule: c.Schedule, Timeout: c.Timeout, Workers: c.Workers, PerEndpoint: c.PerEndpoint, Jitter: c.Jitter,
		Breaker:      delivery.Breaker{Failures: c.BreakerFailures, Pause: firstPause, Longest: longestPause, Trial: 2 * c.Timeout},
		DisableAfter: c.DisableAfter, Retention: c.Retention,
	}
}

// Validate reports every invalid setting.
func (c *Config) Validate() error {
	_, keyErr := secret.NewVault(c.MasterKey, c.OldMasterKeys...)
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
	check(c.Jitter >= 0 && c.Jitter <= 1, "EUPAY_WEBHOOK_JITTER must be from 0 to 1")
	check(c.BreakerFailures > len(c.Schedule), "EUPAY_WEBHOOK_BREAKER_FAILURES must be more than there are waits in EUPAY_WEBHOOK_SCHEDULE")
	check(c.DisableAfter >= time.Minute, "EUPAY_WEBHOOK_DISABLE_AFTER must be at least 1m")
	check(c.Retention >= 24*time.Hour, "EUPAY_WEBHOOK_RETENTION must be at least 24h")
	check(c.EventLanes == 0 || slices.Contains(events.LaneNumbers, c.EventLanes), "EUPAY_EVENT_LANES must be 1, 2, 4 or 8")
	return errors.Join(problems...)
}
