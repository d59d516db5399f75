package kitchenapi

import (
	"context"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"google.golang.org/grpc"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	// openHeader is the metadata with which the qr service opens a stream.
	openHeader = "eupay-open"
	// streamLimit ends a stream regularly. The client reconnects, and its credentials are checked again.
	streamLimit = 5 * time.Minute
	// streamKeepAlive is shorter than the idle timeouts of proxies.
	streamKeepAlive = 15 * time.Second
)

// stream follows a kitchen. What is refused before the first event is an ordinary answer.
func (a *API) stream(c echo.Context) error {
	after, err := lastEventID(c)
	if err != nil {
		return err
	}
	ctx, release := web.UntilStop(c.Request())
	defer release()
	ctx, cancel := context.WithTimeout(ctx, streamLimit)
	defer cancel()
	upstream, err := a.Kitchen.Watch(ctx, &qrv1.WatchRequest{
		MerchantId: merchant(c), Livemode: mode(c), StationId: c.QueryParam("station"), After: after,
	})
	if err != nil {
		return err
	}
	if err := opened(upstream); err != nil {
		return err
	}
	incoming := receive(ctx, upstream)
	defer func() {
		cancel()
		for range incoming { // until receive has ended
			continue
		}
	}()
	return a.relay(ctx, c, incoming)
}

// opened waits until the stream is accepted. If it was refused before it began, Recv returns the reason.
func opened(upstream grpc.ServerStreamingClient[qrv1.WatchResponse]) error {
	header, err := upstream.Header()
	if err != nil || len(header.Get(openHeader)) == 1 {
		return err
	}
	if _, err = upstream.Recv(); err == nil {
		err = errs.New(errs.Unavailable, "The kitchen cannot be followed at the moment. Try again in a moment.")
	}
	return err
}

type received struct {
	change *qrv1.WatchResponse
	err    error
}

// receive passes on what it receives from the stream until the stream or ctx ends. Then it closes the channel.
func receive(ctx context.Context, upstream grpc.ServerStreamingClient[qrv1.WatchResponse]) <-chan received {
	incoming := make(chan received)
	go func() {
		defer close(incoming)
		for {
			change, err := upstream.Recv()
			select {
			case incoming <- received{change, err}:
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

// relay writes changes, and comments while there are none, until ctx ends, the stream fails, or the reader has gone.
func (a *API) relay(ctx context.Context, c echo.Context, incoming <-chan received) error {
	out, err := web.NewEventStream(c)
	if err != nil {
		return err
	}
	alive := time.NewTicker(a.keepAlive)
	defer alive.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-alive.C:
			err = out.Comment("keep-alive")
		case r, more := <-incoming:
			if !more {
				return nil
			}
			if r.err != nil && ctx.Err() == nil {
				out.Fail(r.err)
			}
			if r.err != nil {
				return nil
			}
			err = a.write(out, r.change)
		}
		if err != nil {
			return nil // the reader has gone
		}
	}
}

// write sends a snapshot, or each order that changed. Only the last of them has the position: who loses the stream before it gets all of them again.
func (a *API) write(out *web.EventStream, change *qrv1.WatchResponse) error {
	position := strconv.FormatInt(change.GetCursor(), 10)
	if change.GetIsSnapshot() {
		return out.Send(position, "snapshot", listOf(change.GetOrders(), a.OrderView))
	}
	for i, o := range change.GetOrders() {
		id := ""
		if i == len(change.GetOrders())-1 {
			id = position
		}
		if err := out.Send(id, "order", a.OrderView(o)); err != nil {
			return err
		}
	}
	return nil
}

func lastEventID(c echo.Context) (int64, error) {
	text := c.Request().Header.Get("Last-Event-ID")
	if text == "" {
		return 0, nil
	}
	after, err := strconv.ParseInt(text, 10, 64)
	if err != nil || after < 0 {
		return 0, errs.Invalid(errs.Field{Field: "Last-Event-ID", Message: "Last-Event-ID must be the id of an event of this stream, or absent."})
	}
	return after, nil
}
