package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	firstPause = 250 * time.Millisecond
	maxPause   = 10 * time.Second
	// settled is how long a stream must have lasted for its end to be nothing unusual.
	settled = 30 * time.Second
)

type listenCmd struct {
	ForwardTo   string   `placeholder:"URL" help:"Where to send each webhook, such as http://localhost:3000/hook. Without it webhooks are only shown."`
	Events      []string `placeholder:"TYPE" help:"Event types, with commas between them. Default: what an endpoint without types gets."`
	Retry       bool     `help:"Send a webhook again, up to four times, until it is answered with 2xx."`
	JSON        bool     `name:"json" help:"Print each webhook as one line of JSON and nothing else."`
	PrintSecret bool     `help:"Print the webhook secret and end."`
}

// Run listens until ctx ends.
func (l *listenCmd) Run(ctx context.Context, connect connector, term terminal) error {
	c, err := connect()
	if err != nil {
		return err
	}
	var made struct{ Secret string }
	if _, err := c.call(ctx, http.MethodGet, "/webhook-listener", nil, &made); err != nil {
		return err
	}
	if l.PrintSecret {
		fmt.Fprintln(term.out, made.Secret)
		return nil
	}
	s := &session{client: c, secret: made.Secret, events: l.Events, term: term, json: l.JSON}
	if l.ForwardTo != "" {
		if s.forward, err = newForwarder(l.ForwardTo, l.Retry, s.say); err != nil {
			return err
		}
	}
	return s.run(ctx)
}

// session is one run of listen over as many connections as it takes.
type session struct {
	client  *client
	secret  string
	events  []string
	term    terminal
	json    bool
	forward *forwarder // nil: only show

	lastID string
	ready  bool // was connected at least once
	lost   bool // was said to be disconnected
}

// webhook is what the stream brings.
type webhook struct {
	ID        string            `json:"id"`
	Type      string            `json:"type"`
	Reference string            `json:"reference"`
	Headers   map[string]string `json:"headers"`
	Body      string            `json:"body"`
}

// say tells the person. Beside JSON that is not what the program reads.
func (s *session) say(format string, args ...any) {
	to := s.term.out
	if s.json {
		to = s.term.notes
	}
	fmt.Fprintf(to, format+"\n", args...)
}

// run connects again whenever a stream ends, after the last event that was handled.
func (s *session) run(ctx context.Context) error {
	pause := firstPause
	for {
		began := time.Now()
		err := s.connection(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var r *refusal
		if !s.ready || (errors.As(err, &r) && !r.passing()) {
			return err
		}
		if time.Since(began) > settled {
			pause = firstPause
		}
		if r != nil {
			pause = max(pause, time.Duration(r.RetryAfter)*time.Second)
		}
		if pause > firstPause && !s.lost {
			s.lost = true
			fmt.Fprintf(s.term.notes, "Not connected, trying again: %v\n", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, maxPause)
	}
}

// connection opens one stream and handles what it brings until it ends.
func (s *session) connection(ctx context.Context) error {
	under, cut := context.WithCancel(ctx)
	defer cut()
	path := "/webhook-listener/events"
	if len(s.events) > 0 {
		path += "?event_types=" + url.QueryEscape(strings.Join(s.events, ","))
	}
	req, err := s.client.request(under, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	if s.lastID != "" {
		req.Header.Set("Last-Event-ID", s.lastID)
	}
	opening := time.AfterFunc(callLimit, cut)
	resp, err := s.client.open(req)
	opening.Stop()
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	events := newReader(resp.Body, cut)
	defer events.cut.Stop()
	for first := true; ; first = false {
		m, err := events.next()
		if events.lastID != "" {
			s.lastID = events.lastID
		}
		if err != nil {
			return err
		}
		if first {
			s.connected()
		}
		if err := s.handle(ctx, m); err != nil {
			return err
		}
	}
}

// connected is called once the position in the stream is known: nothing is lost from here on.
func (s *session) connected() {
	switch {
	case !s.ready:
		s.say("Ready. Your webhook secret is %s (Ctrl-C ends)", s.secret)
	case s.lost:
		fmt.Fprintln(s.term.notes, "Connected again.")
	}
	s.ready, s.lost = true, false
}

// handle shows and forwards one webhook. Its error is that of the stream.
func (s *session) handle(ctx context.Context, m message) error {
	switch m.name {
	case "error":
		r := &refusal{}
		if err := json.Unmarshal([]byte(m.data), r); err != nil {
			return fmt.Errorf("read an error of the stream: %w", err)
		}
		r.status = http.StatusServiceUnavailable // whatever it is, it comes after the request was accepted
		return r
	case "webhook":
	default:
		return nil // of a newer server
	}
	var w webhook
	if err := json.Unmarshal([]byte(m.data), &w); err != nil {
		return fmt.Errorf("read a webhook: %w", err)
	}
	if s.json {
		fmt.Fprintln(s.term.out, m.data)
	} else {
		s.say("%s  --> %s %s [%s]", stamp(), w.Type, w.Reference, w.ID)
	}
	if s.forward != nil {
		s.forward.send(ctx, w)
	}
	return nil
}

func stamp() string { return time.Now().Format("2006-01-02 15:04:05") }

const (
	forwardLimit = 10 * time.Second
	maxReply     = 64 << 10
)

// retries are the pauses before a webhook is sent again.
var retries = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}

// forwarder sends webhooks to one address, as EU Pay would.
type forwarder struct {
	to     string
	pauses []time.Duration
	http   *http.Client
	say    func(format string, args ...any)
}

func newForwarder(to string, retry bool, say func(string, ...any)) (*forwarder, error) {
	if !strings.Contains(to, "://") {
		to = "http://" + to
	}
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("--forward-to must be an http or https URL, such as http://localhost:3000/hook")
	}
	f := &forwarder{to: to, say: say, http: &http.Client{CheckRedirect: noRedirects, Timeout: forwardLimit}}
	if retry {
		f.pauses = retries
	}
	return f, nil
}

// send sends the webhook and shows what came of it. The next one waits: they arrive in order.
func (f *forwarder) send(ctx context.Context, w webhook) {
	for attempt := 0; ; attempt++ {
		if f.attempt(ctx, w) || attempt >= len(f.pauses) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(f.pauses[attempt]):
		}
	}
}

// attempt reports whether the webhook was taken: answered with 2xx.
func (f *forwarder) attempt(ctx context.Context, w webhook) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.to, strings.NewReader(w.Body))
	if err != nil {
		f.say("%s  <-- failed POST %s: %v", stamp(), f.to, err)
		return false
	}
	for name, value := range w.Headers {
		req.Header.Set(name, value)
	}
	began := time.Now()
	resp, err := f.http.Do(req)
	took := time.Since(began).Milliseconds()
	if err != nil {
		if ctx.Err() == nil {
			f.say("%s  <-- failed POST %s (%d ms): %v", stamp(), f.to, took, cause(err))
		}
		return false
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxReply)); err != nil && ctx.Err() == nil {
		f.say("%s  <-- failed POST %s (%d ms): %v", stamp(), f.to, took, cause(err))
		return false
	}
	f.say("%s  <-- %d POST %s (%d ms)", stamp(), resp.StatusCode, f.to, took)
	return resp.StatusCode >= 200 && resp.StatusCode < 300
}

// cause is the error without the method and URL that http puts before it.
func cause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
