package webhooks

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/child"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/services/webhooks/migrations"
)

// asService tells this test binary to be the service, with a clock that is ahead by the value.
const asService = "EUPAY_WEBHOOKS_TEST_AHEAD"

// runAsService is the whole program when the test binary was started as the service.
func runAsService() {
	text := os.Getenv(asService)
	if text == "" {
		return
	}
	ahead, err := time.ParseDuration(text)
	if err != nil {
		panic(err)
	}
	os.Exit(boot.Main(&Config{}, func(ctx context.Context, cfg Config, deps boot.Deps) (*Service, error) {
		deps.Now = func() time.Time { return time.Now().Add(ahead) }
		return New(ctx, cfg, deps)
	}))
}

// reception is one request that arrived in full at a merchant's server.
type reception struct {
	path, event, reference string
	sequence               int64
	// life counts the processes: the first is 0.
	life int
}

func (r reception) delivery() string { return r.path + " " + r.event }

// ledgerSink is a merchant's server that takes some milliseconds for each request and keeps the books. In each life it
// leaves one request without an answer until the process is dead: that one is in flight at the kill for certain.
type ledgerSink struct {
	*httptest.Server
	mu         sync.Mutex
	receptions []reception
	open       int // connections
	life, hits int
	holdAt     int // the request of this life that gets no answer; 0: none
	killAt     int
	held       []reception
	due        chan struct{} // closed when killAt requests of this life have arrived
	release    chan struct{}
}

func newLedgerSink(t *testing.T) *ledgerSink {
	t.Helper()
	s := &ledgerSink{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch state {
		case http.StateNew:
			s.open++
		case http.StateClosed, http.StateHijacked:
			s.open--
		case http.StateActive, http.StateIdle:
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// begin prepares a life that is to be killed when killAt requests have arrived.
func (s *ledgerSink) begin(life, holdAt, killAt int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.life, s.hits, s.holdAt, s.killAt = life, 0, holdAt, killAt
	s.due, s.release = make(chan struct{}), make(chan struct{})
}

func (s *ledgerSink) serve(_ http.ResponseWriter, r *http.Request) {
	var m struct {
		Sequence int64
		Data     struct{ Reference string }
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &m) != nil {
		return // cut off by the kill, or the request that only asks whether all others have come
	}
	s.mu.Lock()
	got := reception{r.URL.Path, r.Header.Get("webhook-id"), m.Data.Reference, m.Sequence, s.life}
	s.receptions = append(s.receptions, got)
	s.hits++
	held := s.hits == s.holdAt
	if held {
		s.held = append(s.held, got)
	}
	if s.hits == s.killAt {
		close(s.due)
	}
	release := s.release
	s.mu.Unlock()
	if held {
		<-release
		return
	}
	select { // a merchant's server has work to do
	case <-time.After(3 * time.Millisecond):
	case <-r.Context().Done():
	}
}

// drained returns when every request that the dead process sent has been read and answered.
func (s *ledgerSink) drained(t *testing.T) {
	t.Helper()
	close(s.release)
	// Connections are accepted in their order: after this one, none of the dead process is waiting for that.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/all-here", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	eventually(t, "the sink is drained", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.open == 0
	})
}

// mortal is a service in a process of its own, with what it needs.
type mortal struct {
	t    *testing.T
	cfg  Config
	db   *pgx.Conn
	bus  *bus.Bus
	sink *ledgerSink
}

// start starts the service. Its clock is past every lease of earlier processes, so they need not be waited for.
func (m *mortal) start(life int) *child.Process {
	m.t.Helper()
	return m.startAhead(time.Duration(life) * leaseAndMore)
}

func (m *mortal) startAhead(ahead time.Duration) *child.Process {
	m.t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(),
		asService+"="+ahead.String(), "EUPAY_DATABASE_URL="+m.cfg.DatabaseURL, "EUPAY_NATS_URL="+m.cfg.NATSURL,
		"EUPAY_WEBHOOK_MASTER_KEY="+m.cfg.MasterKey, "EUPAY_WEBHOOK_ALLOW_LOOPBACK=true", "EUPAY_GRPC_ADDR=127.0.0.1:0", "EUPAY_LOG_LEVEL=warn")
	for name, path := range m.cfg.TLS.Settings() {
		cmd.Env = append(cmd.Env, name+"="+path)
	}
	cmd.Stderr = os.Stderr
	p, err := child.Start(cmd, syscall.SIGKILL)
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() {
		if err := p.Signal(syscall.SIGKILL); err != nil {
			m.t.Error(err)
		}
		<-p.Done()
	})
	return p
}

// kill ends the process as a power cut would, and returns which deliveries were recorded as delivered until then.
func (m *mortal) kill(p *child.Process) map[string]bool {
	m.t.Helper()
	if err := p.Signal(syscall.SIGKILL); err != nil {
		m.t.Fatal(err)
	}
	<-p.Done()
	// PostgreSQL finishes statements that it has received. Only then are the books of this process final.
	eventually(m.t, "the dead process's sessions end", func() bool {
		var n int
		err := m.db.QueryRow(m.t.Context(), `select count(*) from pg_stat_activity
			where datname = current_database() and application_name = 'eupay-webhooks'`).Scan(&n)
		return err == nil && n == 0
	})
	m.sink.drained(m.t)
	return m.delivered()
}

func (m *mortal) delivered() map[string]bool {
	m.t.Helper()
	rows, err := m.db.Query(m.t.Context(), `select regexp_replace(e.url, '.*/', '/') || ' ' || d.event_id from webhooks.deliveries d
		join webhooks.endpoints e on e.id = d.endpoint_id join webhooks.attempts a on a.delivery_id = d.id
		where d.status = 'delivered' and a.error = ''`)
	if err != nil {
		m.t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		m.t.Fatal(err)
	}
	set := make(map[string]bool, len(list))
	for _, d := range list {
		if set[d] {
			m.t.Errorf("%s was recorded as delivered twice", d)
		}
		set[d] = true
	}
	return set
}

const (
	killMerchants = 4
	killPayments  = 125 // of each merchant
	killSequences = 4
)

// prepare makes the endpoints (one for each merchant, two for the first) with a service that is stopped again.
func prepare(t *testing.T) *mortal {
	t.Helper()
	b := natstest.New(t)
	f := &fixture{t: t, bus: b, clock: newClock(), realTime: true, cfg: config(t, pgtest.Database(t, "webhooks", migrations.Files), b.NC.ConnectedUrl())}
	m := &mortal{t: t, cfg: f.cfg, bus: b, sink: newLedgerSink(t)}
	m.cfg.MasterKey = base64.StdEncoding.EncodeToString(make([]byte, 32))
	f.cfg.MasterKey = m.cfg.MasterKey
	f.start()
	for i := range killMerchants {
		f.endpointOf("m_"+strconv.Itoa(i), m.sink.URL+"/"+strconv.Itoa(i), "*")
	}
	f.endpointOf("m_0", m.sink.URL+"/second", "*")
	f.stop()
	var err error
	if m.db, err = pgx.Connect(t.Context(), m.cfg.DatabaseURL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.db.Close(context.Background()) })
	return m
}

// publishAll puts every change of every payment on the stream, the changes of one payment in their order.
func (m *mortal) publishAll() (wanted []string) {
	m.t.Helper()
	f := &fixture{t: m.t, clock: newClock()}
	var list []events.Event
	for sequence := range killSequences {
		for i := range killMerchants * killPayments {
			p := payment()
			p.MerchantId, p.Reference, p.Sequence = "m_"+strconv.Itoa(i%killMerchants), fmt.Sprintf("PAY-20260617-%016X", i), int64(sequence+1)
			e := f.changed("payment.pending_sca", p)
			list = append(list, e)
			wanted = append(wanted, fmt.Sprintf("/%d %s", i%killMerchants, e.ID))
			if i%killMerchants == 0 {
				wanted = append(wanted, "/second "+e.ID)
			}
		}
	}
	for _, e := range list {
		if _, err := m.bus.JS.PublishMsgAsync(e.Message(e.Subject()), jetstream.WithStallWait(30*time.Second)); err != nil {
			m.t.Fatal(err)
		}
	}
	return wanted
}

// TestNothingIsLostOrRepeatedWithoutNeedWhenTheServiceIsKilled kills the service in the middle of its work, three times.
func TestNothingIsLostOrRepeatedWithoutNeedWhenTheServiceIsKilled(t *testing.T) {
	t.Parallel()
	m := prepare(t)
	random := rand.New(rand.NewPCG(20260617, 1)) // a plan that is the same each time
	wanted := m.publishAll()
	const kills = 3
	var recorded []map[string]bool // at each kill
	for life := range kills {
		holdAt := 1 + random.IntN(400)
		m.sink.begin(life, holdAt, holdAt+random.IntN(200))
		p := m.start(life)
		select {
		case <-m.sink.due:
		case <-p.Done():
			t.Fatalf("process %d ended by itself: %v", life, p.Err())
		case <-time.After(time.Minute):
			t.Fatalf("process %d sends too little", life)
		}
		recorded = append(recorded, m.kill(p))
	}
	m.sink.begin(kills, 0, 0)
	p := m.start(kills)
	for before := -1; before < len(wanted); {
		eventually(t, "a further delivery", func() bool {
			n := len(m.delivered())
			further := n > before
			before = max(n, before)
			return further
		})
	}
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	if p.Err() != nil {
		t.Errorf("the last process ended with %v", p.Err())
	}
	m.sink.mu.Lock()
	defer m.sink.mu.Unlock()
	checkNoneLost(t, m.sink.receptions, wanted)
	checkRepetitions(t, m.sink.receptions, recorded)
	checkOrder(t, m.sink.receptions)
	for life, h := range m.sink.held {
		if !slices.ContainsFunc(m.sink.receptions, func(r reception) bool { return r.life > life && r.delivery() == h.delivery() }) {
			t.Errorf("%s was in flight at kill %d and never came again", h.delivery(), life)
		}
	}
}

func checkNoneLost(t *testing.T, receptions []reception, wanted []string) {
	t.Helper()
	got := make(map[string]int)
	for _, r := range receptions {
		got[r.delivery()]++
	}
	for _, w := range wanted {
		if got[w] == 0 {
			t.Errorf("%s never arrived", w)
		}
	}
	if len(got) != len(wanted) {
		t.Errorf("%d deliveries arrived, want %d", len(got), len(wanted))
	}
	t.Logf("%d deliveries, %d receptions", len(got), len(receptions))
}

// checkRepetitions: a process sends everything once, since every answer is a success; and what was recorded when a
// process was dead no later one sends. So whatever came twice was in flight, or answered and not yet recorded.
func checkRepetitions(t *testing.T, receptions []reception, recorded []map[string]bool) {
	t.Helper()
	seen := make(map[reception]bool)
	arrived := make([]map[string]bool, len(recorded)+1)
	for _, r := range receptions {
		if seen[r] {
			t.Errorf("process %d sent %s twice", r.life, r.delivery())
		}
		seen[r] = true
		for life := range r.life {
			if recorded[life][r.delivery()] {
				t.Errorf("%s was recorded at kill %d and came again in life %d", r.delivery(), life, r.life)
			}
		}
		if arrived[r.life] == nil {
			arrived[r.life] = make(map[string]bool)
		}
		arrived[r.life][r.delivery()] = true
	}
	for life, set := range recorded {
		for d := range set {
			if !slices.ContainsFunc(arrived[:life+1], func(a map[string]bool) bool { return a[d] }) {
				t.Errorf("%s was recorded at kill %d and had not arrived", d, life)
			}
		}
	}
}

// checkOrder: a change is not sent before the one before it is recorded, so never an older one after a newer.
func checkOrder(t *testing.T, receptions []reception) {
	t.Helper()
	last := make(map[string]int64)
	for _, r := range receptions {
		lane := r.path + " " + r.reference
		if r.sequence != last[lane] && r.sequence != last[lane]+1 { // the same again is a repetition
			t.Errorf("%s: sequence %d came right after %d", lane, r.sequence, last[lane])
		}
		last[lane] = r.sequence
	}
}

// TestTheLeasesOfADeadProcessAreTakenOverWithinSeconds: what it had in hand goes on long before the minute that a lease may last.
func TestTheLeasesOfADeadProcessAreTakenOverWithinSeconds(t *testing.T) {
	t.Parallel()
	m := prepare(t)
	m.sink.begin(0, 1, 1)
	p := m.start(0)
	f := &fixture{t: t, clock: newClock()}
	pay := payment()
	pay.MerchantId = "m_1"
	e := f.changed("payment.pending_sca", pay)
	if _, err := m.bus.JS.PublishMsg(t.Context(), e.Message(e.Subject())); err != nil {
		t.Fatal(err)
	}
	<-m.sink.due
	m.kill(p)
	m.sink.begin(1, 0, 1)
	heir := m.startAhead(9 * time.Second)
	eventually(t, "it comes again", func() bool { return m.delivered()["/1 "+e.ID] })
	if err := heir.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-heir.Done()
	var left int
	if err := m.db.QueryRow(t.Context(), `select count(*) from webhooks.workers`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d processes are thought to live, %v", left, err)
	}
}
