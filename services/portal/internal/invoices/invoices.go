// Package invoices serves the pages on which merchants issue e-invoices, follow them, and enrol for them.
package invoices

import "european-pay.eu/eupay/services/portal/internal/web"

// Register adds the pages to the site.
func Register(_ *web.Site) error { return nil }
