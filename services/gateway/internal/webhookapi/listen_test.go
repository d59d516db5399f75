package webhookapi

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/gateway/internal/apidoc/apidoctest"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
	"european-pay.eu/eupay/services/gateway/internal/portaltest"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// events stands in for the webhooks service: it streams what the test sends to out until the test closes it or sets an error.
type events struct {
	webhooksv1.UnimplementedListenServiceServer

	asked  chan *webhooksv1.ListenRequest
	out    chan *webhooksv1.ListenResponse
	fail   chan error
	refuse error
	left   chan struct{}
}

// full refuses listeners.
var full = &events{refuse: &errs.Error{Code: errs.RateLimitExceeded, Message: "Too many.", RetryAfter: 10 * time.Second}}

func (e *events) GetListenSecret(_ context.Context, r *webhooksv1.GetListenSecretRequest) (*webhooksv1.GetListenSecretResponse, error) {
	return &webhooksv1.GetListenSecretResponse{Secret: "whsec_of_" + r.GetMerchantId()}, nil
}

func (e *events) Listen(r *webhooksv1.ListenRequest, stream grpc.ServerStreamingServer[webhooksv1.ListenResponse]) error {
	if e.refuse != nil {
		return e.refuse
	}
	e.asked <- r
	if err := stream.SendHeader(metadata.Pairs("eupay-cursor", "41")); err != nil {
		return err
	}
	for {
		select {
		case resp := <-e.out:
			if err := stream.Send(resp); err != nil {
				return err
			}
		case err := <-e.fail:
			return err
		case <-stream.Context().Done():
			e.left <- struct{}{}
			return stream.Context().Err()
		}
	}
}

// listening is the fixture behind a server as in the gateway, with a stand-in for the webhooks service.
type listening struct {
	*fixture
	events *events
	stop   func() // stops the gateway's server and waits for its end
}

func setupListening(t *testing.T) *listening {
	t.Helper()
	f := &listening{fixture: setup(t), events: &events{
		asked: make(chan *webhooksv1.ListenRequest, 1), out: make(chan *webhooksv1.ListenResponse), fail: make(chan error), left: make(chan struct{}, 1),
	}}
	api := New(Deps{Merchants: f.Accounts.Merchants, Webhooks: f.hooks.client(t), Listen: f.events.client(t), Access: f.Access})
	api.keepAlive = 5 * time.Millisecond
	e := web.New(portaltest.Quiet, nil)
	group := apidoctest.API(t, e)
	portaltest.Register(group, f.Accounts, f.Access, f.Limiter)
	api.Register(group)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- web.Serve(ctx, l, e, time.Hour, portaltest.Quiet) }()
	f.API.URL, f.API.HTTP = "http://"+l.Addr().String()+apidoctest.Base, &http.Client{Transport: &http.Transport{}}
	f.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { f.API.HTTP.CloseIdleConnections(); f.stop() })
	return f
}

func (e *events) client(t *testing.T) webhooksv1.ListenServiceClient {
	t.Helper()
	return webhooksv1.NewListenServiceClient(gatewaytest.Connect(t, func(r grpc.ServiceRegistrar) {
		webhooksv1.RegisterListenServiceServer(r, e)
	}))
}

// stream is an open answer.
type stream struct {
	t     *testing.T
	resp  *http.Response
	lines *bufio.Scanner
}

func (f *listening) listen(t *testing.T, who as, query, lastID string) *stream {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", f.API.URL+"/webhook-listener/events"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Api-Key", who.Public)
	req.Header.Set("X-Api-Secret", who.Secret)
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	resp, err := f.API.HTTP.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return &stream{t, resp, bufio.NewScanner(resp.Body)}
}

// next returns the next block that is not a comment.
func (s *stream) next() []string {
	s.t.Helper()
	var block []string
	for s.lines.Scan() {
		switch line := s.lines.Text(); {
		case line == "" && block != nil:
			return block
		case line != "" && !strings.HasPrefix(line, ":"):
			block = append(block, line)
		}
	}
	if err := s.lines.Err(); err != nil {
		s.t.Errorf("the stream was cut: %v", err)
	}
	return block
}

var completed = &webhooksv1.ListenResponse{
	Cursor: 42, EventId: "0197-1", EventType: "payment.completed", Reference: "PAY-1", Body: []byte(`{"event":"payment.completed","data":"a<b>\n"}`),
	Headers: map[string]string{"Content-Type": "application/json", "X-Eupay-Signature": "sha256=00"},
}

func TestADeveloperListensWithATestKey(t *testing.T) {
	t.Parallel()
	f := setupListening(t)
	key := f.APIKey(t, f.Register(t, "owner@example.com"), "false", `["webhooks:read"]`)
	merchant := strings.TrimPrefix(f.Must(t, key, "GET", "/webhook-listener", "").Str("secret"), "whsec_of_")

	s := f.listen(t, key, "?event_types=payment.completed,payment.failed", "40")
	if s.resp.StatusCode != 200 || s.resp.Header.Get("Content-Type") != "text/event-stream" || s.resp.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", s.resp.StatusCode, s.resp.Header)
	}
	want := &webhooksv1.ListenRequest{MerchantId: merchant, EventTypes: []string{"payment.completed", "payment.failed"}, AfterCursor: 40}
	if asked := <-f.events.asked; merchant == "" || !proto.Equal(asked, want) {
		t.Errorf("asked for %v, want %v", asked, want)
	}
	if start := s.next(); !slices.Equal(start, []string{"id: 41"}) {
		t.Errorf("the stream begins with %q", start)
	}
	f.events.out <- completed
	block := s.next()
	if len(block) != 3 || block[0] != "id: 42" || block[1] != "event: webhook" {
		t.Fatalf("an event is %q", block)
	}
	var got listened
	if err := json.Unmarshal([]byte(strings.TrimPrefix(block[2], "data: ")), &got); err != nil {
		t.Fatal(err)
	}
	if got.Body != string(completed.GetBody()) || got.Headers["X-Eupay-Signature"] != "sha256=00" || got.ID != "0197-1" || got.Type != "payment.completed" || got.Reference != "PAY-1" {
		t.Errorf("got %+v", got)
	}
	for s.lines.Scan() && s.lines.Text() != ": keep-alive" {
	}
	f.events.fail <- errs.New(errs.Unavailable, "Connect again.")
	if end := s.next(); len(end) != 2 || end[0] != "event: error" || end[1] != `data: {"success":false,"code":"SERVICE_UNAVAILABLE","message":"Connect again."}` {
		t.Errorf("the error is %q", end)
	}
	if more := s.next(); more != nil {
		t.Errorf("after the error comes %q", more)
	}
}

func TestListeningIsForTestMode(t *testing.T) {
	t.Parallel()
	f := setupListening(t)
	owner := f.Register(t, "owner@example.com")
	live, writer := f.APIKey(t, owner, "true", bothScopes), f.APIKey(t, owner, "false", `["webhooks:write"]`)
	test := f.APIKey(t, owner, "false", bothScopes)
	for _, path := range []string{"/webhook-listener", "/webhook-listener/events"} {
		f.Refused(t, errs.Forbidden, live, "GET", path, "")
		f.Refused(t, errs.Forbidden, owner, "GET", path+"?livemode=true", "")
		f.Refused(t, errs.InsufficientScope, writer, "GET", path, "")
		f.Refused(t, errs.Unauthenticated, as{}, "GET", path, "")
	}
	for _, types := range []string{"a,", ",", "a%20b", strings.Repeat("a,", 64) + "a", strings.Repeat("a", 201)} {
		if r := f.Refused(t, errs.ValidationError, test, "GET", "/webhook-listener/events?event_types="+types, ""); r.Fields() != "event_types" {
			t.Errorf("%q: %s", types, r.Text)
		}
	}
	for _, id := range []string{"-1", "x", "18446744073709551616", "1.0"} {
		if s := f.listen(t, test, "", id); s.resp.StatusCode != 400 {
			t.Errorf("Last-Event-ID %q: %d", id, s.resp.StatusCode)
		}
	}
}

func TestARefusedListenerGetsAnOrdinaryAnswer(t *testing.T) {
	t.Parallel()
	f := setup(t) // with full
	r := f.Refused(t, errs.RateLimitExceeded, f.Register(t, "owner@example.com"), "GET", "/webhook-listener/events", "")
	if r.JSON["retry_after"] != 10.0 {
		t.Errorf("retry_after is missing in %s", r.Text)
	}
}

// The complete stream matches the description too: this one ends with an error.
func TestTheStreamIsAsDescribed(t *testing.T) {
	t.Parallel()
	f := setupListening(t)
	key := f.APIKey(t, f.Register(t, "owner@example.com"), "false", bothScopes)
	s := f.listen(t, key, "", "")
	f.events.fail <- errs.New(errs.Unavailable, "Connect again.")
	described := s.resp.Request.Clone(t.Context())
	described.URL.Host, described.URL.Scheme = "", ""
	f.API.Doc.Check(t, described, s.resp)
	if raw, err := io.ReadAll(s.resp.Body); err != nil || !strings.HasPrefix(string(raw), "id: 41\n\n") {
		t.Errorf("%q %v", raw, err)
	}
}

func TestListenersEndWithTheGatewayAndWithTheirClient(t *testing.T) {
	t.Parallel()
	f := setupListening(t)
	key := f.APIKey(t, f.Register(t, "owner@example.com"), "false", bothScopes)
	gone := f.listen(t, key, "", "")
	<-f.events.asked
	gone.next()
	gone.resp.Body.Close()
	<-f.events.left // the webhooks service learns that the client has gone
	s := f.listen(t, key, "", "")
	s.next()
	f.stop() // would wait an hour for the stream
	if more := s.next(); more != nil {
		t.Errorf("the end of the gateway is told as %q", more)
	}
	<-f.events.left
}
