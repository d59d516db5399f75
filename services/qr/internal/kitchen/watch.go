package kitchen

import (
	"context"
	"maps"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

const (
	// OpenHeader is metadata of an opened stream, also while there is nothing to send.
	OpenHeader = "eupay-open"
	// maxChanges is how many changed orders a stream sends; with more it begins again.
	maxChanges = 200
	// readWithin is how long a reader may leave a response unread before it is cut off.
	readWithin = 20 * time.Second
)

// Watch implements KitchenService.
func (s *Server) Watch(r *qrv1.WatchRequest, stream grpc.ServerStreamingServer[qrv1.WatchResponse]) error {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return err
	}
	if id := r.GetStationId(); id != "" {
		if !isID(id) {
			return errs.NotFound(stationNoun)
		}
		if _, err := readStation(stream.Context(), s.pool, r.GetMerchantId(), id); err != nil {
			return err
		}
	}
	place, err := s.hub.join(r.GetMerchantId())
	if err != nil {
		return err
	}
	defer place.leave()
	f := &follower{Server: s, request: r, cursor: r.GetAfter()}
	return f.run(stream, place)
}

// follower is one who follows a kitchen. It has no queue: it reads what changed when it can send, so a slow reader gets fewer states of an order, and
// always the last.
type follower struct {
	*Server
	request *qrv1.WatchRequest
	cursor  int64
	// sent are the versions of orders that may be found again, because older transactions still run.
	sent map[string]int64
}

func (f *follower) run(stream grpc.ServerStreamingServer[qrv1.WatchResponse], place *seat) error {
	ctx := stream.Context()
	if err := stream.SendHeader(metadata.Pairs(OpenHeader, "true")); err != nil {
		return err //nolint:wrapcheck // a status already
	}
	for {
		res, err := f.next(ctx)
		if err != nil {
			return err
		}
		if res != nil {
			if err := send(ctx, stream, res); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.hub.closed:
			return errAgain()
		case <-place.changed:
		}
	}
}

func errAgain() error {
	e := errs.New(errs.Unavailable, "The stream ended. Connect again and go on from the last event you received.")
	e.RetryAfter = time.Second
	return e
}

// next returns what there is to send; nil: nothing.
func (f *follower) next(ctx context.Context) (*qrv1.WatchResponse, error) {
	cursor, versions, err := changesOf(ctx, f.pool, f.request.GetMerchantId(), f.cursor, maxChanges+1)
	if err != nil {
		return nil, err
	}
	// A cursor from the future is of another database, from before it was restored.
	if f.cursor == 0 || f.cursor > cursor || len(versions) > maxChanges {
		return f.begin(ctx, cursor)
	}
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(versions)) {
		if f.sent[id] != versions[id] {
			ids = append(ids, id)
		}
	}
	f.cursor, f.sent = cursor, versions
	if len(ids) == 0 {
		return nil, nil
	}
	list, err := f.orders.OrdersOf(ctx, f.request.GetMerchantId(), ids)
	if err != nil {
		return nil, err
	}
	if list = f.wanted(list); len(list) == 0 {
		return nil, nil
	}
	return &qrv1.WatchResponse{Cursor: cursor, Orders: list}, nil
}

// begin returns all that is to be done. It is read after the cursor, so nothing is missing in between.
func (f *follower) begin(ctx context.Context, cursor int64) (*qrv1.WatchResponse, error) {
	list, err := f.orders.OpenOrders(ctx, f.request.GetMerchantId())
	if err != nil {
		return nil, err
	}
	f.cursor, f.sent = cursor, nil
	return &qrv1.WatchResponse{Cursor: cursor, IsSnapshot: true, Orders: f.wanted(list)}, nil
}

// wanted are the orders of the mode, with something to do at the station.
func (f *follower) wanted(list []*qrv1.Order) []*qrv1.Order {
	return slices.DeleteFunc(list, func(o *qrv1.Order) bool {
		if f.request.Livemode != nil && f.request.GetLivemode() != o.GetLivemode() {
			return true
		}
		station := f.request.GetStationId()
		return station != "" && !slices.ContainsFunc(o.GetLines(), func(l *qrv1.OrderLine) bool { return madeAt(l, station) })
	})
}

// madeAt reports whether a line, or a part of it, is made at the station or at none.
func madeAt(l *qrv1.OrderLine, station string) bool {
	for _, p := range l.GetParts() {
		if p.GetStationId() == station || p.GetStationId() == "" {
			return true
		}
	}
	return len(l.GetParts()) == 0 && (l.GetStationId() == station || l.GetStationId() == "")
}

// send gives up on a reader that does not read. The stream cannot be used afterwards: the handler returns, which ends the pending send.
func send(ctx context.Context, stream grpc.ServerStreamingServer[qrv1.WatchResponse], res *qrv1.WatchResponse) error {
	sent := make(chan error, 1)
	go func() { sent <- stream.Send(res) }()
	timer := time.NewTimer(readWithin)
	defer timer.Stop()
	select {
	case err := <-sent:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return errAgain()
	}
}
