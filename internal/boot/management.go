package boot

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
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
	mux.Handle("GET /metrics", promhttp.Handler())
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

// ready: the service can do its work now. The body names what is missing.
func (m *management) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	switch {
	case m.stopping.Load():
		http.Error(w, "stopping", http.StatusServiceUnavailable)
	case !m.core.Bus.NC.IsConnected():
		http.Error(w, "no connection to NATS", http.StatusServiceUnavailable)
	case m.core.Pool.Ping(ctx) != nil:
		http.Error(w, "no connection to PostgreSQL", http.StatusServiceUnavailable)
	default:
		w.WriteHeader(http.StatusOK)
	}
}
