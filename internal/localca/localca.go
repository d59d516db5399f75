// Package localca is a certificate authority for a system on one machine and for tests. In a cluster the operator's authority
// issues the certificates.
package localca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"european-pay.eu/eupay/internal/identity"
)

const (
	// lifetime of every certificate. All of them are issued again when one is about to expire.
	lifetime = 365 * 24 * time.Hour
	renewal  = 90 * 24 * time.Hour
	// skew is the tolerated difference between the clocks of two processes.
	skew = time.Hour
)

// Names returns the names of all participants.
func Names() []string { return append(identity.Services(), identity.NATS, identity.Operator) }

// Files returns the files of an identity in the folder.
func Files(dir, name string) identity.Files {
	return identity.Files{Cert: filepath.Join(dir, name+".crt"), Key: filepath.Join(dir, name+".key"), CA: filepath.Join(dir, "ca.crt")}
}

// Ensure makes sure that the folder holds a certificate for each name that is valid for some months. The authority's key is not
// kept: if one certificate is missing or about to expire, all are issued again.
func Ensure(dir string, now time.Time, names ...string) error {
	if complete(dir, now, names) {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of identities: %w", err)
	}
	a, err := New(now)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := a.Issue(dir, name); err != nil {
			return err
		}
	}
	return nil
}

func complete(dir string, now time.Time, names []string) bool {
	for _, name := range names {
		i, err := identity.Load(Files(dir, name), func(error) {})
		if err != nil || i.Name() != name || now.Add(renewal).After(i.Expires()) {
			return false
		}
	}
	return true
}

// Authority issues certificates during the life of the process.
type Authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	now  time.Time
}

// New creates an authority.
func New(now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the authority's key: %w", err)
	}
	a := &Authority{key: key, now: now}
	template := a.template("EU Pay on this machine")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make the authority's certificate: %w", err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("make the authority's certificate: %w", err)
	}
	return a, nil
}

func (a *Authority) template(name string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		panic(err) // the random source never fails
	}
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: a.now.Add(-skew), NotAfter: a.now.Add(lifetime),
	}
}

// Issue writes the identity of a name and the authority's certificate.
func (a *Authority) Issue(dir, name string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make the key of %s: %w", name, err)
	}
	template := a.template(name)
	template.DNSNames, template.KeyUsage = []string{name}, x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return fmt.Errorf("make the certificate of %s: %w", name, err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("make the key of %s: %w", name, err)
	}
	files := Files(dir, name)
	return errors.Join(
		write(files.Key, "PRIVATE KEY", secret),
		write(files.Cert, "CERTIFICATE", der),
		write(files.CA, "CERTIFICATE", a.cert.Raw),
	)
}

// write replaces a file atomically, readable only by its owner.
func write(path, kind string, der []byte) error {
	part := path + ".new"
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.WriteFile(part, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(part, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
