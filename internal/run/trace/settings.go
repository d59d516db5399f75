package trace

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Settings have the names that OpenTelemetry gives them. https://opentelemetry.io/docs/specs/otel/protocol/exporter/
type Settings struct {
	// Endpoint is the base URL of a collector that takes OTLP over HTTP; TracesEndpoint is the whole URL and precedes it. Without
	// both nothing is recorded.
	Endpoint       string `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`
	TracesEndpoint string `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"`
	// Headers are sent with every export, such as a key: name=value,name=value.
	Headers map[string]string `env:"OTEL_EXPORTER_OTLP_HEADERS" envKeyValSeparator:"="`
	// Certificate is a file with the roots that the collector's certificate comes from. Empty: the system's.
	Certificate string `env:"OTEL_EXPORTER_OTLP_CERTIFICATE"`
	// Protocol must be http/protobuf, and Sampler parentbased_traceidratio: there are no others.
	Protocol string `env:"OTEL_EXPORTER_OTLP_PROTOCOL" envDefault:"http/protobuf"`
	Sampler  string `env:"OTEL_TRACES_SAMPLER" envDefault:"parentbased_traceidratio"`
	// Ratio is the share of traces that are recorded, from 0 to 1.
	Ratio float64 `env:"OTEL_TRACES_SAMPLER_ARG" envDefault:"1"`
	// Resource describes the process further: name=value,name=value.
	Resource map[string]string `env:"OTEL_RESOURCE_ATTRIBUTES" envKeyValSeparator:"="`
}

// endpoint returns the URL for spans; empty without a collector.
func (s Settings) endpoint() string {
	if s.TracesEndpoint != "" || s.Endpoint == "" {
		return s.TracesEndpoint
	}
	return strings.TrimRight(s.Endpoint, "/") + "/v1/traces"
}

func (s Settings) check() error {
	if s.endpoint() == "" {
		return nil
	}
	if u, err := url.Parse(s.endpoint()); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("OTEL_EXPORTER_OTLP_ENDPOINT must be an http:// or https:// URL, such as http://collector:4318")
	}
	if s.Protocol != "" && s.Protocol != "http/protobuf" {
		return fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf, not %q", s.Protocol)
	}
	if s.Sampler != "" && s.Sampler != "parentbased_traceidratio" {
		return fmt.Errorf("OTEL_TRACES_SAMPLER must be parentbased_traceidratio, not %q: set OTEL_TRACES_SAMPLER_ARG to the share of traces to record",
			s.Sampler)
	}
	if !(s.Ratio >= 0 && s.Ratio <= 1) { // also refuses NaN
		return fmt.Errorf("OTEL_TRACES_SAMPLER_ARG must be from 0 to 1, not %v", s.Ratio)
	}
	return nil
}

// decoded undoes the percent-encoding that the conventions allow in values.
func decoded(values map[string]string) (map[string]string, error) {
	out := make(map[string]string, len(values))
	for name, value := range values {
		text, err := url.PathUnescape(value)
		if err != nil {
			return nil, fmt.Errorf("the value of %q is not percent-encoded text", name)
		}
		out[strings.TrimSpace(name)] = strings.TrimSpace(text)
	}
	return out, nil
}

// client returns the HTTP client for the collector.
func (s Settings) client() (*http.Client, error) {
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.Certificate != "" {
		text, err := os.ReadFile(s.Certificate)
		if err != nil {
			return nil, fmt.Errorf("read OTEL_EXPORTER_OTLP_CERTIFICATE: %w", err)
		}
		secure.RootCAs = x509.NewCertPool()
		if !secure.RootCAs.AppendCertsFromPEM(text) {
			return nil, errors.New("OTEL_EXPORTER_OTLP_CERTIFICATE has no certificate")
		}
	}
	return &http.Client{
		Timeout:       exportWithin,
		Transport:     &http.Transport{TLSClientConfig: secure, MaxConnsPerHost: 2, IdleConnTimeout: 30 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}
