package eupay

// Code is the reason of an Error. It is an error itself, for errors.Is:
//
//	if errors.Is(err, eupay.ErrRefundExceedsPayment) { … }
//
// A code never changes its meaning. There may be more of them one day.
type Code string

// Error implements error.
func (c Code) Error() string { return string(c) }

// The codes of the API.
const (
	// ErrMissingCredentials (400): X-Api-Key or X-Api-Secret header absent.
	ErrMissingCredentials Code = "MISSING_CREDENTIALS"
	// ErrValidation (400): Invalid request; `errors` names the fields.
	ErrValidation Code = "VALIDATION_ERROR"
	// ErrQRInvalid (400): The scanned code is forged, damaged or not one of EU Pay.
	ErrQRInvalid Code = "QR_INVALID"
	// ErrQRExpired (400): The scanned code is too old: ask for a new one.
	ErrQRExpired Code = "QR_EXPIRED"
	// ErrInvalidAPIKey (401): Key not found or revoked.
	ErrInvalidAPIKey Code = "INVALID_API_KEY"
	// ErrInvalidSecret (401): The secret is wrong.
	ErrInvalidSecret Code = "INVALID_SECRET"
	// ErrUnauthenticated (401): No valid login token.
	ErrUnauthenticated Code = "UNAUTHENTICATED"
	// ErrInvalidLogin (401): Email or password wrong.
	ErrInvalidLogin Code = "INVALID_LOGIN"
	// ErrInvalidSignature (401): Provider signature missing or wrong.
	ErrInvalidSignature Code = "INVALID_SIGNATURE"
	// ErrAPIAccessDisabled (403): Admin has not enabled gateway for your account.
	ErrAPIAccessDisabled Code = "API_ACCESS_DISABLED"
	// ErrIPNotAllowed (403): IP not in key's allowlist.
	ErrIPNotAllowed Code = "IP_NOT_ALLOWED"
	// ErrInsufficientScope (403): The key lacks the scope of this endpoint.
	ErrInsufficientScope Code = "INSUFFICIENT_SCOPE"
	// ErrForbidden (403): The logged-in role may not do this.
	ErrForbidden Code = "FORBIDDEN"
	// ErrEmailNotVerified (403): The email address of the login is not verified yet.
	ErrEmailNotVerified Code = "EMAIL_NOT_VERIFIED"
	// ErrStepUpRequired (403): Prove once more that it is you: `POST /auth/step-up`.
	ErrStepUpRequired Code = "STEP_UP_REQUIRED"
	// ErrFactorRequired (403): The account must set up a second factor first: `POST /auth/mfa/totp`.
	ErrFactorRequired Code = "FACTOR_REQUIRED"
	// ErrNotEnrolled (403): E-invoicing is not enabled for this account.
	ErrNotEnrolled Code = "NOT_ENROLLED"
	// ErrNotFound (404): Not found, or belongs to another account.
	ErrNotFound Code = "NOT_FOUND"
	// ErrMethodNotAllowed (405): The path exists, the method does not.
	ErrMethodNotAllowed Code = "METHOD_NOT_ALLOWED"
	// ErrIdempotencyConflict (409): The Idempotency-Key was used with another request, or the reference with another amount or currency.
	ErrIdempotencyConflict Code = "IDEMPOTENCY_CONFLICT"
	// ErrAlreadyExists (409): The thing to create exists.
	ErrAlreadyExists Code = "ALREADY_EXISTS"
	// ErrInvalidState (409): Not possible in the present state.
	ErrInvalidState Code = "INVALID_STATE"
	// ErrRefundExceedsPayment (409): More than what is left to refund.
	ErrRefundExceedsPayment Code = "REFUND_EXCEEDS_PAYMENT"
	// ErrCreditExceedsInvoice (409): More than what is left of the invoice.
	ErrCreditExceedsInvoice Code = "CREDIT_EXCEEDS_INVOICE"
	// ErrBuyerUnreachable (422): The buyer cannot receive e-invoices yet; `message` says what to do.
	ErrBuyerUnreachable Code = "BUYER_UNREACHABLE"
	// ErrCancelNotSupported (409): The payer's bank cannot cancel this payment.
	ErrCancelNotSupported Code = "CANCEL_NOT_SUPPORTED"
	// ErrBankIncompatible (422): The bank cannot make this payment; `message` says why.
	ErrBankIncompatible Code = "BANK_INCOMPATIBLE"
	// ErrPaymentRefused (422): The bank refused the payment or refund at once; `message` says why.
	ErrPaymentRefused Code = "PAYMENT_REFUSED"
	// ErrMerchantNotEnabled (409): The merchant takes no payments at the moment.
	ErrMerchantNotEnabled Code = "MERCHANT_NOT_ENABLED"
	// ErrLiveNotConfigured (409): Live mode is not set up on this platform: repeating does not help.
	ErrLiveNotConfigured Code = "LIVE_NOT_CONFIGURED"
	// ErrTestNotConfigured (409): Test mode is not set up on this platform: repeating does not help.
	ErrTestNotConfigured Code = "TEST_NOT_CONFIGURED"
	// ErrTotalChanged (409): The order costs something else than `expected_total`; `total` is what it costs now.
	ErrTotalChanged Code = "TOTAL_CHANGED"
	// ErrClosed (409): No orders are taken now; `retry_after` says when they are.
	ErrClosed Code = "CLOSED"
	// ErrSlotFull (409): The slot was taken meanwhile; `slots` has free ones.
	ErrSlotFull Code = "SLOT_FULL"
	// ErrPayloadTooLarge (413): The request body is too large.
	ErrPayloadTooLarge Code = "PAYLOAD_TOO_LARGE"
	// ErrUnsupportedMediaType (415): The body must be application/json.
	ErrUnsupportedMediaType Code = "UNSUPPORTED_MEDIA_TYPE"
	// ErrRateLimitExceeded (429): Too many requests: respect `retry_after`.
	ErrRateLimitExceeded Code = "RATE_LIMIT_EXCEEDED"
	// ErrInternal (500): Our mistake; the request id helps us find it.
	ErrInternal Code = "INTERNAL_ERROR"
	// ErrServiceUnavailable (503): Temporarily unavailable; safe to repeat.
	ErrServiceUnavailable Code = "SERVICE_UNAVAILABLE"
)
