// Package drawing limits what is drawn for one merchant, or for one network of anonymous callers: pictures of codes, cards and
// invoices cost much CPU for a small request.
package drawing

import (
	"context"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/patience"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	// atOnce is how many are drawn for one name at a time. That is enough for the pictures of one page and leaves cores for
	// others.
	atOnce = 2
	// maxLine is how many drawings of one name may wait: a page full of pictures.
	maxLine = 32
	// maxWait is how long each of them waits.
	maxWait = 3 * time.Second
)

// Bounds limits drawings. Make it with New.
type Bounds struct {
	limiter   ratelimit.Limiter
	perMinute int

	mu    sync.Mutex
	lanes map[string]*lane
}

// lane is the queue of one merchant or network; it exists while it is in use.
type lane struct {
	slots  chan struct{}
	inside int // number of drawings in progress and waiting
}

// New returns bounds with a number of drawings per minute, for each merchant.
func New(limiter ratelimit.Limiter, perMinute int) *Bounds {
	return &Bounds{limiter: limiter, perMinute: perMinute, lanes: make(map[string]*lane)}
}

// For limits a route. merchant returns for whom it draws, after the login; "" for an anonymous caller, who is identified by
// network.
func (b *Bounds) For(merchant func(echo.Context) string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			who := "draw:" + merchant(c)
			if who == "draw:" {
				who = ratelimit.IPKey("draw", web.ClientIP(c))
			}
			if err := web.Limited(c, b.limiter, who, b.perMinute); err != nil {
				return err
			}
			leave, err := b.enter(c.Request().Context(), who)
			if err != nil {
				return err
			}
			defer leave()
			return next(c)
		}
	}
}

// enter waits for one of the slots of a name; leave releases it.
func (b *Bounds) enter(ctx context.Context, who string) (leave func(), err error) {
	l, err := b.join(who)
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(patience.Of(ctx, maxWait))
	defer timer.Stop()
	select {
	case l.slots <- struct{}{}:
		return func() {
			<-l.slots
			b.quit(who, l)
		}, nil
	case <-timer.C:
	case <-ctx.Done():
	}
	b.quit(who, l)
	return nil, tooMany()
}

func (b *Bounds) join(who string) (*lane, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.lanes[who]
	if l == nil {
		l = &lane{slots: make(chan struct{}, atOnce)}
		b.lanes[who] = l
	}
	if l.inside == atOnce+maxLine {
		return nil, tooMany()
	}
	l.inside++
	return l, nil
}

func (b *Bounds) quit(who string, l *lane) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l.inside--; l.inside == 0 {
		delete(b.lanes, who)
	}
}

func tooMany() error {
	e := errs.New(errs.RateLimitExceeded, "Too many pictures and PDFs at once: ask for %d at a time.", atOnce)
	e.RetryAfter = time.Second
	return e
}
