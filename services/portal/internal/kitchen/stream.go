package kitchen

import (
	"errors"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/live"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// heartbeat keeps what lies between from closing a quiet connection.
const heartbeat = 15 * time.Second

// stream tells the screen that something changed, with the position of the API's stream: a screen that was cut off goes on there.
func stream(r *web.Request) error {
	following, err := r.API.Kitchen.Follow(r.Ctx(), eupay.FollowParams{Station: r.URL.Query().Get("station"), After: r.Header.Get("Last-Event-ID")})
	if err != nil {
		return err
	}
	out, err := live.Begin(r)
	if err != nil {
		return errors.Join(err, following.Close())
	}
	changes := make(chan string)
	stopped := make(chan struct{})
	go func() {
		defer close(changes)
		for {
			if _, err := following.Next(); err != nil {
				return
			}
			select {
			case changes <- following.Position():
			case <-stopped:
				return
			}
		}
	}()
	relay(r, out, changes)
	close(stopped)
	err = following.Close() // Next returns, so the goroutine ends
	for range changes {
		continue
	}
	return err
}

// relay writes until the stream of the API ends, the screen has gone, or the server stops.
func relay(r *web.Request, out live.Stream, changes <-chan string) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		var err error
		select {
		case <-r.Ctx().Done():
			return
		case <-r.Stopping():
			return
		case <-beat.C:
			err = out.Beat()
		case position, more := <-changes:
			if !more {
				return
			}
			err = out.Send(position, "changed")
		}
		if err != nil {
			return
		}
	}
}
