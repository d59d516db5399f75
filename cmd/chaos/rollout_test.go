package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/internal/freeport"
	"european-pay.eu/eupay/internal/kit/nettest"
)

// replica is one process of a service, on ports of its own.
type replica struct {
	name, http, grpc string
}

// cluster is a world in which each service has several replicas. Callers reach them at the ports of the system, where a balancer passes
// what comes on to those that are ready, in turn, as a Service or an ingress of Kubernetes does.
type cluster struct {
	*world
	count int

	mu       sync.Mutex
	replicas map[string][]replica
	turn     int
}

// newCluster starts the ground, and the balancers without replicas behind them.
func newCluster(t *testing.T, w *world) *cluster {
	t.Helper()
	w.startGround()
	c := &cluster{world: w, replicas: make(map[string][]replica)}
	for service, port := range w.sys.Ports.GRPC {
		stop := nettest.Spread(c.listen(port), func() string { return c.next(service).grpc })
		t.Cleanup(stop)
	}
	c.balance(system.Gateway, w.sys.Ports.HTTP)
	c.balance(system.Portal, w.sys.Ports.Pages)
	return c
}

func (c *cluster) listen(port int) net.Listener {
	c.t.Helper()
	l, err := net.Listen("tcp", system.Loopback(port))
	if err != nil {
		c.t.Fatal(err)
	}
	return l
}

// balance passes HTTP requests on, each to the next replica. It repeats none: what fails, the caller sees.
func (c *cluster) balance(service string, port int) {
	c.t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	srv := &http.Server{ReadHeaderTimeout: time.Minute, Handler: newBalancer(transport, func() string { return c.next(service).http },
		func(r *http.Request, err error) { c.t.Logf("the balancer: %s %s: %v", r.Method, r.URL.Path, err) })}
	l, served := c.listen(port), make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	c.t.Cleanup(func() {
		srv.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			c.t.Error(err)
		}
		transport.CloseIdleConnections()
	})
}

// newBalancer passes each request on to the server that next names. failed gets what could not be, unless the caller has left.
func newBalancer(transport *http.Transport, next func() string, failed func(*http.Request, error)) http.Handler {
	return &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", next(), r.In.Host
			r.SetXForwarded()
			keepBody(r.Out)
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				failed(r, err)
			}
			w.WriteHeader(http.StatusBadGateway)
		},
	}
}

// keepBody lets a read that has a body be sent over another connection when the server has just closed the one that was idle, as one
// without a body is: that a replica leaves is no failure. Others are not: they may have had an effect.
func keepBody(r *http.Request) {
	if r.Method != http.MethodGet || r.Body == nil {
		return
	}
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return // the rest is missing, which the transport notices by the length
	}
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(content)), int64(len(content)), nil
}

// next is the replica whose turn it is; none at all before the first is ready.
func (c *cluster) next(service string) replica {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.replicas[service]
	if len(all) == 0 {
		return replica{http: system.Loopback(1), grpc: system.Loopback(1)} // refused there
	}
	c.turn++
	return all[c.turn%len(all)]
}

// join starts a replica of the programs in a folder, and lets it take part as soon as it is ready.
func (c *cluster) join(programs, service string) {
	c.t.Helper()
	c.count++
	r := replica{name: fmt.Sprintf("%s-%d", service, c.count)}
	env := c.sys.Env(service)
	var ports [3]int
	for i, setting := range []string{"EUPAY_HTTP_ADDR", "EUPAY_GRPC_ADDR", "EUPAY_MANAGEMENT_ADDR"} {
		port, err := freeport.Find()
		if err != nil {
			c.t.Fatal(err)
		}
		ports[i], env[setting] = port, system.Loopback(port)
	}
	r.http, r.grpc = env["EUPAY_HTTP_ADDR"], env["EUPAY_GRPC_ADDR"]
	c.launch(r.name, exec.Command(filepath.Join(programs, service)), env)
	own := system.System{Ports: system.Ports{Management: map[string]int{service: ports[2]}}}
	if err := own.WaitReady(c.t.Context(), service, nil); err != nil {
		c.t.Fatalf("%s: %v\n%s", r.name, err, c.log(r.name))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.replicas[service] = append(c.replicas[service], r)
}

// How a replica leaves in deploy/k8s: the pause before the signal, shorter here because there is one balancer and not one on each node,
// and the limit after it.
const (
	beforeSignal = time.Second
	untilKilled  = 30 * time.Second
)

// leave takes the oldest replica of a service away: nothing new is sent to it, then it is told to stop, and must end well.
func (c *cluster) leave(service string) {
	c.t.Helper()
	c.mu.Lock()
	old := c.replicas[service][0]
	c.replicas[service] = slices.Clone(c.replicas[service][1:])
	c.mu.Unlock()
	<-after(beforeSignal)
	limit, cancel := context.WithTimeout(c.t.Context(), untilKilled)
	defer cancel()
	p := c.signal(old.name, syscall.SIGTERM)
	select {
	case <-p.Done():
		if p.Err() != nil {
			c.t.Errorf("%s did not stop well: %v\n%s", old.name, p.Err(), c.log(old.name))
		}
	case <-limit.Done():
		c.t.Errorf("%s did not stop within %s\n%s", old.name, untilKilled, c.log(old.name))
	}
}
