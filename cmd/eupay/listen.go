package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	Headers     []string `placeholder:"NAME:VALUE" help:"Headers to add to each webhook that is forwarded, with commas between them, such as 'X-Tenant: blue'."`
	SkipVerify  bool     `help:"Forward to an https server whatever its certificate, such as one that it signed itself."`
	Latest      bool     `help:"Begin with the latest event that happened before."`
	Retry       bool     `help:"Send a webhook again, up to four times, until it is answered with 2xx."`
	JSON        bool     `name:"json" help:"Print each webhook as one line of JSON and nothing else."`
	PrintSecret bool     `help:"Print the webhook secret and end."`
}

// Run listens until ctx ends.
func (l *listenCmd) Run(ctx context.Context, connect connector, term terminal) error {
	if l.ForwardTo == "" && (len(l.Headers) > 0 || l.SkipVerify || l.Retry) {
		return errors.New("--headers, --skip-verify and --retry are for webhooks that are forwarded: give --forward-to too")
	}
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
	s := &session{client: c, secret: made.Secret, events: l.Events, latest: l.Latest, term: term, json: l.JSON}
	if l.ForwardTo != "" {
		if s.forward, err = newForwarder(l, s.say); err != nil {
			return err
		}
		defer s.forward.http.CloseIdleConnections()
	}
	return s.run(ctx)
}

// session is one run of listen over as many connections as it takes.
type session struct {
	client  *client
	secret  string
	events  []string
	latest  bool
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
	query := url.Values{}
	if len(s.events) > 0 {
		query.Set("event_types", strings.Join(s.events, ","))
	}
	if s.latest && s.lastID == "" {
		query.Set("latest", "true")
	}
	path := "/webhook-listener/events"
	if len(query) > 0 {
		path += "?" + query.Encode()
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
