package bus_test

import (
	"crypto/tls"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	natsd "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
	"european-pay.eu/eupay/internal/localca"
	"european-pay.eu/eupay/internal/run/bus"
)

// foreign is a NATS server that somebody else runs: its certificate is of its own authority, and its users have credentials.
type foreign struct {
	port     int
	ca       string // file with its authority
	accounts nkeys.KeyPair
}

func (f foreign) url() string { return "nats://localhost:" + strconv.Itoa(f.port) }

func key(t *testing.T, pair nkeys.KeyPair, err error) (nkeys.KeyPair, string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return pair, public
}

func newForeign(t *testing.T) foreign {
	t.Helper()
	dir := t.TempDir()
	if err := localca.Ensure(dir, time.Now(), "localhost"); err != nil {
		t.Fatal(err)
	}
	files := localca.Files(dir, "localhost")
	certificate, err := tls.LoadX509KeyPair(files.Cert, files.Key)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := nkeys.CreateOperator()
	operator, operatorID := key(t, pair, err)
	pair, err = nkeys.CreateAccount()
	account, accountID := key(t, pair, err)
	pair, err = nkeys.CreateAccount()
	_, systemID := key(t, pair, err)
	claims := jwt.NewAccountClaims(accountID)
	claims.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: -1, DiskStorage: -1, Streams: -1, Consumer: -1}
	token, err := claims.Encode(operator)
	if err != nil {
		t.Fatal(err)
	}
	systemToken, err := jwt.NewAccountClaims(systemID).Encode(operator)
	if err != nil {
		t.Fatal(err)
	}
	resolver := &natsd.MemAccResolver{}
	for id, token := range map[string]string{accountID: token, systemID: systemToken} {
		if err := resolver.Store(id, token); err != nil {
			t.Fatal(err)
		}
	}
	srv, err := natsd.NewServer(&natsd.Options{
		Host: "127.0.0.1", Port: natsd.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true,
		TrustedKeys: []string{operatorID}, AccountResolver: resolver, SystemAccount: systemID,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate}}, TLSTimeout: 5,
	})
	if err != nil {
		t.Fatal(err)
	}
	go srv.Start()
	t.Cleanup(func() {
		srv.Shutdown()
		srv.WaitForShutdown()
	})
	if !srv.ReadyForConnections(30 * time.Second) {
		t.Fatal("the server does not answer")
	}
	return foreign{port: srv.Addr().(*net.TCPAddr).Port, ca: files.CA, accounts: account}
}

// credentials makes a user and returns the file with what it shows.
func (f foreign) credentials(t *testing.T, issuer nkeys.KeyPair) string {
	t.Helper()
	pair, err := nkeys.CreateUser()
	user, id := key(t, pair, err)
	token, err := jwt.NewUserClaims(id).Encode(issuer)
	if err != nil {
		t.Fatal(err)
	}
	seed, err := user.Seed()
	if err != nil {
		t.Fatal(err)
	}
	content, err := jwt.FormatUserConfig(token, seed)
	if err != nil {
		t.Fatal(err)
	}
	return file(t, string(content))
}

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// connectAs connects as a service does, and returns why it could not.
func (f foreign) connectAs(t *testing.T, a bus.Access) error {
	t.Helper()
	b, err := bus.Connect(t.Context(), bus.Settings{
		URL: f.url(), Name: "test", Identity: identitytest.Load(t, identity.Payments), Access: a, Replicas: 1,
		Bytes: bus.Bytes{Events: 1 << 20, Commands: 1 << 20, Replay: 1 << 20, DeadLetter: 1 << 20},
	}, slog.New(slog.DiscardHandler))
	if err == nil {
		b.Close()
	}
	return err
}

// TestABrokerOfSomebodyElseIsReachedWithCredentials, and its certificate is compared with its own authority.
func TestABrokerOfSomebodyElseIsReachedWithCredentials(t *testing.T) {
	t.Parallel()
	f := newForeign(t)
	good := f.credentials(t, f.accounts)
	if err := f.connectAs(t, bus.Access{NATSCredentials: good, NATSCA: f.ca}); err != nil {
		t.Errorf("with both: %v", err)
	}
	pair, err := nkeys.CreateAccount()
	stranger, _ := key(t, pair, err)
	for name, c := range map[string]struct {
		access bus.Access
		want   string
	}{
		"no credentials":                   {bus.Access{NATSCA: f.ca}, "Authorization Violation"},
		"credentials of another account":   {bus.Access{NATSCredentials: f.credentials(t, stranger), NATSCA: f.ca}, "Authorization Violation"},
		"the platform's authority":         {bus.Access{NATSCredentials: good}, "certificate"},
		"the roots of some other platform": {bus.Access{NATSCredentials: good, NATSCA: identitytest.Files(t, identity.NATS).CA}, "certificate"},
	} {
		nc, err := nats.Connect(f.url(), c.access.Secure(identitytest.Load(t, identity.Payments))...)
		if err == nil {
			nc.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWrongFilesAreNoticedAtTheStart, and nothing of a secret is told.
func TestWrongFilesAreNoticedAtTheStart(t *testing.T) {
	t.Parallel()
	f := foreign{port: 1}
	pair, err := nkeys.CreateAccount()
	account, _ := key(t, pair, err)
	seed, err := account.Seed()
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(f.credentials(t, account))
	if err != nil {
		t.Fatal(err)
	}
	token, _, _ := strings.Cut(string(whole), "-----BEGIN USER NKEY SEED-----")
	for name, c := range map[string]struct {
		access bus.Access
		want   string
	}{
		"no file of credentials": {bus.Access{NATSCredentials: filepath.Join(t.TempDir(), "none")}, "EUPAY_NATS_CREDENTIALS"},
		"a key alone":            {bus.Access{NATSCredentials: file(t, string(seed))}, "does not hold the credentials"},
		"a token alone":          {bus.Access{NATSCredentials: file(t, token)}, "does not hold the credentials"},
		"no file of roots":       {bus.Access{NATSCA: filepath.Join(t.TempDir(), "none")}, "EUPAY_NATS_CA"},
		"no certificate":         {bus.Access{NATSCA: file(t, "none")}, "holds no certificate"},
	} {
		err := f.connectAs(t, c.access)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), string(seed)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
