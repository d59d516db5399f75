// Package migrations holds the schema of the portal.
package migrations

import "embed"

// FS holds the migrations in its root, in goose format.
//
//go:embed *.sql
var FS embed.FS
