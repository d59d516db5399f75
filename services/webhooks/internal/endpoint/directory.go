package endpoint

import (
	"context"
	"fmt"
	"sync"
	"time"

	"european-pay.eu/eupay/services/webhooks/internal/secret"
)

const (
	// cacheTTL is how long a sender may use outdated data of an endpoint.
	cacheTTL = 2 * time.Second
	// maxTargets limits the size of the cache.
	maxTargets = 50_000
)

// Target is what a sender needs to know about an endpoint.
type Target struct {
	URL string
	// Secrets sign, newest first. The second, if any, is the secret before a rotation; it signs X-EuPay-Signature.
	Secrets []string
	Enabled bool
	// RateLimit is the maximum number of attempts per second; 0: no limit.
	RateLimit int32
}

type entry struct {
	merchant  string
	target    Target
	oldUntil  time.Time
	updatedAt time.Time
	loadedAt  time.Time
}

// Directory caches endpoints with their decrypted secrets, so that a delivery costs no query.
type Directory struct {
	store *Store
	vault *secret.Vault
	now   func() time.Time

	mu      sync.Mutex
	entries map[string]entry
}

// NewDirectory returns an empty directory for the store.
func NewDirectory(store *Store, vault *secret.Vault, now func() time.Time) *Directory {
	return &Directory{store: store, vault: vault, now: now, entries: make(map[string]entry)}
}

// Learn caches an endpoint that was just read.
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

// Target returns the endpoint; ok is false if it was deleted.
func (d *Directory) Target(ctx context.Context, id string) (t Target, ok bool, err error) {
	now := d.now()
	d.mu.Lock()
	known, hit := d.entries[id]
	d.mu.Unlock()
	// A cached "disabled" is not used: the delivery may have been created after the endpoint was enabled again.
	if hit && known.target.Enabled && now.Sub(known.loadedAt) < cacheTTL {
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

// RateLimit returns the cached limit of the endpoint, otherwise 0. It costs no query.
func (d *Directory) RateLimit(id string) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.entries[id].target.RateLimit
}

// Merchant returns the cached merchant of the endpoint, otherwise the endpoint's own id. It costs no query.
func (d *Directory) Merchant(id string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e, ok := d.entries[id]; ok {
		return e.merchant
	}
	return id
}

// at omits the old secret after its overlap has ended.
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
