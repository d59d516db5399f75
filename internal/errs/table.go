package errs

import (
	"net/http"

	"google.golang.org/grpc/codes"
)

// The public error table. Codes are part of the API reference: a code never changes its meaning or its HTTP status.
const (
	MissingCredentials  Code = "MISSING_CREDENTIALS"
	ValidationError     Code = "VALIDATION_ERROR"
	InvalidAPIKey       Code = "INVALID_API_KEY"
	InvalidSecret       Code = "INVALID_SECRET"
	Unauthenticated     Code = "UNAUTHENTICATED"
	InvalidLogin        Code = "INVALID_LOGIN"
	InvalidSignature    Code = "INVALID_SIGNATURE"
	APIAccessDisabled   Code = "API_ACCESS_DISABLED"
	IPNotAllowed        Code = "IP_NOT_ALLOWED"
	InsufficientScope   Code = "INSUFFICIENT_SCOPE"
	Forbidden           Code = "FORBIDDEN"
	FactorRequired      Code = "FACTOR_REQUIRED"
	StepUpRequired      Code = "STEP_UP_REQUIRED"
	EmailNotVerified    Code = "EMAIL_NOT_VERIFIED"
	NotEnrolled         Code = "NOT_ENROLLED"
	NotFoundCode        Code = "NOT_FOUND"
	MethodNotAllowed    Code = "METHOD_NOT_ALLOWED"
	IdempotencyConflict Code = "IDEMPOTENCY_CONFLICT"
	AlreadyExists       Code = "ALREADY_EXISTS"
	InvalidState        Code = "INVALID_STATE"
	RefundExceeds       Code = "REFUND_EXCEEDS_PAYMENT"
	CreditExceeds       Code = "CREDIT_EXCEEDS_INVOICE"
	BuyerUnreachable    Code = "BUYER_UNREACHABLE"
	CancelNotSupported  Code = "CANCEL_NOT_SUPPORTED"
	PaymentRefused      Code = "PAYMENT_REFUSED"
	BankIncompatible    Code = "BANK_INCOMPATIBLE"
	QRInvalid           Code = "QR_INVALID"
	QRExpired           Code = "QR_EXPIRED"
	MerchantNotEnabled  Code = "MERCHANT_NOT_ENABLED"
	LiveNotConfigured   Code = "LIVE_NOT_CONFIGURED"
	TestNotConfigured   Code = "TEST_NOT_CONFIGURED"
	TotalChanged        Code = "TOTAL_CHANGED"
	Closed              Code = "CLOSED"
	SlotFull            Code = "SLOT_FULL"
	PayloadTooLarge     Code = "PAYLOAD_TOO_LARGE"
	UnsupportedMedia    Code = "UNSUPPORTED_MEDIA_TYPE"
	RateLimitExceeded   Code = "RATE_LIMIT_EXCEEDED"
	Internal            Code = "INTERNAL_ERROR"
	Unavailable         Code = "SERVICE_UNAVAILABLE"
)

// Row is one row of the table.
type Row struct {
	HTTP int
	GRPC codes.Code
	// Meaning is the description in the API reference.
	Meaning string
}

var table = map[Code]Row{
	MissingCredentials:  {http.StatusBadRequest, codes.Unauthenticated, "X-Api-Key or X-Api-Secret header absent"},
	ValidationError:     {http.StatusBadRequest, codes.InvalidArgument, "Invalid request body"},
	InvalidAPIKey:       {http.StatusUnauthorized, codes.Unauthenticated, "Key not found or revoked"},
	InvalidSecret:       {http.StatusUnauthorized, codes.Unauthenticated, "Secret bcrypt mismatch"},
	Unauthenticated:     {http.StatusUnauthorized, codes.Unauthenticated, "No valid login token"},
	InvalidLogin:        {http.StatusUnauthorized, codes.Unauthenticated, "Email or password wrong"},
	InvalidSignature:    {http.StatusUnauthorized, codes.Unauthenticated, "Provider signature missing or wrong"},
	APIAccessDisabled:   {http.StatusForbidden, codes.PermissionDenied, "Admin has not enabled gateway for your account"},
	IPNotAllowed:        {http.StatusForbidden, codes.PermissionDenied, "IP not in key's allowlist"},
	InsufficientScope:   {http.StatusForbidden, codes.PermissionDenied, "The key lacks the scope of this endpoint"},
	Forbidden:           {http.StatusForbidden, codes.PermissionDenied, "The logged-in role may not do this"},
	EmailNotVerified:    {http.StatusForbidden, codes.PermissionDenied, "The email address of the login is not verified yet"},
	StepUpRequired:      {http.StatusForbidden, codes.PermissionDenied, "Prove once more that it is you: POST /auth/step-up"},
	FactorRequired:      {http.StatusForbidden, codes.PermissionDenied, "The account must set up a second factor first: POST /auth/mfa/totp"},
	NotEnrolled:         {http.StatusForbidden, codes.FailedPrecondition, "E-invoicing is not enabled for this account"},
	NotFoundCode:        {http.StatusNotFound, codes.NotFound, "Reference not found or belongs to another account"},
	MethodNotAllowed:    {http.StatusMethodNotAllowed, codes.Unimplemented, "The path exists, the method does not"},
	IdempotencyConflict: {http.StatusConflict, codes.AlreadyExists, "The Idempotency-Key was used with another body, or the reference with another amount"},
	AlreadyExists:       {http.StatusConflict, codes.AlreadyExists, "The thing to create exists"},
	InvalidState:        {http.StatusConflict, codes.FailedPrecondition, "Not possible in the present state"},
	RefundExceeds:       {http.StatusConflict, codes.FailedPrecondition, "More than what is left to refund"},
	CreditExceeds:       {http.StatusConflict, codes.FailedPrecondition, "More than what is left of the invoice"},
	BuyerUnreachable:    {http.StatusUnprocessableEntity, codes.FailedPrecondition, "The buyer cannot receive e-invoices yet; the message says what to do"},
	CancelNotSupported:  {http.StatusConflict, codes.FailedPrecondition, "The payer's bank cannot cancel this payment"},
	BankIncompatible:    {http.StatusUnprocessableEntity, codes.FailedPrecondition, "The bank cannot make this payment; the message says why"},
	PaymentRefused:      {http.StatusUnprocessableEntity, codes.FailedPrecondition, "The bank refused the payment or refund at once"},
	QRInvalid:           {http.StatusBadRequest, codes.InvalidArgument, "The scanned code is forged, damaged or not one of EU Pay"},
	QRExpired:           {http.StatusBadRequest, codes.InvalidArgument, "The scanned code is too old: ask for a new one"},
	MerchantNotEnabled:  {http.StatusConflict, codes.FailedPrecondition, "The merchant takes no payments at the moment"},
	LiveNotConfigured:   {http.StatusConflict, codes.FailedPrecondition, "Live mode is not set up on this platform: repeating does not help"},
	TestNotConfigured:   {http.StatusConflict, codes.FailedPrecondition, "Test mode is not set up on this platform: repeating does not help"},
	TotalChanged:        {http.StatusConflict, codes.Aborted, "The order costs something else than expected_total"},
	Closed:              {http.StatusConflict, codes.FailedPrecondition, "No orders are taken now; retry_after says when they are"},
	SlotFull:            {http.StatusConflict, codes.Aborted, "The slot was taken meanwhile; slots has free ones"},
	PayloadTooLarge:     {http.StatusRequestEntityTooLarge, codes.ResourceExhausted, "The request body is too large"},
	UnsupportedMedia:    {http.StatusUnsupportedMediaType, codes.InvalidArgument, "The body must be application/json"},
	RateLimitExceeded:   {http.StatusTooManyRequests, codes.ResourceExhausted, "Too many requests: respect retry_after"},
	Internal:            {http.StatusInternalServerError, codes.Internal, "Our mistake; the request id helps us find it"},
	Unavailable:         {http.StatusServiceUnavailable, codes.Unavailable, "Temporarily unavailable; safe to repeat"},
}

// Table returns a copy of the public error table.
func Table() map[Code]Row {
	rows := make(map[Code]Row, len(table))
	for code, row := range table {
		rows[code] = row
	}
	return rows
}

// HTTPStatus returns the status of the code; 500 for a code that is not in the table.
func (c Code) HTTPStatus() int {
	if row, ok := table[c]; ok {
		return row.HTTP
	}
	return http.StatusInternalServerError
}

func (c Code) grpc() codes.Code {
	if row, ok := table[c]; ok {
		return row.GRPC
	}
	return codes.Internal
}
