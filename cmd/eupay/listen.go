package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
)

const (
	firstPause = 250 * time.Millisecond
	maxPause   = 10 * time.Second
	// settled is how long a stream must have lasted for its end to be normal.
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
	secret, err := c.Listener.Secret(ctx)
	if err != nil {
		return err
	}
	if l.PrintSecret {
		fmt.Fprintln(term.out, string(secret))
		return nil
	}
	s := &session{client: c, secret: string(secret), events: l.Events, latest: l.Latest, term: term, json: l.JSON}
	if l.ForwardTo != "" {
		if s.forward, err = newForwarder(l, s.say); err != nil {
			return err
		}
		defer s.forward.http.CloseIdleConnections()
	}
	return s.run(ctx)
}

// session is one run of listen over any number of connections.
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
	lost   bool // a disconnection was reported
}

// say prints a message for the user. With JSON output it goes elsewhere.
func (s *session) say(format string, args ...any) {
	to := s.term.out
	if s.json {
		to = s.term.notes
	}
	fmt.Fprintf(to, format+"\n", args...)
}

// run reconnects whenever a stream ends, after the last handled event.
func (s *session) run(ctx context.Context) error {
	pause := firstPause
	for {
		began := time.Now()
		err := s.connection(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		refused := refusal(err)
		if !s.ready || (refused != nil && !refused.Temporary()) {
			return err
		}
		if time.Since(began) > settled {
			pause = firstPause
		}
		if refused != nil {
			pause = max(pause, refused.RetryAfter)
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

// refusal returns an error of EU Pay itself; nil for other errors.
func refusal(err error) *eupay.Error {
	var refused *eupay.Error
	if errors.As(err, &refused) && refused.Code != "" {
		return refused
	}
	return nil
}

// connection opens one stream and handles its events until it ends.
func (s *session) connection(ctx context.Context) error {
	stream, err := s.client.Listener.Open(ctx, eupay.ListenParams{EventTypes: s.events, Latest: s.latest && s.lastID == "", After: s.lastID})
	if err != nil {
		return err
	}
	defer stream.Close()
	s.lastID = stream.Position()
	s.connected()
	for {
		w, err := stream.Next()
		s.lastID = stream.Position()
		if err != nil {
			return err
		}
		s.handle(ctx, w)
	}
}

// connected is called once the position in the stream is known: from here on, nothing is lost.
func (s *session) connected() {
	switch {
	case !s.ready:
		s.say("Ready. Your webhook secret is %s (Ctrl-C ends)", s.secret)
	case s.lost:
		fmt.Fprintln(s.term.notes, "Connected again.")
	}
	s.ready, s.lost = true, false
}

// handle shows and forwards one webhook.
func (s *session) handle(ctx context.Context, w *eupay.ListenedWebhook) {
	if s.json {
		fmt.Fprintln(s.term.out, w.Raw)
	} else {
		s.say("%s  --> %s %s [%s]", stamp(), w.Type, w.Reference, w.ID)
	}
	if s.forward != nil {
		s.forward.send(ctx, w)
	}
}

func stamp() string { return time.Now().Format("2006-01-02 15:04:05") }
