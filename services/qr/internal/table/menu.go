package table

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

const (
	// checkEvery is how long a cached menu is used without checking its version in the database.
	checkEvery = 250 * time.Millisecond
	// checkTimeout and loadTimeout limit how long a guest waits for the database.
	checkTimeout = time.Second
	loadTimeout  = 5 * time.Second
	// Limits of the cache: merchants (known or not), and encoded bytes. When one is reached, the cache is cleared.
	maxMerchants = 10_000
	maxBytes     = 256 << 20
)

// errNoMenu is the error for every invalid code, whatever the reason.
var errNoMenu = errs.NotFound("Table")

// menus caches the encoded menus.
type menus struct {
	pool *pgxpool.Pool
	now  func() time.Time

	mu      sync.RWMutex
	entries map[string]*entry
	bytes   atomic.Int64
}

// entry is the cache entry of a merchant.
type entry struct {
	// refresh allows one call at a time to query the database.
	refresh sync.Mutex
	state   atomic.Pointer[state]
}

// state is a menu that was current at checked. It is immutable.
type state struct {
	menu    *menu
	checked time.Time
}

// menu is one version of a menu. A merchant that is unknown or inactive has one without tables.
type menu struct {
	version int64
	// until is when an offer begins or ends, orders do, or a product is on sale again; zero if never.
	until  time.Time
	tables map[[sha256.Size]byte]*encoded
}

func newMenus(pool *pgxpool.Pool, now func() time.Time) *menus {
	return &menus{pool: pool, now: now, entries: make(map[string]*entry)}
}

// forget makes the next call query the database.
func (m *menus) forget(merchantID string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.entries, strings.ToLower(merchantID))
}

// entryOf creates an entry for any id, so that requests for merchants that do not exist cost no more than others.
func (m *menus) entryOf(merchantID string) *entry {
	m.mu.RLock()
	e := m.entries[merchantID]
	m.mu.RUnlock()
	if e != nil {
		return e
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if e = m.entries[merchantID]; e != nil {
		return e
	}
	if len(m.entries) >= maxMerchants || m.bytes.Load() > maxBytes {
		clear(m.entries)
		m.bytes.Store(0)
	}
	e = &entry{}
	m.entries[merchantID] = e
	return e
}

// of returns the merchant's menu, at most checkEvery old.
func (m *menus) of(ctx context.Context, merchantID string) (*menu, error) {
	e := m.entryOf(merchantID)
	if s := e.state.Load(); s.fresh(m.now()) {
		return s.menu, nil
	}
	e.refresh.Lock()
	defer e.refresh.Unlock()
	old := e.state.Load()
	checkedAt := m.now()
	if old.fresh(checkedAt) {
		return old.menu, nil
	}
	next, err := m.renew(ctx, merchantID, old, checkedAt)
	if err != nil {
		return nil, err
	}
	e.state.Store(&state{menu: next, checked: checkedAt})
	return next, nil
}

func (s *state) fresh(now time.Time) bool {
	return s != nil && now.Before(s.checked.Add(checkEvery)) && !s.menu.expired(now)
}

func (n *menu) expired(now time.Time) bool { return !n.until.IsZero() && !now.Before(n.until) }

// renew is not cancelled with the first guest's request, because others wait for it too.
func (m *menus) renew(ctx context.Context, merchantID string, old *state, now time.Time) (*menu, error) {
	ctx = context.WithoutCancel(ctx)
	if old != nil && !old.menu.expired(now) {
		checking, cancel := context.WithTimeout(ctx, checkTimeout)
		defer cancel()
		version, err := readVersion(checking, m.pool, merchantID)
		if err != nil {
			return nil, err
		}
		if version == old.menu.version {
			return old.menu, nil
		}
	}
	loading, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	c, err := readContent(loading, m.pool, merchantID)
	if err != nil {
		return nil, err
	}
	return c.menu(now)
}

// at returns the response for a code, or errNoMenu. Codes are looked up by their hash, so that the duration reveals nothing about
// existing ones.
func (m *menus) at(ctx context.Context, merchantID, token string) (*encoded, error) {
	if !isID(merchantID) || !isToken(token) {
		return nil, errNoMenu
	}
	n, err := m.of(ctx, strings.ToLower(merchantID))
	if err != nil {
		return nil, err
	}
	e := n.tables[sha256.Sum256([]byte(token))]
	if e == nil {
		return nil, errNoMenu
	}
	e.once.Do(func() { m.bytes.Add(e.build()) })
	return e, nil
}

// matches compares weakly, as RFC 9110 section 13.1.2 requires.
func matches(ifNoneMatch, etag string) bool {
	for tag := range strings.SplitSeq(ifNoneMatch, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}

// GetMenu implements TableService.
func (s *Server) GetMenu(ctx context.Context, r *qrv1.GetMenuRequest) (*qrv1.GetMenuResponse, error) {
	e, err := s.menus.at(ctx, r.GetMerchantId(), r.GetToken())
	if err != nil {
		return nil, fmt.Errorf("read menu: %w", err)
	}
	res := &qrv1.GetMenuResponse{Etag: e.etag}
	switch {
	case r.GetIfNoneMatch() != "" && matches(r.GetIfNoneMatch(), e.etag):
		res.NotModified = true
	case r.GetGzip():
		res.Body = e.gzip()
	default:
		res.Body = e.plain()
	}
	return res, nil
}
