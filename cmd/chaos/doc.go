// Package chaos kills and restarts the processes of a whole EU Pay under load and then compares the books of those who know: the REST
// API, the sandbox bank or e-invoicing platform, and the merchant's webhook receiver.
package chaos
