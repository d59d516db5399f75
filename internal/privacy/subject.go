package privacy

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/refuse"
	privacyv1 "european-pay.eu/eupay/proto/eupay/privacy/v1"
)

const (
	// maxValues bounds how much one person is known by.
	maxValues = 100_000
	maxLength = 320
)

// How long what is erased otherwise is kept.
const (
	// ClaimMonths is for how long a payer may contest a transfer (article L133-24 of the French Code monétaire et financier).
	ClaimMonths = 13
	// BookYears is for how long books and their supporting documents are kept, from the end of their year (article L123-22 of the French Code
	// de commerce).
	BookYears = 10
)

// check refuses a subject that names nobody, or that a statement could take for something else.
func check(s *privacyv1.Subject) error {
	var bad refuse.Problems
	bad.If(s.GetMerchantId() != "" && !isID(s.GetMerchantId()), "merchant_id", "must be the id of a merchant")
	bad.If(len(s.GetNumbers()) > 0 && s.GetMerchantId() == "", "numbers", "mean something only together with a merchant")
	named := slices.Concat(s.GetEmails(), s.GetCustomers(), s.GetNumbers(), s.GetReferences())
	bad.If(len(named) == 0, "subject", "must name a person: by an email address, a customer or a payment")
	bad.If(len(named) > maxValues, "subject", "must be one person, who is known by at most %d values", maxValues)
	for _, value := range named {
		if value == "" || len(value) > maxLength || strings.ContainsRune(value, 0) {
			bad.Add("subject", "must have values of 1 to 320 bytes")
			break
		}
	}
	bad.If(slices.ContainsFunc(s.GetEmails(), func(e string) bool { return !strings.Contains(e, "@") || e != strings.ToLower(strings.TrimSpace(e)) }),
		"emails", "must be addresses in lower case")
	bad.If(slices.ContainsFunc(s.GetCustomers(), func(id string) bool { return !isID(id) }), "customers", "must be ids of users")
	bad.If(slices.ContainsFunc(s.GetMerchants(), func(id string) bool { return !isID(id) }), "merchants", "must be ids of merchants")
	return bad.Err()
}

func isID(text string) bool {
	id, err := uuid.Parse(text)
	return err == nil && id.String() == text
}

// args are the parameters of all statements. Nothing in them is a pattern: statements compare for equality alone.
func args(s *privacyv1.Subject, now time.Time) pgx.NamedArgs {
	now = now.UTC()
	hashes := make([]string, 0, len(s.GetEmails()))
	for _, email := range s.GetEmails() {
		sum := sha256.Sum256([]byte(email))
		hashes = append(hashes, hex.EncodeToString(sum[:]))
	}
	ids := slices.DeleteFunc(slices.Clone(s.GetReferences()), func(r string) bool { return !isID(r) })
	return pgx.NamedArgs{
		"merchant": s.GetMerchantId(), "merchants": list(s.GetMerchants()), "emails": list(s.GetEmails()), "hashes": hashes,
		"customers": list(s.GetCustomers()), "numbers": list(s.GetNumbers()), "references": list(s.GetReferences()),
		// ids are the references that are UUIDs.
		"ids": list(ids), "now": now,
		// What ended before claims cannot be contested any more; what ended before books is in books that need not be kept any more.
		"claims": now.AddDate(0, -ClaimMonths, 0), "books": time.Date(now.Year()-BookYears, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// list is never null.
func list(values []string) []string {
	if values == nil {
		return []string{}
	}
	return values
}

// add puts a value that a statement of Room.Resolve has returned into the subject.
func add(s *privacyv1.Subject, kind, value string) {
	into := map[string]*[]string{KindCustomer: &s.Customers, KindEmail: &s.Emails, KindReference: &s.References, KindMerchant: &s.Merchants}[kind]
	if into == nil || value == "" || slices.Contains(*into, value) {
		return
	}
	*into = append(*into, value)
}
