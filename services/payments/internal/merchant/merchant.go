// Package merchant keeps a copy of the merchants: their accounts and whether they may move money. The copy comes from the events
// of the service that owns the merchants. A command carries what its sender believes; this copy decides.
package merchant

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/sepa"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// Consumer is the name of the durable consumer that keeps the copy.
const Consumer = "merchants"

// Subjects are the subjects of merchant events.
var Subjects = []string{"eupay.evt.*.merchant.>"}

// ErrNotSynced is returned when a merchant, or its newest version, has not arrived here yet. Retry shortly.
var ErrNotSynced = errors.New("the merchant's data has not arrived yet")

// Merchant is a merchant as of its latest known change.
type Merchant struct {
	// Profile holds the account and the version.
	Profile *paymentsv1.Merchant
	// GatewayEnabled allows the merchant to take payments, LiveEnabled also in live mode. EPCEnabled allows it to confirm plain
	// transfers itself.
	GatewayEnabled, LiveEnabled, EPCEnabled bool
}

const (
	// cacheTTL is how long a cached merchant is used by commands that require no newer version: under load a merchant is read
	// once, not for each payment. A permission that was withdrawn stays effective for this long.
	cacheTTL = time.Second
	// maxCached limits the merchants kept in memory.
	maxCached = 10_000
)

// Merchants reads merchants from the database.
type Merchants struct {
	db  pg.DB
	now func() time.Time

	mu    sync.Mutex
	cache map[string]cachedMerchant
}

type cachedMerchant struct {
	merchant Merchant
	at       time.Time
}

// New returns the merchants in a database.
func New(db pg.DB, now func() time.Time) *Merchants {
	return &Merchants{db: db, now: now, cache: make(map[string]cachedMerchant)}
}

// Get returns a merchant in at least the given version, or ErrNotSynced.
func (s *Merchants) Get(ctx context.Context, id string, version int64) (Merchant, error) {
	now := s.now()
	s.mu.Lock()
	known, ok := s.cache[id]
	s.mu.Unlock()
	if ok && now.Sub(known.at) < cacheTTL && known.merchant.Profile.GetVersion() >= version {
		return known.merchant, nil
	}
	m, err := s.get(ctx, id)
	if err != nil {
		return Merchant{}, err
	}
	if m.Profile.GetVersion() < version {
		return Merchant{}, ErrNotSynced
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.cache) >= maxCached {
		clear(s.cache)
	}
	s.cache[id] = cachedMerchant{m, now}
	return m, nil
}

// SameAccount reports whether the claimed merchant has the same account and holder.
func (m Merchant) SameAccount(claimed *paymentsv1.Merchant) bool {
	own := m.Profile
	return claimed.GetId() == own.GetId() && claimed.GetIban() == own.GetIban() && claimed.GetBic() == own.GetBic() && holder(claimed) == holder(own)
}

func holder(m *paymentsv1.Merchant) string { return cmp.Or(m.GetAccountName(), m.GetName()) }

// CheckAllowed returns API_ACCESS_DISABLED if the merchant may not start payments in the mode.
func (m Merchant) CheckAllowed(livemode bool) error {
	switch {
	case !m.GatewayEnabled:
		return errs.NotEnabled(false)
	case livemode && !m.LiveEnabled:
		return errs.NotEnabled(true)
	default:
		return nil
	}
}

// CheckPayable returns an error for whoever is about to pay the merchant, if the merchant may not start payments in the mode or its profile
// lacks what a payment needs: MERCHANT_NOT_ENABLED or INVALID_STATE. The gateway has asked the same before.
func (m Merchant) CheckPayable(livemode bool) error {
	if m.CheckAllowed(livemode) != nil {
		return errs.New(errs.MerchantNotEnabled, "This merchant takes no payments through EU Pay at the moment. Pay in another way.")
	}
	p := m.Profile
	_, noHolder := sepa.Name(holder(p))
	isLegal := cmp.Or(p.GetLegalName(), p.GetName()) != "" && p.GetLegalStatus() != "" && p.GetSiren() != ""
	if p.GetIban() == "" || noHolder != nil || livemode && !isLegal {
		return errs.New(errs.InvalidState, "This merchant cannot be paid yet: its account is not complete. Pay in another way.")
	}
	return nil
}

// Handle applies merchant events. The newest version of each merchant wins.
func Handle(ctx context.Context, tx pgx.Tx, batch []consume.Event) error {
	for _, e := range batch {
		m := &eventsv1.MerchantChanged{}
		if err := proto.Unmarshal(e.Data, m); err != nil {
			return consume.Poison(fmt.Errorf("read merchant event: %w", err))
		}
		if m.GetProfile() == nil { // written by an earlier version: the gateway publishes the full profile again
			continue
		}
		if m.GetProfile().GetId() != e.Merchant {
			return consume.Poison(errors.New("the merchant in the event's data differs from the one in its headers"))
		}
		if err := upsert(ctx, tx, m, e.Time); err != nil {
			return err
		}
	}
	return nil
}
