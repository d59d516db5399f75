package stack

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// part is something that runs until it is stopped.
type part struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// supervise runs a part. If it ends on its own, the whole stack has failed.
func (s *Stack) supervise(name string, run func(context.Context) error) *part {
	ctx, cancel := context.WithCancel(context.Background())
	p := &part{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		err := run(ctx)
		switch {
		case ctx.Err() == nil:
			s.fail(name, err)
		case err != nil:
			s.log.Warn("part of the system did not stop cleanly", "part", name, "error", err)
		}
	}()
	return p
}

// stop ends the part and waits for it. A nil part has nothing to stop.
func (p *part) stop() {
	if p == nil {
		return
	}
	p.cancel()
	<-p.done
}

const (
	headerLimit = 5 * time.Second
	// serveGrace is the time for answers in progress when a sandbox server stops.
	serveGrace = 2 * time.Second
)

// serve returns a runner of an HTTP server on the listener.
func serve(l net.Listener, h http.Handler) func(context.Context) error {
	return func(ctx context.Context) error {
		srv := &http.Server{Handler: h, ReadHeaderTimeout: headerLimit}
		stop := context.AfterFunc(ctx, func() {
			grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), serveGrace)
			defer cancel()
			if srv.Shutdown(grace) != nil {
				srv.Close() // aborts what still hangs
			}
		})
		defer stop()
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}
}
