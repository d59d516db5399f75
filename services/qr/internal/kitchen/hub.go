package kitchen

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/errs"
)

const (
	// lookEvery is how soon a change by another process is noticed; those of this one nudge the hub. lookWithin is the deadline of a look.
	lookEvery  = 500 * time.Millisecond
	lookWithin = 5 * time.Second
	// maxStreams bounds the streams of this process, maxPerMerchant those of one kitchen.
	maxStreams, maxPerMerchant = 2000, 20
	// fullAgain is when one who found no place may come back.
	fullAgain = 10 * time.Second
)

// hub wakes the streams of merchants whose orders changed, with one look for all of them, whatever their number.
type hub struct {
	pool   *pgxpool.Pool
	log    *slog.Logger
	nudged chan struct{}

	mu    sync.Mutex
	rooms map[string]map[*seat]bool
	count int
	// closed is closed when the process stops.
	closed chan struct{}
}

// seat is one who follows a kitchen.
type seat struct {
	hub      *hub
	merchant string
	// changed has a value when something may have changed since it was last read.
	changed chan struct{}
}

func newHub(pool *pgxpool.Pool, log *slog.Logger) *hub {
	return &hub{pool: pool, log: log, nudged: make(chan struct{}, 1), rooms: make(map[string]map[*seat]bool), closed: make(chan struct{})}
}

// join returns a seat; leave it.
func (h *hub) join(merchantID string) (*seat, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.count >= maxStreams || len(h.rooms[merchantID]) >= maxPerMerchant {
		e := errs.New(errs.RateLimitExceeded, "Too many screens follow this kitchen. Close one, or try again in a moment.")
		e.RetryAfter = fullAgain
		return nil, e
	}
	s := &seat{hub: h, merchant: merchantID, changed: make(chan struct{}, 1)}
	if h.rooms[merchantID] == nil {
		h.rooms[merchantID] = make(map[*seat]bool)
	}
	h.rooms[merchantID][s] = true
	h.count++
	return s, nil
}

func (s *seat) leave() {
	h := s.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	h.count--
	if delete(h.rooms[s.merchant], s); len(h.rooms[s.merchant]) == 0 {
		delete(h.rooms, s.merchant)
	}
}

func (h *hub) nudge() {
	select {
	case h.nudged <- struct{}{}:
	default:
	}
}

// run looks for changes until ctx ends, and then ends the streams.
func (h *hub) run(ctx context.Context) error {
	defer close(h.closed)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	cursor := int64(0)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-h.nudged:
		}
		next, err := h.look(ctx, cursor)
		if err != nil && ctx.Err() == nil {
			h.log.Warn("look for changes in kitchens", "error", err)
		}
		if err == nil {
			cursor = next
		}
	}
}

// look wakes the streams of the merchants with changes since the cursor, and returns the next one.
func (h *hub) look(ctx context.Context, cursor int64) (int64, error) {
	merchants := h.watched()
	if len(merchants) == 0 {
		return cursor, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	next, changed, err := changedKitchens(ctx, h.pool, merchants, cursor)
	if err != nil {
		return cursor, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range changed {
		for s := range h.rooms[id] {
			select {
			case s.changed <- struct{}{}:
			default: // it has not read the one before
			}
		}
	}
	return next, nil
}

func (h *hub) watched() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]string, 0, len(h.rooms))
	for id := range h.rooms {
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}
