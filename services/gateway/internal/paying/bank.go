package paying

import (
	"strings"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// MaxBankSearch is the longest part of a bank's name that is searched for, in characters.
const MaxBankSearch = 100

// BankOf reads the id of the bank that a payer has chosen; empty: none. from is the operation that lists the banks.
func BankOf(id, from string) (string, error) {
	if _, err := uuid.Parse(id); id != "" && (err != nil || len(id) != 36) {
		return "", errs.Invalid(errs.Field{Field: "bank", Message: "bank must be the id of a bank that " + from + " lists."})
	}
	return strings.ToLower(id), nil
}

// Bank is a bank in an answer, with what it can do.
type Bank struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	LogoURL     string     `json:"logo_url"`
	Countries   []string   `json:"countries"`
	Transfers   []Transfer `json:"transfers"`
	Cancellable bool       `json:"cancellable"`
	Stable      bool       `json:"stable"`
	// Incompatible is why it cannot do what was asked; absent: it can.
	Incompatible string `json:"incompatible,omitempty"`
}

// Transfer is one kind of transfer that a bank makes. Absent bounds are not known.
type Transfer struct {
	ExecutionType string       `json:"execution_type"`
	Minimum       *money.Cents `json:"minimum_amount,omitempty"`
	Maximum       *money.Cents `json:"maximum_amount,omitempty"`
	Settlement    string       `json:"settlement"`
	Trusted       bool         `json:"trusted_beneficiary_required"`
	EarliestDays  *int32       `json:"earliest_days,omitempty"`
	LatestDays    *int32       `json:"latest_days,omitempty"`
	Frequencies   []string     `json:"frequencies,omitempty"`
}

// Banks returns the banks as answers list them.
func Banks(list []*paymentsv1.Bank) []Bank {
	out := make([]Bank, len(list))
	for i, b := range list {
		out[i] = bankView(b)
	}
	return out
}

func bankView(b *paymentsv1.Bank) Bank {
	v := Bank{
		ID: b.GetId(), Name: b.GetName(), LogoURL: b.GetLogoUrl(), Countries: b.GetCountries(), Cancellable: b.GetCancellable(), Stable: !b.GetUnstable(),
		Transfers: make([]Transfer, len(b.GetTransfers())), Incompatible: b.GetIncompatible(),
	}
	for i, t := range b.GetTransfers() {
		v.Transfers[i] = Transfer{
			ExecutionType: t.GetExecutionType(), Minimum: boundOf[money.Cents](t.GetMinimumCents()), Maximum: boundOf[money.Cents](t.GetMaximumCents()),
			Settlement: settlement(t.GetTracked()), Trusted: t.GetTrustedBeneficiary(),
			EarliestDays: boundOf[int32](int64(t.GetEarliestDays())), LatestDays: boundOf[int32](int64(t.GetLatestDays())), Frequencies: t.GetFrequencies(),
		}
	}
	return v
}

// boundOf returns nil for a bound that is not known.
func boundOf[T money.Cents | int32](n int64) *T {
	if n == 0 {
		return nil
	}
	v := T(n)
	return &v
}

// settlement says whether the bank reports that a transfer was executed.
func settlement(tracked bool) string {
	if tracked {
		return "tracked"
	}
	return "untracked"
}
