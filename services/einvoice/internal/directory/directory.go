// Package directory looks businesses up in the national directory of e-invoicing, through the platform of each mode.
package directory

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

const (
	// timeout is for one look-up: somebody waits for it.
	timeout = 3 * time.Second
	// keep is how long an answer is used again. A business that is not there may be there soon.
	keep        = 10 * time.Minute
	keepUnknown = time.Minute
	// maxKept bounds the memory; when it is full, everything is asked again.
	maxKept = 10_000
)

// Deps of a directory.
type Deps struct {
	// Platforms by mode; a mode may have none.
	Platforms map[bool]platform.Platform
	Now       func() time.Time
	Log       *slog.Logger
}

// Directory is the national directory as the platforms answer, with a memory.
type Directory struct {
	Deps
	mu   sync.Mutex
	kept map[key]answer
}

type key struct {
	livemode bool
	siren    string
}

// answer is a business, or that there is none.
type answer struct {
	business platform.Business
	known    bool
	until    time.Time
}

// New returns a directory that remembers nothing yet.
func New(d Deps) *Directory { return &Directory{Deps: d, kept: map[key]answer{}} }

// ErrUnknown means that the directory does not have a SIREN.
var ErrUnknown = errors.New("not in the directory")

// Find returns a business. Errors are ErrUnknown, and SERVICE_UNAVAILABLE if the platform does not answer in time.
func (d *Directory) Find(ctx context.Context, livemode bool, siren string) (platform.Business, error) {
	k := key{livemode, siren}
	if a, ok := d.recall(k); ok {
		return a.result()
	}
	p := d.Platforms[livemode]
	if p == nil {
		return platform.Business{}, errAway()
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	b, err := p.Directory(ctx, siren)
	switch {
	case err == nil:
		return d.remember(k, answer{business: b, known: true, until: d.Now().Add(keep)}).result()
	case errors.Is(err, platform.ErrNotFound):
		return d.remember(k, answer{until: d.Now().Add(keepUnknown)}).result()
	default:
		d.Log.WarnContext(ctx, "look up a business", "livemode", livemode, "error", err)
		return platform.Business{}, errAway()
	}
}

func errAway() error {
	return errs.New(errs.Unavailable, "The directory does not answer at the moment. Repeat the request in a minute.")
}

func (a answer) result() (platform.Business, error) {
	if !a.known {
		return platform.Business{}, ErrUnknown
	}
	return a.business, nil
}

func (d *Directory) recall(k key) (answer, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a, ok := d.kept[k]
	return a, ok && d.Now().Before(a.until)
}

func (d *Directory) remember(k key, a answer) answer {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.kept) >= maxKept {
		clear(d.kept)
	}
	d.kept[k] = a
	return a
}
