// Package identity is how the services know each other: each has a certificate of the platform's own authority, whose one DNS name is
// the service's name, and shows it on every connection to another service and to NATS. The files may be replaced while the process
// runs: every handshake reads them again when they have changed. See docs/adr/0016-who-calls-inside.md.
package identity

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// Names of who takes part. They are the DNS names of the certificates, and the names of the NATS users.
const (
	Gateway  = "gateway"
	Payments = "payments"
	Webhooks = "webhooks"
	QR       = "qr"
	EInvoice = "einvoice"
	// NATS is the broker's own name, whatever address it is reached at.
	NATS = "nats"
	// Operator is who works with eupayctl.
	Operator = "operator"
)

// Files of an identity, in PEM.
type Files struct {
	Cert string `env:"EUPAY_TLS_CERT,required"`
	Key  string `env:"EUPAY_TLS_KEY,required"`
	// CA holds the certificates of the authority: two of them while one replaces the other.
	CA string `env:"EUPAY_TLS_CA,required"`
}

// Set reports whether all three files are named.
func (f Files) Set() bool { return f.Cert != "" && f.Key != "" && f.CA != "" }

// Settings are the files as settings of a process.
func (f Files) Settings() map[string]string {
	return map[string]string{"EUPAY_TLS_CERT": f.Cert, "EUPAY_TLS_KEY": f.Key, "EUPAY_TLS_CA": f.CA}
}

// FilesIn are the files that the settings of a process name; see Settings.
func FilesIn(vars map[string]string) Files {
	return Files{Cert: vars["EUPAY_TLS_CERT"], Key: vars["EUPAY_TLS_KEY"], CA: vars["EUPAY_TLS_CA"]}
}

// Identity is a certificate with its key, and the authority that the others' certificates must come from.
type Identity struct {
	files Files

	mu     sync.Mutex
	stamp  [3]stamp
	cert   tls.Certificate
	roots  *x509.CertPool
	failed func(error)
}

// stamp tells one version of a file from another.
type stamp struct {
	modified time.Time
	size     int64
}

// Load reads the files. failed is told when files that were replaced later cannot be used; what was read before counts until then.
func Load(files Files, failed func(error)) (*Identity, error) {
	if !files.Set() {
		return nil, errors.New("EUPAY_TLS_CERT, EUPAY_TLS_KEY and EUPAY_TLS_CA must name this service's certificate, its key and the authority's certificate")
	}
	i := &Identity{files: files, failed: failed}
	stamps, err := files.stamps()
	if err != nil {
		return nil, err
	}
	if err := i.read(stamps); err != nil {
		return nil, err
	}
	return i, nil
}

func (f Files) stamps() (stamps [3]stamp, err error) {
	for n, path := range []string{f.Cert, f.Key, f.CA} {
		info, err := os.Stat(path)
		if err != nil {
			return stamps, fmt.Errorf("read the identity: %w", err)
		}
		stamps[n] = stamp{info.ModTime(), info.Size()}
	}
	return stamps, nil
}

// read takes the files over when all of them are good.
func (i *Identity) read(stamps [3]stamp) error {
	cert, err := tls.LoadX509KeyPair(i.files.Cert, i.files.Key)
	if err != nil {
		return fmt.Errorf("read the identity: %w", err)
	}
	if len(cert.Leaf.DNSNames) != 1 {
		return fmt.Errorf("the certificate in %s has the DNS names %q, but an identity has exactly one", i.files.Cert, cert.Leaf.DNSNames)
	}
	pem, err := os.ReadFile(i.files.CA)
	if err != nil {
		return fmt.Errorf("read the identity: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("%s holds no certificate", i.files.CA)
	}
	i.cert, i.roots, i.stamp = cert, roots, stamps
	return nil
}

// current is the identity as its files are now, or as they were when they could be read last.
func (i *Identity) current() (tls.Certificate, *x509.CertPool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	stamps, err := i.files.stamps()
	if err == nil && stamps != i.stamp {
		err = i.read(stamps)
	}
	if err != nil {
		i.failed(err)
	}
	return i.cert, i.roots
}

// Name is who this is.
func (i *Identity) Name() string {
	cert, _ := i.current()
	return cert.Leaf.DNSNames[0]
}

// Expires is when the certificate ends, in UTC.
func (i *Identity) Expires() time.Time {
	cert, _ := i.current()
	return cert.Leaf.NotAfter.UTC()
}

// Client is the TLS configuration of one connection to the identity of that name, at any address. Make one for each connection.
func (i *Identity) Client(name string) *tls.Config {
	cert, roots := i.current()
	return &tls.Config{MinVersion: tls.VersionTLS13, ServerName: name, RootCAs: roots, Certificates: []tls.Certificate{cert}}
}

// Server is the configuration of a listener: every client must show a certificate of the authority.
func (i *Identity) Server() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, ClientAuth: tls.RequireAndVerifyClientCert,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			cert, roots := i.current()
			return &tls.Config{
				MinVersion: tls.VersionTLS13, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots, Certificates: []tls.Certificate{cert},
				// A connection that is resumed would not show that its certificate still holds.
				SessionTicketsDisabled: true, NextProtos: []string{"h2"},
			}, nil
		},
	}
}

// Certificate is the certificate of the next connection, for clients that ask for it by themselves.
func (i *Identity) Certificate() (tls.Certificate, error) {
	cert, _ := i.current()
	return cert, nil
}

// Roots are the authority for the next connection, for clients that ask for it by themselves.
func (i *Identity) Roots() (*x509.CertPool, error) {
	_, roots := i.current()
	return roots, nil
}

// Peer is the name in the verified certificate of the other side; empty without one.
func Peer(state tls.ConnectionState) string {
	if len(state.VerifiedChains) == 0 {
		return ""
	}
	names := state.VerifiedChains[0][0].DNSNames
	if len(names) != 1 {
		return "" // none of ours: it could claim to be two
	}
	return strings.ToLower(names[0])
}

// Services are the services that share the broker and the database.
func Services() []string { return []string{Gateway, Payments, Webhooks, QR, EInvoice} }
