// Package e2e tests the whole system from outside: over public HTTP alone, with a real PostgreSQL and broker, the sandbox
// bank, a browser, and a server of each merchant's own that takes webhooks and receives payers.
package e2e
