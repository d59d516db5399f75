package eupay

import (
	"context"
	"iter"
	"net/http"
)

// EInvoicing is the enrolment for e-invoices, its settings and its reports. But for Enrollment it takes a login.
type EInvoicing struct{ c *caller }

const (
	settingsPath = "/einvoice/settings"
	salesPath    = "/einvoice/sales"
)

// Enrollment says whether invoices can be issued.
func (s EInvoicing) Enrollment(ctx context.Context) (*Enrollment, error) {
	return get[Enrollment](ctx, s.c, call{method: http.MethodGet, path: "/einvoice/enrollment", moded: true})
}

// Enroll enrols the merchant, who then proves who it is at the OnboardingLink.
func (s EInvoicing) Enroll(ctx context.Context, p EInvoiceSettingsChange) (*Enrollment, error) {
	return get[Enrollment](ctx, s.c, call{method: http.MethodPost, path: "/einvoice/enroll", body: p, moded: true})
}

// OnboardingLink is the page where the merchant proves who it is.
func (s EInvoicing) OnboardingLink(ctx context.Context) (*OnboardingLink, error) {
	return get[OnboardingLink](ctx, s.c, call{method: http.MethodGet, path: "/einvoice/enrollment/onboarding-link", moded: true})
}

// Settings reads what invoices say of their seller.
func (s EInvoicing) Settings(ctx context.Context) (*EInvoiceSettings, error) {
	return get[EInvoiceSettings](ctx, s.c, call{method: http.MethodGet, path: settingsPath, moded: true})
}

// UpdateSettings changes what invoices say of their seller.
func (s EInvoicing) UpdateSettings(ctx context.Context, p EInvoiceSettingsChange) (*EInvoiceSettings, error) {
	return get[EInvoiceSettings](ctx, s.c, call{method: http.MethodPatch, path: settingsPath, body: p, moded: true})
}

func (s EInvoicing) reports(p ListParams) listing[EReport] {
	return listing[EReport]{s.c, call{path: "/einvoice/reports", query: p.query(), moded: true}, nil}
}

// Reports reads one page of the reports to the tax authority.
func (s EInvoicing) Reports(ctx context.Context, p ListParams) (*Page[EReport], error) {
	return s.reports(p).page(ctx)
}

// AllReports reads the reports to the tax authority to their end.
func (s EInvoicing) AllReports(ctx context.Context, p ListParams) iter.Seq2[EReport, error] {
	return s.reports(p).all(ctx)
}

// RecordSales reports what a till sold on a day, in place of what was recorded for it before.
func (s EInvoicing) RecordSales(ctx context.Context, p SalesDayParams) (*SalesDay, error) {
	return get[SalesDay](ctx, s.c, call{method: http.MethodPost, path: salesPath, body: p, moded: true})
}

func (s EInvoicing) sales(p SalesListParams) listing[SalesDay] {
	q := p.query()
	q.text("from", p.From)
	q.text("to", p.To)
	return listing[SalesDay]{s.c, call{path: salesPath, query: q, moded: true}, nil}
}

// Sales reads one page of the days of tills.
func (s EInvoicing) Sales(ctx context.Context, p SalesListParams) (*Page[SalesDay], error) {
	return s.sales(p).page(ctx)
}

// AllSales reads the days of tills to their end.
func (s EInvoicing) AllSales(ctx context.Context, p SalesListParams) iter.Seq2[SalesDay, error] {
	return s.sales(p).all(ctx)
}
