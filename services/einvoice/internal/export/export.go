// Package export makes files for accountants out of a merchant's payments, which it reads from the payments service, and its invoices: tables, the
// entries of the French FEC, and a statement of one day. See docs/adr/0025-exports.md.
package export

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/money"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/einvoice/internal/camt"
	"european-pay.eu/eupay/services/einvoice/internal/fec"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Kind is what a file has.
type Kind string

// The kinds.
const (
	// Payments and Refunds are those that were created in the period, whatever became of them.
	Payments Kind = "payments"
	Refunds  Kind = "refunds"
	// Invoices are all documents that were issued in the period.
	Invoices Kind = "invoices"
	// Sales are their amounts by nature and rate of VAT.
	Sales Kind = "sales"
	// Receipts are what was received and given back in the period.
	Receipts Kind = "receipts"
	// FEC are the entries of the books.
	FEC Kind = "fec"
	// Statement are the movements of one day.
	Statement Kind = "statement"
)

// Format is the format of a file.
type Format string

// The formats.
const (
	CSV        Format = "csv"
	XLSX       Format = "xlsx"
	FormatFEC  Format = "fec"
	FormatCamt Format = "camt"
	// FormatZIP has the documents themselves: a list, the XML and the PDF of each.
	FormatZIP Format = "zip"
)

// formats are those of each kind; the first is the default.
var formats = map[Kind][]Format{
	Payments: {CSV, XLSX}, Refunds: {CSV, XLSX}, Invoices: {CSV, XLSX, FormatZIP}, Sales: {CSV, XLSX}, Receipts: {CSV, XLSX}, FEC: {FormatFEC}, Statement: {FormatCamt},
}

// Status of an export.
type Status string

// The states: pending until the file is ready, or cannot be made.
const (
	Pending Status = "pending"
	Ready   Status = "ready"
	Failed  Status = "failed"
)

// Who is a merchant in one mode.
type Who struct {
	MerchantID string
	Livemode   bool
}

// Company is the merchant as a file names it.
type Company struct{ Name, SIREN string }

// Export is a file, or what has to become one.
type Export struct {
	ID uuid.UUID
	Who
	Kind   Kind
	Format Format
	// Separator of CSV: "comma" or "semicolon".
	Separator string
	// From and To are days in France, both included.
	From, To             invoice.Date
	Accounts             Accounts
	Company              Company
	Status               Status
	Problem              string
	Size, Rows           int64
	SHA256               []byte
	Totals               Totals
	CreatedAt, ExpiresAt time.Time
	FinishedAt           *time.Time
	// attempt is who makes it; attempts counts them.
	attempt  uuid.UUID
	attempts int
}

// Totals are sums over a file; nil: the kind has no such sum.
type Totals struct {
	Net      *money.Cents `json:"net,omitempty"`
	VAT      *money.Cents `json:"vat,omitempty"`
	Total    *money.Cents `json:"total,omitempty"`
	Refunded *money.Cents `json:"refunded,omitempty"`
	Received *money.Cents `json:"received,omitempty"`
	PaidOut  *money.Cents `json:"paid_out,omitempty"`
	Debit    *money.Cents `json:"debit,omitempty"`
	Credit   *money.Cents `json:"credit,omitempty"`
}

// FileName is the name under which the file is saved.
func (x Export) FileName() string {
	switch x.Kind {
	case FEC: // article A47 A-1: SIREN, FEC, and the last day
		return x.Company.SIREN + "FEC" + x.To.Compact() + ".txt"
	case Statement:
		return "statement_" + string(x.From) + ".xml"
	default:
		return string(x.Kind) + "_" + string(x.From) + "_" + string(x.To) + "." + string(x.Format)
	}
}

// ContentType of the file.
func (x Export) ContentType() string {
	return map[Format]string{
		CSV: "text/csv; charset=utf-8", XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", FormatFEC: fec.ContentType,
		FormatCamt: camt.ContentType, FormatZIP: "application/zip",
	}[x.Format]
}

// Deps of New.
type Deps struct {
	Pool    *pgxpool.Pool
	Journal paymentsv1.JournalServiceClient
	// Documents visits the documents of a merchant that were issued in a period, both days included, with their files.
	Documents func(ctx context.Context, who Who, from, to invoice.Date, visit func(v *einvoicev1.Invoice, xml, pdf []byte) error) error
	// Zone is the time zone of days: France.
	Zone *time.Location
	Now  func() time.Time
	Log  *slog.Logger
}

// Exports makes and keeps the files.
type Exports struct {
	Deps
	loop *due.Loop[Export]
	// ended are closed when an export ends in this process.
	mu    sync.Mutex
	ended map[uuid.UUID]chan struct{}
	// lease is how long an attempt has an export without a sign of life.
	lease time.Duration
}

const (
	// keep is how long a file is kept.
	keep = 30 * 24 * time.Hour
	// patience is how long a request waits for a small file.
	patience = 2 * time.Second
	// pollEvery is how soon an export is seen that another replica recorded or left behind.
	pollEvery = time.Second
	// atOnce is how many files a replica makes at the same time.
	atOnce = 2
	// within is the deadline of one attempt.
	within     = 30 * time.Minute
	grace      = 5 * time.Second
	leaseTime  = 30 * time.Second
	purgeEvery = time.Hour
)

// New returns the exports. Call Run to make files.
func New(d Deps) *Exports {
	e := &Exports{Deps: d, ended: map[uuid.UUID]chan struct{}{}, lease: leaseTime}
	e.loop = due.New(due.Config[Export]{
		What: "exports", Every: pollEvery, AtOnce: atOnce, Within: within, Grace: grace, Claim: e.claim, Do: e.make, Log: d.Log,
		Watch: due.Watch{DB: d.Pool, First: firstDue, Now: e.instant},
	})
	return e
}

// Run makes files until ctx ends.
func (e *Exports) Run(ctx context.Context) error { return e.loop.Run(ctx) }

// Purge deletes the exports that are no longer kept, until ctx ends.
func (e *Exports) Purge(ctx context.Context) error {
	due.Every(ctx, purgeEvery, "purge of exports", e.Log, e.purge)
	return nil
}

func (e *Exports) instant() time.Time { return e.Now().UTC().Truncate(time.Microsecond) }

// Create records an export and waits a moment for its file. The same request with the same key returns the same export.
func (e *Exports) Create(ctx context.Context, r Request, key string) (x Export, replayed bool, err error) {
	same := r.fingerprint()
	if Kind(r.Kind) == FEC {
		set, err := e.accountsSet(ctx, r.Who)
		if err != nil {
			return Export{}, false, err
		}
		r.Accounts = r.Accounts.or(set)
	}
	x, err = e.check(r)
	if err != nil {
		return Export{}, false, err
	}
	ended := e.expect(x.ID)
	defer e.end(x.ID)
	id, err := e.record(ctx, x, key, same)
	if err != nil {
		return Export{}, false, err
	}
	if replayed = id != x.ID; !replayed {
		e.loop.Nudge()
		wait, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		select {
		case <-ended:
		case <-wait.Done():
		}
	}
	x, err = e.Get(ctx, x.Who, id.String())
	return x, replayed, err
}

// expect returns a channel that end closes.
func (e *Exports) expect(id uuid.UUID) <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended[id] = make(chan struct{})
	return e.ended[id]
}

// end tells who waits for an export that it has ended.
func (e *Exports) end(id uuid.UUID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c, ok := e.ended[id]; ok {
		close(c)
		delete(e.ended, id)
	}
}

// begin returns the first moment of a day in France, which has 23, 24 or 25 hours.
func (e *Exports) begin(d invoice.Date) time.Time {
	t := d.Time()
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, e.Zone)
}

// period is the time of an export: from is inclusive, to exclusive, and no later than the export itself, so that what happens while it is made is
// left to the next one.
func (e *Exports) period(x Export) (from, to time.Time) {
	from, to = e.begin(x.From), e.begin(x.To.Add(1))
	if to.After(x.CreatedAt) {
		to = x.CreatedAt
	}
	return from, to
}

// day is the day in France of a time.
func (e *Exports) day(t time.Time) invoice.Date { return invoice.DateOf(t, e.Zone) }

// list joins texts that are not empty.
func list(texts ...string) string {
	var all []string
	for _, t := range texts {
		if t != "" {
			all = append(all, t)
		}
	}
	return strings.Join(all, " ")
}
