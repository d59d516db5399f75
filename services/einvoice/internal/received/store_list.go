package received

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/tally"
)

// Filter selects received invoices. Zero values select all.
type Filter struct {
	Status, SellerSIREN string
	From, To            time.Time
	// Page counts from 1; Limit is at most 100.
	Page, Limit int
}

func (f Filter) where(who Who) (string, []any) {
	where := `where r.merchant_id = $1 and r.livemode = $2 and r.fetch_at is null and r.created_at >= $3`
	args := []any{who.MerchantID, who.Livemode, f.From}
	add := func(set bool, condition string, value any) {
		if set {
			args = append(args, value)
			where += fmt.Sprintf(condition, len(args))
		}
	}
	add(f.Status != "", ` and r.status = $%d`, f.Status)
	add(f.SellerSIREN != "", ` and r.seller_siren = $%d`, f.SellerSIREN)
	add(!f.To.IsZero(), ` and r.created_at < $%d`, f.To)
	return where, args
}

// receivedList is what the counters of received invoices are called.
const receivedList = "received_invoices"

// List returns one page, newest first, and the total. Those of a seller are counted one by one.
func (b *Inbox) List(ctx context.Context, who Who, f Filter) ([]Record, tally.Total, error) {
	where, args := f.where(who)
	skip := int64(f.Page-1) * int64(f.Limit)
	var total tally.Total
	if f.SellerSIREN != "" {
		var err error
		if total, err = tally.AtMost(ctx, b.Reads, `from received_invoices r `+where, args...); err != nil {
			return nil, tally.Total{}, fmt.Errorf("count received invoices: %w", err)
		}
	} else {
		place, err := tally.Find(ctx, b.Reads, b.counted(who, f), skip)
		if total.Rows = place.Total; err != nil || place.Beyond {
			return nil, total, err
		}
		skip, args = place.Skip, append(args, place.Before)
		where += fmt.Sprintf(` and r.created_at < $%d`, len(args))
	}
	list, err := b.collect(ctx, where+fmt.Sprintf(` order by r.created_at desc, r.id desc limit %d offset %d`, f.Limit, skip), args)
	return list, total, err
}

// counted says which counters are those of a filter.
func (b *Inbox) counted(who Who, f Filter) tally.Filter {
	c := tally.Filter{List: receivedList, MerchantID: who.MerchantID, Livemode: who.Livemode, From: f.From, To: f.To}
	if f.Status != "" {
		c.Groups = []string{f.Status}
	}
	c.Edge = func(ctx context.Context, from, to time.Time) (n int64, err error) {
		where, args := Filter{Status: f.Status, From: from, To: to}.where(who)
		return n, b.Reads.QueryRow(ctx, `select count(*) from received_invoices r `+where, args...).Scan(&n)
	}
	return c
}

// ListAfter returns the invoices that follow one of the merchant's in the order of List, and whether there are more.
func (b *Inbox) ListAfter(ctx context.Context, who Who, f Filter, id string) (list []Record, more bool, err error) {
	last, err := find(ctx, b.Pool, who, id, "")
	if err != nil {
		if errs.From(err).Code == errs.NotFoundCode {
			err = invalid("starting_after", "starting_after must be the id of one of your received invoices.")
		}
		return nil, false, err
	}
	where, args := f.where(who)
	args = append(args, last.CreatedAt, last.ID)
	list, err = b.collect(ctx, where+fmt.Sprintf(` and (r.created_at, r.id) < ($%d, $%d) order by r.created_at desc, r.id desc limit %d`,
		len(args)-1, len(args), f.Limit+1), args)
	if more = len(list) > f.Limit; more {
		list = list[:f.Limit]
	}
	return list, more, err
}

func (b *Inbox) collect(ctx context.Context, where string, args []any) ([]Record, error) {
	rows, err := b.Reads.Query(ctx, `select `+columns+` from received_invoices r `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("list received invoices: %w", err)
	}
	return pgx.CollectRows(rows, scan)
}

// file returns the stored document; original is nil if the platform had none.
func (b *Inbox) file(ctx context.Context, id uuid.UUID) (original, xml []byte, err error) {
	err = b.Pool.QueryRow(ctx, `select original, xml from received_files where received_id = $1`, id).Scan(&original, &xml)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, nil, fmt.Errorf("read received document: %w", err)
	}
	return original, xml, nil
}

// sum returns the SHA-256 of the document as it came; nil if there is none.
func (b *Inbox) sum(ctx context.Context, id uuid.UUID) (sum []byte, err error) {
	err = b.Pool.QueryRow(ctx, `select sha256 from received_files where received_id = $1`, id).Scan(&sum)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("read the hash of a received document: %w", err)
	}
	return sum, nil
}

// knownAccounts returns the accounts that earlier accepted invoices of the same seller name.
func knownAccounts(ctx context.Context, db pg.DB, r *Record) ([]string, error) {
	if r.SellerKey == "" {
		return nil, nil
	}
	rows, err := db.Query(ctx, `select ibans from received_invoices where merchant_id = $1 and livemode = $2 and seller_key = $3 and id <> $4
		and lifecycle_code = any($5) and created_at <= $6`, r.MerchantID, r.Livemode, r.SellerKey, r.ID, accepted, r.CreatedAt)
	if err != nil {
		return nil, fmt.Errorf("read the accounts of a seller: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[[]string])
	return slices.Concat(all...), err
}
