package engine

import (
	"strings"

	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
)

// createRequest is what the provider is asked for. Its reference_id (end-to-end id, at most 31 characters) is our
// reference: by it a payment is found again after a create without a known outcome.
func createRequest(p payment.Payment) powens.CreateRequest {
	r := powens.CreateRequest{
		ReferenceID: p.Reference, State: p.Reference, Amount: p.Amount, Currency: p.Currency,
		Label: payment.BankLabel(p.Description), ExecutionType: p.ExecutionType, ExecutionDate: p.ExecutionDate,
		Beneficiary:         powens.Account{IBAN: p.Beneficiary.IBAN, BIC: p.Beneficiary.BIC, Label: payment.BankName(p.Beneficiary.Name)},
		BeneficiaryIdentity: identity(p.Beneficiary),
	}
	if p.Kind == payment.KindRefund || p.Scanned() {
		payer := identity(p.Payer)
		r.Payer = &powens.Account{IBAN: p.Payer.IBAN, BIC: p.Payer.BIC, Label: payment.BankName(p.Payer.Name)}
		r.PayerIdentity = &payer
	}
	return r
}

func identity(p payment.Party) powens.Identity {
	if p.Kind == payment.Corporate {
		return powens.Identity{Kind: payment.Corporate, OrgName: p.Name, LegalStatus: p.Legal, SIREN: p.SIREN}
	}
	// Banks give the account holder as one text; the provider wants two names.
	first, last, found := strings.Cut(strings.TrimSpace(p.Name), " ")
	if !found {
		first, last = "-", p.Name
	}
	return powens.Identity{Kind: payment.Individual, FirstName: first, LastName: last}
}
