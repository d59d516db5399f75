package eupay

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Listener streams test-mode webhooks to a machine without a public address, as the command eupay listen forwards them.
type Listener struct{ c *caller }

// Secret signs what a Stream brings: always the same one for a merchant.
func (s Listener) Secret(ctx context.Context) (Secret, error) {
	v, err := get[struct {
		Secret Secret `json:"secret"`
	}](ctx, s.c, call{method: http.MethodGet, path: "/webhook-listener", moded: true})
	if err != nil {
		return "", err
	}
	return v.Secret, nil
}

// ListenParams is what a Stream brings.
type ListenParams struct {
	// EventTypes as of an endpoint. Empty: those of an endpoint that names none.
	EventTypes []string
	// Latest: it begins with the newest event that happened before. Not together with After.
	Latest bool
	// After is the Position of a Stream that ended: it goes on there, and nothing is missing.
	After string
}

// ListenedWebhook is a webhook as an endpoint would get it.
type ListenedWebhook struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Reference string `json:"reference"`
	// Headers are those of the request, with the signatures.
	Headers map[string]string `json:"headers"`
	// Body is the very text that was signed.
	Body string `json:"body"`
	// Raw is all of it as it came, in JSON.
	Raw string `json:"-"`
}

const (
	maxLine = 4 << 20
	// silence is three keep-alives of the server.
	silence = 45 * time.Second
)

// Stream brings webhooks. It is for one goroutine.
type Stream struct {
	lines    *bufio.Scanner
	body     io.Closer
	position string
	// cut ends a connection on which nothing comes any more.
	cut   func()
	timer *time.Timer
	first *message // what came while it was opened; nil: nothing
}

// Open begins a stream. When it returns, the position in the stream is known: nothing is lost from here on. Close it. The server
// ends a stream after five minutes: open another, After its Position.
func (s Listener) Open(ctx context.Context, p ListenParams) (*Stream, error) {
	q := query{}
	q.text("event_types", strings.Join(p.EventTypes, ","))
	if p.Latest {
		q.flag("latest", true)
	}
	op := call{method: http.MethodGet, path: "/webhook-listener/events", query: q, moded: true, header: http.Header{}}
	if p.After != "" {
		op.header.Set("Last-Event-ID", p.After)
	}
	ctx, cut := context.WithCancel(ctx)
	st, err := s.open(ctx, &op, cut)
	if err != nil {
		cut()
		return nil, err
	}
	return st, nil
}

func (s Listener) open(ctx context.Context, op *call, cut func()) (*Stream, error) {
	st, err := s.connect(ctx, op, cut)
	if err != nil {
		return nil, err
	}
	m, err := st.message()
	if err != nil {
		return nil, errors.Join(err, st.body.Close())
	}
	if m.data == "" {
		st.position = m.id
	} else {
		st.first = &m
	}
	return st, nil
}

// connect begins a stream of the server.
func (s Listener) connect(ctx context.Context, op *call, cut func()) (*Stream, error) {
	req, err := s.c.parcel(op)
	if err != nil {
		return nil, err
	}
	opening := time.AfterFunc(callLimit, cut)
	defer opening.Stop()
	resp, err := s.c.http.Do(req.WithContext(ctx))
	if err != nil {
		return nil, fmt.Errorf("EU Pay does not answer: %w", err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		defer resp.Body.Close()
		a, err := read(resp)
		if err != nil {
			return nil, err
		}
		return nil, refusal(s.c.base, a)
	}
	st := newStream(resp.Body, cut)
	st.position = op.header.Get("Last-Event-ID")
	return st, nil
}

func newStream(body io.ReadCloser, cut func()) *Stream {
	st := &Stream{lines: bufio.NewScanner(body), body: body, cut: cut, timer: time.AfterFunc(silence, cut)}
	st.lines.Buffer(nil, maxLine)
	return st
}

// Position is where the stream stands: after the last webhook that Next returned, before the first where it began.
func (st *Stream) Position() string { return st.position }

// Close ends the stream. A Next that waits returns.
func (st *Stream) Close() error {
	st.timer.Stop()
	st.cut()
	return st.body.Close()
}

// Next waits for the next webhook. The error is io.EOF when the server ended the stream, and an *Error when it said why.
func (st *Stream) Next() (*ListenedWebhook, error) {
	for {
		m, err := st.take()
		if err != nil {
			return nil, err
		}
		switch m.name {
		case "error":
			return nil, lastError(m.data)
		case "webhook":
			w := &ListenedWebhook{Raw: m.data}
			if err := json.Unmarshal([]byte(m.data), w); err != nil {
				return nil, fmt.Errorf("read a webhook: %w", err)
			}
			return w, nil
		} // others are of a newer server
	}
}

// lastError is why the server ended a stream.
func lastError(data string) error {
	e, err := parseError([]byte(data))
	if err != nil {
		return fmt.Errorf("read an error of the stream: %w", err)
	}
	e.Status = http.StatusServiceUnavailable // whatever it is, it comes after the request was accepted
	return e
}

// take is the next message, with which the position moves on.
func (st *Stream) take() (message, error) {
	var m message
	var err error
	if st.first != nil {
		m, st.first = *st.first, nil
	} else {
		m, err = st.message()
	}
	if m.id != "" {
		st.position = m.id
	}
	return m, err
}

// message is a server-sent event (https://html.spec.whatwg.org/multipage/server-sent-events.html).
type message struct{ id, name, data string }

// message waits for the next one. One without data only moves the position.
func (st *Stream) message() (message, error) {
	st.timer.Reset(silence)
	defer st.timer.Stop()
	var m message
	var data []string
	for st.lines.Scan() {
		st.timer.Reset(silence)
		line := st.lines.Text()
		if line == "" {
			if m.id == "" && data == nil {
				m = message{} // a comment, or nothing
				continue
			}
			m.data = strings.Join(data, "\n")
			return m, nil
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "id":
			m.id = value
		case "event":
			m.name = value
		case "data":
			data = append(data, value)
		}
	}
	if err := st.lines.Err(); err != nil {
		return message{}, errors.Join(errors.New("the stream broke"), err)
	}
	return message{}, io.EOF
}
