package egress

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var private = []string{
	"127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "169.254.170.2",
	"100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255",
	"240.0.0.1", "255.255.255.255", "192.88.99.1",
	"::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
	"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::1", "2002:a9fe:a9fe::1", "2001:db8::1", "2001::1", "::127.0.0.1", "100::1",
}

func TestOnlyPublicAddressesAreDialled(t *testing.T) {
	t.Parallel()
	strict, loose := NewGuard(false), NewGuard(true)
	for _, text := range private {
		a := netip.MustParseAddr(text)
		loopback := text == "::1" || strings.HasPrefix(text, "127.")
		network := "tcp4" // as the dialer names it
		if !a.Is4() {
			network = "tcp6"
		}
		for _, port := range []uint16{80, 443, 8080} {
			address := netip.AddrPortFrom(a, port).String()
			if strict.Control(network, address, nil) == nil || !strict.Refused(a) {
				t.Errorf("%s may be dialled", address)
			}
			if (loose.Control(network, address, nil) == nil) != loopback || loose.Refused(a) == loopback {
				t.Errorf("with loopback allowed, %s is treated wrongly", address)
			}
		}
	}
	for _, address := range []string{"1.1.1.1:443", "93.184.216.34:80", "8.8.8.8:8443", "[2606:4700:4700::1111]:443"} {
		network := "tcp4"
		if address[0] == '[' {
			network = "tcp6"
		}
		if err := strict.Control(network, address, nil); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{"1.1.1.1:22", "1.1.1.1:25", "1.1.1.1:0", "1.1.1.1:1023", "nonsense"} {
		if strict.Control("tcp4", address, nil) == nil {
			t.Errorf("%s may be dialled", address)
		}
	}
}

func client(t *testing.T, guard *Guard, timeout time.Duration, roots *x509.CertPool) *Client {
	t.Helper()
	c := NewClient(guard, timeout, roots)
	t.Cleanup(c.Close)
	return c
}

func post(t *testing.T, c *Client, url string) Answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	return c.Send(t.Context(), req)
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestSuccessIs2xxOnly(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/followed" {
			t.Error("the redirect was followed")
		}
		w.Header().Set("Location", "/followed")
		switch r.URL.Path {
		case "/200":
		case "/204":
			w.WriteHeader(204)
		case "/302":
			w.WriteHeader(302)
		case "/307":
			w.WriteHeader(307)
		case "/400":
			w.WriteHeader(400)
		default:
			w.WriteHeader(500)
		}
	})
	c := client(t, NewGuard(true), 10*time.Second, nil)
	for path, want := range map[string]Answer{
		"/200": {Status: 200}, "/204": {Status: 204}, "/302": {Status: 302, Error: Redirect}, "/307": {Status: 307, Error: Redirect},
		"/400": {Status: 400, Error: Status}, "/500": {Status: 500, Error: Status},
	} {
		if got := post(t, c, url+path); got.Status != want.Status || got.Error != want.Error {
			t.Errorf("%s: %+v", path, got)
		}
	}
}

func TestAnAnswerIsCut(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/header" {
			w.Header().Set("X-Big", strings.Repeat("x", maxHeader+1))
		}
		for range 1000 {
			if _, err := w.Write(bytes.Repeat([]byte("y"), 4096)); err != nil {
				return // the client hung up, as it should
			}
		}
	})
	c := client(t, NewGuard(true), 10*time.Second, nil)
	if a := post(t, c, url+"/body"); a.Error != "" || len(a.Body) != 4096 {
		t.Errorf("%s, %d bytes", a.Error, len(a.Body))
	}
	if a := post(t, c, url+"/header"); a.Error != TooLarge {
		t.Errorf("endless headers: %q", a.Error)
	}
}

func TestFailuresHaveAReason(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	hanging := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	dropping := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	unknownCA := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(unknownCA.Close)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	loose := client(t, NewGuard(true), 200*time.Millisecond, nil)
	patient := client(t, NewGuard(true), 10*time.Second, nil)
	for name, c := range map[string]struct{ got, want string }{
		"hanging":            {post(t, loose, hanging).Error, Timeout},
		"connection dropped": {post(t, patient, dropping).Error, Reset},
		"nobody listens":     {post(t, patient, "http://"+closed.Addr().String()).Error, Refused},
		"no such name":       {post(t, patient, "http://no-such-host.invalid/").Error, DNS},
		"unknown authority":  {post(t, patient, unknownCA.URL).Error, TLS},
		"not TLS":            {post(t, patient, strings.Replace(hanging, "http://", "https://", 1)).Error, TLS},
		"loopback by name":   {post(t, client(t, NewGuard(false), time.Second, nil), strings.Replace(dropping, "127.0.0.1", "localhost", 1)).Error, RefusedAddress},
		"loopback":           {post(t, client(t, NewGuard(false), time.Second, nil), dropping).Error, RefusedAddress},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", name, c.got, c.want)
		}
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	s.StartTLS()
	t.Cleanup(s.Close)
	modern := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(modern.Close)
	roots := x509.NewCertPool()
	roots.AddCert(modern.Certificate())
	roots.AddCert(s.Certificate())
	c := client(t, NewGuard(true), 10*time.Second, roots)
	if a := post(t, c, modern.URL); a.Error != "" {
		t.Errorf("modern: %+v", a)
	}
	if a := post(t, c, s.URL); a.Status != 0 || a.Error == "" {
		t.Errorf("TLS 1.1: %+v", a)
	}
}

func TestTheProxyOfTheEnvironmentIsNotUsed(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	c := client(t, NewGuard(true), time.Second, nil)
	if c.transport.Proxy != nil {
		t.Error("the client has a proxy")
	}
}
