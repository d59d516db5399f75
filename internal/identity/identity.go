// Package identity authenticates the services to each other. Each has a certificate issued by the platform's own authority, whose
// one DNS name is the service's name, and presents it on every connection to another service and to NATS. The files may be
// replaced at run time: each handshake reads them again if they have changed. See docs/adr/0016-who-calls-inside.md.
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

// Names of the participants. They are the DNS names of the certificates and the names of the NATS users.
const (
	Gateway  = "gateway"
	Payments = "payments"
	Webhooks = "webhooks"
	QR       = "qr"
	EInvoice = "einvoice"
	// NATS is the name of the broker, whatever its address.
	NATS = "nats"
	// Operator is the user of eupayctl.
	Operator = "operator"
)

// Files of an identity, in PEM.
type Files struct {
	// Cert and Key are the files with the certificate of this service and its private key.
	Cert string `env:"EUPAY_TLS_CERT,required"`
	Key  string `env:"EUPAY_TLS_KEY,required"`
	// CA holds the certificates of the authority: two during a change of authority.
	CA string `env:"EUPAY_TLS_CA,required"`
}

// Set reports whether all three files are set.
func (f Files) Set() bool { return f.Cert != "" && f.Key != "" && f.CA != "" }

// Settings returns the files as environment variables of a process.
func (f Files) Settings() map[string]string {
	return map[string]string{"EUPAY_TLS_CERT": f.Cert, "EUPAY_TLS_KEY": f.Key, "EUPAY_TLS_CA": f.CA}
}

// FilesIn returns the files from the environment variables of a process; see Settings.
func FilesIn(vars map[string]string) Files {
	return Files{Cert: vars["EUPAY_TLS_CERT"], Key: vars["EUPAY_TLS_KEY"], CA: vars["EUPAY_TLS_CA"]}
}

// Identity is a certificate with its key, and the authority that issues the others' certificates.
type Identity struct {
	files Files

	mu     sync.Mutex
	stamp  [3]stamp
	cert   tls.Certificate
	roots  *x509.CertPool
	failed func(error)
}

// stamp distinguishes versions of a file.
type stamp struct {
	modified time.Time
	size     int64
}

// Load reads the files. failed is called when replaced files cannot be used; until they can, the previous ones stay in use.
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

// read adopts the files if all of them are valid.
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

// current returns the identity in the current files, or the last valid one.
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

// Name returns the name of the identity.
func (i *Identity) Name() string {
	cert, _ := i.current()
	return cert.Leaf.DNSNames[0]
}

// Expires returns when the certificate expires, in UTC.
func (i *Identity) Expires() time.Time {
	cert, _ := i.current()
	return cert.Leaf.NotAfter.UTC()
}

// Client returns the TLS configuration for one connection to the named identity, at any address. Call it for each connection.
func (i *Identity) Client(name string) *tls.Config {
	cert, roots := i.current()
	return &tls.Config{MinVersion: tls.VersionTLS13, ServerName: name, RootCAs: roots, Certificates: []tls.Certificate{cert}}
}

// Server returns the TLS configuration of a listener: every client must present a certificate issued by the authority.
func (i *Identity) Server() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, ClientAuth: tls.RequireAndVerifyClientCert,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			cert, roots := i.current()
			return &tls.Config{
				MinVersion: tls.VersionTLS13, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots, Certificates: []tls.Certificate{cert},
				// A resumed connection would not prove that its certificate is still valid.
				SessionTicketsDisabled: true, NextProtos: []string{"h2"},
			}, nil
		},
	}
}

// Certificate returns the certificate for the next connection, for clients that request it by callback.
func (i *Identity) Certificate() (tls.Certificate, error) {
	cert, _ := i.current()
	return cert, nil
}

// Roots returns the authority for the next connection, for clients that request it by callback.
func (i *Identity) Roots() (*x509.CertPool, error) {
	_, roots := i.current()
	return roots, nil
}

// Peer returns the name in the verified certificate of the other side; empty without one.
func Peer(state tls.ConnectionState) string {
	if len(state.VerifiedChains) == 0 {
		return ""
	}
	names := state.VerifiedChains[0][0].DNSNames
	if len(names) != 1 {
		return "" // not one of our certificates: it could claim two names
	}
	return strings.ToLower(names[0])
}

// Services are the services that share the broker and the database.
func Services() []string { return []string{Gateway, Payments, Webhooks, QR, EInvoice} }
