package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// receiver is the merchant's server that takes webhooks.
type receiver struct {
	url    string
	server *http.Server
	hooks  chan hook
	done   chan struct{}
}

type hook struct {
	header http.Header
	body   []byte
}

const (
	hookLimit = 1 << 20
	headLimit = 5 * time.Second
)

func listen() (*receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for webhooks: %w", err)
	}
	r := &receiver{url: "http://" + l.Addr().String() + "/webhooks", hooks: make(chan hook, 16), done: make(chan struct{})}
	r.server = &http.Server{Handler: http.HandlerFunc(r.take), ReadHeaderTimeout: headLimit}
	go func() {
		defer close(r.done)
		if err := r.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			fmt.Println("the webhook receiver ended:", err)
		}
	}()
	return r, nil
}

// take answers 200 at once, as a merchant should, and works afterwards.
func (r *receiver) take(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(io.LimitReader(req.Body, hookLimit))
	if err != nil || req.Method != http.MethodPost {
		http.Error(w, "a webhook is a POST", http.StatusBadRequest)
		return
	}
	select {
	case r.hooks <- hook{req.Header, body}:
		w.WriteHeader(http.StatusOK)
	default:
		http.Error(w, "busy", http.StatusServiceUnavailable) // it will be sent again
	}
}

func (r *receiver) next(ctx context.Context) (hook, error) {
	select {
	case h := <-r.hooks:
		return h, nil
	case <-ctx.Done():
		return hook{}, fmt.Errorf("no webhook came: %w", context.Cause(ctx))
	}
}

func (r *receiver) close() {
	if err := r.server.Close(); err != nil {
		fmt.Println("close the webhook receiver:", err)
	}
	<-r.done
}
