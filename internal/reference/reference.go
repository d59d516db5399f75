// Package reference generates the references of payments, refunds, subscriptions and payments to suppliers. The caller proposes the reference, so
// that it can repeat a request and find what the first one created.
package reference

import (
	"crypto/rand"
	"fmt"
	"regexp"
	"time"
)

// Payment proposes the reference of a payment.
func Payment(now time.Time) string { return propose("PAY", now) }

// Refund proposes the reference of a refund.
func Refund(now time.Time) string { return propose("REF", now) }

// Subscription proposes the reference of a subscription, which its mandate at the provider has too.
func Subscription(now time.Time) string { return propose("SUB", now) }

// Supplier proposes the reference of a payment to a supplier.
func Supplier(now time.Time) string { return propose("SUP", now) }

// Counter proposes the reference of a payment at the counter of a merchant. No service of EU Pay knows it, so it is not Valid.
func Counter(now time.Time) string { return propose("CTR", now) }

// propose returns a reference of the UTC day and 64 random bits.
func propose(prefix string, now time.Time) string {
	var random [8]byte
	rand.Read(random[:]) // never returns an error
	return fmt.Sprintf("%s-%s-%X", prefix, now.UTC().Format("20060102"), random)
}

var shape = regexp.MustCompile(`^(PAY|REF|SUB|SUP)-[0-9]{8}-[0-9A-F]{16}$`)

// Valid reports whether s has the form of our references. Other texts need not be looked up.
func Valid(s string) bool { return len(s) == 29 && shape.MatchString(s) }
