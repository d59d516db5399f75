package live

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

const (
	// heartbeat keeps what lies between from closing a quiet connection.
	heartbeat = 15 * time.Second
	// writeLimit is how long a browser may leave something in the pipe before it is cut.
	writeLimit = 10 * time.Second
	// life ends a stream before its token does. The browser opens the next, and the session is looked at again.
	life = 10 * time.Minute
)

// Register adds the stream to the site.
func Register(s *web.Site) error {
	h := newHub()
	s.For(web.Everyone, "GET /portal/live", h.serve)
	return nil
}

// serve streams events: "changed" for each time that something of the merchant changed.
func (h *hub) serve(r *web.Request) error {
	l, err := h.join(room{r.Session.MerchantID, r.Session.Livemode}, r.Session.UserID, ask(r))
	if errors.Is(err, errFull) {
		r.W.WriteHeader(http.StatusNoContent) // the browser does not come back
		return nil
	}
	if err != nil {
		return err
	}
	defer l.leave()
	out := stream{r.W, http.NewResponseController(r.W)}
	if err := out.begin(); err != nil {
		return err
	}
	h.follow(r, l, out)
	return nil
}

// ask calls as the user of a page, also after that page is closed.
func ask(r *web.Request) newest {
	values := context.WithoutCancel(r.Ctx())
	api := r.API
	return func(ctx context.Context) (string, error) {
		values, cancel := context.WithCancel(values)
		defer context.AfterFunc(ctx, cancel)()
		defer cancel()
		page, err := api.Events.List(values, eupay.EventListParams{Limit: 1})
		if err != nil || len(page.Data) == 0 {
			return "", err
		}
		return page.Data[0].ID, nil
	}
}

func (*hub) follow(r *web.Request, l *listener, out stream) {
	beat, end := time.NewTicker(heartbeat), time.NewTimer(life)
	defer beat.Stop()
	defer end.Stop()
	for {
		text := ":\n\n"
		select {
		case <-r.Ctx().Done():
			return
		case <-r.Stopping():
			return
		case <-l.ended:
			return
		case <-end.C:
			return
		case <-beat.C:
		case <-l.changed:
			text = "event: changed\ndata: 1\n\n"
		}
		if out.write(text) != nil {
			return // the browser has gone
		}
	}
}

// Stream is an answer of server-sent events for another room. Make it with Begin.
type Stream struct{ s stream }

// Begin begins the answer.
func Begin(r *web.Request) (Stream, error) {
	s := Stream{stream{r.W, http.NewResponseController(r.W)}}
	return s, s.s.begin()
}

// Send writes an event; the browser sends the id again when it comes back.
func (s Stream) Send(id, name string) error {
	return s.s.write("id: " + id + "\nevent: " + name + "\ndata: 1\n\n")
}

// Beat writes what browsers ignore.
func (s Stream) Beat() error { return s.s.write(":\n\n") }

// stream is an answer of server-sent events.
type stream struct {
	out  http.ResponseWriter
	conn *http.ResponseController
}

func (s stream) begin() error {
	// Otherwise the end of the read timeout would look as if the browser had left.
	if err := s.conn.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("begin event stream: %w", err)
	}
	h := s.out.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Accel-Buffering", "no") // proxies that collect answers pass this one on at once
	s.out.WriteHeader(http.StatusOK)
	// An error here means that the browser has gone already, which the first event finds out.
	_ = s.write("retry: 3000\n\n")
	return nil
}

func (s stream) write(text string) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return err
	}
	_, err := s.out.Write([]byte(text))
	return errors.Join(err, s.conn.Flush())
}
