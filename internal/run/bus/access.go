package bus

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"european-pay.eu/eupay/internal/identity"
)

// Access is what a broker wants that does not know the platform's identities, such as one that somebody else runs. Both files are read
// for every connection, so they may be replaced at any time.
type Access struct {
	// NATSCredentials is a file with the credentials of this service's user, in the form of NATS' tools (.creds). Empty: the identity is
	// enough.
	NATSCredentials string `env:"EUPAY_NATS_CREDENTIALS"`
	// NATSCA is a file with the roots of the broker's certificate, which then has the name of the host in EUPAY_NATS_URL. Empty: the broker
	// has an identity of the platform, with the name nats.
	NATSCA string `env:"EUPAY_NATS_CA"`
}

// check reads the files once, so that a wrong setting is noticed at the start and not as a connection that never comes.
func (a Access) check() error {
	if a.NATSCredentials != "" {
		content, err := os.ReadFile(a.NATSCredentials)
		if err != nil {
			return fmt.Errorf("read EUPAY_NATS_CREDENTIALS: %w", err)
		}
		defer clear(content)
		if !areCredentials(content) {
			return errors.New("EUPAY_NATS_CREDENTIALS names a file that does not hold the credentials of a user of NATS, as nsc generate creds writes them")
		}
	}
	if a.NATSCA == "" {
		return nil
	}
	_, err := a.roots()
	return err
}

// areCredentials reports whether the file has a user's token and its key. What is wrong is not told: it would show a part of them.
func areCredentials(content []byte) bool {
	token, err := nkeys.ParseDecoratedJWT(content)
	if err != nil || strings.Count(token, ".") != 2 {
		return false
	}
	key, err := nkeys.ParseDecoratedUserNKey(content)
	if err != nil {
		return false
	}
	key.Wipe()
	return true
}

func (a Access) roots() (*x509.CertPool, error) {
	content, err := os.ReadFile(a.NATSCA)
	if err != nil {
		return nil, fmt.Errorf("read EUPAY_NATS_CA: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("EUPAY_NATS_CA: %s holds no certificate", a.NATSCA)
	}
	return roots, nil
}

// Secure returns the options of a connection that presents an identity and what the access says, and accepts only the broker's
// certificate. Its inbox has a prefix that no other identity may subscribe to. With a nil identity the connection is not encrypted.
func (a Access) Secure(i *identity.Identity) []nats.Option {
	var options []nats.Option
	if a.NATSCredentials != "" {
		options = append(options, nats.UserCredentials(a.NATSCredentials))
	}
	if i == nil {
		return options
	}
	roots, name := i.Roots, identity.NATS
	if a.NATSCA != "" {
		roots, name = a.roots, "" // the name of the host
	}
	return append(options,
		nats.Secure(&tls.Config{MinVersion: tls.VersionTLS13, ServerName: name}),
		nats.ClientTLSConfig(i.Certificate, roots), // called for every connection, so that replaced files take effect
		nats.CustomInboxPrefix(InboxPrefix(i.Name())),
	)
}

// Secure returns the options of a connection to a broker that knows the platform's identities, as of Access.
func Secure(i *identity.Identity) []nats.Option { return Access{}.Secure(i) }
