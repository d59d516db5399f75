package webhooks

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/run/events"
)

// The rounds of this test draw merchants, endpoints, payments and what the endpoints answer, let the service deliver
// while it is stopped and started and time passes, and then compare what arrived with what the documents promise.

var (
	drawnTypes   = []string{"payment.pending_sca", "payment.completed", "payment.failed", "payment.cancelled", "payment.refunded", "refund.completed"}
	drawnFilters = []string{"", "*", "payment.failed", "payment.cancelled", "payment.failed payment.cancelled", "refund.completed payment.pending_sca"}
)

// announced returns the type under which an endpoint with the filter receives an event; empty if it does not.
func announced(filter, eventType string) string {
	if filter == "" {
		filter = "payment.completed payment.failed payment.refunded"
	}
	wanted := strings.Fields(filter)
	switch {
	case filter == "*" || slices.Contains(wanted, eventType):
		return eventType
	case eventType == "payment.cancelled" && slices.Contains(wanted, "payment.failed"):
		return "payment.failed"
	default:
		return ""
	}
}

// drawnEvent is an event with its place in the stream.
type drawnEvent struct {
	events.Event
	merchant, reference string
	sequence            int64
	// position in the stream; intake counts the intakes: it changes when the service is stopped while it may be reading.
	position, intake int
	// recorded is a time on the sink's count of arrivals at which the event was in the database.
	recorded int
}

type drawnEndpoint struct {
	index                    int
	merchant, filter, secret string
	// trouble is how many of 100 attempts fail.
	trouble uint64
}

// arrival is an attempt as the endpoint saw it.
type arrival struct {
	hit
	at   time.Time // by the service's clock
	tick int
	ok   bool
}

type deliveryKey struct {
	endpoint int
	event    string
}

// world is one round.
type world struct {
	f         *fixture
	round     int
	seed      uint64
	hangs     bool
	endpoints []drawnEndpoint
	events    []*drawnEvent

	mu       sync.Mutex
	healthy  bool
	ticks    int
	arrivals map[deliveryKey][]arrival
	strange  string
}

func (w *world) merchantPrefix() string { return fmt.Sprintf("m_%d_", w.round) }

// answers of an endpoint.
const (
	answerOK = iota
	answer500
	answerRedirect
	answerCut
	answerNever
)

// plan says what the endpoint answers to that attempt: the same in each run of the round.
func (w *world) plan(e drawnEndpoint, event, attempt int) int {
	if w.healthy {
		return answerOK
	}
	if w.hangs && e.index == 0 && event == 0 && attempt == 0 {
		return answerNever
	}
	h := fnv.New64a()
	fmt.Fprint(h, w.seed, " ", e.index, " ", event, " ", attempt)
	sum := h.Sum64()
	if sum%100 >= e.trouble {
		return answerOK
	}
	return []int{answer500, answerRedirect, answerCut}[sum/100%3]
}

// stage is the merchants' server of all rounds.
type stage struct {
	mu    sync.Mutex
	world *world
}

func (s *stage) serve(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	w := s.world
	s.mu.Unlock()
	switch w.arrive(hit{r.URL.Path, r.Header, body}) {
	case answer500:
		rw.WriteHeader(http.StatusInternalServerError)
	case answerRedirect:
		http.Redirect(rw, r, "/elsewhere", http.StatusTemporaryRedirect)
	case answerCut:
		cut(rw)
	case answerNever:
		<-r.Context().Done()
	}
}

// cut ends the connection within the answer's headers. If nothing were sent at all, net/http would rightly take it for a
// connection that had been closed before, and send the request again by itself.
func cut(rw http.ResponseWriter) {
	c, _, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\n"); err != nil {
		return
	}
}

func (w *world) arrive(h hit) (answer int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var round, index int
	if _, err := fmt.Sscanf(h.path, "/%d/%d", &round, &index); err != nil || round != w.round {
		w.strange = "a request to " + h.path
		return answerOK
	}
	id := h.header.Get("webhook-id")
	event := slices.IndexFunc(w.events, func(e *drawnEvent) bool { return e.ID == id })
	if event < 0 {
		w.strange = "an unknown event " + id
		return answerOK
	}
	key := deliveryKey{index, id}
	answer = w.plan(w.endpoints[index], event, len(w.arrivals[key]))
	w.ticks++
	w.arrivals[key] = append(w.arrivals[key], arrival{hit: h, at: w.f.clock.Now(), tick: w.ticks, ok: answer == answerOK})
	return answer
}

// tick returns a moment on the count of arrivals.
func (w *world) tick() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ticks++
	return w.ticks
}

func draw(r *rapid.T, f *fixture, round int, url string) *world {
	w := &world{
		f: f, round: round, seed: rapid.Uint64().Draw(r, "seed"), hangs: rapid.IntRange(0, 30).Draw(r, "hangs") == 17,
		arrivals: make(map[deliveryKey][]arrival),
	}
	for m := range rapid.IntRange(1, 2).Draw(r, "merchants") {
		merchant := w.merchantPrefix() + fmt.Sprint(m)
		for range rapid.IntRange(1, 2).Draw(r, "endpoints") {
			e := drawnEndpoint{
				index: len(w.endpoints), merchant: merchant, filter: rapid.SampledFrom(drawnFilters).Draw(r, "filter"),
				trouble: rapid.SampledFrom([]uint64{0, 40, 90, 100}).Draw(r, "trouble"),
			}
			_, e.secret = f.endpointOf(merchant, fmt.Sprintf("%s/%d/%d", url, round, e.index), strings.Fields(e.filter)...)
			w.endpoints = append(w.endpoints, e)
		}
		// No merchant may be warned of a failing endpoint: that would be an additional event.
		if _, err := f.core.Pool.Exec(f.t.Context(), `update endpoints set warned_at = 'infinity' where merchant_id = $1`, merchant); err != nil {
			r.Fatal(err)
		}
		for p := range rapid.IntRange(1, 2).Draw(r, "payments") {
			for n := range rapid.IntRange(1, 4).Draw(r, "changes") {
				w.events = append(w.events, w.event(merchant, fmt.Sprintf("PAY-%d-%d-%d", round, m, p), n, rapid.SampledFrom(drawnTypes).Draw(r, "type")))
			}
		}
	}
	if rapid.Bool().Draw(r, "mixed") {
		w.events = rapid.Permutation(w.events).Draw(r, "order")
	}
	return w
}

func (w *world) event(merchant, reference string, n int, eventType string) *drawnEvent {
	p := payment()
	p.MerchantId, p.Reference, p.Sequence = merchant, reference, int64(n+1)
	return &drawnEvent{Event: w.f.changed(eventType, p), merchant: merchant, reference: reference, sequence: p.Sequence}
}

// publish puts events on the stream, some twice, and returns when all that is wanted of them is recorded.
func (w *world) publish(r *rapid.T, from, to int, intake *int) {
	for i, e := range w.events[from:to] {
		e.position, e.intake = from+i, *intake
		w.f.publish(e.Event)
		if rapid.IntRange(0, 3).Draw(r, "twice") == 0 {
			again := e.Message(e.Subject())
			again.Header.Del("Nats-Msg-Id") // the broker itself would drop it
			if _, err := w.f.bus.JS.PublishMsg(w.f.t.Context(), again); err != nil {
				r.Fatal(err)
			}
		}
		if rapid.IntRange(0, 60).Draw(r, "restart while it reads") == 17 {
			*intake++
			w.restart()
		}
	}
	want := 0
	for _, e := range w.events[:to] {
		for _, p := range w.endpoints {
			if p.merchant == e.merchant && announced(p.filter, e.Type) != "" {
				want++
			}
		}
	}
	eventually(w.f.t, "the events are recorded", func() bool {
		var n int
		err := w.f.core.Pool.QueryRow(w.f.t.Context(), `select count(*) from deliveries where starts_with(merchant_id, $1)`, w.merchantPrefix()).Scan(&n)
		return err == nil && n >= want
	})
	recorded := w.tick()
	for _, e := range w.events[from:to] {
		e.recorded = recorded
	}
}

func (w *world) restart() {
	w.f.stop()
	w.f.start()
}

// onward moves the clock to when something is due, if nothing is being attempted, and reports whether all is final. One
// microsecond before that nothing may be due.
func (w *world) onward(r *rapid.T) (final bool) {
	var (
		open, leased int
		next         *time.Time
	)
	err := w.f.core.Pool.QueryRow(w.f.t.Context(), `select count(*), count(d.lease_owner),
			min(greatest(d.claimable_at, h.paused_until, case when b.tripped and d.attempt_count > d.attempts_before then b.paused_until end))
			filter (where d.status = 'pending')
		from deliveries d left join endpoint_health h using (endpoint_id) left join breakers b using (endpoint_id, event_type)
		where d.status in ('waiting', 'pending') and starts_with(d.merchant_id, $1)`, w.merchantPrefix()).Scan(&open, &leased, &next)
	if err != nil {
		r.Fatal(err)
	}
	if open == 0 || leased > 0 || next == nil {
		return open == 0
	}
	if wait := next.Sub(w.f.clock.Now()); wait > 0 {
		w.f.clock.Advance(wait - time.Microsecond)
		if n, err := w.f.engine.ClaimNow(w.f.t.Context()); n != 0 || err != nil {
			r.Fatalf("%d deliveries were due too early, %v", n, err)
		}
		w.f.clock.Advance(time.Microsecond)
	}
	w.f.engine.Wake()
	return false
}

func TestTheDeliveryGuaranteesHoldInEveryScenario(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.stop()
	f.cfg.Timeout = 2 * time.Second
	f.start()
	s := &stage{}
	server := newSink(t, nil)
	server.Config.Handler = http.HandlerFunc(s.serve)
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		w := draw(r, f, round, server.URL)
		s.mu.Lock()
		s.world = w
		s.mu.Unlock()
		intake, from := 0, 0
		for from < len(w.events) {
			to := rapid.IntRange(from+1, len(w.events)).Draw(r, "wave")
			w.publish(r, from, to, &intake)
			from = to
			for range rapid.IntRange(0, 3).Draw(r, "steps") {
				w.onward(r)
			}
			if rapid.IntRange(0, 20).Draw(r, "restart") == 17 {
				w.restart()
			}
		}
		w.mu.Lock()
		w.healthy = rapid.Bool().Draw(r, "healthy at last")
		w.mu.Unlock()
		eventually(t, "all is final", func() bool { return w.onward(r) })
		w.mu.Lock()
		defer w.mu.Unlock()
		w.check(r)
	})
}

// stored is a delivery as the database has it.
type stored struct {
	Path, Event, Type, Status string
	Attempts                  int
	Body                      []byte
}

func (w *world) check(r *rapid.T) {
	if w.strange != "" {
		r.Fatal(w.strange)
	}
	rows, err := w.f.core.Pool.Query(w.f.t.Context(), `select regexp_replace(e.url, '^http://[^/]*', ''), d.event_id::text, d.event_type, d.status, d.attempt_count, d.body
		from deliveries d join endpoints e on e.id = d.endpoint_id where starts_with(d.merchant_id, $1)`, w.merchantPrefix())
	if err != nil {
		r.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[stored])
	if err != nil {
		r.Fatal(err)
	}
	found := make(map[string]stored, len(list))
	for _, d := range list {
		found[d.Path+" "+d.Event] = d
	}
	expected := 0
	for _, p := range w.endpoints {
		for _, e := range w.events {
			got := w.arrivals[deliveryKey{p.index, e.ID}]
			as := announced(p.filter, e.Type)
			if p.merchant != e.merchant || as == "" {
				if len(got) > 0 {
					r.Fatalf("endpoint %v got %s of %s", p, e.Type, e.merchant)
				}
				continue
			}
			expected++
			w.checkDelivery(r, p, e, found[fmt.Sprintf("/%d/%d %s", w.round, p.index, e.ID)], got, as)
		}
		w.checkOrder(r, p)
	}
	if len(list) != expected {
		r.Fatalf("%d deliveries, want %d", len(list), expected)
	}
}

func (w *world) checkDelivery(r *rapid.T, p drawnEndpoint, e *drawnEvent, d stored, got []arrival, as string) {
	name := fmt.Sprintf("%s %d at endpoint %d", e.reference, e.sequence, p.index)
	if len(got) == 0 || d.Attempts != len(got) || d.Type != as {
		r.Fatalf("%s as %s: %d attempts arrived, recorded is %+v", name, as, len(got), d)
	}
	schedule := w.f.cfg.Schedule
	switch last := got[len(got)-1]; {
	case d.Status == "delivered" && last.ok:
	case d.Status == "exhausted" && !last.ok && len(got) == len(schedule):
	default:
		r.Fatalf("%s is %s after %d attempts, the last of which succeeded: %v", name, d.Status, len(got), last.ok)
	}
	for i, a := range got {
		if i > 0 && (got[i-1].ok || a.at.Before(got[i-1].at.Add(schedule[i]))) {
			r.Fatalf("%s: attempt %d came %v after the one before (which succeeded: %v)", name, i+1, a.at.Sub(got[i-1].at), got[i-1].ok)
		}
		if string(a.body) != string(d.Body) || a.header.Get("X-EuPay-Event") != as {
			r.Fatalf("%s: attempt %d was %s %s, stored is %s", name, i+1, a.header.Get("X-EuPay-Event"), a.body, d.Body)
		}
		if err := standard(a.hit, p.secret, a.at); err != nil {
			r.Fatalf("%s: attempt %d: %v", name, i+1, err)
		}
	}
	var body struct {
		Event    string
		Sequence int64
		Data     struct{ Reference string }
	}
	if err := json.Unmarshal(d.Body, &body); err != nil || body.Event != as || body.Sequence != e.sequence || body.Data.Reference != e.reference {
		r.Fatalf("%s: body %s, %v", name, d.Body, err)
	}
}

// checkOrder compares each two changes of each payment. The older is done with before the newer begins. When the older
// was published later, it goes first from when it is recorded; an attempt at the newer that is under way (or was already
// given to a sender) is not called back.
func (w *world) checkOrder(r *rapid.T, p drawnEndpoint) {
	for _, older := range w.events {
		for _, newer := range w.events {
			first, second := w.arrivals[deliveryKey{p.index, older.ID}], w.arrivals[deliveryKey{p.index, newer.ID}]
			if older.reference != newer.reference || older.sequence >= newer.sequence || len(first) == 0 || len(second) == 0 {
				continue
			}
			done := first[len(first)-1].tick
			between := 0
			for _, a := range second {
				if a.tick < done && a.tick > older.recorded {
					between++
				}
			}
			late := older.position > newer.position
			switch {
			case !late && older.intake == newer.intake && second[0].tick < done:
				r.Fatalf("%s at endpoint %d: %d began before %d was done with", older.reference, p.index, newer.sequence, older.sequence)
			case between > 1:
				r.Fatalf("%s at endpoint %d: %d attempts at %d although %d was known", older.reference, p.index, between, newer.sequence, older.sequence)
			}
		}
	}
}
