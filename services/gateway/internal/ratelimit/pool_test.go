package ratelimit

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/gomodule/redigo/redis"
)

func pool(t *testing.T, url string) *redis.Pool {
	t.Helper()
	p, err := NewPool(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func count(t *testing.T, url string) error {
	t.Helper()
	_, err := NewRedis(pool(t, url), "p").Allow(t.Context(), "k", 1)
	return err
}

func TestTheURLNamesUserPasswordAndDatabase(t *testing.T) {
	t.Parallel()
	srv := miniredis.RunT(t)
	srv.RequireUserAuth("eupay", "se:cret")
	if err := count(t, "redis://eupay:se%3Acret@"+srv.Addr()+"/3"); err != nil {
		t.Fatal(err)
	}
	if keys := srv.DB(3).Keys(); len(keys) != 1 || keys[0] != "eupay:rate:k" {
		t.Errorf("database 3 holds %v", keys)
	}
	for _, wrong := range []string{"redis://" + srv.Addr(), "redis://eupay:other@" + srv.Addr(), "redis://:se%3Acret@" + srv.Addr()} {
		if count(t, wrong) == nil {
			t.Errorf("%s was let in", wrong)
		}
	}
	srv.RequireAuth("alone")
	if err := count(t, "redis://:alone@"+srv.Addr()); err != nil {
		t.Errorf("a password without a user: %v", err)
	}
}

func TestAnInvalidRedisURLIsRefusedWithoutItsPassword(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{
		"", "localhost:6379", "http://user:s3cret@host", "redis://user:s3cret@host/db", "redis://user:s3cret@host/1/2", "redis:user:s3cret",
		"redis://user:s3cret@host:port", "redis://host/-1", "redis://host?db=1", "redis://user:s3cret@%zz",
	} {
		if _, err := NewPool(wrong); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestAddressesOfRedis(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"redis://": "localhost:6379", "redis://host": "host:6379", "redis://host/": "host:6379", "rediss://host:7/1": "host:7", "redis://[::1]:7": "[::1]:7",
	} {
		if got, _, err := parse(url); err != nil || got != want {
			t.Errorf("%s: %s, %v", url, got, err)
		}
	}
}

func TestTLSVerifiesTheServer(t *testing.T) {
	t.Parallel()
	web := httptest.NewTLSServer(nil) // has a certificate that nobody signed
	defer web.Close()
	srv, err := miniredis.RunTLS(&tls.Config{Certificates: web.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	var unknown x509.UnknownAuthorityError
	if err := count(t, "rediss://"+srv.Addr()); !errors.As(err, &unknown) {
		t.Errorf("a certificate of unknown origin: %v", err)
	}
	if err := count(t, "redis://"+srv.Addr()); err == nil {
		t.Error("answered without TLS")
	}
}

// The listener accepts connections and never answers, like a Redis behind a broken network.
func TestADeadlineEndsEveryKindOfWait(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for _, scheme := range []string{"redis://", "redis://u:p@", "rediss://"} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		_, err := NewRedis(pool(t, scheme+silent.Addr().String()), "p").Allow(ctx, "k", 1)
		if !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err) {
			t.Errorf("%s: %v", scheme, err)
		}
		cancel()
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func TestTheNumberOfConnectionsIsBounded(t *testing.T) {
	t.Parallel()
	srv := miniredis.RunT(t)
	p := pool(t, "redis://"+srv.Addr())
	for range p.MaxActive {
		conn, err := p.GetContext(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := p.GetContext(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one more: %v", err)
	}
}

func TestAConnectionThatBrokeWhileIdleIsReplaced(t *testing.T) {
	t.Parallel()
	srv := miniredis.RunT(t)
	p := pool(t, "redis://"+srv.Addr())
	conn := p.Get()
	defer conn.Close()
	now, before := time.Now(), time.Now().Add(-restAfter)
	if err := try(t.Context(), conn, before); err != nil {
		t.Fatal(err)
	}
	srv.Close()
	if err := try(t.Context(), conn, now); err != nil {
		t.Errorf("a connection that was just used is tried: %v", err)
	}
	if try(t.Context(), conn, before) == nil {
		t.Error("nobody answers, and it is kept")
	}
}

func TestAForgottenScriptIsSentAgain(t *testing.T) {
	t.Parallel()
	srv := miniredis.RunT(t)
	p := pool(t, "redis://"+srv.Addr())
	b := bench{Limiter: NewRedis(p, "p")}
	b.call(t, "k", 2)
	conn := p.Get()
	defer conn.Close()
	if _, err := conn.Do("SCRIPT", "FLUSH"); err != nil {
		t.Fatal(err)
	}
	if n := b.allowed(t, "k", 2, 3); n != 1 {
		t.Errorf("%d of 3 more calls allowed, want 1", n)
	}
}
