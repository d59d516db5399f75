package push

import (
	"strings"

	"european-pay.eu/eupay/internal/money"
)

// phrase is what a message says: {amount}, {name} and {reason} are replaced.
type phrase struct{ title, body string }

// sum is money and a reference: a message never has the name of a person.
const sum = "{amount} · {name}"

// phrases are what messages say, by language and by what happened.
var phrases = map[string]map[string]phrase{
	english: {
		paymentCompleted:  {"Payment received", sum},
		paymentFailed:     {"Payment failed", sum},
		paymentRefunded:   {"Refund sent", sum},
		invoiceRefused:    {"Invoice refused by the customer", sum},
		invoiceRejected:   {"Invoice rejected by the platform", sum},
		endpointFailing:   {"Webhook endpoint failing", "{name} does not accept events ({reason})."},
		endpointDisabled:  {"Webhook endpoint disabled", "{name} receives no events until you enable it again."},
		orderReceived:     {"New order", sum},
		subscriptionTried: {"Test notification", "This browser will notify you of payments."},
	},
	french: {
		paymentCompleted:  {"Paiement reçu", sum},
		paymentFailed:     {"Paiement échoué", sum},
		paymentRefunded:   {"Remboursement envoyé", sum},
		invoiceRefused:    {"Facture refusée par le client", sum},
		invoiceRejected:   {"Facture rejetée par la plateforme", sum},
		endpointFailing:   {"Un point de réception échoue", "{name} n’accepte pas les événements ({reason})."},
		endpointDisabled:  {"Point de réception désactivé", "{name} ne reçoit plus d’événements tant que vous ne le réactivez pas."},
		orderReceived:     {"Nouvelle commande", sum},
		subscriptionTried: {"Notification de test", "Ce navigateur vous préviendra des paiements."},
	},
}

// spaces of French numbers: between groups of digits, and before the currency.
const narrowSpace, hardSpace = "\u202f", "\u00a0"

// formatAmount formats an amount for people: €1,234.50 or 1 234,50 €.
func formatAmount(c money.Cents, currency, language string) string {
	sign, text := "", c.String() // two decimals
	if c < 0 {
		sign, text = "-", text[1:]
	}
	whole, cents := text[:len(text)-3], text[len(text)-2:]
	if language == french {
		if currency == "EUR" {
			currency = "€"
		}
		return sign + grouped(whole, narrowSpace) + "," + cents + hardSpace + currency
	}
	if currency == "EUR" {
		return sign + "€" + grouped(whole, ",") + "." + cents
	}
	return sign + grouped(whole, ",") + "." + cents + " " + currency
}

// grouped puts a separator between the thousands.
func grouped(digits, separator string) string {
	var groups []string
	for len(digits) > 3 {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
		digits = digits[:len(digits)-3]
	}
	return strings.Join(append([]string{digits}, groups...), separator)
}

func truncate(name string) string {
	if r := []rune(name); len(r) > maxName {
		return string(r[:maxName]) + "…"
	}
	return name
}
