package archive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"european-pay.eu/eupay/internal/run/pg"
)

// Reader reads what was archived.
type Reader struct {
	DB      pg.DB
	Objects Objects
}

// ErrUnknown means that there is no such object in the archive.
var ErrUnknown = errors.New("no such object was archived")

// Filter of entries. Empty fields filter nothing.
type Filter struct {
	Reference, MerchantID string
	// Day is that of the payment, in UTC.
	Day time.Time
}

func (f Filter) wants(e Entry) bool {
	return (f.Reference == "" || e.Reference == f.Reference) && (f.MerchantID == "" || e.MerchantID == f.MerchantID) &&
		(f.Day.IsZero() || e.Reference[4:12] == f.Day.Format("20060102"))
}

// List returns the manifests of all objects, the oldest month first.
func (r Reader) List(ctx context.Context) ([]Manifest, error) { return r.manifests(ctx, `true`) }

// Show returns the manifest of an object; ErrUnknown if there is none.
func (r Reader) Show(ctx context.Context, object string) (Manifest, error) {
	list, err := r.manifests(ctx, `object = $1`, object)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("%s: %w", object, ErrUnknown)
	}
	if err != nil {
		return Manifest{}, err
	}
	return list[0], nil
}

// Verify reads an object and compares it with its manifest.
func (r Reader) Verify(ctx context.Context, m Manifest) error {
	_, err := read(ctx, r.Objects, m)
	return err
}

// Read passes the entries that the filter wants to each, payment by payment.
func (r Reader) Read(ctx context.Context, f Filter, each func(Entry) error) error {
	list, err := r.manifests(ctx, `($1 = '' or first_reference <= $1 and last_reference >= $1) and ($2::date is null or month = date_trunc('month', $2::date))`,
		f.Reference, day(f.Day))
	if err != nil {
		return err
	}
	for _, m := range list {
		entries, err := read(ctx, r.Objects, m)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !f.wants(e) {
				continue
			}
			if err := each(e); err != nil {
				return err
			}
		}
	}
	return nil
}

func day(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}
