package received

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// inbox is a merchant's list that this process reads.
type inbox struct {
	merchantID, clientID, cursor string
	livemode                     bool
}

// adoptSQL makes inboxes of the enrolments that have none yet. The platform receives for a client as soon as it has one.
const adoptSQL = `insert into inboxes (merchant_id, livemode, client_id, due_at)
	select e.merchant_id, e.livemode, e.client_id, $2 from enrolments e
	where e.livemode = $1 and e.client_id <> '' and ($3 = '' or e.client_id = $3)
		and not exists (select from inboxes i where i.merchant_id = e.merchant_id and i.livemode = e.livemode)
	on conflict do nothing`

// A claim moves the due time ahead, which makes it a lease.
const claimInboxesSQL = `update inboxes i set due_at = $1 from (
		select merchant_id, livemode from inboxes where livemode = $2 and due_at <= $3 order by due_at limit $4 for update skip locked) d
	where i.merchant_id = d.merchant_id and i.livemode = d.livemode
	returning i.merchant_id, i.livemode, i.client_id, i.cursor`

// firstInbox is when the next inbox of a mode is to be read, and firstFetch when the next document is to be fetched.
var (
	firstInbox = map[bool]string{
		true: `select min(due_at) from inboxes where livemode`, false: `select min(due_at) from inboxes where not livemode`,
	}
	firstFetch = map[bool]string{
		true:  `select min(fetch_at) from received_invoices where livemode and fetch_at is not null`,
		false: `select min(fetch_at) from received_invoices where not livemode and fetch_at is not null`,
	}
)

func (b *Inbox) claimInboxes(ctx context.Context, livemode bool, limit int) ([]inbox, error) {
	now := b.instant()
	if last := b.adopted[livemode]; now.Sub(*last) >= adoptEvery {
		if _, err := b.Pool.Exec(ctx, adoptSQL, livemode, now, ""); err != nil {
			return nil, fmt.Errorf("find merchants without an inbox: %w", err)
		}
		*last = now
	}
	rows, err := b.Pool.Query(ctx, claimInboxesSQL, now.Add(lease), livemode, now, limit)
	if err != nil {
		return nil, fmt.Errorf("claim inboxes: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (of inbox, err error) {
		err = row.Scan(&of.merchantID, &of.livemode, &of.clientID, &of.cursor)
		return of, err
	})
}

// recordHint makes the inbox of a client due.
func (b *Inbox) recordHint(ctx context.Context, livemode bool, clientID string) error {
	now := b.instant()
	if _, err := b.Pool.Exec(ctx, adoptSQL, livemode, now, clientID); err != nil {
		return fmt.Errorf("record hint: %w", err)
	}
	if _, err := b.Pool.Exec(ctx, `update inboxes set due_at = $3 where client_id = $1 and livemode = $2`, clientID, livemode, now); err != nil {
		return fmt.Errorf("record hint: %w", err)
	}
	return nil
}

// scheduleList schedules the next reading of a list, unless a hint that came in the meantime wants an earlier one.
func (b *Inbox) scheduleList(ctx context.Context, of inbox, after time.Duration) error {
	now := b.instant()
	_, err := b.Pool.Exec(ctx, `update inboxes set due_at = $3 where merchant_id = $1 and livemode = $2 and due_at > $4`,
		of.merchantID, of.livemode, now.Add(after), now)
	if err != nil {
		return fmt.Errorf("schedule the next list: %w", err)
	}
	return nil
}

// recordPage records documents, each to be fetched, and moves the cursor behind them.
func (b *Inbox) recordPage(ctx context.Context, of *inbox, page []platform.Inbound) error {
	now := b.instant()
	last := page[len(page)-1].ID
	err := pgx.BeginFunc(ctx, b.Pool, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		for _, d := range page {
			batch.Queue(`insert into received_invoices (id, merchant_id, livemode, platform_id, format, received_at, fetch_at, created_at, updated_at)
				values ($1, $2, $3, $4, $5, $6, $7, $7, $7) on conflict (merchant_id, livemode, platform_id) do nothing`,
				uuid.Must(uuid.NewV7()), of.merchantID, of.livemode, d.ID, d.Format, d.At, now)
		}
		batch.Queue(`update inboxes set cursor = $3 where merchant_id = $1 and livemode = $2`, of.merchantID, of.livemode, last)
		return tx.SendBatch(ctx, batch).Close()
	})
	if err != nil {
		return fmt.Errorf("record received documents: %w", err)
	}
	if of.cursor == last {
		return fmt.Errorf("the platform lists %s again", last)
	}
	of.cursor = last
	return nil
}

const claimFetchesSQL = `update received_invoices set fetch_at = $1, fetches = fetches + 1 where id = any (array (
	select id from received_invoices where livemode = $2 and fetch_at <= $3 order by fetch_at limit $4 for update skip locked)) returning id`

func (b *Inbox) claimFetches(ctx context.Context, livemode bool, limit int) ([]uuid.UUID, error) {
	now := b.instant()
	rows, err := b.Pool.Query(ctx, claimFetchesSQL, now.Add(lease), livemode, now, limit)
	if err != nil {
		return nil, fmt.Errorf("claim received documents: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

// postpone schedules the next attempt to fetch a document.
func (b *Inbox) postpone(ctx context.Context, id uuid.UUID) error {
	var attempts int
	err := b.Pool.QueryRow(ctx, `select fetches from received_invoices where id = $1`, id).Scan(&attempts)
	if err == nil {
		again := b.instant().Add(due.Backoff(firstRetry, longestRetry, attempts))
		_, err = b.Pool.Exec(ctx, `update received_invoices set fetch_at = $2 where id = $1 and fetch_at is not null`, id, again)
	}
	if err != nil {
		return fmt.Errorf("postpone a received document: %w", err)
	}
	return nil
}
