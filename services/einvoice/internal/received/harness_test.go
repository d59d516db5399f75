package received

import (
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/testclock"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/sandbox/einvoicing"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/seqino"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
	"european-pay.eu/eupay/services/einvoice/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture is an inbox at the sandbox platform, reached over HTTP, and a merchant who is enrolled there.
type fixture struct {
	*Inbox
	t        *testing.T
	clock    *testclock.Clock
	platform *einvoicing.Platform
	bank     *payer
	who      Who
	client   string
}

func setup(t *testing.T) *fixture {
	t.Helper()
	pool, _ := pgtest.New(t, "einvoice", migrations.FS)
	f := &fixture{t: t, clock: testclock.New(time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)), who: Who{MerchantID: "m1"}, bank: &payer{made: map[string]*paymentsv1.PaySupplierRequest{}}}
	var err error
	f.platform, err = einvoicing.New(einvoicing.Config{APIKey: "k3y", Now: f.clock.Now})
	f.must(err)
	server := httptest.NewServer(f.platform.Handler())
	t.Cleanup(server.Close)
	client, err := seqino.New(seqino.Config{BaseURL: server.URL + "/api", APIKey: "k3y"})
	f.must(err)
	t.Cleanup(client.Close)
	log := slog.New(slog.DiscardHandler)
	f.Inbox = New(Deps{Pool: pool, Reads: pool, Platforms: map[bool]platform.Platform{false: client}, Suppliers: f.bank, Now: f.clock.Now, Wake: func() {}, Log: log})
	f.Attach(transmit.New(pool, map[transmit.Kind]transmit.Sender{transmit.Answer: f.AnswerSender()}, transmit.Config{}, f.clock.Now, log))
	f.client = f.enrol(client, "m1")
	return f
}

// enrol enrols a merchant, whose identity is approved at once.
func (f *fixture) enrol(p platform.Platform, merchant string) string {
	f.t.Helper()
	s := invoicetest.Settings()
	client, err := p.EnsureClient(f.t.Context(), platform.Client{Ref: merchant, Name: s.LegalName, Email: s.Email})
	f.must(err)
	_, err = p.EnsureMandate(f.t.Context(), client, platform.MandateRequest{Ref: merchant, SIREN: s.SIREN(), Start: invoice.Date("2026-11-01")})
	f.must(err)
	f.must(f.platform.Approve(client))
	settings, err := json.Marshal(s)
	f.must(err)
	_, err = f.Pool.Exec(f.t.Context(), `insert into enrolments (merchant_id, livemode, settings, code, client_id, mandate_id, mandate_status, due_at, created_at, updated_at)
		values ($1, false, $2, $3, $4, 'mdt_1', 'active', $5, $5, $5)`, merchant, settings, invoice.Code(merchant), client, f.clock.Now())
	f.must(err)
	return client
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// sample is an invoice of the reading tests.
func sample(t *testing.T, syntax string) []byte {
	t.Helper()
	xml, err := os.ReadFile("../reading/testdata/" + syntax + ".xml")
	if err != nil {
		t.Fatal(err)
	}
	return xml
}

// deliver makes a supplier send a document.
func (f *fixture) deliver(format string, file []byte) string {
	f.t.Helper()
	id, err := f.platform.Deliver(f.client, format, file)
	f.must(err)
	return id
}

// turn does everything that is due: the lists, the documents, the answers.
func (f *fixture) turn() {
	f.t.Helper()
	inboxes, err := f.claimInboxes(f.t.Context(), false, 100)
	f.must(err)
	for _, of := range inboxes {
		f.list(f.t.Context(), of)
	}
	due, err := f.claimFetches(f.t.Context(), false, 100)
	f.must(err)
	for _, id := range due {
		f.fetch(f.t.Context(), id)
	}
	f.send()
}

// send sends the answers that wait, oldest first.
func (f *fixture) send() {
	f.t.Helper()
	rows, err := f.Pool.Query(f.t.Context(), `select subject from transmissions where state = 'waiting' and due_at <= $1 order by created_at, id`, f.clock.Now())
	f.must(err)
	subjects, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	f.must(err)
	for _, s := range subjects {
		_, err := f.engine.Do(f.t.Context(), transmit.Answer, s, false)
		f.must(err)
	}
}

// all returns the merchant's invoices, newest first.
func (f *fixture) all() []*einvoicev1.ReceivedInvoice {
	f.t.Helper()
	list, _, err := f.List(f.t.Context(), f.who, Filter{Page: 1, Limit: 100})
	f.must(err)
	var out []*einvoicev1.ReceivedInvoice
	for i := range list {
		v, err := f.Get(f.t.Context(), f.who, list[i].ID.String())
		f.must(err)
		out = append(out, v.Proto())
	}
	return out
}

// only returns the one invoice that there is.
func (f *fixture) only() *einvoicev1.ReceivedInvoice {
	f.t.Helper()
	all := f.all()
	if len(all) != 1 {
		f.t.Fatalf("there are %d invoices", len(all))
	}
	return all[0]
}

// events returns what was announced, oldest first.
func (f *fixture) events() (types []string, last *eventsv1.ReceivedInvoiceChanged) {
	f.t.Helper()
	rows, err := f.Pool.Query(f.t.Context(), `select event_type, data from outbox order by id`)
	f.must(err)
	type event struct {
		Type string
		Data []byte
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[event])
	f.must(err)
	last = &eventsv1.ReceivedInvoiceChanged{}
	for _, e := range all {
		types = append(types, e.Type)
		f.must(proto.Unmarshal(e.Data, last))
	}
	return types, last
}

// answer answers as the merchant.
func (f *fixture) answer(id string, code int, reason string) error {
	_, _, err := f.Answer(f.t.Context(), f.who, id, Given{Code: code, ReasonCode: reason}, Idempotency{})
	return err
}
