// Package migrations holds the schema of the gateway.
package migrations

import "embed"

// FS are the migrations in goose format.
//
//go:embed *.sql
var FS embed.FS
