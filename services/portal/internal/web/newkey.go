package web

import "crypto/rand"

// NewKey is an idempotency key for a form that creates something: it is in the form, so a second click, or sending the form again after it
// was refused, repeats the request instead of making another. The API takes it with what moves money; for the rest there is Site.Once.
func NewKey() string { return rand.Text() }
