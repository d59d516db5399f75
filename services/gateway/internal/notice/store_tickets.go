package notice

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
)

// ticketRow is a ticket that is sent.
type ticketRow struct {
	TicketTo

	// ID is that of the mail.
	ID      string
	Address []byte
	At      time.Time
}

// countTickets counts what was sent. Two mails to one address, or of one merchant, are counted one after the other.
func countTickets(ctx context.Context, tx pgx.Tx, r ticketRow) (n sentTickets, err error) {
	// The address first, and then the merchant, for everybody: so nobody waits in a circle.
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtext('gateway:ticket mails to ' || encode($1, 'hex')))`, r.Address); err != nil {
		return n, fmt.Errorf("lock the tickets to an address: %w", err)
	}
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtext('gateway:ticket mails of ' || $1))`, r.MerchantID); err != nil {
		return n, fmt.Errorf("lock the tickets of a merchant: %w", err)
	}
	err = tx.QueryRow(ctx, `select t.n, t.by_guests, a.n, m.n, m.by_guests
		from (select count(*) as n, count(*) filter (where by_guest) as by_guests from ticket_mails where ticket = $1) t,
			(select count(*) as n from ticket_mails where address = $2 and address <> '' and created_at > $4) a,
			(select count(*) as n, count(*) filter (where by_guest) as by_guests from ticket_mails where merchant_id = $3 and created_at > $4) m`,
		r.id(), r.Address, r.MerchantID, r.At.Add(-oneDay)).Scan(&n.ticket, &n.ticketByGuests, &n.address, &n.merchant, &n.merchantByGuests)
	if err != nil {
		return n, fmt.Errorf("count the tickets that were sent: %w", err)
	}
	return n, nil
}

func insertTicket(ctx context.Context, tx pgx.Tx, r ticketRow) error {
	_, err := tx.Exec(ctx, `insert into ticket_mails (mail_id, merchant_id, ticket, by_guest, address, created_at) values ($1, $2, $3, $4, $5, $6)`,
		r.ID, r.MerchantID, r.id(), r.Guest, r.Address, r.At)
	if err != nil {
		return fmt.Errorf("record a ticket that is sent: %w", err)
	}
	return nil
}

// PurgeTickets forgets to which addresses tickets were sent after a day, and later that they were sent.
func PurgeTickets(ctx context.Context, db pg.DB, now time.Time) error {
	if _, err := db.Exec(ctx, `update ticket_mails set address = '' where address <> '' and created_at < $1`, now.Add(-oneDay)); err != nil {
		return fmt.Errorf("forget the addresses of tickets: %w", err)
	}
	if _, err := db.Exec(ctx, `delete from ticket_mails where created_at < $1`, now.Add(-ticketsKept)); err != nil {
		return fmt.Errorf("purge the tickets that were sent: %w", err)
	}
	return nil
}
