package boot

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// management serves /livez, /readyz and /metrics on a port of its own, which is not exposed to the internet.
type management struct {
	core     *Core
	listener net.Listener
	stopping atomic.Bool
}

func newManagement(addr string, c *Core) (*management, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen for management: %w", err)
	}
	return &management{core: c, listener: l}, nil
}

func (m *management) run(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("GET /readyz", m.ready)
	mux.HandleFunc("GET /metrics", m.metrics)
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-ctx.Done()
		m.stopping.Store(true)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if err := srv.Shutdown(grace); err != nil {
			m.core.Log.Debug("management server", "error", err)
		}
	}()
	if err := srv.Serve(m.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve management: %w", err)
	}
	<-done
	return nil
}

// graceBeforeNotReady is how long a broker problem must last before the service reports it: missing consumers are recreated
// within this time.
const graceBeforeNotReady = 5 * time.Second

// ready reports what the service can still do. Reads need only the database, so without a connection to NATS, which fails for all
// replicas alike, the service is ready but degraded. If NATS is connected and a stream or a consumer is missing, the service does
// not work and is not ready. The body lists the problems.
func (m *management) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	trouble, disconnected := m.broker()
	switch {
	case m.stopping.Load():
		http.Error(w, "stopping", http.StatusServiceUnavailable)
	case m.core.Pool.Ping(ctx) != nil:
		http.Error(w, "no connection to PostgreSQL", http.StatusServiceUnavailable)
	case len(trouble) == 0:
		fmt.Fprintln(w, "ready")
	case disconnected || m.core.Edge:
		fmt.Fprintln(w, "degraded:", strings.Join(trouble, "; "))
	default:
		http.Error(w, strings.Join(trouble, "; "), http.StatusServiceUnavailable)
	}
}

// metrics serves those of the whole process, with what this service is only asked about now.
func (m *management) metrics(w http.ResponseWriter, r *http.Request) {
	trouble, _ := m.broker()
	degraded.WithLabelValues(m.core.Name).Set(float64(len(trouble)))
	if m.core.Identity != nil {
		identityExpires.WithLabelValues(m.core.Name).Set(float64(m.core.Identity.Expires().Unix()))
	}
	promhttp.Handler().ServeHTTP(w, r)
}

// broker reports what is wrong with the broker. A service without one has nothing to report.
func (m *management) broker() (trouble []string, disconnected bool) {
	switch bus := m.core.Bus; {
	case bus == nil:
		return nil, false
	case !bus.NC.IsConnected():
		return []string{"no connection to NATS"}, true
	default:
		return bus.Problems(graceBeforeNotReady), false
	}
}
