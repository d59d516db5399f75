// Package e2e tests the whole system from outside: through public HTTP only, with a real PostgreSQL and broker, the sandbox bank,
// a browser, and a server for each merchant that receives webhooks and payers.
package e2e
