package powens

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// DefaultLinksURL is the provider's host of payment links, which is the same for all domains.
const DefaultLinksURL = "https://payment-links.powens.com"

const (
	defaultCallTimeout = 10 * time.Second
	defaultMaxInFlight = 1024
)

// Config of a Client: one domain of the provider, or the sandbox bank.
type Config struct {
	// Mode is live or test: which of the provider's two accounts this is, for metrics. Empty: not measured.
	Mode string
	// BaseURL is the domain without the version, such as https://example.biapi.pro or http://127.0.0.1:4010.
	BaseURL                string
	ClientID, ClientSecret string
	// RedirectURI is where the payer returns. It has no query and is registered with the provider.
	RedirectURI string
	// WebviewURL is where the payer validates. Default: BaseURL + "/2.0/auth/webview/payment".
	WebviewURL string
	// LinksURL is the host of payment links. Default: DefaultLinksURL.
	LinksURL string
	// CallTimeout is the deadline of each method, including retries. Default: 10 s.
	CallTimeout time.Duration
	// MaxInFlight limits the concurrent calls. Default: 1024.
	MaxInFlight int
}

// Validate reports every invalid setting.
func (c Config) Validate() error {
	var problems []error
	if c.ClientID == "" || c.ClientSecret == "" {
		problems = append(problems, errors.New("client id and client secret are required"))
	}
	problems = append(problems, checkURL("base URL", c.BaseURL), checkURL("redirect URI", c.RedirectURI))
	if c.WebviewURL != "" {
		problems = append(problems, checkURL("webview URL", c.WebviewURL))
	}
	if c.LinksURL != "" {
		problems = append(problems, checkURL("payment-links URL", c.LinksURL))
	}
	return errors.Join(problems...)
}

func checkURL(name, text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("%s is not an http(s) URL", name)
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("%s must have no query, fragment or user", name)
	}
	return nil
}

func (c Config) withDefaults() Config {
	c.LinksURL = strings.TrimSuffix(cmp.Or(c.LinksURL, DefaultLinksURL), "/")
	if c.CallTimeout <= 0 {
		c.CallTimeout = defaultCallTimeout
	}
	if c.MaxInFlight <= 0 {
		c.MaxInFlight = defaultMaxInFlight
	}
	return c
}
