package notice

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/mail"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/services/gateway/internal/postbox"
)

// Ticket is the ticket of an order or of a bill: one of the two ids is set.
type Ticket struct {
	MerchantID      string
	Livemode        bool
	OrderID, BillID string
}

func (t Ticket) id() string { return t.OrderID + t.BillID }

// TicketTo is a ticket that somebody wants to have by mail.
type TicketTo struct {
	Ticket

	// To is in the form of form.NormalEmail.
	To string
	// Language is "fr" or "en".
	Language string
	// Guest: somebody with the code of a table or the link of a bill asks for it, and nobody knows who. Since is when it was ordered.
	Guest bool
	Since time.Time
}

// How many mails there are at most. Strangers are not to have anybody flooded with mails, so the bounds of guests are narrow, and do not use up those of the merchant.
const (
	guestsPerTicket, perTicket = 3, 20
	// A day:
	perAddress                     = 5
	guestsPerMerchant, perMerchant = 300, 1000
)

const (
	oneDay = 24 * time.Hour
	// guestsWithin is how long after an order guests have its ticket sent, which is shorter than it is known how often that was.
	guestsWithin, ticketsKept = 30 * oneDay, 40 * oneDay
	// printWithin is the deadline of rendering the ticket of one mail.
	printWithin = 15 * time.Second
	ticketFile  = "ticket.pdf"
)

// The fields of a queued mail, beside ofMerchant and ofLivemode.
const (
	ofOrder = "order"
	ofBill  = "bill"
)

// Tickets sends tickets by mail to people who are no users. The text is ours, but for the merchant's name.
type Tickets struct {
	Pool *pgxpool.Pool
	Now  func() time.Time
	// Print renders a ticket, and tells how its seller is called. The id is that of the mail: another try prints the same copy.
	Print func(ctx context.Context, t Ticket, language, id string) (seller string, pdf []byte, err error)
	// TestToAnybody: as in Customers.
	TestToAnybody bool
}

// Send queues a mail with a ticket. What goes to an address that got enough today is left out without saying so: nobody is to learn what others
// have sent there.
func (s *Tickets) Send(ctx context.Context, t TicketTo) error {
	now := s.Now().UTC().Truncate(time.Microsecond)
	if t.Guest && now.Sub(t.Since) > guestsWithin {
		return errs.New(errs.InvalidState, "This ticket is too old to be sent. Ask the merchant for it.")
	}
	hash := sha256.Sum256([]byte(t.To))
	row := ticketRow{ID: events.NewID(), TicketTo: t, Address: hash[:], At: now}
	return pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		n, err := countTickets(ctx, tx, row)
		if err != nil {
			return err
		}
		if err := n.allow(t.Guest); err != nil {
			return err
		}
		if err := insertTicket(ctx, tx, row); err != nil || n.address >= perAddress {
			return err
		}
		return postbox.Add(ctx, tx, postbox.Mail{
			ID: row.ID, Kind: TicketMail, To: t.To, MerchantID: t.MerchantID, Language: t.Language, CreatedAt: now, Forget: true,
			Detail: map[string]string{ofMerchant: t.MerchantID, ofLivemode: strconv.FormatBool(t.Livemode), ofOrder: t.OrderID, ofBill: t.BillID},
		})
	})
}

// sentTickets counts the mails with a ticket, to an address and of a merchant: of the last two those of a day.
type sentTickets struct{ ticket, ticketByGuests, address, merchant, merchantByGuests int }

func (n sentTickets) allow(guest bool) error {
	switch {
	case guest && n.ticketByGuests >= guestsPerTicket:
		return errs.New(errs.InvalidState, "This ticket was sent %d times. Ask the merchant for it.", n.ticketByGuests)
	case n.ticket >= perTicket:
		return errs.New(errs.InvalidState, "This ticket was sent %d times.", n.ticket)
	case guest && n.merchantByGuests >= guestsPerMerchant, !guest && n.merchant-n.merchantByGuests >= perMerchant:
		e := errs.New(errs.RateLimitExceeded, "Too many tickets were sent by mail today. Try again tomorrow.")
		e.RetryAfter = time.Hour
		return e
	}
	return nil
}

// Fetch has the ticket of a mail printed, and fills in what its text names. Mails of other kinds stay as they are.
func (s *Tickets) Fetch(ctx context.Context, m postbox.Mail) (postbox.Mail, error) {
	if m.Kind != TicketMail {
		return m, nil
	}
	t := Ticket{MerchantID: m.Detail[ofMerchant], Livemode: m.Detail[ofLivemode] == "true", OrderID: m.Detail[ofOrder], BillID: m.Detail[ofBill]}
	test := ""
	if !t.Livemode {
		test = "[Test] "
		if !s.TestToAnybody {
			if err := inTeam(ctx, s.Pool, t.MerchantID, m.To); err != nil {
				return m, err
			}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, printWithin)
	defer cancel()
	seller, pdf, err := s.Print(ctx, t, m.Language, m.ID)
	if errs.Is(err, errs.NotFoundCode) || errs.Is(err, errs.InvalidState) {
		return m, errors.Join(postbox.ErrVoid, err)
	}
	if err != nil {
		return m, fmt.Errorf("print the ticket of mail %s: %w", m.ID, err)
	}
	m.Detail = map[string]string{"Test": test, "Merchant": strings.Join(strings.Fields(seller), " ")}
	m.Files = []mail.File{{Name: ticketFile, Type: "application/pdf", Data: pdf}}
	return m, nil
}
