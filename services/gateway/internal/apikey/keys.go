package apikey

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"log/slog"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"golang.org/x/sync/singleflight"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/attempts"
	"european-pay.eu/eupay/services/gateway/internal/hashing"
	"european-pay.eu/eupay/services/gateway/internal/patience"
	"european-pay.eu/eupay/services/gateway/internal/slots"
)

const (
	// trust is how long a key is used without asking the database, in case a broadcast of a change is lost.
	trust = time.Minute
	// trustDeaf is the same while the broadcasts cannot be heard.
	trustDeaf = 2 * time.Second
	// trustUnknown is how long a public key counts as unknown.
	trustUnknown = 10 * time.Second
	// keepIdle is how long a key that nobody uses stays in memory.
	keepIdle = 10 * time.Minute
	// learnTimeout bounds one look-up with bcrypt, which several callers may share.
	learnTimeout = 10 * time.Second
	// wrongPerMinute bounds the bcrypt comparisons that a public key, which is no secret, can cause in one network.
	wrongPerMinute = 30
	// lookups is how many questions to the database run at once for keys that are not in memory.
	lookups = 4
)

// Keys authenticates and manages API keys.
type Keys struct {
	pool   *pgxpool.Pool
	log    *slog.Logger
	now    func() time.Time
	hasher *hashing.Hasher
	notify *notifier

	cache   *cache
	macs    sync.Pool
	flights singleflight.Group
	lookups *slots.Gate
	wrong   *attempts.Window
}

// Deps are what Open needs.
type Deps struct {
	// Pool sees the gateway's schema.
	Pool *pgxpool.Pool
	NATS *nats.Conn
	Log  *slog.Logger
	Now  func() time.Time
	// BcryptCost is that of secrets.
	BcryptCost int
}

// Open returns the keys and starts to listen for changes that other replicas make. Close it.
func Open(d Deps) (*Keys, error) {
	h, err := hashing.NewHasher(d.BcryptCost, runtime.GOMAXPROCS(0))
	if err != nil {
		return nil, err
	}
	n, err := newNotifier(d.NATS, d.Log)
	if err != nil {
		return nil, err
	}
	secret := make([]byte, sha256.Size)
	rand.Read(secret) // never fails
	k := &Keys{
		pool: d.Pool, log: d.Log, now: d.Now, hasher: h, notify: n, cache: n.cache,
		lookups: slots.NewGate(lookups, slots.Patience), wrong: attempts.NewWindow(wrongPerMinute),
	}
	k.macs.New = func() any { return hmac.New(sha256.New, secret) }
	return k, nil
}

// Forget makes all replicas read the key again that has the id or the public key, or all keys of the merchant that has the id.
func (k *Keys) Forget(id string) { k.notify.forget(id) }

// Sweep drops keys from the memory that nobody has used for a while.
func (k *Keys) Sweep() { k.cache.sweep(k.now()) }

// Close stops listening. Call it before the connection to NATS is closed.
func (k *Keys) Close() { k.notify.close() }

// Authenticate returns the key of a public key and its secret. The error is INVALID_API_KEY for a key that is
// malformed, unknown, revoked or expired, INVALID_SECRET for a wrong secret, RATE_LIMIT_EXCEEDED when a key is tried
// with too many wrong secrets from the network of the address and SERVICE_UNAVAILABLE when too many secrets must be compared
// at once. A secret that is not known to be right is compared only for an address that may use the key: IP_NOT_ALLOWED. A
// secret that is known to be right is never refused because of the tries of others. The slices of the key are shared: do not change them.
func (k *Keys) Authenticate(ctx context.Context, public, secret string, from netip.Addr) (Key, error) {
	if !isPublic(public) {
		return Key{}, errInvalidKey()
	}
	if len(secret) > hashing.MaxBytes {
		secret = "" // always wrong, and cheap to find so
	}
	p, now := k.proof(public, secret), k.now()
	if e := k.cache.get(public); e.believed(now) {
		if !e.exists {
			return Key{}, errInvalidKey()
		}
		switch e.judge(p, now) {
		case right:
			hits.Inc()
			return e.key, nil
		case wrong:
			return Key{}, errInvalidSecret()
		}
	}
	misses.Inc()
	return k.learnOnce(ctx, attempt{public: public, secret: secret, proof: p, from: from.Unmap()})
}

// attempt is a pair that is not known yet, and where it comes from.
type attempt struct {
	public, secret string
	proof          proof
	from           netip.Addr
}

// source is the name by which wrong secrets are counted. A public key is no secret, so somebody who knows it must not use up the
// tries of others.
func (a attempt) source() string { return a.public + " " + attempts.Neighbourhood(a.from) }

func (k *Keys) proof(public, secret string) proof {
	mac := k.macs.Get().(hash.Hash)
	defer k.macs.Put(mac)
	mac.Reset()
	var buf [256]byte
	msg := append(append(append(buf[:0], public...), 0), secret...) // a public key holds no zero byte
	mac.Write(msg)
	var p proof
	mac.Sum(p[:0])
	return p
}

// learnt is what a look-up found. outdated: it began before a change that concerns the key.
type learnt struct {
	key      Key
	outdated bool
}

// learnOnce lets requests with the same pair from the same network share one look-up. A look-up that began before a
// change may have read the old state, so a request that joined it asks again.
func (k *Keys) learnOnce(ctx context.Context, a attempt) (Key, error) {
	for range 2 {
		l, err := k.join(ctx, a)
		if !l.outdated {
			return l.key, err
		}
	}
	return Key{}, slots.ErrBusy() // it changes faster than it can be read
}

func (k *Keys) join(ctx context.Context, a attempt) (learnt, error) {
	flight := k.flights.DoChan(string(a.proof[:])+a.source(), func() (any, error) {
		// The others still want the answer when the first caller hangs up.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience.Of(ctx, learnTimeout))
		defer cancel()
		r := k.cache.begin()
		defer k.cache.end(r)
		e, err := k.load(ctx, a.public, r)
		if err != nil {
			return learnt{outdated: k.cache.outdated(r, a.public, nil)}, err
		}
		key, err := k.learn(ctx, a, e)
		return learnt{key, k.cache.outdated(r, a.public, e)}, err
	})
	select {
	case r := <-flight:
		return r.Val.(learnt), r.Err
	case <-ctx.Done():
		return learnt{}, slots.ErrBusy()
	}
}

func (k *Keys) learn(ctx context.Context, a attempt, e *entry) (Key, error) {
	if !e.exists {
		return Key{}, errInvalidKey()
	}
	switch e.judge(a.proof, k.now()) {
	case right:
		k.touch(ctx, e.key, a.from)
		return e.key, nil
	case wrong:
		return Key{}, errInvalidSecret()
	}
	if !isSecret(a.secret, e.key.Livemode) {
		return Key{}, errInvalidSecret()
	}
	if !e.key.Allows(a.from) {
		return Key{}, ErrNotAllowed()
	}
	return k.compare(ctx, e, a)
}

// load returns the present entry while it is fresh, or what the database says now.
func (k *Keys) load(ctx context.Context, public string, r *reading) (*entry, error) {
	if e := k.cache.get(public); e.believed(k.now()) {
		return e, nil
	}
	if err := k.lookups.Enter(ctx); err != nil {
		return nil, err
	}
	defer k.lookups.Leave()
	old, now := k.cache.get(public), k.now()
	if old.believed(now) { // somebody read it while we waited
		return old, nil
	}
	key, secrets, err := loadKey(ctx, k.pool, public, now)
	if errors.Is(err, errNoKey) {
		e := &entry{fresh: now.Add(trustUnknown)}
		k.cache.put(public, r, e)
		return e, nil
	}
	if err != nil {
		return nil, unavailable(fmt.Errorf("load API key: %w", err))
	}
	e := &entry{exists: true, key: key, secrets: secrets, fresh: k.freshUntil(key, now)}
	if old != nil && old.exists {
		e.inherit(old)
	}
	k.cache.put(public, r, e)
	return e, nil
}

func (k *Keys) freshUntil(key Key, now time.Time) time.Time {
	until := now.Add(trust)
	if k.notify.deaf.Load() {
		until = now.Add(trustDeaf)
	}
	if key.ExpiresAt != nil && key.ExpiresAt.Before(until) {
		until = *key.ExpiresAt
	}
	return until
}

// compare runs bcrypt for each secret of the key, the current one first.
func (k *Keys) compare(ctx context.Context, e *entry, a attempt) (Key, error) {
	source, now := a.source(), k.now()
	who := slots.Turn{Name: a.public, Rank: k.wrong.Count(source, now)}
	if err := k.wrong.Take(source, now); err != nil {
		return Key{}, err
	}
	for _, s := range e.secrets {
		if !s.valid(k.now()) {
			continue
		}
		ok, err := k.hasher.Matches(ctx, who, s.Hash, a.secret)
		if err != nil {
			if who.Rank == 0 { // in a flood every try counts, or the flood would never reach its limit
				k.wrong.GiveBack(source)
			}
			return Key{}, err
		}
		if ok {
			k.wrong.Reset(source)
			k.cache.edit(a.public, func(e *entry) *entry { return e.with(a.proof, s) })
			k.touch(ctx, e.key, a.from)
			return e.key, nil
		}
	}
	reading := e.reading
	k.cache.edit(a.public, func(e *entry) *entry { return e.without(a.proof, reading) })
	return Key{}, errInvalidSecret()
}

// touch notes that the key is in use, and from where. It is called about once a minute for a busy key.
func (k *Keys) touch(ctx context.Context, key Key, from netip.Addr) {
	if err := touchKey(ctx, k.pool, key.ID, from, k.now()); err != nil {
		k.log.WarnContext(ctx, "use of an API key not noted", "key", key.ID, "error", err)
	}
}

func errInvalidKey() error { return errs.New(errs.InvalidAPIKey, "Invalid API key.") }
func errInvalidSecret() error {
	return errs.New(errs.InvalidSecret, "Invalid API secret.")
}

// ErrNotAllowed refuses an address that may not use a key.
func ErrNotAllowed() error {
	return errs.New(errs.IPNotAllowed, "This address is not on the API key's IP allowlist.")
}

// unavailable tells the caller that repeating helps, and keeps the cause for the log.
func unavailable(err error) error { return errors.Join(slots.ErrBusy(), err) }
