package notice_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/testclock"
	"european-pay.eu/eupay/internal/mail"
	"european-pay.eu/eupay/services/gateway/internal/notice"
	"european-pay.eu/eupay/services/gateway/internal/postbox"
	"european-pay.eu/eupay/services/gateway/migrations"
)

// till prints tickets, and sends them.
type till struct {
	t *testing.T
	*notice.Tickets
	postbox.Worker
	clock *testclock.Clock
	out   *letters

	// mu guards what follows and out: several mails are sent at a time.
	mu sync.Mutex
	// printed are the ids of the mails whose tickets were printed.
	printed []string
	// broken is what printing answers.
	broken error
}

func newTill(t *testing.T) *till {
	t.Helper()
	t.Parallel()
	pool, _ := pgtest.New(t, "gateway", migrations.FS)
	r := &till{t: t, clock: testclock.New(june), out: &letters{}}
	r.Tickets = &notice.Tickets{Pool: pool, Now: r.clock.Now, Print: r.print}
	r.Worker = postbox.Worker{
		Pool: pool, Sender: posted{r}, Fetch: r.Tickets.Fetch, Now: r.clock.Now, Log: slog.New(slog.DiscardHandler),
		Write: func(_ context.Context, _ pgx.Tx, m postbox.Mail) (mail.Message, error) {
			return notice.Write(m, m.Detail)
		},
	}
	return r
}

// posted is where the mails of a till go.
type posted struct{ *till }

func (p posted) Send(ctx context.Context, m mail.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Send(ctx, m)
}

func (r *till) print(_ context.Context, t notice.Ticket, language, id string) (string, []byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.printed = append(r.printed, id)
	return "Café\r\nBcc: <b>x", []byte("%PDF " + t.OrderID + t.BillID + " " + language), r.broken
}

// wants asks for a ticket of a live order.
func (r *till) wants(merchant, order, to string, guest bool) error {
	r.t.Helper()
	return r.Send(r.t.Context(), notice.TicketTo{
		Ticket: notice.Ticket{MerchantID: merchant, Livemode: true, OrderID: order}, To: to, Language: "fr", Guest: guest, Since: june,
	})
}

// sent sends what is due.
func (r *till) sent() []mail.Message {
	r.t.Helper()
	r.out.list = nil
	if err := r.SendDue(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	return r.out.list
}

// kept is how many rows keep an address.
func (r *till) kept() (mails, hashes int) {
	r.t.Helper()
	err := r.Tickets.Pool.QueryRow(r.t.Context(), `select (select count(*) from mails where recipient <> '' or detail <> '{}'),
		(select count(*) from ticket_mails where address <> '')`).Scan(&mails, &hashes)
	if err != nil {
		r.t.Fatal(err)
	}
	return mails, hashes
}

func TestATicketComesByMailAndItsReaderIsForgotten(t *testing.T) {
	r := newTill(t)
	order := uuid.NewString()
	if err := r.wants(uuid.NewString(), order, ada, true); err != nil {
		t.Fatal(err)
	}
	r.broken = errors.New("the qr service is away")
	if got := r.sent(); len(got) != 0 {
		t.Fatalf("sent %+v", got)
	}
	r.broken = nil
	r.clock.Advance(time.Hour)
	got := r.sent()
	if len(got) != 1 || got[0].To != ada || got[0].Subject != "Votre ticket de Café Bcc: <b>x" || got[0].Language != "fr" || strings.Contains(got[0].HTML, "<b>x") {
		t.Fatalf("sent %+v", got)
	}
	if f := got[0].Files; len(f) != 1 || f[0].Name != "ticket.pdf" || string(f[0].Data) != "%PDF "+order+" fr" {
		t.Errorf("attached is %+v", f)
	}
	if len(r.printed) != 2 || r.printed[0] != got[0].ID || r.printed[1] != got[0].ID {
		t.Errorf("tries print other copies: %q", r.printed)
	}
	if mails, hashes := r.kept(); mails != 0 || hashes != 1 {
		t.Errorf("%d mails and %d hashes are kept", mails, hashes)
	}
	r.clock.Advance(25 * time.Hour)
	if err := notice.PurgeTickets(t.Context(), r.Tickets.Pool, r.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if _, hashes := r.kept(); hashes != 0 {
		t.Errorf("%d hashes are kept after a day", hashes)
	}
}

// A ticket that is gone, or was handed out too often, ends its mail.
func TestAMailWithoutATicketEnds(t *testing.T) {
	r := newTill(t)
	for _, code := range []errs.Code{errs.NotFoundCode, errs.InvalidState} {
		if err := r.wants(uuid.NewString(), uuid.NewString(), ada, false); err != nil {
			t.Fatal(err)
		}
		r.broken = errs.New(code, "No.")
		r.sent()
		r.broken = nil
		r.clock.Advance(time.Hour)
		if got := r.sent(); len(got) != 0 {
			t.Errorf("%s: sent %+v", code, got)
		}
		if mails, _ := r.kept(); mails != 0 {
			t.Errorf("%s: the address is kept", code)
		}
	}
}

// Guests cannot have a ticket sent without end, nor use up what its merchant sends; and an address gets five a day, which nobody is told.
func TestHowManyTicketsAreSent(t *testing.T) {
	r := newTill(t)
	shop, order := uuid.NewString(), uuid.NewString()
	to := func(n int) string { return fmt.Sprintf("guest-%d@example.com", n) }
	for n := range 3 {
		if err := r.wants(shop, order, to(n), true); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.wants(shop, order, to(3), true); !errs.Is(err, errs.InvalidState) {
		t.Errorf("a fourth of one ticket: %v", err)
	}
	if err := r.wants(shop, order, to(3), false); err != nil {
		t.Errorf("the merchant's own: %v", err)
	}
	if got := r.sent(); len(got) != 4 {
		t.Errorf("%d mails are sent", len(got))
	}
	for range 7 {
		if err := r.wants(shop, uuid.NewString(), ada, true); err != nil {
			t.Fatalf("it tells how many an address got: %v", err)
		}
	}
	if got := r.sent(); len(got) != 5 {
		t.Errorf("an address gets %d mails", len(got))
	}
	if _, err := r.Tickets.Pool.Exec(t.Context(), `insert into ticket_mails select gen_random_uuid(), $1, gen_random_uuid(), true, '', $2 from generate_series(1, 290)`, shop, june); err != nil {
		t.Fatal(err)
	}
	if err := r.wants(shop, uuid.NewString(), to(5), true); !errs.Is(err, errs.RateLimitExceeded) {
		t.Errorf("the guests of one day: %v", err)
	}
	if err := r.wants(shop, uuid.NewString(), to(5), false); err != nil {
		t.Errorf("guests use up the merchant's: %v", err)
	}
	if err := r.wants(uuid.NewString(), uuid.NewString(), to(5), true); err != nil {
		t.Errorf("and another merchant's: %v", err)
	}
	r.clock.Advance(25 * time.Hour)
	if err := r.wants(shop, uuid.NewString(), ada, true); err != nil || len(r.sent()) != 3 {
		t.Errorf("the next day: %v", err)
	}
	r.clock.Advance(30 * 24 * time.Hour)
	if err := r.wants(shop, uuid.NewString(), to(6), true); !errs.Is(err, errs.InvalidState) {
		t.Errorf("an old ticket: %v", err)
	}
}

// Anybody gets a test key, so nothing of test mode is sent to strangers.
func TestTicketsOfTestModeStayInTheTeam(t *testing.T) {
	r := newTill(t)
	shop := uuid.NewString()
	send := func() []mail.Message {
		t.Helper()
		err := r.Send(t.Context(), notice.TicketTo{Ticket: notice.Ticket{MerchantID: shop, BillID: uuid.NewString()}, To: ada, Language: "en"})
		if err != nil {
			t.Fatal(err)
		}
		return r.sent()
	}
	if got := send(); len(got) != 0 {
		t.Errorf("sent %+v", got)
	}
	r.TestToAnybody = true
	if got := send(); len(got) != 1 || !strings.HasPrefix(got[0].Subject, "[Test] Your receipt") {
		t.Errorf("on one machine: %+v", got)
	}
}
