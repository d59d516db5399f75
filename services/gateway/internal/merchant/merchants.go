package merchant

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/device"
)

// Merchants reads and changes merchants. Every change is audited, announced as an event and passed to Changed.
type Merchants struct{ deps Deps }

// Deps are what New needs.
type Deps struct {
	// Pool sees the gateway's schema.
	Pool *pgxpool.Pool
	// Reads is where all merchants are listed and searched; nil: Pool.
	Reads pg.Reader
	Now   func() time.Time
	Log   *slog.Logger
	// Wake tells the outbox relay that there is something to publish.
	Wake func()
	// Changed is called with the id of a merchant after every change, so that nobody goes on with a remembered one.
	Changed func(id string)
	// IBANHold is how long a new IBAN waits before money goes there; 0: not at all.
	IBANHold time.Duration
}

// New returns the merchants.
func New(d Deps) *Merchants {
	if d.Reads == nil {
		d.Reads = d.Pool
	}
	return &Merchants{d}
}

// Get returns the merchant, or NOT_FOUND.
func (s *Merchants) Get(ctx context.Context, id string) (Merchant, error) {
	return read(ctx, s.deps.Pool, id)
}

// List returns a page of all merchants, newest first, and how many there are: for admins.
func (s *Merchants) List(ctx context.Context, page, limit int) ([]Merchant, int64, error) {
	return list(ctx, s.deps.Reads, page, limit)
}

// Register stores a new merchant whose profile is Cleaned and was checked with CheckNew. A pending one is seen by nobody else before Publish.
func Register(ctx context.Context, tx pgx.Tx, by audit.Actor, m *Merchant, pending bool) error {
	if err := insert(ctx, tx, m); err != nil {
		return err
	}
	var err error
	if pending {
		err = holdBack(ctx, tx, m.ID)
	} else {
		err = announce(ctx, tx, *m, "registered", m.CreatedAt)
	}
	if err != nil {
		return err
	}
	return audit.Record(ctx, tx, m.CreatedAt, by, "merchant.registered", m.ID, nil)
}

// Update changes the profile of a merchant. An IBAN can be replaced but not taken away; a new one waits, and the owners get a mail.
func (s *Merchants) Update(ctx context.Context, by audit.Actor, id string, c Change, from device.Device) (Merchant, error) {
	c = c.Cleaned()
	if err := c.check(); err != nil {
		return Merchant{}, err
	}
	return s.change(ctx, by, id, "updated", from, c.Apply)
}

// change applies do to the locked merchant. When nothing changes, nothing is written.
func (s *Merchants) change(ctx context.Context, by audit.Actor, id, what string, from device.Device, do func(*Merchant) map[string]any) (Merchant, error) {
	now := s.instant()
	var m Merchant
	var changed map[string]any
	err := pgx.BeginFunc(ctx, s.deps.Pool, func(tx pgx.Tx) error {
		var err error
		if m, err = Lock(ctx, tx, id); err != nil {
			return err
		}
		before := m
		if changed = do(&m); len(changed) == 0 {
			return nil
		}
		if s.holdIBAN(before, &m, now) {
			if err := noteHold(ctx, tx, m, changed, from, now); err != nil {
				return err
			}
		}
		if changed["name"] != nil || changed["account_name"] != nil {
			if err := checkHolder(m); err != nil {
				return err
			}
		}
		if m.EPCEnabled && m.IBAN == "" {
			return errs.Invalid(errs.Field{Field: "epc_enabled", Message: "epc_enabled needs an IBAN: add yours first, or in the same request."})
		}
		if what == "enabled" && m.LiveEnabled {
			if err := CheckPayable(m, true); err != nil {
				return err
			}
		}
		if err := update(ctx, tx, &m, now); err != nil {
			return err
		}
		if err := announce(ctx, tx, m, what, now); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, "merchant."+what, id, changed)
	})
	if len(changed) > 0 { // also after an error: a commit whose answer was lost may have happened
		s.deps.Changed(id)
		s.deps.Wake()
	}
	if err != nil {
		return Merchant{}, err
	}
	return m, nil
}

// instant is now as the database keeps it.
func (s *Merchants) instant() time.Time { return s.deps.Now().UTC().Truncate(time.Microsecond) }
