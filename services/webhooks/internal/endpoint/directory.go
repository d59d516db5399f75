package endpoint

import (
	"context"
	"fmt"
	"sync"
	"time"

	"european-pay.eu/eupay/services/webhooks/internal/secret"
)

const (
	// fresh is how long a change of an endpoint may go unnoticed by a sender.
	fresh = 2 * time.Second
	// maxTargets bounds the memory of the directory.
	maxTargets = 50_000
)

// Target is what a sender needs to know of an endpoint.
type Target struct {
	URL string
	// Secrets sign, the newest first. The second, if any, is that of before a rotation, which signs the documented header.
	Secrets []string
	Enabled bool
	// RateLimit is the most attempts a second; 0: no limit.
	RateLimit int32
}

type entry struct {
	merchant  string
	target    Target
	oldUntil  time.Time
	updatedAt time.Time
	loadedAt  time.Time
}

// Directory remembers endpoints with their opened secrets for a moment, so that a delivery costs no query.
type Directory struct {
	store *Store
	vault *secret.Vault
	now   func() time.Time

	mu      sync.Mutex
	entries map[string]entry
}

// NewDirectory returns an empty directory over the store.
func NewDirectory(store *Store, vault *secret.Vault, now func() time.Time) *Directory {
	return &Directory{store: store, vault: vault, now: now, entries: make(map[string]entry)}
}

// Learn takes note of an endpoint that was just read.
func (d *Directory) Learn(e Endpoint) error {
	now := d.now()
	d.mu.Lock()
	known, ok := d.entries[e.ID]
	if ok && known.updatedAt.Equal(e.UpdatedAt) {
		known.loadedAt = now
		d.entries[e.ID] = known
	}
	d.mu.Unlock()
	if ok && known.updatedAt.Equal(e.UpdatedAt) {
		return nil
	}
	_, err := d.remember(e, now)
	return err
}

// Target returns the endpoint; ok is false when it was deleted.
func (d *Directory) Target(ctx context.Context, id string) (t Target, ok bool, err error) {
	now := d.now()
	d.mu.Lock()
	known, hit := d.entries[id]
	d.mu.Unlock()
	// One that was disabled is not believed to be still: what is sent to it was made since it was enabled again.
	if hit && known.target.Enabled && now.Sub(known.loadedAt) < fresh {
		return known.at(now), true, nil
	}
	e, found, err := d.store.Lookup(ctx, id)
	if err != nil || !found {
		d.Forget(id)
		return Target{}, false, err
	}
	loaded, err := d.remember(e, now)
	return loaded.at(now), err == nil, err
}

// RateLimit is the endpoint's limit as far as it is remembered; 0 otherwise. It costs no query.
func (d *Directory) RateLimit(id string) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.entries[id].target.RateLimit
}

// Merchant is whose endpoint it is, as far as that is remembered; otherwise the endpoint stands for itself. It costs no
// query.
func (d *Directory) Merchant(id string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e, ok := d.entries[id]; ok {
		return e.merchant
	}
	return id
}

// at leaves out the old secret once its time is over.
func (e entry) at(now time.Time) Target {
	t := e.target
	if len(t.Secrets) == 2 && !now.Before(e.oldUntil) {
		t.Secrets = t.Secrets[:1]
	}
	return t
}

func (d *Directory) remember(e Endpoint, now time.Time) (entry, error) {
	owner := SealOwner(e.Merchant, e.ID)
	newest, err := d.vault.Open(e.Secret, owner)
	if err != nil {
		return entry{}, fmt.Errorf("endpoint %s: %w", e.ID, err)
	}
	known := entry{
		merchant: e.Merchant,
		target:   Target{URL: e.URL, Secrets: []string{newest}, Enabled: e.Enabled, RateLimit: e.RateLimit},
		oldUntil: e.OldUntil, updatedAt: e.UpdatedAt, loadedAt: now,
	}
	if e.Old.Data != nil && now.Before(e.OldUntil) {
		old, err := d.vault.Open(e.Old, owner)
		if err != nil {
			return entry{}, fmt.Errorf("endpoint %s: %w", e.ID, err)
		}
		known.target.Secrets = append(known.target.Secrets, old)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.entries) >= maxTargets {
		clear(d.entries)
	}
	d.entries[e.ID] = known
	return known, nil
}

// Forget makes the next Target read the endpoint again.
func (d *Directory) Forget(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.entries, id)
}
