package archive

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// document is one that is not in the chain yet.
type document struct {
	link
	id        uuid.UUID
	createdAt time.Time
}

// stored is a link with what it stands for.
type stored struct {
	link
	recorded digest
	// exists, hasFiles: the document and its files are there.
	exists, hasFiles bool
	xmlFile, pdfFile []byte
}

// merchantsToSeal returns the merchants with documents that are not in their chains.
func (a *Archive) merchantsToSeal(ctx context.Context) ([]Who, error) {
	rows, err := a.Pool.Query(ctx, `select distinct merchant_id, livemode from invoices where not sealed order by merchant_id, livemode`)
	if err != nil {
		return nil, fmt.Errorf("find documents to archive: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Who])
	if err != nil {
		return nil, fmt.Errorf("find documents to archive: %w", err)
	}
	return list, nil
}

func (a *Archive) nextDocuments(ctx context.Context, who Who, limit int) ([]document, error) {
	rows, err := a.Pool.Query(ctx, `select id, number, type_code, issued_on::text, total_cents, created_at from invoices
		where merchant_id = $1 and livemode = $2 and not sealed order by created_at, id limit $3`, who.MerchantID, who.Livemode, limit)
	if err != nil {
		return nil, fmt.Errorf("read documents to archive: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (d document, err error) {
		err = row.Scan(&d.id, &d.number, &d.kind, &d.issued, &d.total, &d.createdAt)
		return d, err
	})
	if err != nil {
		return nil, fmt.Errorf("read documents to archive: %w", err)
	}
	return list, nil
}

// lockHead returns the end of a chain, which nobody else can add to until the end of the transaction.
func lockHead(ctx context.Context, tx pgx.Tx, who Who) (position int64, hash digest, err error) {
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('archive ' || $1 || ' ' || $2, 0))`, who.MerchantID, who.mode()); err != nil {
		return 0, digest{}, fmt.Errorf("lock the archive: %w", err)
	}
	var raw []byte
	err = tx.QueryRow(ctx, `select position, hash from archive_links where merchant_id = $1 and livemode = $2 order by position desc limit 1`,
		who.MerchantID, who.Livemode).Scan(&position, &raw)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, digest{}, nil
	}
	if err != nil {
		return 0, digest{}, fmt.Errorf("read the end of the archive: %w", err)
	}
	copy(hash[:], raw)
	return position, hash, nil
}

func isSealed(ctx context.Context, tx pgx.Tx, who Who, number string) (is bool, err error) {
	err = tx.QueryRow(ctx, `select exists (select from invoices where merchant_id = $1 and livemode = $2 and number = $3 and sealed)`,
		who.MerchantID, who.Livemode, number).Scan(&is)
	if err != nil {
		return false, fmt.Errorf("find %s in the archive: %w", number, err)
	}
	return is, nil
}

func insertLink(ctx context.Context, tx pgx.Tx, d document, hash digest, now time.Time) error {
	b := &pgx.Batch{}
	b.Queue(`insert into archive_links (merchant_id, livemode, position, invoice_id, xml_sha256, pdf_sha256, hash, sealed_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`, d.MerchantID, d.Livemode, d.position, d.id, d.xml[:], d.pdf[:], hash[:], now)
	b.Queue(`update invoices set sealed = true where id = $1`, d.id)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("archive %s: %w", d.number, err)
	}
	return nil
}

func (a *Archive) countWaiting(ctx context.Context, since time.Time) (n int64, err error) {
	if err := a.Pool.QueryRow(ctx, `select count(*) from invoices where not sealed and created_at < $1`, since).Scan(&n); err != nil {
		return 0, fmt.Errorf("count documents to archive: %w", err)
	}
	return n, nil
}

func (a *Archive) waitingOf(ctx context.Context, who Who) (n int64, err error) {
	err = a.Pool.QueryRow(ctx, `select count(*) from invoices where merchant_id = $1 and livemode = $2 and not sealed`, who.MerchantID, who.Livemode).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count documents to archive: %w", err)
	}
	return n, nil
}

// lostDocument returns the number of a document that has left the chain; empty: there is none.
func (a *Archive) lostDocument(ctx context.Context, who Who) (number string, err error) {
	err = a.Pool.QueryRow(ctx, `select number from invoices i where merchant_id = $1 and livemode = $2 and sealed
		and not exists (select from archive_links l where l.invoice_id = i.id) order by number limit 1`, who.MerchantID, who.Livemode).Scan(&number)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("find lost documents: %w", err)
	}
	return number, nil
}

// issued returns how many numbers were given to documents of a merchant.
func (a *Archive) issued(ctx context.Context, who Who) (n int64, err error) {
	err = a.Pool.QueryRow(ctx, `select coalesce(sum(last), 0)::bigint from counters where merchant_id = $1 and livemode = $2`, who.MerchantID, who.Livemode).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count issued documents: %w", err)
	}
	return n, nil
}

const linksSQL = `select l.position, l.xml_sha256, l.pdf_sha256, l.hash, coalesce(i.number, ''), coalesce(i.type_code, ''), coalesce(i.issued_on::text, ''),
	coalesce(i.total_cents, 0), i.id is not null, d.invoice_id is not null, d.xml, d.pdf
	from archive_links l left join invoices i on i.id = l.invoice_id and i.merchant_id = l.merchant_id and i.livemode = l.livemode
	left join documents d on d.invoice_id = l.invoice_id
	where l.merchant_id = $1 and l.livemode = $2 and l.position > $3 order by l.position limit $4`

// readLinks returns the links after a position, with their files.
func (a *Archive) readLinks(ctx context.Context, who Who, after int64, limit int) ([]stored, error) {
	rows, err := a.Pool.Query(ctx, linksSQL, who.MerchantID, who.Livemode, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read the archive: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s stored, err error) {
		var xml, pdf, hash []byte
		s.Who = who
		err = row.Scan(&s.position, &xml, &pdf, &hash, &s.number, &s.kind, &s.issued, &s.total, &s.exists, &s.hasFiles, &s.xmlFile, &s.pdfFile)
		copy(s.xml[:], xml)
		copy(s.pdf[:], pdf)
		copy(s.recorded[:], hash)
		return s, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the archive: %w", err)
	}
	return list, nil
}

const anchorColumns = `merchant_id, livemode, day::text, position, encode(hash, 'hex')`

// insertAnchors records the end of each chain at a time as the anchor of a day, unless that is the end which the last anchor has.
func (a *Archive) insertAnchors(ctx context.Context, day invoice.Date, at time.Time) ([]Anchor, error) {
	return anchors(ctx, a.Pool, `insert into archive_anchors (merchant_id, livemode, day, position, hash, created_at)
		select l.merchant_id, l.livemode, $1, l.position, l.hash, $3 from (
			select distinct on (merchant_id, livemode) merchant_id, livemode, position, hash from archive_links where sealed_at < $2
			order by merchant_id, livemode, position desc) l
		where not exists (select from archive_anchors b where b.merchant_id = l.merchant_id and b.livemode = l.livemode and b.position >= l.position)
		on conflict do nothing returning `+anchorColumns, string(day), at, a.instant())
}

// Anchors returns the anchors of a merchant from a day on, the oldest first. No day: all.
func (a *Archive) Anchors(ctx context.Context, who Who, from invoice.Date) ([]Anchor, error) {
	return anchors(ctx, a.Pool, `select `+anchorColumns+` from archive_anchors where merchant_id = $1 and livemode = $2
		and ($3::text = '' or day >= nullif($3::text, '')::date) order by day`, who.MerchantID, who.Livemode, string(from))
}

func anchors(ctx context.Context, db pg.DB, sql string, args ...any) ([]Anchor, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("anchors of the archive: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (x Anchor, err error) {
		err = row.Scan(&x.MerchantID, &x.Livemode, &x.Day, &x.Position, &x.Hash)
		return x, err
	})
	if err != nil {
		return nil, fmt.Errorf("anchors of the archive: %w", err)
	}
	return list, nil
}

// isHash reports whether a text can be the hash of an anchor.
func isHash(text string) bool {
	raw, err := hex.DecodeString(text)
	return err == nil && len(raw) == len(digest{})
}
