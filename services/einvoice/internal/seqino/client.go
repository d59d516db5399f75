// Package seqino is the client of the e-invoicing platform SEQINO and of the sandbox that replaces it. What is not public about
// the platform is assumed in assumptions.go. The client does not retry; the caller does, and objects created by a call whose
// answer was lost are then found.
package seqino

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"european-pay.eu/eupay/internal/outbound"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

const (
	defaultTimeout     = 30 * time.Second
	defaultMaxInFlight = 32
)

// Config of a Client: one account ("sponsor") at the platform.
type Config struct {
	// BaseURL with the path of the API, such as https://pdp.example/api. https, unless the host is loopback.
	BaseURL string
	APIKey  string
	// WebhookSecret as the platform showed it. Without it every webhook is refused.
	WebhookSecret string
	// Timeout is the deadline of each method. Default: 30 s.
	Timeout time.Duration
	// MaxInFlight limits the connections; further calls wait for one within their deadline. Default: 32.
	MaxInFlight int
	// Now. Default: time.Now.
	Now func() time.Time
	// Log may be nil.
	Log *slog.Logger
}

// Client talks to the platform. It is safe for concurrent use.
type Client struct {
	cfg         Config
	base        *url.URL
	loopback    bool // the platform is on this machine
	http        *http.Client
	log         *slog.Logger
	keyRejected atomic.Bool // the platform does not accept our key
}

var _ platform.Platform = (*Client)(nil)

// New returns a client. It makes no call yet. The error names every invalid setting, without its value.
func New(cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	base, err := checkBase(cfg.BaseURL)
	if err := errors.Join(err, checkKey(cfg.APIKey)); err != nil {
		return nil, fmt.Errorf("e-invoicing platform: %w", err)
	}
	return &Client{
		cfg: cfg, base: base, loopback: isLoopback(base), http: outbound.NewClient(cfg.MaxInFlight), log: cfg.Log.With("provider", "seqino"),
	}, nil
}

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func (c Config) withDefaults() Config {
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.MaxInFlight <= 0 {
		c.MaxInFlight = defaultMaxInFlight
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

func checkBase(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSuffix(text, "/"))
	switch {
	case err != nil || u.Hostname() == "":
		return nil, errors.New("base URL is not a URL with a host")
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return nil, errors.New("base URL must have no query, fragment or user")
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u)):
		return nil, errors.New("base URL is not https")
	}
	return u, nil
}

// checkKey refuses a key that is not a valid header value, which would make every request fail later.
func checkKey(key string) error {
	if key == "" {
		return errors.New("API key is required")
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] >= 0x7f {
			return errors.New("API key has a space, a line break or a character that no key has")
		}
	}
	return nil
}

func isLoopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
