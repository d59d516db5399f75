package paying

// identityMessages say which field mends a payment that the bank connection refused for want of an identity.
var identityMessages = map[string]string{
	"payer_identity_required": "The bank connection must know who pays. Create the payment again with customer: first_name and last_name, or company.",
	"payer_identity_invalid":  "The bank connection does not take the payer's data. Correct customer and create the payment again; of a company give siren or euid.",
	"beneficiary_identity_required": "The bank connection must know who is paid. For a payment complete legal_name, legal_status and siren in your profile " +
		"(PATCH /merchant); for a refund the payment should have had a customer.",
	"beneficiary_identity_invalid": "The bank connection does not take the data of who is paid. For a payment correct legal_name, legal_status, siren and " +
		"address in your profile (PATCH /merchant).",
}

// IdentityMessage tells a merchant what to do about a failure_code that is about an identity; empty for any other.
func IdentityMessage(failureCode string) string { return identityMessages[failureCode] }
