// Package receiver is a merchant's server that receives webhooks.
package receiver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Receiver listens on loopback. Close it at the end.
type Receiver struct {
	// URL to register as a webhook endpoint.
	URL string

	server *http.Server
	hooks  chan Hook
	done   chan struct{}
}

// Hook is a received webhook.
type Hook struct {
	Header http.Header
	Body   []byte
}

const (
	hookLimit = 1 << 20
	headLimit = 5 * time.Second
)

// Listen opens a receiver on a free port.
func Listen() (*Receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for webhooks: %w", err)
	}
	r := &Receiver{URL: "http://" + l.Addr().String() + "/webhooks", hooks: make(chan Hook, 16), done: make(chan struct{})}
	r.server = &http.Server{Handler: http.HandlerFunc(r.take), ReadHeaderTimeout: headLimit}
	go func() {
		defer close(r.done)
		if err := r.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			fmt.Println("the webhook receiver ended:", err)
		}
	}()
	return r, nil
}

// take answers 200 at once, as a merchant should, and processes the webhook afterwards.
func (r *Receiver) take(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(io.LimitReader(req.Body, hookLimit))
	if err != nil || req.Method != http.MethodPost {
		http.Error(w, "a webhook is a POST", http.StatusBadRequest)
		return
	}
	select {
	case r.hooks <- Hook{req.Header, body}:
		w.WriteHeader(http.StatusOK)
	default:
		http.Error(w, "busy", http.StatusServiceUnavailable) // it will be sent again
	}
}

// Next waits for the next webhook.
func (r *Receiver) Next(ctx context.Context) (Hook, error) {
	select {
	case h := <-r.hooks:
		return h, nil
	case <-ctx.Done():
		return Hook{}, fmt.Errorf("no webhook came: %w", context.Cause(ctx))
	}
}

// Close ends the receiver.
func (r *Receiver) Close() {
	if err := r.server.Close(); err != nil {
		fmt.Println("close the webhook receiver:", err)
	}
	<-r.done
}
