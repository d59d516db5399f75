package link

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/claim"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/payments/internal/merchant"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// Merchants are those that payments knows. merchant.Merchants does.
type Merchants interface {
	Get(ctx context.Context, id string, version int64) (merchant.Merchant, error)
}

// Deps are what New needs.
type Deps struct {
	Pool *pgxpool.Pool
	// Reads is where lists are read; nil: Pool.
	Reads *pg.Reads
	Store *store.Store
	// PagesURL is the origin of the pages that payers see, without a slash at its end.
	PagesURL  string
	Merchants Merchants
	// Live and Test host links in the two modes; an untyped nil: the mode has none.
	Live, Test Provider
	Engine     Engine
	// Wake is called after each commit that recorded an event.
	Wake func()
	Now  func() time.Time
	Log  *slog.Logger
}

// Links creates links, takes their payments and ends them.
type Links struct {
	Deps
	expiry *expiry
	hoster *hoster
}

// New returns the links of a database.
func New(d Deps) *Links {
	d.Reads = cmp.Or(d.Reads, pg.ReadsOf(d.Pool))
	l := &Links{Deps: d}
	l.expiry, l.hoster = newExpiry(l), newHoster(l)
	return l
}

// Spec is what a caller asks of a new link. Zero values: an open amount without bounds, any number of uses, no expiry.
type Spec struct {
	MerchantID                         string
	Livemode                           bool
	Amount, Minimum, Maximum           money.Cents
	UsesMax                            int
	ExpiresAt                          *time.Time
	Description, Reference, SuccessURL string
	// Metadata is a JSON object in compact form; empty: none.
	Metadata string
	// SubscriptionID is given to the link and to its payments.
	SubscriptionID string
	// Actor is who asks, for the history.
	Actor string
}

// claimKind is the kind of key that requests for new links have; keyPrefix keeps them apart from those of payments.
const (
	claimKind = "header"
	keyPrefix = "payment-link:"
	claimFor  = 24 * time.Hour
)

// Create records a link of our own page. The key's first request makes it; the same request again returns it with replayed.
// IDEMPOTENCY_CONFLICT: the key was used with another request.
func (l *Links) Create(ctx context.Context, s Spec, idem store.Idempotency) (made Link, replayed bool, err error) {
	return l.createWith(ctx, l.fresh(s), s, idem, func(pgx.Tx) error { return nil })
}

// CreateHosted records a link that the provider hosts, and waits a moment for its address. A link without one gets it later.
func (l *Links) CreateHosted(ctx context.Context, s Spec, h Hosting, idem store.Idempotency) (made Link, replayed bool, err error) {
	if _, err := l.provider(s.Livemode); err != nil {
		return Link{}, false, err
	}
	fresh := l.fresh(s)
	fresh.Host, fresh.Slug, fresh.URL, fresh.Detail = Powens, "", "", detailCreating
	fresh.DueAt = nil
	made, replayed, err = l.createWith(ctx, fresh, s, idem, func(tx pgx.Tx) error {
		first := l.clock().Add(hostedLease) // until then it is ours
		return l.insertHosted(ctx, tx, hosted{
			LinkID: fresh.ID, Reference: h.Reference, Step: creating, DueAt: &first, Payer: payment.Party{Identity: h.Payer},
			Payee: payee{payment.Beneficiary(h.Merchant), h.Merchant.GetName(), h.Merchant.GetWaitForSettlement()},
		})
	})
	if err != nil || replayed {
		return made, replayed, err
	}
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerWithin)
	defer cancel()
	l.hoster.drive(work, made.ID)
	after, err := l.ofMerchant(ctx, l.Pool, s.MerchantID, s.Livemode, made.ID)
	return after, false, err
}

// createWith records a link and, if it is new, what with records.
func (l *Links) createWith(ctx context.Context, fresh Link, s Spec, idem store.Idempotency, with func(pgx.Tx) error) (made Link, replayed bool, err error) {
	err = l.inTx(ctx, func(tx pgx.Tx) error {
		made = fresh
		if idem.Key != "" {
			key := claim.Key{MerchantID: s.MerchantID, Livemode: s.Livemode, Kind: claimKind, Key: keyPrefix + idem.Key}
			mine := claim.Claim{Reference: made.ID, Fingerprint: idem.Fingerprint, ExpiresAt: l.clock().Add(claimFor)}
			held, err := claim.Take(ctx, tx, key, mine, l.clock())
			switch {
			case err != nil:
				return err
			case !held.Same(idem.Fingerprint):
				return errs.New(errs.IdempotencyConflict, "This Idempotency-Key was used with another request. Send a new key for a new request.")
			case held.Reference != made.ID:
				replayed = true
				made, err = l.ofMerchant(ctx, tx, s.MerchantID, s.Livemode, held.Reference)
				return err
			}
		}
		if err := l.insert(ctx, tx, made, s.Actor); err != nil {
			return err
		}
		return with(tx)
	})
	return made, replayed, err
}

// CreateInTx records a link in the caller's transaction, for a service that makes links itself, such as one for each occurrence of a
// subscription. Call Nudge after the commit.
func (l *Links) CreateInTx(ctx context.Context, tx pgx.Tx, s Spec) (Link, error) {
	made := l.fresh(s)
	return made, l.insert(ctx, tx, made, s.Actor)
}

// Nudge wakes the publication of events that InTx functions recorded. Call it after the commit.
func (l *Links) Nudge() { l.Wake() }

// fresh returns a new link that is not recorded yet.
func (l *Links) fresh(s Spec) Link {
	now := l.clock()
	made := Link{
		ID: newID(), MerchantID: s.MerchantID, Livemode: s.Livemode, Slug: newSlug(), Host: EUPay, Status: Active,
		Amount: s.Amount, Minimum: s.Minimum, Maximum: s.Maximum, Currency: "EUR", UsesMax: s.UsesMax, ExpiresAt: s.ExpiresAt,
		Description: s.Description, Reference: s.Reference, SuccessURL: s.SuccessURL, Metadata: s.Metadata, SubscriptionID: s.SubscriptionID,
		Sequence: 1, CreatedAt: now, UpdatedAt: now,
	}
	made.schedule()
	return l.addressed(made)
}

// addressed sets the address of our page.
func (l *Links) addressed(x Link) Link {
	if x.Host == EUPay {
		x.URL = l.PagesURL + "/l/" + x.Slug
	}
	return x
}

// Get returns the merchant's link in the mode. NOT_FOUND: there is none.
func (l *Links) Get(ctx context.Context, merchantID string, livemode bool, id string) (Link, error) {
	return l.ofMerchant(ctx, l.Pool, merchantID, livemode, id)
}

// UpdateExpiry changes when an active link expires; nil: never. INVALID_STATE: it has ended.
func (l *Links) UpdateExpiry(ctx context.Context, merchantID string, livemode bool, id string, at *time.Time, actor string) (Link, error) {
	return l.change(ctx, merchantID, livemode, id, func(tx pgx.Tx, x Link) (Link, error) {
		if x.Status != Active || x.lapsed(l.clock()) {
			return x, errs.New(errs.InvalidState, "This payment link has ended, so its expiry cannot be changed. Create a new one.")
		}
		x.ExpiresAt = at
		if x.Host == Powens {
			if err := l.makeDue(ctx, tx, x.ID); err != nil {
				return x, err
			}
		}
		return l.apply(ctx, tx, x, Change{To: Active, What: "updated", Actor: actor})
	})
}

// Revoke ends an active link: it takes no new payment. A revoked link is returned as it is. INVALID_STATE: it has ended in another way.
func (l *Links) Revoke(ctx context.Context, merchantID string, livemode bool, id, actor string) (Link, error) {
	return l.change(ctx, merchantID, livemode, id, func(tx pgx.Tx, x Link) (Link, error) {
		switch x.Status {
		case Revoked:
			return x, nil
		case Active:
			return l.revoke(ctx, tx, x, actor)
		default:
			return x, errs.New(errs.InvalidState, "This payment link is %s, so it cannot be revoked.", x.Status)
		}
	})
}

// RevokeInTx ends an active link in the caller's transaction and returns it; one that has ended is returned as it is. Call Nudge after the
// commit.
func (l *Links) RevokeInTx(ctx context.Context, tx pgx.Tx, id, actor string) (Link, error) {
	x, err := l.lock(ctx, tx, id)
	if err != nil || x.Status != Active {
		return x, err
	}
	return l.revoke(ctx, tx, x, actor)
}

func (l *Links) revoke(ctx context.Context, tx pgx.Tx, x Link, actor string) (Link, error) {
	if x.Host == Powens { // the provider is told by the loop, until it knows
		x.Detail = detailRevoking
		if err := l.makeDue(ctx, tx, x.ID); err != nil {
			return x, err
		}
	}
	return l.apply(ctx, tx, x, Change{To: Revoked, What: "revoked", Actor: actor, Event: "payment_link.revoked"})
}

// change runs fn with the merchant's link under its lock.
func (l *Links) change(ctx context.Context, merchantID string, livemode bool, id string, fn func(pgx.Tx, Link) (Link, error)) (after Link, err error) {
	err = l.inTx(ctx, func(tx pgx.Tx) error {
		x, err := l.lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if x.MerchantID != merchantID || x.Livemode != livemode {
			return errNoLink()
		}
		after, err = fn(tx, x)
		return err
	})
	return after, err
}

// Opened is a link as its payer finds it.
type Opened struct {
	Link
	// Payment is the reference of the payment of a link that is paid once: the open one, or the one that paid it. Empty: none.
	Payment string
}

// Open returns the link with the word in its address. NOT_FOUND: there is none.
func (l *Links) Open(ctx context.Context, slug string) (Opened, error) {
	if len(slug) != slugLength || strings.Trim(slug, base58) != "" {
		return Opened{}, errNoLink()
	}
	x, err := l.bySlug(ctx, slug)
	if err != nil {
		return Opened{}, err
	}
	if x.Status == Active && x.lapsed(l.clock()) {
		x.Status = Expired // the loop will say the same
	}
	o := Opened{Link: x}
	if x.Single() {
		o.Payment, err = l.lastUse(ctx, l.Pool, x.ID)
	}
	return o, err
}

func (l *Links) inTx(ctx context.Context, fn func(pgx.Tx) error) error {
	if err := pgx.BeginFunc(ctx, l.Pool, fn); err != nil {
		return err
	}
	l.Wake()
	return nil
}

func (l *Links) clock() time.Time { return l.Now().UTC().Truncate(time.Microsecond) }

func errNoLink() error { return errs.NotFound("Payment link") }

// orNoLink turns the absence of a row into NOT_FOUND.
func orNoLink(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return errNoLink()
	}
	if err != nil {
		return fmt.Errorf("read payment link: %w", err)
	}
	return nil
}
