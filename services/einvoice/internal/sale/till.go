package sale

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/leader"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/ereport"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Sales records the totals of tills, and reports payments once their merchant has said how.
type Sales struct {
	Book
	Pool *pgxpool.Pool
	// Reads is where lists are read.
	Reads pg.Reader
	Log   *slog.Logger
}

// Who is a merchant in one mode.
type Who struct {
	MerchantID string
	Livemode   bool
}

// Till is what a till sold on a day.
type Till struct {
	ID    uuid.UUID
	Name  string
	Day   invoice.Date
	Parts []Part
	// Version counts how often it was recorded.
	Version              int
	CreatedAt, UpdatedAt time.Time
	// Period is that of the report which has it; Reported means that the platform has a report of the period.
	Period   ereport.Period
	Reported bool
}

// Total is what was sold, VAT included.
func (t Till) Total() money.Cents { return sum(t.Parts) }

// Tax is the VAT in it.
func (t Till) Tax() (tax money.Cents) {
	for _, p := range t.Parts {
		tax += vat.In(p.Amount, p.VATPerMill)
	}
	return tax
}

const (
	// maxDays is how old a day may be: that of an invoice's payment.
	maxDays = invoice.MaxPaidDays
	// maxTotal bounds one total: 100 million euros.
	maxTotal = money.Cents(10_000_000_000)
)

// tillName is a name that a merchant gives to its till.
var tillName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$`)

// check validates what a merchant says of a till, and fills in the default nature.
func (b Book) check(e enrol.Enrolment, t *Till) error {
	var p refuse.Problems
	today := invoice.DateOf(b.Now(), b.Zone)
	p.If(!tillName.MatchString(t.Name), "till", "must have 1 to 50 letters, digits, dots, hyphens or underscores")
	switch _, err := invoice.ParseDate(string(t.Day)); {
	case err != nil:
		p.Add("date", "must be a day such as 2026-11-30")
	case t.Day > today:
		p.Add("date", "must not be in the future")
	case t.Day < today.Add(-maxDays):
		p.Add("date", "must be at most %d days ago", maxDays)
	}
	seen := map[Part]bool{}
	for i := range t.Parts {
		x := &t.Parts[i]
		if x.Nature == "" {
			x.Nature = e.Settings.Activity
		}
		at := refuse.At("totals", i)
		p.If(x.Nature != invoice.Goods && x.Nature != invoice.Services, at+".type", "must be goods or services")
		p.If(!slices.Contains(vat.Rates, x.VATPerMill), at+".vat_rate", "must be one of 20, 10, 5.5, 2.1 and 0")
		p.If(e.Settings.Regime == invoice.RegimeFranchise && x.VATPerMill != 0, at+".vat_rate", "must be 0 with the vat_regime franchise")
		p.If(x.Amount > maxTotal || x.Amount < -maxTotal, at+".amount", "must be at most %s", maxTotal)
		key := Part{Nature: x.Nature, VATPerMill: x.VATPerMill}
		p.If(seen[key], at, "has the type and rate of an earlier total: add both up")
		seen[key] = true
	}
	t.Parts = merge(t.Parts)
	return p.Err()
}

// Record records what a till sold on a day, in place of what was recorded before. known means that the till and day were recorded before; the same
// totals change nothing. If the period was reported, another report replaces it.
func (s *Sales) Record(ctx context.Context, who Who, t Till) (out Till, known bool, err error) {
	err = pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		e, err := enrol.Read(ctx, tx, who.MerchantID, who.Livemode)
		if err != nil {
			return err
		}
		if err := s.check(e, &t); err != nil {
			return err
		}
		out, known, err = s.record(ctx, tx, e, t)
		return err
	})
	return out, known, err
}

func (s *Sales) record(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, t Till) (out Till, known bool, err error) {
	now := s.instant()
	t.ID, t.CreatedAt, t.UpdatedAt, t.Version = uuid.Must(uuid.NewV7()), now, now, 1
	isNew, err := insertTill(ctx, tx, e, t)
	if err != nil {
		return Till{}, false, err
	}
	if !isNew {
		old, err := lockTill(ctx, tx, e, t.Name, t.Day)
		if err != nil {
			return Till{}, false, err
		}
		if slices.Equal(old.Parts, t.Parts) {
			out, err = readTill(ctx, tx, old.ID)
			return out, true, err
		}
		t.ID = old.ID
		if err := updateTill(ctx, tx, t); err != nil {
			return Till{}, false, err
		}
	}
	before, err := collectEntries(ctx, tx, `where source = $1 and payment_reference = ''`, t.ID.String())
	if err != nil {
		return Till{}, false, err
	}
	after := tillEntries(e, t)
	if err := replaceTillEntries(ctx, tx, e, t.ID, after); err != nil {
		return Till{}, false, err
	}
	if err := markChanged(ctx, tx, e, before, after, now); err != nil {
		return Till{}, false, err
	}
	out, err = readTill(ctx, tx, t.ID)
	return out, !isNew, err
}

// tillEntries are what is reported of a till: totals of zero are not.
func tillEntries(e enrol.Enrolment, t Till) []entry {
	var list []entry
	for _, p := range t.Parts {
		if p.Amount == 0 {
			continue
		}
		tax := vat.In(p.Amount, p.VATPerMill)
		list = append(list, entry{
			source: t.ID.String(), on: t.Day, nature: p.Nature, rate: p.VATPerMill, net: p.Amount - tax, tax: tax,
			reportable: p.Nature == invoice.Services && !e.Settings.VATOnDebits,
		})
	}
	sortEntries(list)
	return list
}

// Unreported are payments in no report, because nobody said what their VAT is.
type Unreported struct {
	Payments int64
	Amount   money.Cents
	Since    invoice.Date
}

const (
	// resolveEvery is how soon payments are reported after their merchant has said how.
	resolveEvery = time.Minute
	// resolveBatch is how many of them are reported in one transaction.
	resolveBatch = 100
)

// Run reports payments of unknown VAT once their merchant has said how, until ctx ends. Only one replica does so at a time.
func (s *Sales) Run(ctx context.Context) error {
	return leader.Run(ctx, s.Pool, "einvoice-sales", s.Log, func(ctx context.Context) error {
		due.Every(ctx, resolveEvery, "reporting payments", s.Log, s.Resolve)
		return nil
	})
}

// Resolve reports all payments of unknown VAT whose merchants have said how.
func (s *Sales) Resolve(ctx context.Context) error {
	for {
		n := 0
		err := pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
			list, err := resolvable(ctx, tx, resolveBatch)
			if err != nil {
				return err
			}
			n = len(list)
			return s.resolve(ctx, tx, list)
		})
		if err != nil {
			return fmt.Errorf("report payments: %w", err)
		}
		if n < resolveBatch {
			return nil
		}
	}
}

func (s *Sales) resolve(ctx context.Context, tx pgx.Tx, list []unresolved) error {
	references := make([]string, len(list))
	for i, u := range list {
		references[i] = u.reference
	}
	if err := Lock(ctx, tx, references...); err != nil {
		return err
	}
	for _, u := range list {
		e, err := enrol.Read(ctx, tx, u.MerchantID, u.Livemode)
		if err != nil {
			return err
		}
		if setting := settingOf(e.Settings); setting != nil {
			if err := setSetting(ctx, tx, u.reference, *setting); err != nil {
				return err
			}
		}
		if err := Restate(ctx, tx, e, u.reference, s.instant()); err != nil {
			return err
		}
	}
	return nil
}
