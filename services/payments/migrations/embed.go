// Package migrations holds the schema of the payments service.
package migrations

import "embed"

// FS has the migrations in goose's format, applied in the order of their numbers.
//
//go:embed *.sql
var FS embed.FS
