package received

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/outbox"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/reading"
)

// Record is a received invoice as lists show it.
type Record struct {
	ID                   uuid.UUID
	MerchantID           string
	Livemode             bool
	PlatformID, Format   string
	ReceivedAt           time.Time
	Status               string
	Code                 int
	Problem              string
	SellerKey            string
	DuplicateOf          *uuid.UUID
	Sequence             int64
	CreatedAt, UpdatedAt time.Time
	content
	unknown bool
}

// content is what a list shows of a document; empty if it cannot be read.
type content struct {
	sellerName, sellerSIREN, number, typeCode, currency string
	issued, due                                         *time.Time
	net, tax, total, owed                               money.Cents
}

func contentOf(d *reading.Invoice) content {
	if d == nil {
		return content{}
	}
	return content{
		sellerName: d.Seller.Name, sellerSIREN: d.Seller.SIREN, number: d.Number, typeCode: d.Type, currency: d.Currency, issued: dayOf(d.Issued), due: dayOf(d.Due),
		net: d.Totals.Net, tax: d.Totals.Tax, total: d.Totals.Gross, owed: d.Totals.Due,
	}
}

// dayOf returns the start of a day; nil for no day.
func dayOf(d invoice.Date) *time.Time {
	if d == "" {
		return nil
	}
	at := d.Time()
	return &at
}

// columns of a Record, in whose query r is the table. The seller is unknown while the merchant has accepted nothing of it.
const columns = `r.id, r.merchant_id, r.livemode, r.platform_id, r.format, r.received_at, r.status, r.lifecycle_code, r.problem, r.seller_key, r.duplicate_of,
	r.sequence, r.created_at, r.updated_at, r.seller_name, r.seller_siren, r.number, r.type_code, r.currency, r.issued_on, r.due_on, r.net_cents, r.tax_cents,
	r.total_cents, r.due_cents, not exists (select from received_invoices k where k.merchant_id = r.merchant_id
		and k.livemode = r.livemode and k.seller_key = r.seller_key and k.seller_key <> '' and k.lifecycle_code in (205, 206, 211))`

func scan(row pgx.CollectableRow) (Record, error) {
	var r Record
	err := row.Scan(&r.ID, &r.MerchantID, &r.Livemode, &r.PlatformID, &r.Format, &r.ReceivedAt, &r.Status, &r.Code, &r.Problem, &r.SellerKey, &r.DuplicateOf,
		&r.Sequence, &r.CreatedAt, &r.UpdatedAt, &r.sellerName, &r.sellerSIREN, &r.number, &r.typeCode, &r.currency, &r.issued, &r.due, &r.net, &r.tax,
		&r.total, &r.owed, &r.unknown)
	return r, err
}

// readContent returns what was read of a document, nil if nothing was, and what is wrong with it.
func readContent(ctx context.Context, db pg.DB, id uuid.UUID) (d *reading.Invoice, found []reading.Finding, err error) {
	var document, findings []byte
	err = db.QueryRow(ctx, `select document, findings from received_invoices where id = $1`, id).Scan(&document, &findings)
	if err == nil && document != nil {
		err = json.Unmarshal(document, &d)
	}
	if err == nil {
		err = json.Unmarshal(findings, &found)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the content of a received invoice: %w", err)
	}
	return d, found, nil
}

func one(ctx context.Context, db pg.DB, where string, args ...any) (Record, error) {
	rows, err := db.Query(ctx, `select `+columns+` from received_invoices r `+where, args...)
	if err != nil {
		return Record{}, fmt.Errorf("read received invoice: %w", err)
	}
	r, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return Record{}, errs.New(errs.NotFoundCode, "There is no received invoice with this id.")
	}
	if err != nil {
		return Record{}, fmt.Errorf("read received invoice: %w", err)
	}
	return r, nil
}

// find returns a merchant's invoice that was fetched, or NOT_FOUND.
func find(ctx context.Context, db pg.DB, who Who, id, how string) (Record, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		parsed = uuid.Nil
	}
	lock := how
	if lock != "" {
		lock += " of r"
	}
	return one(ctx, db, `where r.id = $1 and r.merchant_id = $2 and r.livemode = $3 and r.fetch_at is null`+lock, parsed, who.MerchantID, who.Livemode)
}

func lockID(ctx context.Context, tx pgx.Tx, id uuid.UUID) (Record, error) {
	return one(ctx, tx, `where r.id = $1 for update of r`, id)
}

func (b *Inbox) readUnfetched(ctx context.Context, id uuid.UUID) (Record, error) {
	return one(ctx, b.Pool, `where r.id = $1 and r.fetch_at is not null`, id)
}

// recordDocument stores a fetched document once, finds what it duplicates, and announces it.
func (b *Inbox) recordDocument(ctx context.Context, id uuid.UUID, d document) error {
	return pgx.BeginFunc(ctx, b.Pool, func(tx pgx.Tx) error {
		r, err := lockID(ctx, tx, id)
		if err != nil || r.Sequence > 0 { // another worker was faster
			return err
		}
		now := b.instant()
		r.Problem, r.content, r.Status = d.problem, contentOf(d.read), statusReceived
		if d.problem != "" {
			r.Status = statusUnreadable
		}
		if d.format != "" {
			r.Format = d.format
		}
		if len(d.original) > 0 {
			_, err := tx.Exec(ctx, `insert into received_files (received_id, original, sha256, xml, created_at) values ($1, $2, $3, $4, $5)`,
				id, d.original, d.sum[:], d.xml, now)
			if err != nil {
				return fmt.Errorf("store received document: %w", err)
			}
		}
		if err := storeContent(ctx, tx, &r, d, now); err != nil {
			return err
		}
		return saveStatus(ctx, tx, &r, now, "invoice.received", nil)
	})
}

// firstSQL finds the first document with the same seller, number and year, which identify an invoice (G1.42).
const firstSQL = `select id from received_invoices where merchant_id = $1 and livemode = $2 and seller_key = $3 and seller_key <> '' and number = $4
	and extract(year from issued_on) = $5 and id <> $6 and duplicate_of is null order by created_at, id limit 1`

// storeContent stores what was read.
func storeContent(ctx context.Context, tx pgx.Tx, r *Record, of document, now time.Time) error {
	ibans := []string{}
	var document []byte
	if d := of.read; d != nil {
		r.SellerKey = d.Seller.Identity()
		for _, a := range d.Payment.Accounts {
			ibans = append(ibans, a.IBAN)
		}
		if err := findDuplicate(ctx, tx, r, d); err != nil {
			return err
		}
		var err error
		if document, err = json.Marshal(d); err != nil {
			return fmt.Errorf("encode received invoice: %w", err)
		}
	}
	findings, err := json.Marshal(append([]reading.Finding{}, of.findings...))
	if err != nil {
		return fmt.Errorf("encode findings: %w", err)
	}
	r.CreatedAt = now // from here it is in the list: pages after it must not miss it
	_, err = tx.Exec(ctx, `update received_invoices set fetch_at = null, problem = $2, document = $3, findings = $4, seller_key = $5, seller_name = $6,
		seller_siren = $7, number = $8, issued_on = $9, ibans = $10, duplicate_of = $11, format = $12, created_at = $13, type_code = $14, due_on = $15,
		currency = $16, net_cents = $17, tax_cents = $18, total_cents = $19, due_cents = $20 where id = $1`,
		r.ID, r.Problem, document, findings, r.SellerKey, r.sellerName, r.sellerSIREN, r.number, r.issued, ibans, r.DuplicateOf, r.Format, now,
		r.typeCode, r.due, r.currency, int64(r.net), int64(r.tax), int64(r.total), int64(r.owed))
	if err != nil {
		return fmt.Errorf("store received invoice: %w", err)
	}
	return nil
}

// findDuplicate waits for documents with the same number that are stored at this moment, and notes the first of them.
func findDuplicate(ctx context.Context, tx pgx.Tx, r *Record, d *reading.Invoice) error {
	lock := fmt.Sprintf("received %s %t %s %s", r.MerchantID, r.Livemode, r.SellerKey, d.Number)
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended($1, 0))`, lock); err != nil {
		return fmt.Errorf("lock the number of a received invoice: %w", err)
	}
	var first uuid.UUID
	err := tx.QueryRow(ctx, firstSQL, r.MerchantID, r.Livemode, r.SellerKey, d.Number, d.Issued.Year(), r.ID).Scan(&first)
	switch {
	case err == nil:
		r.DuplicateOf = &first
	case !errors.Is(err, pgx.ErrNoRows):
		return fmt.Errorf("look for a duplicate: %w", err)
	}
	return nil
}

// saveStatus writes the status of a locked record and its event.
func saveStatus(ctx context.Context, tx pgx.Tx, r *Record, now time.Time, event string, a *Answered) error {
	r.Sequence, r.UpdatedAt = r.Sequence+1, now
	_, err := tx.Exec(ctx, `update received_invoices set status = $2, lifecycle_code = $3, sequence = $4, updated_at = $5 where id = $1`,
		r.ID, r.Status, r.Code, r.Sequence, now)
	if err != nil {
		return fmt.Errorf("save received invoice: %w", err)
	}
	data, err := proto.Marshal(r.announcement(a))
	if err != nil {
		return fmt.Errorf("encode %s: %w", event, err)
	}
	return outbox.Add(ctx, tx, events.Event{
		ID: events.NewID(), Type: event, Source: "einvoice", Merchant: r.MerchantID, Livemode: r.Livemode, Time: now, Data: data,
	})
}
