package bank

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/plaintext"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
)

const (
	// refreshEvery is how often the provider is asked; afterFailure is how soon it is asked again when it did not answer.
	refreshEvery, afterFailure = time.Hour, time.Minute
	// lookEvery is how often a replica looks whether it is time, and reads what another replica has refreshed.
	lookEvery = time.Minute
	// refreshLease is how long one refresh may take before another replica asks.
	refreshLease = 5 * time.Minute
)

// Provider lists banks.
type Provider interface {
	Banks(ctx context.Context, country string) ([]powens.Bank, error)
}

// Deps are what New needs.
type Deps struct {
	Pool *pgxpool.Pool
	// Live and Test are the providers of the two modes; an untyped nil: the mode has no banks.
	Live, Test Provider
	// Countries are those whose banks are listed: ISO 3166-1 alpha-2.
	Countries []string
	Now       func() time.Time
	Log       *slog.Logger
}

// Directory is the list of banks of both modes, in memory.
type Directory struct {
	Deps
	store *store
	lists map[bool]*atomic.Pointer[list]
}

// list is what is known of one mode.
type list struct {
	// banks are sorted by name.
	banks     []Bank
	byID      map[string]Bank
	refreshed time.Time
}

// New returns a directory that knows nothing until Run has read the list.
func New(d Deps) *Directory {
	return &Directory{Deps: d, store: &store{d.Pool}, lists: map[bool]*atomic.Pointer[list]{true: {}, false: {}}}
}

// Run keeps the lists up to date until ctx ends.
func (d *Directory) Run(ctx context.Context) error {
	due.Every(ctx, lookEvery, "refreshing the list of banks", d.Log, d.Refresh)
	return nil
}

// Refresh asks the provider if it is time, and reads the lists.
func (d *Directory) Refresh(ctx context.Context) error {
	var failed error
	for live, provider := range map[bool]Provider{true: d.Live, false: d.Test} {
		if provider == nil {
			continue
		}
		failed = cmp.Or(failed, d.refresh(ctx, live, provider), d.read(ctx, live))
	}
	return failed
}

func (d *Directory) refresh(ctx context.Context, live bool, provider Provider) error {
	now := d.clock()
	mine, err := d.store.claim(ctx, live, now, now.Add(refreshLease))
	if err != nil || !mine {
		return err
	}
	banks, err := d.ask(ctx, provider)
	if err != nil {
		d.Log.Warn("the provider does not list its banks; the known ones stay", "livemode", live, "error", err)
		return d.store.postpone(ctx, live, now.Add(afterFailure))
	}
	return d.store.replace(ctx, live, banks, now, now.Add(refreshEvery))
}

// ask asks the provider for all countries. A bank may be in several.
func (d *Directory) ask(ctx context.Context, provider Provider) ([]Bank, error) {
	ctx, cancel := context.WithTimeout(ctx, refreshLease)
	defer cancel()
	at := make(map[string]int)
	var banks []Bank
	for _, country := range d.Countries {
		found, err := provider.Banks(ctx, country)
		if err != nil {
			return nil, err
		}
		for _, b := range found {
			i, known := at[b.ID]
			if !known {
				i = len(banks)
				at[b.ID], banks = i, append(banks, fromProvider(b))
			}
			banks[i].Countries = append(banks[i].Countries, country)
		}
	}
	if len(banks) == 0 {
		return nil, errors.New("the provider lists no bank")
	}
	return banks, nil
}

func fromProvider(b powens.Bank) Bank {
	out := Bank{ID: b.ID, Name: b.Name, Can: Can{LogoURL: b.LogoURL, Cancellable: b.Cancellable, Unstable: b.Unstable}}
	for _, kind := range b.Kinds {
		if spoken[kind] == "" {
			continue // a kind that the provider has added since
		}
		t := Transfer{
			Kind: kind, Minimum: b.Minimum[kind], Maximum: b.Maximum[kind], Tracked: !slices.Contains(b.Partial, kind), Trusted: slices.Contains(b.Trusted, kind),
		}
		if kind == powens.Deferred || kind == powens.Periodic {
			t.EarliestDays, t.LatestDays = b.EarliestDays, b.LatestDays
		}
		if kind == powens.Periodic {
			t.Frequencies = b.Frequencies
		}
		out.Transfers = append(out.Transfers, t)
	}
	return out
}

// read reads the list of a mode from the database.
func (d *Directory) read(ctx context.Context, live bool) error {
	banks, refreshed, err := d.store.all(ctx, live)
	if err != nil || refreshed.IsZero() {
		return err
	}
	l := &list{byID: make(map[string]Bank, len(banks)), refreshed: refreshed}
	for _, b := range banks {
		b = b.finish()
		l.banks, l.byID[b.ID] = append(l.banks, b), b
	}
	slices.SortFunc(l.banks, func(a, b Bank) int { return cmp.Or(strings.Compare(a.key, b.key), strings.Compare(a.ID, b.ID)) })
	d.lists[live].Store(l)
	return nil
}

// known returns the list of a mode. SERVICE_UNAVAILABLE: it was never read.
func (d *Directory) known(live bool) (*list, error) {
	if l := d.lists[live].Load(); l != nil {
		return l, nil
	}
	return nil, errs.New(errs.Unavailable, "The list of banks is not known yet. Try again in a minute.")
}

// Find returns the bank with that id. A VALIDATION_ERROR names the field bank if there is none.
func (d *Directory) Find(live bool, id string) (Bank, error) {
	l, err := d.known(live)
	if err != nil {
		return Bank{}, err
	}
	b, ok := l.byID[strings.ToLower(id)]
	if !ok {
		return Bank{}, errs.Invalid(errs.Field{Field: "bank", Message: "is not the id of a bank: GET /gateway/banks lists them"})
	}
	return b, nil
}

// Fit returns why the bank cannot make the payment; otherwise whether it reports its execution.
func (d *Directory) Fit(live bool, id string, w Want) (payment.Settlement, error) {
	b, err := d.Find(live, id)
	if err != nil {
		return payment.SettlementUnknown, err
	}
	return b.settlement(w.Kind), b.Fits(w)
}

// Settlement says whether a bank reports the execution of a kind of transfer; unknown for a bank that is not in the list.
func (d *Directory) Settlement(live bool, id, kind string) payment.Settlement {
	b, err := d.Find(live, id)
	if err != nil {
		return payment.SettlementUnknown
	}
	return b.settlement(kind)
}

func (b Bank) settlement(kind string) payment.Settlement {
	switch t, ok := b.Transfer(kind); {
	case !ok:
		return payment.SettlementUnknown
	case t.Tracked:
		return payment.Tracked
	default:
		return payment.Untracked
	}
}

// Filter chooses banks. Zero values choose all.
type Filter struct {
	// Country is ISO 3166-1 alpha-2; Search a part of the name.
	Country, Search string
	Want            Want
	// Misfits lists also the banks that cannot do what is wanted. Fits says why.
	Misfits bool
	// Page counts from 1.
	Page, Limit int
}

// List returns one page of the banks by name, how many there are in all, and when the provider was last asked.
func (d *Directory) List(live bool, f Filter) (page []Bank, total int, refreshed time.Time, err error) {
	l, err := d.known(live)
	if err != nil {
		return nil, 0, time.Time{}, err
	}
	key, from := plaintext.Key(f.Search), (f.Page-1)*f.Limit
	for _, b := range l.banks {
		if f.Country != "" && !slices.Contains(b.Countries, f.Country) || !strings.Contains(b.key, key) || !f.Misfits && b.Fits(f.Want) != nil {
			continue
		}
		if total++; total > from && len(page) < f.Limit {
			page = append(page, b)
		}
	}
	return page, total, l.refreshed, nil
}

func (d *Directory) clock() time.Time { return d.Now().UTC().Truncate(time.Microsecond) }
