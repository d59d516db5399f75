package merchant

import (
	"strings"
	"unicode/utf8"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/sepa"
	"european-pay.eu/eupay/services/gateway/internal/form"
)

// LiveMissing returns the profile fields that a merchant must fill in before it may take live money, in the order of the
// profile; nil when nothing is missing. The provider identifies every beneficiary of a live payment by its legal name, form
// and SIREN, and its bank compares the holder's name. The legal name is name unless legal_name says otherwise.
func LiveMissing(m Merchant) []string {
	var missing []string
	need := func(field string, ok bool) {
		if !ok {
			missing = append(missing, field)
		}
	}
	need("name", m.Legal() != "")
	need("legal_status", m.LegalStatus != "")
	need("siren", m.SIREN != "")
	need("iban", m.IBAN != "")
	_, err := m.Holder()
	need("account_name", err == nil)
	return missing
}

// CheckPayable refuses to begin a payment to a merchant whose profile has a gap: in any mode an account and its holder's
// name, in live mode what LiveMissing says. The error is INVALID_STATE and names the fields.
func CheckPayable(m Merchant, livemode bool) error {
	if livemode {
		if missing := LiveMissing(m); len(missing) > 0 {
			return errs.New(errs.InvalidState, "Your profile lacks %s, without which no live payment can be made. Add it in the merchant portal (PATCH /merchant).",
				strings.Join(missing, ", "))
		}
		return nil
	}
	if m.IBAN == "" {
		return errs.New(errs.InvalidState, "Your account has no IBAN yet, so there is nowhere to pay to. Add one in the merchant portal.")
	}
	if _, err := m.Holder(); err != nil {
		return errs.New(errs.InvalidState, "Your name has no Latin letters, so no bank can pay to it. Add account_name in the merchant portal (PATCH /merchant).")
	}
	return nil
}

// Holder is the name of the account's holder as a SEPA transfer carries it: account_name, or name. The error is
// sepa.ErrEmpty.
func (m Merchant) Holder() (string, error) {
	if m.AccountName != "" {
		return sepa.Name(m.AccountName)
	}
	return sepa.Name(m.Name)
}

// Legal is the name in the register of companies.
func (m Merchant) Legal() string {
	if m.LegalName != "" {
		return m.LegalName
	}
	return m.Name
}

// maxAddress is what the provider takes, in characters.
const maxAddress = 512

// checkLegal checks the values that go to the provider, each alone. checkHolder checks the profile as it is after the change.
func (c Change) checkLegal(p *refuse.Problems) {
	if c.LegalName != nil {
		form.Text(p, "legal_name", *c.LegalName, 0, form.MaxName)
	}
	if c.AccountName != nil && *c.AccountName != "" {
		form.Text(p, "account_name", *c.AccountName, 1, form.MaxName)
		if text := sepa.Text(*c.AccountName); len(text) > sepa.MaxName || !sepa.Complete(*c.AccountName) || !hasLetter(*c.AccountName) {
			p.Add("account_name", "must be the account's holder as the bank knows it: at most %d characters, in Latin letters or such as have a Latin form", sepa.MaxName)
		}
	}
	if c.Address != nil {
		if lines := strings.ReplaceAll(*c.Address, "\n", " "); utf8.RuneCountInString(lines) > maxAddress || strings.ContainsFunc(lines, form.NotPrint) {
			p.Add("address", "must have at most %d characters, without control characters other than line feeds", maxAddress)
		}
	}
}

// checkHolder wants a name for the account of a merchant as it is after a change of its names.
func checkHolder(m Merchant) error {
	if m.AccountName != "" || sepa.Complete(m.Name) && hasLetter(m.Name) {
		return nil
	}
	return errs.Invalid(errs.Field{
		Field:   "account_name",
		Message: "account_name is required: name has letters that no SEPA transfer can carry. Give the account's holder in Latin letters, as the bank knows it.",
	})
}

func hasLetter(s string) bool {
	_, err := sepa.Name(s)
	return err == nil
}
