package eupay

import (
	"context"
	"iter"
	"net/http"
)

// Merchants is the profile of the merchant. It takes a login.
type Merchants struct{ c *caller }

const (
	merchantPath = "/merchant"
	logoPath     = merchantPath + "/logo"
)

// Get reads the profile.
func (s Merchants) Get(ctx context.Context) (*Merchant, error) {
	return get[Merchant](ctx, s.c, call{method: http.MethodGet, path: merchantPath})
}

// Update changes the profile. A new IBAN counts after some time, until which StopIBANChange takes it back.
func (s Merchants) Update(ctx context.Context, p MerchantChange) (*Merchant, error) {
	return get[Merchant](ctx, s.c, call{method: http.MethodPatch, path: merchantPath, body: p})
}

// StopIBANChange takes a new IBAN back that does not count yet.
func (s Merchants) StopIBANChange(ctx context.Context) (*Merchant, error) {
	return get[Merchant](ctx, s.c, call{method: http.MethodDelete, path: merchantPath + "/iban-change"})
}

// Logo is the merchant's logo as it was uploaded.
func (s Merchants) Logo(ctx context.Context) (*File, error) {
	return s.c.file(ctx, call{path: logoPath})
}

// SetLogo uploads the logo for the middle of QR codes: a PNG or JPEG of at most 512 KiB and 2048 by 2048 pixels.
func (s Merchants) SetLogo(ctx context.Context, f File) error {
	return do(ctx, s.c, call{method: http.MethodPut, path: logoPath, file: &f})
}

// RemoveLogo removes the logo.
func (s Merchants) RemoveLogo(ctx context.Context) error {
	return do(ctx, s.c, call{method: http.MethodDelete, path: logoPath})
}

// AuditParams choose entries of the record of what was done.
type AuditParams struct {
	// Limit is the most entries of a page, up to 100. 0: what the API gives, or 100 of an All.
	Limit int
	// StartingAfter is the id of the entry after which the list goes on.
	StartingAfter string
}

func audit(c *caller, path string, ids []string, p AuditParams) listing[AuditEntry] {
	q := query{}
	q.number("limit", p.Limit)
	q.text("starting_after", p.StartingAfter)
	return listing[AuditEntry]{c, call{path: path, ids: ids, query: q}, func(e *AuditEntry) string { return e.ID }}
}

// Audit reads one page of what was done to the account, the newest first.
func (s Merchants) Audit(ctx context.Context, p AuditParams) (*Page[AuditEntry], error) {
	return audit(s.c, merchantPath+"/audit", nil, p).page(ctx)
}

// AllAudit reads what was done to the account to its end, the newest first.
func (s Merchants) AllAudit(ctx context.Context, p AuditParams) iter.Seq2[AuditEntry, error] {
	return audit(s.c, merchantPath+"/audit", nil, p).all(ctx)
}

// AuditFormat is that of a whole record of what was done, as a file.
type AuditFormat string

// The formats. In CSV a ' stands before what a spreadsheet would take for a formula.
const (
	AuditCSV    AuditFormat = "csv"
	AuditNDJSON AuditFormat = "ndjson"
)

// ExportAudit reads the whole record of what was done to the account as a file. It takes a fresh proof (StepUp).
func (s Merchants) ExportAudit(ctx context.Context, format AuditFormat) (*File, error) {
	q := query{}
	q.text("format", string(format))
	return s.c.file(ctx, call{path: merchantPath + "/audit/export", query: q})
}

// Team is who can log in for the merchant. It takes a login.
type Team struct{ c *caller }

const (
	teamPath   = merchantPath + "/team"
	memberPath = teamPath + "/{}"
)

// Add adds a member.
func (s Team) Add(ctx context.Context, p MemberParams) (*User, error) {
	return get[User](ctx, s.c, call{method: http.MethodPost, path: teamPath, body: p})
}

// Update changes a member.
func (s Team) Update(ctx context.Context, id string, p MemberChange) (*User, error) {
	return get[User](ctx, s.c, call{method: http.MethodPatch, path: memberPath, ids: []string{id}, body: p})
}

// Remove removes a member.
func (s Team) Remove(ctx context.Context, id string) error {
	return do(ctx, s.c, call{method: http.MethodDelete, path: memberPath, ids: []string{id}})
}

func (s Team) listing(p ListParams) listing[User] {
	return listing[User]{s.c, call{path: teamPath, query: p.query()}, nil}
}

// List reads one page of the members, the oldest first.
func (s Team) List(ctx context.Context, p ListParams) (*Page[User], error) {
	return s.listing(p).page(ctx)
}

// All reads the members to their end, the oldest first.
func (s Team) All(ctx context.Context, p ListParams) iter.Seq2[User, error] {
	return s.listing(p).all(ctx)
}
