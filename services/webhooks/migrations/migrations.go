// Package migrations holds the schema of the webhooks service.
package migrations

import "embed"

// Files are the goose migrations, in the root.
//
//go:embed *.sql
var Files embed.FS
