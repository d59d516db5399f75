package eupay

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// Exports are files for accountants.
type Exports struct{ c *caller }

const (
	exportsPath = "/exports"
	exportPath  = exportsPath + "/{}"
)

// ExportKind is what a file has.
type ExportKind string

// The kinds.
const (
	// ExportPayments and ExportRefunds are those that were created in the period, whatever became of them.
	ExportPayments ExportKind = "payments"
	ExportRefunds  ExportKind = "refunds"
	// ExportInvoices are all documents that were issued, ExportSales their amounts by nature and rate of VAT.
	ExportInvoices ExportKind = "invoices"
	ExportSales    ExportKind = "sales"
	// ExportReceipts are what was received and given back, by day.
	ExportReceipts ExportKind = "receipts"
	// ExportFEC are the entries of the books, in the format of the French FEC.
	ExportFEC ExportKind = "fec"
	// ExportStatement are the movements of one day, as camt.053.
	ExportStatement ExportKind = "statement"
)

// ExportFormat is the format of a file.
type ExportFormat string

// The formats. A FEC and a statement have their own.
const (
	FormatCSV  ExportFormat = "csv"
	FormatXLSX ExportFormat = "xlsx"
	FormatFEC  ExportFormat = "fec"
	FormatCamt ExportFormat = "camt"
	// FormatZIP has the invoices themselves: a list, and the XML and PDF of each.
	FormatZIP ExportFormat = "zip"
)

// ExportSeparator is what stands between the cells of a CSV file.
type ExportSeparator string

// The separators. SeparatorSemicolon is for French spreadsheets: amounts have commas.
const (
	SeparatorComma     ExportSeparator = "comma"
	SeparatorSemicolon ExportSeparator = "semicolon"
)

// ExportStatus is the state of an export.
type ExportStatus string

// The states.
const (
	ExportPending ExportStatus = "pending"
	ExportReady   ExportStatus = "ready"
	ExportFailed  ExportStatus = "failed"
)

// ExportAccounts are numbers of accounts. Empty: the one that you set, or else the usual one.
type ExportAccounts struct {
	Customers string `json:"customers,omitempty"`
	Goods     string `json:"goods,omitempty"`
	Services  string `json:"services,omitempty"`
	// VAT is followed by the three digits of the rate in tenths of a percent.
	VAT      string `json:"vat,omitempty"`
	Transit  string `json:"transit,omitempty"`
	Bank     string `json:"bank,omitempty"`
	Cash     string `json:"cash,omitempty"`
	Suspense string `json:"suspense,omitempty"`
	// Advances are what customers paid in advance with deposit invoices that were issued on AdvancesFrom (YYYY-MM-DD) or later.
	Advances     string `json:"advances,omitempty"`
	AdvancesFrom string `json:"advances_from,omitempty"`
	// GoodsRebates and ServicesRebates are what credit notes for a period give back.
	GoodsRebates    string `json:"goods_rebates,omitempty"`
	ServicesRebates string `json:"services_rebates,omitempty"`
}

// ExportParams ask for a file.
type ExportParams struct {
	Kind ExportKind `json:"kind"`
	// Format may be empty: CSV of a table.
	Format    ExportFormat    `json:"format,omitempty"`
	Separator ExportSeparator `json:"separator,omitempty"`
	// From and To are days in France, YYYY-MM-DD, both included.
	From string `json:"from"`
	To   string `json:"to"`
	// Accounts of a FEC.
	Accounts *ExportAccounts `json:"accounts,omitempty"`
	// IdempotencyKey makes a repetition of the request harmless. Empty: the client makes one, for its own repetitions.
	IdempotencyKey string `json:"-"`
}

// ExportTotals are what the amounts of a file add up to; nil: the kind has no such amounts.
type ExportTotals struct {
	Net      *Amount `json:"net"`
	VAT      *Amount `json:"vat"`
	Total    *Amount `json:"total"`
	Refunded *Amount `json:"refunded"`
	Received *Amount `json:"received"`
	PaidOut  *Amount `json:"paid_out"`
	Debit    *Amount `json:"debit"`
	Credit   *Amount `json:"credit"`
}

// Export is a file, or what becomes one.
type Export struct {
	ID        string          `json:"id"`
	Livemode  bool            `json:"livemode"`
	Kind      ExportKind      `json:"kind"`
	Format    ExportFormat    `json:"format"`
	Separator ExportSeparator `json:"separator"`
	From      string          `json:"from"`
	To        string          `json:"to"`
	Status    ExportStatus    `json:"status"`
	// Problem is why it failed.
	Problem string `json:"problem"`
	// What follows is known once it is ready.
	FileName    string        `json:"file_name"`
	ContentType string        `json:"content_type"`
	Size        int64         `json:"size"`
	Rows        int64         `json:"rows"`
	SHA256      string        `json:"sha256"`
	Totals      *ExportTotals `json:"totals"`
	CreatedAt   time.Time     `json:"created_at"`
	FinishedAt  *time.Time    `json:"finished_at"`
	// ExpiresAt is until when it is kept.
	ExpiresAt time.Time `json:"expires_at"`
	// Replayed: it is the export of an earlier request with the same key.
	Replayed bool `json:"-"`
}

// Create asks for a file. A small one is ready at once; read the export until it is.
func (s Exports) Create(ctx context.Context, p ExportParams) (*Export, error) {
	v, a, err := ask[Export](ctx, s.c, call{method: http.MethodPost, path: exportsPath, body: p, once: true, key: p.IdempotencyKey, moded: true, wrapped: true})
	if err == nil {
		v.Replayed = a.replayed()
	}
	return v, err
}

// Accounts reads the accounts of your books, the usual ones included.
func (s Exports) Accounts(ctx context.Context) (*ExportAccounts, error) {
	return get[ExportAccounts](ctx, s.c, call{method: http.MethodGet, path: exportsPath + "/accounts", moded: true, wrapped: true})
}

// SetAccounts sets the accounts of your books for the exports that are requested from now on. It needs a login of the owner.
func (s Exports) SetAccounts(ctx context.Context, a ExportAccounts) (*ExportAccounts, error) {
	return get[ExportAccounts](ctx, s.c, call{method: http.MethodPut, path: exportsPath + "/accounts", body: a, moded: true, wrapped: true})
}

// Get reads an export.
func (s Exports) Get(ctx context.Context, id string) (*Export, error) {
	return get[Export](ctx, s.c, call{method: http.MethodGet, path: exportPath, ids: []string{id}, moded: true, wrapped: true})
}

// File is the file of an export that is ready: ErrInvalidState before that. Close it.
func (s Exports) File(ctx context.Context, id string) (*Download, error) {
	return s.c.download(ctx, call{path: exportPath + "/file", ids: []string{id}, moded: true})
}

// ExportListParams choose exports. What is empty chooses nothing.
type ExportListParams struct {
	ListParams
	Kind   ExportKind
	Status ExportStatus
}

func (s Exports) listing(p ExportListParams) listing[Export] {
	q := p.query()
	q.text("kind", string(p.Kind))
	q.text("status", string(p.Status))
	return listing[Export]{s.c, call{path: exportsPath, query: q, moded: true}, nil}
}

// List reads one page of the exports that are kept, the newest first.
func (s Exports) List(ctx context.Context, p ExportListParams) (*Page[Export], error) {
	return s.listing(p).page(ctx)
}

// All reads the exports that are kept to their end, the newest first.
func (s Exports) All(ctx context.Context, p ExportListParams) iter.Seq2[Export, error] {
	return s.listing(p).all(ctx)
}
