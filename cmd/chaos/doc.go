// Package chaos kills and restarts the processes of a whole EU Pay under load and then compares the books of the three
// who know: the REST API, the sandbox bank and the merchant's webhook receiver.
package chaos
