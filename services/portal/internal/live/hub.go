// Package live tells open pages that something of their merchant has changed. A page then fetches its parts again.
package live

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
)

const (
	// pollEvery is how often the newest event of a merchant is asked for, about; pollAgain is the pause after a failure.
	pollEvery = 2 * time.Second
	pollAgain = 15 * time.Second
	// pollLimit is for one question.
	pollLimit = 10 * time.Second
	// maxListeners bounds the streams of this replica, maxPerUser those of one user: a browser has few connections.
	maxListeners = 5_000
	maxPerUser   = 4
)

// errFull is returned when there are too many streams already.
var errFull = errors.New("too many live pages")

// newest returns the id of the newest event; empty: there is none.
type newest func(ctx context.Context) (string, error)

// hub has one poller for each merchant and mode whose pages are open, whatever their number.
type hub struct {
	mu    sync.Mutex
	rooms map[room]*poller
	users map[string]int
	count int
}

// room is a merchant in a mode.
type room struct {
	merchant string
	live     bool
}

// poller asks for one room until its last listener has left.
type poller struct {
	stop      context.CancelFunc
	ask       newest // the hub's mutex guards it and what follows
	listeners map[*listener]bool
}

// listener is one open page.
type listener struct {
	hub  *hub
	room room
	user string
	// changed has a value when something changed since it was last read.
	changed chan struct{}
	// ended is closed when the poller can ask no more: its login has ended.
	ended chan struct{}
}

func newHub() *hub { return &hub{rooms: make(map[room]*poller), users: make(map[string]int)} }

// join begins to listen. ask calls as the user of the page; the newest page's is used, since its token is good for the longest.
func (h *hub) join(r room, user string, ask newest) (*listener, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.count >= maxListeners || h.users[user] >= maxPerUser {
		return nil, errFull
	}
	l := &listener{hub: h, room: r, user: user, changed: make(chan struct{}, 1), ended: make(chan struct{})}
	h.count++
	h.users[user]++
	p := h.rooms[r]
	if p == nil {
		ctx, stop := context.WithCancel(context.Background())
		p = &poller{stop: stop, listeners: make(map[*listener]bool)}
		h.rooms[r] = p
		defer func() { go h.poll(ctx, r, p) }()
	}
	p.ask = ask
	p.listeners[l] = true
	return l, nil
}

// leave ends it. The last one of a room ends the poller.
func (l *listener) leave() {
	h := l.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	h.count--
	if h.users[l.user]--; h.users[l.user] == 0 {
		delete(h.users, l.user)
	}
	p := h.rooms[l.room]
	if p == nil || !p.listeners[l] {
		return
	}
	if delete(p.listeners, l); len(p.listeners) == 0 {
		p.stop()
		delete(h.rooms, l.room)
	}
}

func (h *hub) poll(ctx context.Context, r room, p *poller) {
	last, known := "", false
	for {
		id, err := h.once(ctx, p)
		pause := pollEvery*4/5 + rand.N(pollEvery*2/5) //nolint:gosec // it spreads pollers, nobody has to guess it
		switch {
		case errors.Is(err, eupay.ErrUnauthenticated), errors.Is(err, eupay.ErrForbidden):
			h.end(r, p)
			return
		case err != nil:
			pause = pollAgain
		case known && id != last:
			h.tell(p)
		}
		if err == nil {
			last, known = id, true
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

func (h *hub) once(ctx context.Context, p *poller) (string, error) {
	h.mu.Lock()
	ask := p.ask
	h.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, pollLimit)
	defer cancel()
	return ask(ctx)
}

func (h *hub) tell(p *poller) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for l := range p.listeners {
		select {
		case l.changed <- struct{}{}:
		default: // it has not read the one before
		}
	}
}

// end lets all pages of a room go; they come back with their sessions' new tokens.
func (h *hub) end(r room, p *poller) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for l := range p.listeners {
		close(l.ended)
	}
	clear(p.listeners)
	if h.rooms[r] == p {
		delete(h.rooms, r)
	}
	p.stop()
}
