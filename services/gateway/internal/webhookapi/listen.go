package webhookapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"google.golang.org/grpc"

	"european-pay.eu/eupay/internal/errs"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	// cursorHeader is the metadata with which the webhooks service opens a stream: its starting position.
	cursorHeader = "eupay-cursor"
	// listenLimit ends a stream regularly. The client reconnects, and its credentials are checked again.
	listenLimit = 5 * time.Minute
	// listenKeepAlive is shorter than the idle timeouts of proxies.
	listenKeepAlive = 15 * time.Second
	// maxEventTypes is more than the number of event types.
	maxEventTypes = 64
)

func (a *API) registerListen(g *web.API) {
	read := a.access.LoginOrKey(rights.WebhooksRead, caller.Team...)
	g.GET("/webhook-listener", a.listenSecret, read)
	g.GET("/webhook-listener/events", a.listenEvents, read)
}

// listeningMerchant returns whose events the request is about. There is no listening in live mode: data of real customers does
// not go to developers' machines.
func (a *API) listeningMerchant(c echo.Context) (string, error) {
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return "", err
	}
	if of.Livemode {
		return "", errs.New(errs.Forbidden, "Listening works in test mode only: use an API key that begins with pk_test_.")
	}
	return of.MerchantID, nil
}

func (a *API) listenSecret(c echo.Context) error {
	merchant, err := a.listeningMerchant(c)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.listener.GetListenSecret, &webhooksv1.GetListenSecretRequest{MerchantId: merchant})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, struct {
		Secret string `json:"secret"`
	}{res.GetSecret()})
}

func (a *API) listenEvents(c echo.Context) error {
	merchant, err := a.listeningMerchant(c)
	if err != nil {
		return err
	}
	types, err := eventTypes(c)
	if err != nil {
		return err
	}
	after, err := lastEventID(c)
	if err != nil {
		return err
	}
	latest, err := flag(c, "latest")
	if err != nil {
		return err
	}
	ctx, release := web.UntilStop(c.Request())
	defer release()
	ctx, cancel := context.WithTimeout(ctx, listenLimit)
	defer cancel()
	upstream, cursor, err := a.listen(ctx, &webhooksv1.ListenRequest{MerchantId: merchant, EventTypes: types, AfterCursor: after, Latest: latest})
	if err != nil {
		return err
	}
	out, err := web.NewEventStream(c)
	if err != nil {
		return err
	}
	incoming := receive(ctx, upstream)
	defer func() {
		cancel()
		for range incoming { // until receive has ended
			continue
		}
	}()
	if out.Position(cursor) == nil {
		a.relay(ctx, incoming, out)
	}
	return nil
}

// listen opens the stream. An error here is still an ordinary answer.
func (a *API) listen(ctx context.Context, r *webhooksv1.ListenRequest) (grpc.ServerStreamingClient[webhooksv1.ListenResponse], string, error) {
	stream, err := a.listener.Listen(ctx, r)
	if err != nil {
		return nil, "", err
	}
	header, err := stream.Header()
	if err != nil {
		return nil, "", err
	}
	if at := header.Get(cursorHeader); len(at) == 1 {
		return stream, at[0], nil
	}
	// If the stream was refused before it began, Recv returns the reason.
	if _, err = stream.Recv(); err == nil {
		err = errs.New(errs.Unavailable, "Events cannot be streamed at the moment. Try again in a moment.")
	}
	return nil, "", err
}

type received struct {
	event *webhooksv1.ListenResponse
	err   error
}

// receive passes on what it receives from the stream until the stream or ctx ends. Then it closes the channel.
func receive(ctx context.Context, upstream grpc.ServerStreamingClient[webhooksv1.ListenResponse]) <-chan received {
	incoming := make(chan received)
	go func() {
		defer close(incoming)
		for {
			event, err := upstream.Recv()
			select {
			case incoming <- received{event, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return incoming
}

// relay writes events, and comments while there are none, until ctx ends, the stream of events fails, or the reader has gone.
func (a *API) relay(ctx context.Context, incoming <-chan received, out *web.EventStream) {
	alive := time.NewTicker(a.keepAlive)
	defer alive.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-alive.C:
			err = out.Comment("keep-alive")
		case r, more := <-incoming:
			if !more {
				return
			}
			if r.err != nil && ctx.Err() == nil {
				out.Fail(r.err)
			}
			if r.err != nil {
				return
			}
			err = out.Send(strconv.FormatUint(r.event.GetCursor(), 10), "webhook", listenedView(r.event))
		}
		if err != nil {
			return
		}
	}
}

// listened is a webhook that the listener forwards: these headers and exactly this body.
type listened struct {
	ID        string            `json:"id"`
	Type      string            `json:"type"`
	Reference string            `json:"reference"`
	Headers   map[string]string `json:"headers"`
	Body      string            `json:"body"`
}

func listenedView(r *webhooksv1.ListenResponse) listened {
	return listened{ID: r.GetEventId(), Type: r.GetEventType(), Reference: r.GetReference(), Headers: r.GetHeaders(), Body: string(r.GetBody())}
}

// eventTypes returns the list in the query. The webhooks service checks that the types exist.
func eventTypes(c echo.Context) ([]string, error) {
	text := c.QueryParam("event_types")
	if text == "" {
		return nil, nil
	}
	types := strings.Split(text, ",")
	for _, t := range types {
		if len(types) > maxEventTypes || t == "" || len(t) > maxFilter || strings.ContainsFunc(t, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return nil, errs.Invalid(errs.Field{Field: "event_types", Message: "event_types must be event types with commas between them."})
		}
	}
	return types, nil
}

// flag reads a boolean query parameter; false if it is absent.
func flag(c echo.Context, name string) (bool, error) {
	text := c.QueryParam(name)
	if text != "" && text != "true" && text != "false" {
		return false, errs.Invalid(errs.Field{Field: name, Message: name + " must be true or false."})
	}
	return text == "true", nil
}

func lastEventID(c echo.Context) (uint64, error) {
	text := c.Request().Header.Get("Last-Event-ID")
	if text == "" {
		return 0, nil
	}
	after, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, errs.Invalid(errs.Field{Field: "Last-Event-ID", Message: "Last-Event-ID must be the id of an event of this stream, or absent."})
	}
	return after, nil
}
