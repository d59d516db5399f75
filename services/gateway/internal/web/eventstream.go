package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
)

// eventWriteTimeout is how long a reader may block the writing of one event before the stream is closed.
const eventWriteTimeout = 10 * time.Second

// EventStream is an answer of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). It does not
// end by itself, so its handler must watch UntilStop.
type EventStream struct {
	out  http.ResponseWriter
	conn *http.ResponseController
}

// NewEventStream begins the answer. The server's read and write timeouts no longer apply: each write has its own.
func NewEventStream(c echo.Context) (*EventStream, error) {
	s := &EventStream{out: c.Response(), conn: http.NewResponseController(c.Response())}
	// Otherwise the read timeout would look as if the client had disconnected.
	if err := s.conn.SetReadDeadline(time.Time{}); err != nil {
		return nil, fmt.Errorf("begin event stream: %w", err)
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/event-stream")
	h.Set(echo.HeaderCacheControl, "no-store")
	h.Set("X-Accel-Buffering", "no") // makes proxies that buffer answers pass this one on at once
	c.Response().WriteHeader(http.StatusOK)
	return s, nil
}

// Send writes one event; data becomes JSON.
func (s *EventStream) Send(id, name string, data any) error {
	var b bytes.Buffer
	if id != "" {
		fmt.Fprintf(&b, "id: %s\n", id)
	}
	fmt.Fprintf(&b, "event: %s\ndata: ", name)
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(data); err != nil { // one line, with its line break
		return fmt.Errorf("encode event: %w", err)
	}
	b.WriteByte('\n')
	return s.write(b.Bytes())
}

// Position tells the reader where to resume if the stream breaks now.
func (s *EventStream) Position(id string) error { return s.write([]byte("id: " + id + "\n\n")) }

// Comment writes a line that readers ignore.
func (s *EventStream) Comment(text string) error { return s.write([]byte(": " + text + "\n\n")) }

// Fail tells the reader why the stream ends.
func (s *EventStream) Fail(err error) {
	e := errs.From(err)
	body := failure{Code: e.Code, Message: e.Message, Errors: e.Fields, RetryAfter: Seconds(e.RetryAfter), Action: e.Action}
	if s.Send("", "error", body) != nil {
		return // the reader has gone
	}
}

func (s *EventStream) write(b []byte) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(eventWriteTimeout)); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	_, err := s.out.Write(b)
	if err := errors.Join(err, s.conn.Flush()); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	return nil
}

type stoppingKey struct{}

// UntilStop returns the request's context, which also ends when the server is asked to stop. It is for answers that would not end
// by themselves, because Serve waits for all open requests.
func UntilStop(r *http.Request) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(r.Context())
	stopping, ok := ctx.Value(stoppingKey{}).(context.Context)
	if !ok {
		return ctx, cancel
	}
	release := context.AfterFunc(stopping, cancel)
	return ctx, func() { release(); cancel() }
}
