// Package merchant is what payments knows of the merchants: who is paid, and whether money of theirs may move. It comes from the events
// of the service that owns the merchants. A command says what its sender believes; what is here decides.
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

	"european-pay.eu/eupay/internal/consume"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/pg"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// Consumer is the name of the durable that keeps the merchants, Subjects are what it reads.
const Consumer = "merchants"

// Subjects are the events of merchants.
var Subjects = []string{"eupay.evt.*.merchant.>"}

// ErrBehind says that a merchant, or its newest data, has not arrived here yet. It will within a moment.
var ErrBehind = errors.New("the merchant's data has not arrived yet")

// Merchant is one merchant as it was after its latest change that is known here.
type Merchant struct {
	// Profile is who is paid, with the version.
	Profile *paymentsv1.Merchant
	// GatewayEnabled: the platform lets it take payments; LiveEnabled: real ones too. EPCEnabled: it says itself that plain transfers came.
	GatewayEnabled, LiveEnabled, EPCEnabled bool
}

const (
	// fresh is how long what was read counts for commands that claim nothing newer: under load a merchant is read once, not for each
	// payment. What is no longer allowed can be started that much longer.
	fresh = time.Second
	// remembered bounds how many merchants are kept in memory.
	remembered = 10_000
)

// Merchants reads them.
type Merchants struct {
	db  pg.DB
	now func() time.Time

	mu   sync.Mutex
	read map[string]reading
}

type reading struct {
	merchant Merchant
	at       time.Time
}

// New returns the merchants of a database.
func New(db pg.DB, now func() time.Time) *Merchants {
	return &Merchants{db: db, now: now, read: make(map[string]reading)}
}

// Get returns a merchant of at least the version, or ErrBehind.
func (s *Merchants) Get(ctx context.Context, id string, version int64) (Merchant, error) {
	now := s.now()
	s.mu.Lock()
	known, ok := s.read[id]
	s.mu.Unlock()
	if ok && now.Sub(known.at) < fresh && known.merchant.Profile.GetVersion() >= version {
		return known.merchant, nil
	}
	m, err := s.get(ctx, id)
	if err != nil {
		return Merchant{}, err
	}
	if m.Profile.GetVersion() < version {
		return Merchant{}, ErrBehind
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.read) >= remembered {
		clear(s.read)
	}
	s.read[id] = reading{m, now}
	return m, nil
}

func (s *Merchants) get(ctx context.Context, id string) (Merchant, error) {
	p := &paymentsv1.Merchant{Id: id}
	m := Merchant{Profile: p}
	err := s.db.QueryRow(ctx, `select version, name, iban, bic, account_name, legal_name, legal_status, siren, address, wait_for_settlement,
		gateway_enabled, live_enabled, epc_enabled from merchants where id = $1`, id).Scan(&p.Version, &p.Name, &p.Iban, &p.Bic, &p.AccountName,
		&p.LegalName, &p.LegalStatus, &p.Siren, &p.Address, &p.WaitForSettlement, &m.GatewayEnabled, &m.LiveEnabled, &m.EPCEnabled)
	if errors.Is(err, pgx.ErrNoRows) {
		return Merchant{}, ErrBehind
	}
	if err != nil {
		return Merchant{}, fmt.Errorf("read merchant: %w", err)
	}
	return m, nil
}

// Agrees reports whether money would go to the same account for the one who claims it.
func (m Merchant) Agrees(claimed *paymentsv1.Merchant) bool {
	own := m.Profile
	return claimed.GetId() == own.GetId() && claimed.GetIban() == own.GetIban() && claimed.GetBic() == own.GetBic() && holder(claimed) == holder(own)
}

func holder(m *paymentsv1.Merchant) string { return cmp.Or(m.GetAccountName(), m.GetName()) }

// May says whether money of the merchant may start to move in the mode: API_ACCESS_DISABLED when not.
func (m Merchant) May(livemode bool) error {
	switch {
	case !m.GatewayEnabled:
		return errs.NotEnabled(false)
	case livemode && !m.LiveEnabled:
		return errs.NotEnabled(true)
	default:
		return nil
	}
}

// Handle applies events of merchants, the newest of each.
func Handle(ctx context.Context, tx pgx.Tx, batch []consume.Event) error {
	for _, e := range batch {
		m := &eventsv1.MerchantChanged{}
		if err := proto.Unmarshal(e.Data, m); err != nil {
			return consume.Poison(fmt.Errorf("read merchant event: %w", err))
		}
		if m.GetProfile() == nil { // of an earlier version: the gateway says it again with all that it knows
			continue
		}
		if m.GetProfile().GetId() != e.Merchant {
			return consume.Poison(errors.New("the event is about another merchant than it says"))
		}
		if err := keep(ctx, tx, m, e.Time); err != nil {
			return err
		}
	}
	return nil
}

func keep(ctx context.Context, tx pgx.Tx, m *eventsv1.MerchantChanged, at time.Time) error {
	p := m.GetProfile()
	_, err := tx.Exec(ctx, `insert into merchants as m (id, version, name, iban, bic, account_name, legal_name, legal_status, siren, address,
			wait_for_settlement, gateway_enabled, live_enabled, epc_enabled, changed_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		on conflict (id) do update set version = excluded.version, name = excluded.name, iban = excluded.iban, bic = excluded.bic,
			account_name = excluded.account_name, legal_name = excluded.legal_name, legal_status = excluded.legal_status, siren = excluded.siren,
			address = excluded.address, wait_for_settlement = excluded.wait_for_settlement, gateway_enabled = excluded.gateway_enabled,
			live_enabled = excluded.live_enabled, epc_enabled = excluded.epc_enabled, changed_at = excluded.changed_at
		where m.version < excluded.version`,
		p.GetId(), p.GetVersion(), p.GetName(), p.GetIban(), p.GetBic(), p.GetAccountName(), p.GetLegalName(), p.GetLegalStatus(), p.GetSiren(),
		p.GetAddress(), p.GetWaitForSettlement(), m.GetGatewayEnabled(), m.GetLiveEnabled(), m.GetEpcEnabled(), at.UTC())
	if err != nil {
		return fmt.Errorf("keep merchant: %w", err)
	}
	return nil
}
