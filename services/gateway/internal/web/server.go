package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/labstack/echo/v4"
)

// The server's timeouts. WriteTimeout is longer than any deadline of a handler.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 45 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
)

// New returns an echo with the middleware of all requests and the error handler. trusted are the proxies whose X-Forwarded-For is
// trusted.
func New(log *slog.Logger, trusted []netip.Prefix) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = ipExtractor(trusted)
	e.HTTPErrorHandler = ErrorHandler(log)
	e.Use(requestID, traced, logged(log), secured, recovered, newFlood().slow, textual)
	return e
}

// Handler routes HEAD to the handlers of GET. The HTTP server knows the real method and sends no body.
func Handler(e *echo.Echo) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			get := r.WithContext(r.Context())
			get.Method = http.MethodGet
			r = get
		}
		e.ServeHTTP(w, r)
	})
}

// Serve serves e on l until ctx ends, then lets the requests in progress finish, for at most grace.
func Serve(ctx context.Context, l net.Listener, e *echo.Echo, grace time.Duration, log *slog.Logger) error {
	srv := &http.Server{
		Handler: Handler(e), ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		// ctx does not cancel requests in progress; those that use UntilStop learn that it has ended.
		BaseContext: func(net.Listener) context.Context {
			return context.WithValue(context.WithoutCancel(ctx), stoppingKey{}, ctx)
		},
	}
	done := make(chan error, 1)
	go func() {
		<-ctx.Done()
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		err := srv.Shutdown(ending)
		if err != nil {
			err = errors.Join(fmt.Errorf("finish requests under way: %w", err), srv.Close())
		}
		done <- err
	}()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve HTTP: %w", err)
	}
	return <-done
}
