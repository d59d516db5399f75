// Package bank knows the banks that payments can be made from, and what each of them can do. The list is the provider's; it is kept, so
// that a choice of banks needs no call to the provider.
package bank

import (
	"slices"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/plaintext"
	"european-pay.eu/eupay/services/payments/internal/powens"
)

// Bank is a bank of one mode.
type Bank struct {
	// ID is the provider's UUID of the bank.
	ID, Name string
	// Countries are ISO 3166-1 alpha-2.
	Countries []string
	Can

	key string // of the name, for searching and sorting
}

// Can is what a bank can do.
type Can struct {
	LogoURL   string     `json:"logo_url"`
	Transfers []Transfer `json:"transfers"`
	// Cancellable: a payment can be cancelled after it was authorised.
	Cancellable bool `json:"cancellable"`
	// Unstable: the provider reports trouble with the bank.
	Unstable bool `json:"unstable"`
}

// Transfer is one kind of transfer that a bank makes: instant, first_open_day, deferred or periodic.
type Transfer struct {
	Kind string `json:"kind"`
	// Minimum and Maximum are 0 when none is known. The maximum is indicative.
	Minimum money.Cents `json:"minimum"`
	Maximum money.Cents `json:"maximum"`
	// Tracked: the bank reports the execution of every such transfer.
	Tracked bool `json:"tracked"`
	// Trusted: the payer must have registered the beneficiary at the bank before.
	Trusted bool `json:"trusted"`
	// EarliestDays and LatestDays bound the day of deferred and periodic transfers, counted from today; 0: no bound is known.
	EarliestDays int `json:"earliest_days"`
	LatestDays   int `json:"latest_days"`
	// Frequencies are those of periodic transfers.
	Frequencies []string `json:"frequencies"`
}

// Want is a payment that a bank shall make.
type Want struct {
	// Kind is an execution type; empty: any will do.
	Kind string
	// Amount is 0 if it does not matter.
	Amount money.Cents
	// Ahead is in how many days a deferred payment is made, or a periodic one begins; 0: at once.
	Ahead int
	// Frequency is how often a periodic payment is made; empty: it does not matter.
	Frequency string
}

// spoken names a kind in a sentence.
var spoken = map[string]string{
	"instant": "instant transfers", "first_open_day": "transfers on the next business day", "deferred": "transfers on a later day", "periodic": "standing orders",
}

// Transfer returns what the bank can do of that kind.
func (b Bank) Transfer(kind string) (Transfer, bool) {
	i := slices.IndexFunc(b.Transfers, func(t Transfer) bool { return t.Kind == kind })
	if i < 0 {
		return Transfer{}, false
	}
	return b.Transfers[i], true
}

// Fits returns why the bank cannot make the payment, as BANK_INCOMPATIBLE; nil if nothing is known that prevents it.
func (b Bank) Fits(w Want) error {
	if w.Kind == "" {
		return b.fitsSomehow(w)
	}
	t, ok := b.Transfer(w.Kind)
	if !ok {
		return errs.New(errs.BankIncompatible, "%s makes no %s. Send another execution_type, or choose another bank.", b.Name, spoken[w.Kind])
	}
	return b.fitsAs(t, w)
}

// fitsSomehow is Fits for any kind of transfer: the first reason is given if none will do.
func (b Bank) fitsSomehow(w Want) error {
	var first error
	for _, t := range b.Transfers {
		err := b.fitsAs(t, w)
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}

func (b Bank) fitsAs(t Transfer, w Want) error {
	day := "execution_date"
	if t.Kind == powens.Periodic {
		day = "start_date"
	}
	switch kind := spoken[t.Kind]; {
	case w.Frequency != "" && t.Kind == powens.Periodic && !t.offers(w.Frequency):
		return errs.New(errs.BankIncompatible, "%s makes no %s that are %s. Send another frequency, or choose another bank.", b.Name, kind, w.Frequency)
	case w.Amount > 0 && w.Amount < t.Minimum:
		return errs.New(errs.BankIncompatible, "%s takes %s from %s EUR. Choose another bank.", b.Name, kind, t.Minimum)
	case w.Ahead > 0 && w.Ahead < t.EarliestDays:
		return errs.New(errs.BankIncompatible, "%s needs %d days for %s. Send a later %s.", b.Name, t.EarliestDays, kind, day)
	case w.Ahead > 0 && t.LatestDays > 0 && w.Ahead > t.LatestDays:
		return errs.New(errs.BankIncompatible, "%s takes %s at most %d days ahead. Send an earlier %s.", b.Name, kind, t.LatestDays, day)
	}
	return nil
}

// aliases are other words of the provider's banks for a frequency.
var aliases = map[string]string{"semiannually": "biannual", "two-monthly": "bimonthly"}

// offers reports whether the bank makes periodic transfers so often. A bank that names no frequency is not known to refuse one.
func (t Transfer) offers(frequency string) bool {
	alias, has := aliases[frequency]
	return len(t.Frequencies) == 0 || slices.Contains(t.Frequencies, frequency) || has && slices.Contains(t.Frequencies, alias)
}

// Repeats reports whether the bank makes periodic transfers so often.
func (b Bank) Repeats(frequency string) bool {
	t, ok := b.Transfer(powens.Periodic)
	return ok && t.offers(frequency)
}

// finish computes what is derived.
func (b Bank) finish() Bank {
	b.key = plaintext.Key(b.Name)
	return b
}
