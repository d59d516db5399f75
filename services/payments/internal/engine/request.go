package engine

import (
	"cmp"
	"strings"

	"european-pay.eu/eupay/internal/sepa"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
)

// RequestOf returns what the provider would be asked for a payment.
func (e *Engine) RequestOf(p payment.Payment) powens.CreateRequest { return createRequest(p) }

// createRequest builds the request to the provider. Its reference_id (end-to-end id, at most 31 characters) is our reference, by
// which the payment is found after a create with an unknown outcome.
func createRequest(p payment.Payment) powens.CreateRequest {
	beneficiary, payer := identity(p.Beneficiary), identity(p.Payer)
	if !p.Livemode {
		beneficiary, payer = testIdentity(beneficiary, testPayee), testIdentity(payer, testPayer)
	}
	r := powens.CreateRequest{
		ReferenceID: p.Reference, State: p.Reference, Amount: p.Amount, Currency: p.Currency,
		Label: payment.BankLabel(p), ExecutionType: p.ExecutionType, ExecutionDate: p.ExecutionDate,
		Beneficiary: account(p.Beneficiary), BeneficiaryIdentity: beneficiary, BankID: p.BankID,
	}
	if payer != (powens.Identity{}) {
		r.PayerIdentity = &payer
	}
	if p.Kind == payment.KindRefund || p.Scanned() {
		from := account(p.Payer)
		r.Payer = &from
	}
	return r
}

// account returns the account with its holder's name, which the provider and its bank require. A name without a Latin letter is
// replaced.
func account(p payment.Party) powens.Account {
	name, err := sepa.Name(p.Name)
	if err != nil {
		name = payment.UnknownHolder
	}
	return powens.Account{IBAN: p.IBAN, BIC: p.BIC, Label: name}
}

// identity returns what is known about a party, or the zero Identity. The beneficiary of a refund always has a name, because the
// provider's guide requires it: the holder's name from the bank, otherwise UnknownHolder.
func identity(p payment.Party) powens.Identity {
	i := p.Identity
	switch {
	case i.Kind == payment.Corporate:
		return powens.Identity{
			Kind: powens.Corporate, OrgName: i.Company, LegalStatus: i.LegalStatus, SIREN: i.SIREN, EUID: i.EUID, Address: i.Address, Email: i.Email,
		}
	case i.Known():
		return powens.Identity{
			Kind: powens.Individual, FirstName: i.FirstName, LastName: i.LastName, Email: i.Email, Address: i.Address,
			BirthDate: i.BirthDate, BirthCity: i.BirthCity, BirthCountry: i.BirthCountry,
		}
	case p.Kind == payment.Corporate: // recorded before identities existed
		return powens.Identity{Kind: powens.Corporate, OrgName: p.Name, LegalStatus: p.Legal, SIREN: p.SIREN}
	case p.Kind == payment.Individual && p.Name != "":
		// Banks return the holder as one text; the provider requires two names.
		first, last, found := strings.Cut(strings.TrimSpace(p.Name), " ")
		if !found {
			first, last = "-", first
		}
		return powens.Identity{Kind: powens.Individual, FirstName: first, LastName: last}
	default:
		return powens.Identity{}
	}
}

// Identities for parties of test payments that nobody named, and a SIREN for companies that have none yet: the sandbox requires
// identities as the provider's guide does. Never used in live mode. The SIREN is the one in the guide's examples.
var (
	testPayer = powens.Identity{Kind: powens.Individual, FirstName: "Test", LastName: "Payer"}
	testPayee = powens.Identity{Kind: powens.Corporate, OrgName: "Test Merchant", LegalStatus: "SARL", SIREN: "012345678"}
)

func testIdentity(i, otherwise powens.Identity) powens.Identity {
	if i == (powens.Identity{}) {
		return otherwise
	}
	if i.Kind == powens.Corporate && i.EUID == "" {
		i.SIREN = cmp.Or(i.SIREN, testPayee.SIREN)
	}
	return i
}
