// Package migrations holds the schema of the einvoice service.
package migrations

import "embed"

// FS holds the migrations in its root, in goose format.
//
//go:embed *.sql
var FS embed.FS
