package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"strings"

	"github.com/nats-io/nats.go"

	"european-pay.eu/eupay/cmd/eupayctl/internal/operate"
	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/config"
)

const natsURL = "EUPAY_NATS_URL"

// operator connects to NATS. The caller closes the connection.
func (t *tool) operator() (*operate.Operator, func(), error) {
	address, from, err := t.address()
	if err != nil {
		return nil, nil, err
	}
	hosts, err := hostsOf(address, from)
	if err != nil {
		return nil, nil, err
	}
	who, err := t.identity()
	if err != nil {
		return nil, nil, err
	}
	access, err := t.access()
	if err != nil {
		return nil, nil, err
	}
	nc, err := nats.Connect(address, append(access.Secure(who), nats.Name("eupayctl"), nats.Timeout(t.Timeout))...)
	if err != nil {
		return nil, nil, refused(err, hosts, from)
	}
	o, err := operate.New(nc, t.Timeout)
	if err != nil {
		nc.Close()
		return nil, nil, err
	}
	return o, nc.Close, nil
}

// access is that of the services, from the same variables.
func (t *tool) access() (bus.Access, error) {
	var a bus.Access
	vars, err := config.Environment()
	if err != nil {
		return a, err
	}
	if err := config.Parse(&a, vars); err != nil {
		return a, operate.Invalid(err.Error())
	}
	return a, nil
}

// address returns the URL of NATS, and where it was configured.
func (t *tool) address() (address, from string, err error) {
	if t.NATSURL != "" {
		if strings.Contains(t.NATSURL, "@") {
			return "", "", operate.Invalid("--nats-url holds credentials, which everybody on this machine can see: give the address in EUPAY_NATS_URL or EUPAY_NATS_URL_FILE")
		}
		return t.NATSURL, "--nats-url", nil
	}
	vars, err := config.Environment()
	if err != nil {
		return "", "", err
	}
	if vars[natsURL] != "" {
		return vars[natsURL], natsURL, nil
	}
	dir := t.runDir(vars)
	vars, err = system.ReadDemoEnv(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", "", fmt.Errorf("no NATS is given and no EU Pay runs on the folder %s: set EUPAY_NATS_URL or EUPAY_NATS_URL_FILE, or name the run folder with --run-dir", dir)
	case err != nil:
		return "", "", err
	case vars[natsURL] == "":
		return "", "", fmt.Errorf("%s names no NATS: set EUPAY_NATS_URL", system.DemoEnv(dir))
	}
	return vars[natsURL], system.DemoEnv(dir), nil
}

// identity returns the operator's identity: from EUPAY_TLS_CERT, EUPAY_TLS_KEY and EUPAY_TLS_CA, or from the run folder; nil if
// neither has one.
func (t *tool) identity() (*identity.Identity, error) {
	vars, err := config.Environment()
	if err != nil {
		return nil, err
	}
	files := identity.FilesIn(vars)
	if files == (identity.Files{}) {
		demo, err := system.ReadDemoEnv(t.runDir(vars))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		files = identity.FilesIn(demo)
	}
	return identity.Load(files, func(error) {})
}

// runDir returns the folder of a system on this machine.
func (t *tool) runDir(vars map[string]string) string {
	switch {
	case t.RunDir != "":
		return t.RunDir
	case vars["EUPAY_RUN_DIR"] != "":
		return vars["EUPAY_RUN_DIR"]
	default:
		return ".run"
	}
}

// within limits a call by --timeout.
func (t *tool) within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.ctx, t.Timeout)
}

// hostsOf returns the servers of a URL without their credentials.
func hostsOf(address, from string) (string, error) {
	var hosts []string
	for one := range strings.SplitSeq(address, ",") {
		one = strings.TrimSpace(one)
		if !strings.Contains(one, "://") {
			one = "nats://" + one
		}
		u, err := url.Parse(one)
		if err != nil || u.Host == "" { // the error would show the credentials
			return "", operate.Invalid("the address in " + from + " is no URL such as nats://host:4222")
		}
		hosts = append(hosts, u.Host)
	}
	return strings.Join(hosts, ", "), nil
}

func refused(err error, hosts, from string) error {
	var network net.Error
	switch {
	case errors.Is(err, nats.ErrNoServers), errors.Is(err, nats.ErrTimeout), errors.As(err, &network):
		return fmt.Errorf("NATS does not answer at %s (from %s): check that it runs and can be reached from here", hosts, from)
	case errors.Is(err, nats.ErrTLS), errors.Is(err, nats.ErrSecureConnRequired):
		return fmt.Errorf("NATS at %s and this tool do not believe each other: EUPAY_TLS_CERT, EUPAY_TLS_KEY and EUPAY_TLS_CA must name an operator's identity", hosts)
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), strings.Contains(strings.ToLower(err.Error()), "authorization"):
		return fmt.Errorf("NATS at %s does not know this identity, "+
			"or refuses the credentials from %s: name an operator's in EUPAY_TLS_CERT, EUPAY_TLS_KEY and EUPAY_TLS_CA", hosts, from)
	default:
		return fmt.Errorf("connect to NATS at %s: %w", hosts, err)
	}
}
