package contract

import (
	"os"
	"slices"
	"testing"
	"time"

	"european-pay.eu/eupay/sandbox/internal/rigtest"
)

func TestMain(m *testing.M) { rigtest.Main(m, "sandbox/bank.(*") }

// check is one promise of the API: what holds, where the provider's documentation says so, and how it is seen.
type check struct {
	name, section string
	run           func(*provider)
}

// everywhere are the checks that need neither a payer nor a clock: they hold at the stand-in and at the real provider.
var everywhere = []check{
	{"a service token is granted", "API reference, Authentication: service token", serviceTokens},
	{"wrong credentials are refused", "API reference, Authentication: service token; Errors", wrongCredentials},
	{"a call without a token is unauthorized", "API reference, Authentication; Errors", withoutToken},
	{"a scope is a bound", "API reference, Payments: scopes", scopes},
	{"a payment is created", "API reference, Payments: create a payment", creating},
	{"a payment has all members", "API reference, Payments: the Payment object", members},
	{"required members are required", "API reference, Payments: PaymentInitRequest and PaymentInstruction", required},
	{"wrong values are refused", "API reference, Payments: PaymentInitRequest and PaymentInstruction", wrongValues},
	{"identities have their bounds", "API reference, Payments: Identity", bounds},
	{"amounts are numbers or texts", "API reference, Payments: PaymentInstruction.amount", amounts},
	{"labels come back", "API reference, Payments: PaymentInstruction.label", labels},
	{"a reference comes back or is made up", "API reference, Payments: PaymentInstruction.reference_id", references},
	{"nothing is idempotent", "API reference: no idempotency mechanism is described", noIdempotence},
	{"a bulk is one payment", "Guide, Bulk payments", bulks},
	{"sensitive members are hidden", "API reference, Payments: Identity; show_sensitive", sensitive},
	{"a payment is read", "API reference, Payments: get a payment", reading},
	{"payments are listed", "API reference, Payments: list payments; Pagination", listing},
	{"a payment is found by its reference", "API reference, Payments: list payments, reference_id", byReference},
	{"a token for one payment", "API reference, Payments: get a payment-scoped token; Webview guide", scopedTokens},
	{"a created payment is cancelled", "Guide, Cancelling a payment", cancelCreated},
	{"a cancellation is checked", "Guide, Cancelling a payment", wrongCancellations},
	{"operations are for their states", "API reference, Payments: validate, confirm, resume", operations},
	{"connectors are public", "API reference, Connectors", connectors},
	{"an error has its envelope", "API reference, Errors", envelope},
	{"a user is made", "API reference, Authentication: user tokens", users},
}

// withPayer are the checks that need what only the stand-in has: a payer, a bank that decides, a clock, a registered listener.
var withPayer = []check{
	{"a token ends after half an hour", "API reference, Authentication: service token", tokenEnds},
	{"a token for one payment ends after a week", "Guide, One-time payment: scoped token", scopedTokenEnds},
	{"the payer goes through the webview", "Guide, One-time payment; Webview: callback", throughWebview},
	{"the payer refuses", "Guide, One-time payment: callback parameters", refusesAtBank},
	{"the payer gives up in the webview", "Guide, One-time payment: error=cancelled", givesUp},
	{"the webview checks its link", "Webview guide: parameters", wrongLinks},
	{"a client has its own webview", "Guide, Own validation webview; Test connector: use cases", ownWebview},
	{"fields are answered", "Guide, Own validation webview: additionalInformationNeeded, psuValidation", ownFields},
	{"wrong validations are refused", "API reference, Payments: validate", wrongValidations},
	{"a domain may confirm by hand", "Guide, Manual confirmation", confirmation},
	{"states come in their order", "API reference, Payments: payment states; Test connector", stateOrder},
	{"a final state is final", "API reference, Payments: payment states", finalIsFinal},
	{"who does not answer is rejected", "API reference, Payments: noAnswerFromCustomer", noAnswer},
	{"what nobody decides expires", "Guide, Manual expiration", expires},
	{"a bank that reports nothing further accepts", "API reference, Payments: accepted", accepts},
	{"a bulk is rolled up", "Guide, Bulk payments: states", rollUp},
	{"a schedule is pending while it runs", "Guide, Recurring payments", recurring},
	{"a pending payment is cancelled in three ways", "Guide, Cancelling a payment", cancelPending},
	{"a cancellation is answered by the payer", "Guide, Cancelling a payment", cancellationAnswered},
	{"an instant payment is not cancelled", "Guide, Cancelling a payment: conditions", cancelInstant},
	{"a validating or final payment is not cancelled", "Guide, Cancelling a payment: conditions", cancelWrongState},
	{"every change of state is announced", "Guide, Webhooks: PAYMENT_STATE_UPDATED", announced},
	{"nothing but a state is announced", "Guide, Webhooks: PAYMENT_STATE_UPDATED", onlyStates},
	{"a webhook is signed", "Guide, Webhooks: HMAC signature", signed},
	{"a webhook that failed comes again", "Guide, Webhooks: retries", retried},
	{"states are filters", "API reference, Payments: list payments, state and error_code", filtered},
	{"a limit of calls says when", "Fair usage policy", limited},
	{"a token that was taken back", "API reference, Errors: 401", takenBack},
	{"an outage is a 5xx", "API reference, Errors: 500 and 503", outage},
	{"accounts are linked", "API reference, Connections and Bank accounts; Connect webview", linked},
	{"accounts are switched off", "API reference, Bank accounts: disabled", switchedOff},
}

// named runs a check; when it fails it says where its promise comes from.
func (c check) named(t *testing.T, open func(*testing.T) *provider) {
	t.Helper()
	t.Run(c.name, func(t *testing.T) {
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("this is from: %s", c.section)
			}
		})
		c.run(open(t))
	})
}

func TestTheStandInKeepsTheContract(t *testing.T) {
	t.Parallel()
	for _, c := range slices.Concat(everywhere, withPayer) {
		c.named(t, func(t *testing.T) *provider {
			t.Helper()
			return serve(t)
		})
	}
}

// callsAMinute is what the fair usage policy grants a sandbox domain.
const callsAMinute = 30

func TestTheProviderKeepsTheContract(t *testing.T) {
	t.Parallel()
	address, id, secret := os.Getenv("EUPAY_POWENS_CONTRACT_URL"), os.Getenv("EUPAY_POWENS_CONTRACT_CLIENT_ID"), os.Getenv("EUPAY_POWENS_CONTRACT_CLIENT_SECRET")
	if address == "" || id == "" || secret == "" {
		t.Skip("THE REAL PROVIDER IS NOT HELD TO THE CONTRACT: set EUPAY_POWENS_CONTRACT_URL, _CLIENT_ID and _CLIENT_SECRET")
	}
	redirect := os.Getenv("EUPAY_POWENS_CONTRACT_REDIRECT_URI")
	if redirect == "" {
		redirect = "https://shop.example/return"
	}
	pace := time.NewTicker(time.Minute / callsAMinute)
	t.Cleanup(pace.Stop)
	for _, c := range everywhere {
		c.named(t, func(t *testing.T) *provider {
			t.Helper()
			return &provider{T: t, baseURL: address, clientID: id, clientSecret: secret, redirect: redirect, pace: pace.C}
		})
	}
	for _, c := range withPayer {
		t.Logf("left out, since it needs a payer, a clock or a listener: %s", c.name)
	}
}
