package eupay

// PaymentStatus is where a payment stands: pending, then pending_sca, then completed, failed or cancelled; a completed one may become
// refunded.
type PaymentStatus string

// The values of PaymentStatus.
const (
	PaymentPending    PaymentStatus = "pending"
	PaymentPendingSCA PaymentStatus = "pending_sca"
	PaymentCompleted  PaymentStatus = "completed"
	PaymentFailed     PaymentStatus = "failed"
	PaymentCancelled  PaymentStatus = "cancelled"
	PaymentRefunded   PaymentStatus = "refunded"
)

// StatusDetail says what happens within a status.
type StatusDetail string

// The values of StatusDetail.
const (
	// DetailAuthorising: The payer is at the bank.
	DetailAuthorising StatusDetail = "authorising"
	// DetailBankProcessing: The payer has authorised it, the bank executes it.
	DetailBankProcessing StatusDetail = "bank_processing"
	// DetailAcceptedByBank: The bank has accepted it and reports nothing further. While the payment is
	// PaymentPendingSCA, say before SettlementDeadline whether the money came: ConfirmReceived or ConfirmNotReceived.
	DetailAcceptedByBank StatusDetail = "accepted_by_bank"
	// DetailAmountMismatch: The bank shows another amount or currency; the history names it. It is never completed.
	DetailAmountMismatch StatusDetail = "amount_mismatch"
	// DetailCancelling: A cancellation waits for the payer's approval at AuthorisationURL.
	DetailCancelling StatusDetail = "cancelling"
	// DetailExpiring: Nobody authorised it in time; it is being cancelled at the bank.
	DetailExpiring StatusDetail = "expiring"
	// DetailPayingByScan: A customer is paying it by its code.
	DetailPayingByScan StatusDetail = "paying_by_scan"
	// DetailReceivedOutside: You said that the money came outside the bank's session, which is being closed.
	DetailReceivedOutside StatusDetail = "received_outside"
	// DetailRefusedByProvider: Refused at once: nobody was ever sent to a bank.
	DetailRefusedByProvider StatusDetail = "refused_by_provider"
	// DetailUnknownProviderState: The provider says something that nobody documented; it is still followed.
	DetailUnknownProviderState StatusDetail = "unknown_provider_state"
)

// FailureCode says why a payment failed.
type FailureCode string

// The values of FailureCode.
const (
	// FailureExpired: Nobody authorised it in time, or the bank never decided.
	FailureExpired FailureCode = "expired"
	// FailureCancelledByUser: The payer cancelled at the bank.
	FailureCancelledByUser FailureCode = "cancelled_by_user"
	// FailureCancelledByClient: You cancelled it, or we did for you.
	FailureCancelledByClient FailureCode = "cancelled_by_client"
	// FailureConfirmationRefused: The confirmation after the payer's authorisation was refused.
	FailureConfirmationRefused FailureCode = "confirmation_refused"
	// FailureInsufficientFunds: The account to pay from has too little money.
	FailureInsufficientFunds FailureCode = "insufficient_funds"
	// FailureAuthenticationFailed: The payer could not be authenticated.
	FailureAuthenticationFailed FailureCode = "authentication_failed"
	// FailureNoAnswerFromCustomer: The payer left the bank's page without an answer.
	FailureNoAnswerFromCustomer FailureCode = "no_answer_from_customer"
	// FailureInvalidPayerAccount: The bank does not take the account to pay from.
	FailureInvalidPayerAccount FailureCode = "invalid_payer_account"
	// FailureInvalidBeneficiary: The bank does not take the account that is to be paid.
	FailureInvalidBeneficiary FailureCode = "invalid_beneficiary"
	// FailureInvalidAmount: The bank does not take the amount.
	FailureInvalidAmount FailureCode = "invalid_amount"
	// FailureInvalidCurrency: The bank does not take the currency.
	FailureInvalidCurrency FailureCode = "invalid_currency"
	// FailureInvalidDate: The bank does not take the execution date.
	FailureInvalidDate FailureCode = "invalid_date"
	// FailureInvalidLabel: The bank does not take the description.
	FailureInvalidLabel FailureCode = "invalid_label"
	// FailureInvalidReference: The bank does not take the reference of the transfer.
	FailureInvalidReference FailureCode = "invalid_reference"
	// FailureInvalidValue: The provider does not take the data of the request.
	FailureInvalidValue FailureCode = "invalid_value"
	// FailureRegulatoryReason: Refused for a regulatory reason.
	FailureRegulatoryReason FailureCode = "regulatory_reason"
	// FailureBankMessage: The bank refused it with a message of its own.
	FailureBankMessage FailureCode = "bank_message"
	// FailureBankUnavailable: The bank could not be reached.
	FailureBankUnavailable FailureCode = "bank_unavailable"
	// FailureProviderError: The provider could not process it.
	FailureProviderError FailureCode = "provider_error"
	// FailureNoSpecifiedReason: The bank gave no reason.
	FailureNoSpecifiedReason FailureCode = "no_specified_reason"
	// FailureNotReceived: You said that the money did not come.
	FailureNotReceived FailureCode = "not_received"
	// FailureAmountMismatch: The bank shows another amount or currency.
	FailureAmountMismatch FailureCode = "amount_mismatch"
	// FailureAlreadyPaid: Of a scan: the payment was paid in another way.
	FailureAlreadyPaid FailureCode = "already_paid"
	// FailurePaymentInProgress: Of a scan: somebody else was paying.
	FailurePaymentInProgress FailureCode = "payment_in_progress"
	// FailurePayerIdentityRequired: The bank connection wants to know who pays: send Customer.
	FailurePayerIdentityRequired FailureCode = "payer_identity_required"
	// FailurePayerIdentityInvalid: The bank connection does not take the data of the payer: correct Customer.
	FailurePayerIdentityInvalid FailureCode = "payer_identity_invalid"
	// FailureBeneficiaryIdentityRequired: The bank connection wants more data of the account's holder: complete your profile.
	FailureBeneficiaryIdentityRequired FailureCode = "beneficiary_identity_required"
	// FailureBeneficiaryIdentityInvalid: The bank connection does not take the data of the account's holder: correct your profile.
	FailureBeneficiaryIdentityInvalid FailureCode = "beneficiary_identity_invalid"
)

// ExecutionType is how the bank executes the transfer.
type ExecutionType string

// The values of ExecutionType.
const (
	ExecuteInstant      ExecutionType = "instant"
	ExecuteFirstOpenDay ExecutionType = "first_open_day"
	ExecuteDeferred     ExecutionType = "deferred"
	// ExecutePeriodically is a standing order. Banks list it; a payment cannot have it.
	ExecutePeriodically ExecutionType = "periodic"
)
