package table

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/kitchen"
)

// pass is a kitchen of the fixture's merchant.
type pass struct {
	*fixture
	kitchen *kitchen.Server
}

func newPass(t *testing.T) *pass {
	t.Helper()
	f := setup(t)
	return &pass{f, kitchen.New(kitchen.Deps{Pool: f.pool, Orders: f.Server, Now: f.clock.Now, Wake: func() {}, Log: slog.New(slog.DiscardHandler)})}
}

func (p *pass) station(t *testing.T, name string, categories, products []string) *qrv1.Station {
	t.Helper()
	res, err := p.kitchen.CreateStation(t.Context(), &qrv1.CreateStationRequest{MerchantId: p.merchant, Fields: &qrv1.StationFields{
		Name: &name, Categories: &qrv1.Names{Values: categories}, ProductIds: &qrv1.Names{Values: products},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetStation()
}

func (p *pass) printer(t *testing.T, stations ...string) (id, token string) {
	t.Helper()
	name := "Pass"
	res, err := p.kitchen.CreatePrinter(t.Context(), &qrv1.CreatePrinterRequest{MerchantId: p.merchant, Fields: &qrv1.PrinterFields{
		Name: &name, StationIds: &qrv1.Names{Values: stations},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetPrinter().GetId(), res.GetToken()
}

func (p *pass) setLine(t *testing.T, id string, position int32, status string) (*qrv1.Order, error) {
	t.Helper()
	res, err := p.kitchen.SetLineStatus(t.Context(), &qrv1.SetLineStatusRequest{MerchantId: p.merchant, OrderId: id, Position: position, Status: status})
	return res.GetOrder(), err
}

func states(o *qrv1.Order) string {
	list := []string{o.GetStatus()}
	for _, l := range o.GetLines() {
		list = append(list, l.GetStatus())
	}
	return strings.Join(list, " ")
}

func inCourse(id string, course int32) *qrv1.OrderItem {
	return &qrv1.OrderItem{ProductId: id, Quantity: 1, Course: course}
}

func TestLinesGoToTheStationOfTheirProductThenOfItsCategory(t *testing.T) {
	t.Parallel()
	p := newPass(t)
	tea, steak := p.product(t, p.merchant, "Tea", 300, 9), p.product(t, p.merchant, "Steak", 2000, 9)
	grill := p.station(t, "Grill", nil, nil)
	if !grill.GetIsDefault() {
		t.Error("the first station is not the default")
	}
	o := p.mustPlace(t, p.request(item(tea, 1)))
	if got := p.order(t, o.GetId()).GetLines()[0]; got.GetStationName() != "Grill" || got.GetFiredAt() == nil || got.GetStatus() != "waiting" {
		t.Errorf("got %v", got)
	}
	bar := p.station(t, "Bar", []string{"boissons"}, []string{tea})
	o = p.mustPlace(t, p.request(item(tea, 1), item(steak, 1)))
	for _, l := range o.GetLines() {
		if l.GetStationId() != bar.GetId() {
			t.Errorf("%s goes to %q", l.GetName(), l.GetStationId())
		}
	}
	_, err := p.kitchen.UpdateStation(t.Context(), &qrv1.UpdateStationRequest{MerchantId: p.merchant, Id: grill.GetId(), Fields: &qrv1.StationFields{ProductIds: &qrv1.Names{Values: []string{steak}}}})
	if err != nil {
		t.Fatal(err)
	}
	o = p.mustPlace(t, p.request(item(tea, 1), item(steak, 1)))
	if a, b := o.GetLines()[0].GetStationId(), o.GetLines()[1].GetStationId(); a != bar.GetId() || b != grill.GetId() {
		t.Errorf("they go to %s and %s", a, b)
	}
	if _, err := p.kitchen.DeleteStation(t.Context(), &qrv1.DeleteStationRequest{MerchantId: p.merchant, Id: grill.GetId()}); err != nil {
		t.Fatal(err)
	}
	if l := p.order(t, o.GetId()).GetLines()[1]; l.GetStationId() != "" {
		t.Errorf("a line is at a station that is gone: %v", l)
	}
	left, err := p.kitchen.GetStation(t.Context(), &qrv1.GetStationRequest{MerchantId: p.merchant, Id: bar.GetId()})
	if err != nil || !left.GetStation().GetIsDefault() {
		t.Errorf("no default is left: %v %v", left, err)
	}
	other := uuid.NewString()
	for _, id := range []string{bar.GetId(), uuid.NewString(), "x"} {
		_, err := p.kitchen.GetStation(t.Context(), &qrv1.GetStationRequest{MerchantId: other, Id: id})
		wantCode(t, err, errs.NotFoundCode)
	}
	theirs := p.product(t, other, "Theirs", 100, 1)
	_, err = p.kitchen.UpdateStation(t.Context(), &qrv1.UpdateStationRequest{MerchantId: p.merchant, Id: bar.GetId(), Fields: &qrv1.StationFields{ProductIds: &qrv1.Names{Values: []string{theirs}}}})
	wantFields(t, err, "products")
}

func TestAnOrderFollowsItsLinesAndLinesFollowTheirOrder(t *testing.T) {
	t.Parallel()
	p := newPass(t)
	tea := p.product(t, p.merchant, "Tea", 300, 9)
	o := p.mustPlace(t, p.request(item(tea, 1), item(tea, 2)))
	for _, step := range []struct {
		position   int32
		to, expect string
	}{
		{0, "preparing", "preparing preparing waiting"},
		{0, "preparing", "preparing preparing waiting"},
		{1, "ready", "preparing preparing ready"},
		{0, "ready", "ready ready ready"},
		{0, "served", "ready served ready"},
		{1, "served", "served served served"},
	} {
		got, err := p.setLine(t, o.GetId(), step.position, step.to)
		if err != nil || states(got) != step.expect || states(p.order(t, o.GetId())) != step.expect {
			t.Errorf("line %d %s: %q %v, want %q", step.position, step.to, states(got), err, step.expect)
		}
	}
	if got := p.announced(t, o.GetId()); !slices.Equal(got, []string{"order.received", "order.preparing", "order.ready", "order.served"}) {
		t.Errorf("announced %v", got)
	}
	_, err := p.setLine(t, o.GetId(), 0, "served")
	wantCode(t, err, errs.InvalidState)

	o = p.mustPlace(t, p.request(item(tea, 1), item(tea, 2)))
	if got, err := p.setLine(t, o.GetId(), 0, "ready"); err != nil || states(got) != "preparing ready waiting" {
		t.Errorf("%q %v", states(got), err)
	}
	ready, err := p.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: p.merchant, Id: o.GetId(), Status: "ready"})
	if err != nil || states(ready.GetOrder()) != "ready ready ready" || states(p.order(t, o.GetId())) != "ready ready ready" {
		t.Errorf("%v %v", ready, err)
	}
	_, err = p.setLine(t, o.GetId(), 0, "waiting")
	wantFields(t, err, "status")
	_, err = p.setLine(t, o.GetId(), 2, "served")
	wantCode(t, err, errs.NotFoundCode)
	live := true
	_, err = p.kitchen.SetLineStatus(t.Context(), &qrv1.SetLineStatusRequest{MerchantId: p.merchant, OrderId: o.GetId(), Status: "served", Livemode: &live})
	wantCode(t, err, errs.NotFoundCode)
	_, err = p.kitchen.SetLineStatus(t.Context(), &qrv1.SetLineStatusRequest{MerchantId: uuid.NewString(), OrderId: o.GetId(), Status: "served"})
	wantCode(t, err, errs.NotFoundCode)
}

func TestACourseWaitsUntilItIsFired(t *testing.T) {
	t.Parallel()
	p := newPass(t)
	tea := p.product(t, p.merchant, "Tea", 300, 9)
	_, token := p.printer(t)
	o := p.mustPlace(t, p.request(item(tea, 1), inCourse(tea, 1), inCourse(tea, 2)))
	if o.GetLines()[1].GetFiredAt() == nil || o.GetLines()[2].GetFiredAt() != nil {
		t.Errorf("fired %v", o.GetLines())
	}
	_, err := p.setLine(t, o.GetId(), 2, "ready")
	wantCode(t, err, errs.InvalidState)
	begun, err := p.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: p.merchant, Id: o.GetId(), Status: "preparing"})
	if err != nil || states(begun.GetOrder()) != "preparing preparing preparing waiting" {
		t.Errorf("%q %v", states(begun.GetOrder()), err)
	}
	fire := func(course int32) error {
		_, err := p.kitchen.FireCourse(t.Context(), &qrv1.FireCourseRequest{MerchantId: p.merchant, OrderId: o.GetId(), Course: course})
		return err
	}
	for range 2 {
		if err := fire(2); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, fire(3), errs.NotFoundCode)
	first, second := p.print(t, token), p.print(t, token)
	if strings.Count(first, "1 x Tea") != 2 || strings.Contains(first, "SUITE") || strings.Count(second, "1 x Tea") != 1 || !strings.Contains(second, "SUITE 2") {
		t.Errorf("printed %q and %q", first, second)
	}
	if more := p.poll(t, token); more != "" {
		t.Errorf("a third ticket: %s", more)
	}
	_, err = p.PlaceOrder(t.Context(), p.request(inCourse(tea, 10)))
	wantFields(t, err, "items[0].course")
}

func (p *pass) poll(t *testing.T, token string) string {
	t.Helper()
	res, err := p.kitchen.PollPrinter(t.Context(), &qrv1.PollPrinterRequest{Token: token, StatusCode: "200 OK", Mac: "00:11:62:AB:00:01"})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetJobId()
}

func (p *pass) fetch(t *testing.T, token string) (id, text string) {
	t.Helper()
	if id = p.poll(t, token); id == "" {
		t.Fatal("nothing to print")
	}
	res, err := p.kitchen.FetchTicket(t.Context(), &qrv1.FetchTicketRequest{Token: token, JobId: id, MediaType: "text/plain", Utf8: true})
	if err != nil {
		t.Fatal(err)
	}
	return id, string(res.GetContent())
}

func (p *pass) confirm(t *testing.T, token, id, code string) {
	t.Helper()
	if _, err := p.kitchen.ConfirmTicket(t.Context(), &qrv1.ConfirmTicketRequest{Token: token, JobId: id, Code: code}); err != nil {
		t.Fatal(err)
	}
}

func (p *pass) print(t *testing.T, token string) string {
	t.Helper()
	id, text := p.fetch(t, token)
	p.confirm(t, token, id, "200 OK")
	return text
}

func (p *pass) jobs(t *testing.T) []*qrv1.PrintJob {
	t.Helper()
	res, err := p.kitchen.ListPrintJobs(t.Context(), &qrv1.ListPrintJobsRequest{MerchantId: p.merchant, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetJobs()
}

func TestEveryStationGetsItsTicketOnceAndWhatWasHandedOverIsACopy(t *testing.T) {
	t.Parallel()
	p := newPass(t)
	tea, steak := p.product(t, p.merchant, "Tea", 300, 9), p.product(t, p.merchant, "Steak", 2000, 9)
	bar := p.station(t, "Bar", nil, []string{tea})
	grill := p.station(t, "Grill", nil, []string{steak})
	_, counter := p.printer(t, bar.GetId())
	_, kitchen := p.printer(t, grill.GetId())
	paid := p.paidRequest(item(tea, 1), item(steak, 2))
	paid.Notes, paid.Items[1].Notes = "birthday", "bleu\x1bd"
	o := p.mustPlace(t, paid)
	if id := p.poll(t, counter); id != "" {
		t.Error("a ticket is printed before the order is paid")
	}
	p.apply(t, payment("completed", o, o.GetPaymentReference()), payment("completed", o, o.GetPaymentReference()))
	if n := len(p.jobs(t)); n != 2 {
		t.Fatalf("%d tickets", n)
	}
	if text := p.print(t, counter); !strings.Contains(text, "1 x Tea") || strings.Contains(text, "Steak") || !strings.Contains(text, "Bar") || !strings.Contains(text, "Table 4") {
		t.Errorf("the bar gets %q", text)
	}
	id, text := p.fetch(t, kitchen)
	if strings.Contains(text, "COPIE") || !strings.Contains(text, "2 x Steak") || !strings.Contains(text, "! bleu") || !strings.Contains(text, "birthday") || strings.ContainsRune(text, 0x1b) {
		t.Errorf("the grill gets %q", text)
	}
	// The power is cut before the printer confirms.
	again, text := p.fetch(t, kitchen)
	if again != id || !strings.Contains(text, "COPIE") {
		t.Errorf("printed again: %s %q", again, text)
	}
	p.confirm(t, kitchen, id, "410 Paper out")
	if j := p.jobs(t)[0]; j.GetState() != "queued" || j.GetProblem() != "410 Paper out" || j.GetAttempts() != 2 {
		t.Errorf("without paper: %v", j)
	}
	p.print(t, kitchen)
	p.confirm(t, kitchen, id, "520 Download failed") // late, and too late
	if j := p.jobs(t)[0]; j.GetState() != "printed" || j.GetProblem() != "" {
		t.Errorf("printed: %v", j)
	}
	if _, err := p.kitchen.PrintAgain(t.Context(), &qrv1.PrintAgainRequest{MerchantId: p.merchant, Id: id}); err != nil {
		t.Fatal(err)
	}
	if text := p.print(t, kitchen); !strings.Contains(text, "COPIE") {
		t.Errorf("again: %q", text)
	}
	_, err := p.kitchen.PrintAgain(t.Context(), &qrv1.PrintAgainRequest{MerchantId: uuid.NewString(), Id: id})
	wantCode(t, err, errs.NotFoundCode)
	_, err = p.kitchen.FetchTicket(t.Context(), &qrv1.FetchTicketRequest{Token: counter, JobId: id, MediaType: "text/plain"})
	wantCode(t, err, errs.NotFoundCode) // of another printer
	_, err = p.kitchen.FetchTicket(t.Context(), &qrv1.FetchTicketRequest{Token: counter, MediaType: "image/png"})
	wantCode(t, err, errs.UnsupportedMedia)
	_, err = p.kitchen.PollPrinter(t.Context(), &qrv1.PollPrinterRequest{Token: strings.Repeat("0", 32)})
	wantCode(t, err, errs.NotFoundCode)
}

func TestATicketIsGivenUpAfterTenAttemptsAndExpiresAfterTwoHours(t *testing.T) {
	t.Parallel()
	p := newPass(t)
	id, token := p.printer(t)
	test := func() {
		t.Helper()
		if _, err := p.kitchen.TestPrinter(t.Context(), &qrv1.TestPrinterRequest{MerchantId: p.merchant, Id: id}); err != nil {
			t.Fatal(err)
		}
	}
	test()
	for range 10 {
		job, text := p.fetch(t, token)
		if !strings.Contains(text, "L’imprimante fonctionne") {
			t.Fatalf("got %q", text)
		}
		p.confirm(t, token, job, "511 Media decoding error")
	}
	if j := p.jobs(t)[0]; p.poll(t, token) != "" || j.GetState() != "failed" || j.GetProblem() != "511 Media decoding error" {
		t.Errorf("got %v", j)
	}
	test()
	p.clock.Advance(2 * time.Hour)
	if job := p.poll(t, token); job != "" {
		t.Error("an old ticket is printed")
	}
	if err := p.kitchen.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if j := p.jobs(t)[0]; j.GetState() != "expired" {
		t.Errorf("got %v", j)
	}
}

func TestASilentPrinterIsAnnouncedOnce(t *testing.T) {
	t.Parallel()
	p := newPass(t)
	id, token := p.printer(t)
	printer := func() *qrv1.Printer {
		res, err := p.kitchen.GetPrinter(t.Context(), &qrv1.GetPrinterRequest{MerchantId: p.merchant, Id: id})
		if err != nil {
			t.Fatal(err)
		}
		return res.GetPrinter()
	}
	sweep := func(want int) {
		t.Helper()
		if err := p.kitchen.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		var n int
		if err := p.pool.QueryRow(t.Context(), `select count(*) from outbox where event_type = 'printer.offline'`).Scan(&n); err != nil || n != want {
			t.Errorf("%d announcements, want %d (%v)", n, want, err)
		}
	}
	p.clock.Advance(time.Hour)
	sweep(0) // it has never asked
	if s := printer().GetStatus(); s != "new" {
		t.Errorf("it is %s", s)
	}
	p.poll(t, token)
	if v := printer(); v.GetStatus() != "online" || v.GetMac() != "00:11:62:ab:00:01" {
		t.Errorf("it is %v", v)
	}
	p.clock.Advance(6 * time.Minute)
	sweep(1)
	sweep(1)
	if s := printer().GetStatus(); s != "offline" {
		t.Errorf("it is %s", s)
	}
	p.poll(t, token)
	p.clock.Advance(6 * time.Minute)
	sweep(2)
	if _, err := p.kitchen.PollPrinter(t.Context(), &qrv1.PollPrinterRequest{Token: token, StatusCode: "410 Paper out"}); err != nil {
		t.Fatal(err)
	}
	if s := printer().GetStatus(); s != "problem" {
		t.Errorf("it is %s", s)
	}
	renewed, err := p.kitchen.RenewPrinterToken(t.Context(), &qrv1.RenewPrinterTokenRequest{MerchantId: p.merchant, Id: id})
	if err != nil {
		t.Fatal(err)
	}
	p.poll(t, renewed.GetToken())
	_, err = p.kitchen.PollPrinter(t.Context(), &qrv1.PollPrinterRequest{Token: token})
	wantCode(t, err, errs.NotFoundCode)
}

// screen is one who follows the kitchen.
type screen struct {
	grpc.ServerStream
	ctx  context.Context
	seen chan *qrv1.WatchResponse
}

func (s *screen) Context() context.Context     { return s.ctx }
func (*screen) SendHeader(_ metadata.MD) error { return nil }
func (s *screen) Send(r *qrv1.WatchResponse) error {
	select {
	case s.seen <- r:
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

// follow begins a stream; its end waits for it.
func (p *pass) follow(t *testing.T, r *qrv1.WatchRequest) (*screen, func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &screen{ctx: ctx, seen: make(chan *qrv1.WatchResponse)}
	done := make(chan error, 1)
	r.MerchantId = p.merchant
	go func() { done <- p.kitchen.Watch(r, s) }()
	return s, func() error { cancel(); return <-done }
}

// run runs the kitchen until the test ends.
func (p *pass) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.kitchen.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestAStreamMissesNothing, not even what an older transaction commits after a younger one was sent.
func TestAStreamMissesNothing(t *testing.T) {
	t.Parallel()
	p := newPass(t)
	tea := p.product(t, p.merchant, "Tea", 300, 9)
	a, b := p.mustPlace(t, p.request(item(tea, 1))), p.mustPlace(t, p.request(item(tea, 1)))
	p.run(t)
	s, leave := p.follow(t, &qrv1.WatchRequest{})
	begin := <-s.seen
	if !begin.GetIsSnapshot() || len(begin.GetOrders()) != 2 {
		t.Fatalf("it begins with %v", begin)
	}
	older, err := p.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = older.Rollback(context.WithoutCancel(t.Context())) }()
	if err := pgx.BeginFunc(t.Context(), older, func(tx pgx.Tx) error { return kitchen.Touch(t.Context(), tx, p.merchant, a.GetId()) }); err != nil {
		t.Fatal(err)
	}
	if _, err := p.setLine(t, b.GetId(), 0, "preparing"); err != nil {
		t.Fatal(err)
	}
	second := <-s.seen
	if second.GetIsSnapshot() || len(second.GetOrders()) != 1 || states(second.GetOrders()[0]) != "preparing preparing" {
		t.Fatalf("then comes %v", second)
	}
	if err := leave(); err != nil && !strings.Contains(err.Error(), "canceled") {
		t.Error(err)
	}
	if err := older.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, leave = p.follow(t, &qrv1.WatchRequest{After: second.GetCursor()})
	seen := map[string]bool{}
	for !seen[a.GetId()] {
		r := <-s.seen
		if r.GetIsSnapshot() {
			t.Fatal("it begins again")
		}
		for _, o := range r.GetOrders() {
			seen[o.GetId()] = true
		}
	}
	// What has left the kitchen is told too.
	if _, err := p.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: p.merchant, Id: a.GetId(), Status: "cancelled"}); err != nil {
		t.Fatal(err)
	}
	for gone := false; !gone; {
		for _, o := range (<-s.seen).GetOrders() {
			gone = gone || o.GetId() == a.GetId() && o.GetStatus() == "cancelled"
		}
	}
	_ = leave()
}

func TestAStreamIsOfAStationAndAMode(t *testing.T) {
	t.Parallel()
	p := newPass(t)
	tea, steak := p.product(t, p.merchant, "Tea", 300, 9), p.product(t, p.merchant, "Steak", 2000, 9)
	bar, grill := p.station(t, "Bar", nil, []string{tea}), p.station(t, "Grill", nil, []string{steak})
	drink := p.mustPlace(t, p.request(item(tea, 1)))
	p.mustPlace(t, p.request(item(steak, 1)))
	p.run(t)
	live := true
	for _, c := range []struct {
		request *qrv1.WatchRequest
		want    int
	}{{&qrv1.WatchRequest{StationId: bar.GetId()}, 1}, {&qrv1.WatchRequest{StationId: grill.GetId(), Livemode: &live}, 0}, {&qrv1.WatchRequest{After: 1 << 60}, 2}} {
		s, leave := p.follow(t, c.request)
		begin := <-s.seen
		if !begin.GetIsSnapshot() || len(begin.GetOrders()) != c.want || c.want == 1 && begin.GetOrders()[0].GetId() != drink.GetId() {
			t.Errorf("%v begins with %v", c.request, begin)
		}
		_ = leave()
	}
	wantCode(t, p.kitchen.Watch(&qrv1.WatchRequest{MerchantId: p.merchant, StationId: uuid.NewString()}, &screen{ctx: t.Context()}), errs.NotFoundCode)
}
