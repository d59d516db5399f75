package web

import "crypto/rand"

// NewKey is an idempotency key for a form that moves money: it is in the form, so a second click, or sending the form again after it was
// refused, repeats the request instead of making another.
func NewKey() string { return rand.Text() }
