package push

import (
	"slices"
	"strings"

	"european-pay.eu/eupay/internal/refuse"
)

// The kinds of event that a browser can be told of, as the API names them.
const (
	paymentCompleted = "payment.completed"
	paymentFailed    = "payment.failed"
	paymentRefunded  = "payment.refunded"
	// invoiceRejected is an invoice that its customer or a platform has refused for good.
	invoiceRejected = "invoice.rejected"
	// endpointFailing includes that the endpoint was disabled.
	endpointFailing = "webhook_endpoint.failing"
	// orderReceived is an order that the kitchen is to make.
	orderReceived = "order.received"
)

// What messages say besides the kinds.
const (
	endpointDisabled  = "webhook_endpoint.disabled"
	invoiceRefused    = "invoice.refused"
	subscriptionTried = "test"
)

// kinds are all kinds in the order in which they are shown. usualKinds are those of a subscription that names none; the column has
// the same default.
var (
	kinds      = []string{paymentCompleted, paymentFailed, paymentRefunded, invoiceRejected, endpointFailing, orderReceived}
	usualKinds = []string{paymentCompleted, paymentRefunded, endpointFailing}
)

const english, french = "en", "fr"

// languages are those of the messages.
var languages = []string{english, french}

// checkChoice returns the problems of what a subscription is to be told of and in which language; empty values are permitted.
func checkChoice(chosen []string, language string) refuse.Problems {
	var bad refuse.Problems
	for i, kind := range chosen {
		bad.If(!slices.Contains(kinds, kind), refuse.At("event_types", i), "must be one of %s", strings.Join(kinds, ", "))
	}
	bad.If(language != "" && !slices.Contains(languages, language), "language", "must be fr or en")
	return bad
}

// tidy returns the chosen kinds in our order, each once.
func tidy(chosen []string) []string {
	sorted := []string{}
	for _, kind := range kinds {
		if slices.Contains(chosen, kind) {
			sorted = append(sorted, kind)
		}
	}
	return sorted
}
