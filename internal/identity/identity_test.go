package identity_test

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
	"european-pay.eu/eupay/internal/localca"
)

// meet connects the client to the server, which it expects to be called name, and returns the client's name as the server sees
// it.
func meet(t *testing.T, client, server *identity.Identity, name string) (peer string, err error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	seen := make(chan string, 1)
	go func() {
		raw, err := l.Accept()
		if err != nil {
			seen <- ""
			return
		}
		c := tls.Server(raw, server.Server())
		defer c.Close()
		if c.Handshake() != nil {
			seen <- ""
			return
		}
		seen <- identity.Peer(c.ConnectionState())
	}()
	c, err := tls.Dial("tcp", l.Addr().String(), client.Client(name))
	if err != nil {
		<-seen
		return "", err
	}
	defer c.Close()
	if peer = <-seen; peer == "" { // with TLS 1.3 a client learns only later that it was refused
		return "", errors.New("refused by the server")
	}
	return peer, nil
}

func TestTwoServicesAuthenticateEachOther(t *testing.T) {
	t.Parallel()
	gateway, payments := identitytest.Load(t, identity.Gateway), identitytest.Load(t, identity.Payments)
	if peer, err := meet(t, gateway, payments, identity.Payments); err != nil || peer != identity.Gateway {
		t.Errorf("%q, %v", peer, err)
	}
	if _, err := meet(t, gateway, payments, identity.QR); err == nil {
		t.Error("payments was taken for qr")
	}
	stranger := identitytest.Stranger(t, identity.Gateway)
	if _, err := meet(t, stranger, payments, identity.Payments); err == nil {
		t.Error("a certificate of another authority was believed")
	}
	if _, err := meet(t, gateway, stranger, identity.Gateway); err == nil {
		t.Error("a server of another authority was believed")
	}
}

// TestReplacedFilesApplyToTheNextConnection, without a restart; an incomplete replacement is ignored.
func TestReplacedFilesApplyToTheNextConnection(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Now()
	if err := localca.Ensure(dir, now, identity.Gateway, identity.Payments); err != nil {
		t.Fatal(err)
	}
	failures := make(chan error, 100)
	load := func(name string) *identity.Identity {
		i, err := identity.Load(localca.Files(dir, name), func(err error) { failures <- err })
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	gateway, payments := load(identity.Gateway), load(identity.Payments)
	first := payments.Expires()
	authority, err := localca.New(now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(authority.Issue(dir, identity.Gateway), authority.Issue(dir, identity.Payments)); err != nil {
		t.Fatal(err)
	}
	if peer, err := meet(t, gateway, payments, identity.Payments); err != nil || peer != identity.Gateway || !payments.Expires().After(first) {
		t.Errorf("after the replacement: %q, %v", peer, err)
	}
	if err := os.WriteFile(localca.Files(dir, identity.Payments).Cert, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if peer, err := meet(t, gateway, payments, identity.Payments); err != nil || peer != identity.Gateway {
		t.Errorf("with half of a replacement: %q, %v", peer, err)
	}
	if len(failures) == 0 {
		t.Error("nobody was told of the broken file")
	}
}

func TestAnInvalidIdentityIsRefusedAtStart(t *testing.T) {
	t.Parallel()
	good := identitytest.Files(t, identity.Gateway)
	for want, files := range map[string]identity.Files{
		"EUPAY_TLS_CERT":       {},
		"read the identity":    {Cert: good.Cert, Key: "nowhere", CA: good.CA},
		"holds no certificate": {Cert: good.Cert, Key: good.Key, CA: good.Key},
	} {
		if _, err := identity.Load(files, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
