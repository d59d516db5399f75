// Package gatewaytest has what the tests of the API packages share: accounts in a real database, the services behind the gateway
// on a real gRPC server, and a client that validates every answer against the API description.
package gatewaytest

import (
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/identitytest"
	"european-pay.eu/eupay/services/gateway/internal/apidoc/apidoctest"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/directory"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/user"
)

var quiet = slog.New(slog.DiscardHandler)

// Accounts opens accounts with cheap passwords and a high limit of logins, until the test ends. What protects accounts beyond that is off
// unless with turns it on.
func Accounts(t testing.TB, pool *pgxpool.Pool, nc *nats.Conn, now func() time.Time, with ...func(*directory.Deps)) *directory.Directory {
	t.Helper()
	d := directory.Deps{
		Deps: user.Deps{
			Pool: pool, Log: quiet, Now: now, Wake: func() {},
			BcryptCost: bcrypt.MinCost, TokenSecret: "a token secret for tests, long enough", AttemptsPerIP: 1000,
		},
		NATS: nc,
	}
	for _, change := range with {
		change(&d)
	}
	a, err := directory.Open(d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

// Access lets callers in who have these accounts, with limits that no test reaches. with changes what it is made of.
func Access(a *directory.Directory, now func() time.Time, with ...func(*caller.Deps)) *caller.Access {
	d := caller.Deps{
		Keys: a.Keys, Tokens: a.Tokens, Users: a.Users, Merchants: a.Merchants, Limiter: ratelimit.NewMemory(now), PerMinute: 1000,
		Limits: caller.Limits{UserReads: 1000, UserWrites: 1000, MerchantReads: 1000, MerchantWrites: 1000},
	}
	for _, change := range with {
		change(&d)
	}
	return caller.New(d)
}

// Connect serves what register adds on a real gRPC server, and returns a connection to it. Errors are encoded as between
// services, unless the test passes its own interceptors.
func Connect(t testing.TB, register func(grpc.ServiceRegistrar), own ...grpc.UnaryServerInterceptor) *grpc.ClientConn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if len(own) == 0 {
		own = []grpc.UnaryServerInterceptor{errs.UnaryServer(quiet)}
	}
	srv := grpc.NewServer(grpc.ChainUnaryInterceptor(own...), grpc.ChainStreamInterceptor(errs.StreamServer(quiet)))
	register(srv)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithChainUnaryInterceptor(errs.UnaryClient()), grpc.WithChainStreamInterceptor(errs.StreamClient()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		srv.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return conn
}

// ServeAs runs services on a gRPC server with the identity of that name until the test ends, and returns its address, for a
// gateway that dials by itself.
func ServeAs(t testing.TB, name string, register func(grpc.ServiceRegistrar)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	creds := credentials.NewTLS(identitytest.Load(t, name).Server())
	srv := grpc.NewServer(grpc.Creds(creds), grpc.UnaryInterceptor(errs.UnaryServer(quiet)))
	register(srv)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// Client calls an API.
type Client struct {
	// URL is the URL of the server, with the common prefix of all paths.
	URL  string
	HTTP *http.Client
	Doc  *apidoctest.Validator
}

// Reply is an answer. JSON is nil if it is not a JSON object, or compressed.
type Reply struct {
	Status int
	Header http.Header
	Text   string
	JSON   map[string]any
}

// Call sends a request and validates the answer against the API description, unless it is compressed. The body is JSON and may be
// empty. Headers come in pairs; empty ones are not sent.
func (c Client) Call(t testing.TB, method, path, body string, headers ...string) Reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, c.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept-Language", "en") // mails are read by tests
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] != "" {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	packed := resp.Header.Get("Content-Encoding") != ""
	if !packed {
		described := req.Clone(t.Context())
		described.URL.Host, described.URL.Scheme = "", ""
		c.Doc.Check(t, described, resp)
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	r := Reply{Status: resp.StatusCode, Header: resp.Header, Text: string(raw)}
	if !packed && len(raw) > 0 && strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(raw, &r.JSON); err != nil {
			t.Fatalf("%s %s answers %q", method, path, raw)
		}
	}
	return r
}

// Bearer returns the header with a login token; none for an empty token.
func Bearer(token string) []string {
	if token == "" {
		return nil
	}
	return []string{"Authorization", "Bearer " + token}
}

// Fields returns the field names in the errors of a VALIDATION_ERROR.
func Fields(answer map[string]any) []string {
	var names []string
	list, _ := answer["errors"].([]any)
	for _, e := range list {
		names = append(names, e.(map[string]any)["field"].(string))
	}
	return names
}
