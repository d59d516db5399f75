package chaos

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/bus"
	gatewayv1 "european-pay.eu/eupay/proto/eupay/gateway/v1"
)

// asShipped are the settings of an upgrade: those that ship, but for limits that the traffic of one merchant would reach. A webhook that
// is answered late is repeated for a reason; on a busy machine that needs more time.
var asShipped = map[string]string{
	"EUPAY_LOG_LEVEL": "info", "EUPAY_BCRYPT_COST": "4", "EUPAY_DATABASE_CONNS": "7", "EUPAY_WEBHOOK_TIMEOUT": "30s",
	"EUPAY_USER_READS": "100000", "EUPAY_USER_WRITES": "100000", "EUPAY_MERCHANT_READS": "100000", "EUPAY_MERCHANT_WRITES": "100000",
}

// bankTakes is how many milliseconds the bank takes to answer, so that replicas are stopped while they wait for it.
const bankTakes = 300

// replicasOfEach is as many as in deploy/k8s.
const replicasOfEach = 2

// TestNobodyNoticesAnUpgradeNorItsRollback replaces each replica of each service by one of this tree while merchants use the API, and then
// each by one of the version before, in the opposite order, as after a release that turned out to be bad. The replicas before it are of the
// version in the folder EUPAY_UPGRADE_BASE, so the first new replica of a service migrates the schema under the old ones, and after the
// rollback the old ones work with the new schema and on what the new ones have written. No request may fail, no webhook may come twice,
// and all books must agree.
func TestNobodyNoticesAnUpgradeNorItsRollback(t *testing.T) {
	base := os.Getenv("EUPAY_UPGRADE_BASE")
	if base == "" {
		t.Skip("NOT TESTED: EUPAY_UPGRADE_BASE does not name the folder with the programs of the version before. Run make upgrade-exercise")
	}
	fresh, err := compile()
	if err != nil {
		t.Fatal(err)
	}
	c := newCluster(t, newWorld(t, fresh, asShipped))
	for _, service := range system.Names {
		for range replicasOfEach {
			c.join(base, service)
		}
	}
	c.firstAdmin()
	before := c.schemas()

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	m := newCustomers(t, c.world)
	if status := m.request(ctx, http.MethodPut, c.sys.BankManagementURL()+"/latency", object{"ms": bankTakes}, nil); status != http.StatusOK {
		t.Fatalf("the bank's latency: %d", status)
	}
	var upgraded map[string]int64
	m.use(ctx, func() {
		m.goOn(ctx)
		m.replaceAll(ctx, c, fresh, system.Names, "to ")
		m.enter("upgraded")
		m.goOn(ctx)
		upgraded = c.schemas()
		backwards := slices.Clone(system.Names)
		slices.Reverse(backwards)
		m.replaceAll(ctx, c, base, backwards, "back ")
		m.enter("rolled back")
		m.goOn(ctx)
	})
	m.report(ctx)
	if again := m.portal.heardAgain.Load(); again > 0 {
		t.Errorf("%d webhooks came again, though each was answered with 200", again)
	}
	if given := must(must(c.broker().Stream(t.Context(), bus.DeadLetter)).Info(t.Context())).State.Msgs; given > 0 {
		t.Errorf("%d messages were given up", given)
	}
	for service, version := range c.schemas() {
		if version != before[service] {
			t.Logf("the schema of %s went from %d to %d", service, before[service], version)
		}
		if version != upgraded[service] {
			t.Errorf("the schema of %s went back from %d to %d: migrations go forward only", service, upgraded[service], version)
		}
	}
	began := time.Now()
	m.compareBooks(ctx, t)
	t.Logf("%d payments were compared in %s", len(m.sales), time.Since(began).Round(time.Second))
}

// replaceAll replaces each replica of the services by one of the programs in a folder. way names it in the report.
func (m *customers) replaceAll(ctx context.Context, c *cluster, programs string, services []string, way string) {
	for _, service := range services {
		for range replicasOfEach {
			m.enter(way + service)
			c.join(programs, service)
			m.goOn(ctx) // of both versions
			c.leave(service)
		}
	}
}

// firstAdmin makes the admin who enables merchants, as an operator does.
func (c *cluster) firstAdmin() {
	c.t.Helper()
	who, err := c.sys.As(identity.Operator)
	if err != nil {
		c.t.Fatal(err)
	}
	conn, err := boot.Dial(who, identity.Gateway, system.Loopback(c.sys.Ports.GRPC[system.Gateway]))
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close()
	request := &gatewayv1.CreateAdminRequest{Email: system.AdminEmail, Password: c.sys.Secrets.AdminLogin}
	if _, err := gatewayv1.NewOperatorServiceClient(conn).CreateAdmin(c.t.Context(), request); err != nil {
		c.t.Fatal(err)
	}
}

// schemas are the versions of the services' schemas.
func (w *world) schemas() map[string]int64 {
	w.t.Helper()
	db, err := pgx.Connect(w.t.Context(), w.sys.DatabaseURL)
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close(w.t.Context())
	versions := make(map[string]int64)
	for _, service := range system.Names {
		var version int64
		if err := db.QueryRow(w.t.Context(), `select max(version_id) from `+service+`.goose_db_version`).Scan(&version); err != nil {
			w.t.Fatal(err)
		}
		versions[service] = version
	}
	return versions
}

// compareBooks waits until REST, bank and webhooks agree on everything that was promised.
func (m *customers) compareBooks(ctx context.Context, t *testing.T) {
	t.Helper()
	limit, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	m.mu.Lock()
	sales := slices.Collect(maps.Values(m.sales))
	m.mu.Unlock()
	agree(limit, t, sales, m.differences)
	for _, problem := range m.toldTwice() {
		t.Error(problem)
	}
}

// toldTwice lists the changes of payments of which more than one webhook told.
func (m *customers) toldTwice() (wrong []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for what, ids := range m.told {
		if len(ids) > 1 {
			wrong = append(wrong, fmt.Sprintf("%s was told under %d ids: %v", what, len(ids), ids))
		}
	}
	return wrong
}

// differences tells where the books disagree on a sale.
func (m *customers) differences(ctx context.Context, s *deed) (wrong []string) {
	m.mu.Lock()
	refund, told := s.refund, maps.Clone(s.told)
	m.mu.Unlock()
	status, events := "completed", map[string]int{"payment.completed": 1}
	if refund != "" {
		status = "refunded"
		events["payment.refunded"] = 1
		wrong = append(wrong, m.disagree(ctx, refund, "completed")...)
	}
	wrong = append(wrong, m.disagree(ctx, s.reference, status)...)
	for _, final := range []string{"payment.completed", "payment.refunded", "payment.failed", "payment.cancelled"} {
		if told[final] != events[final] {
			wrong = append(wrong, fmt.Sprintf("%s: %s was told %d times", s.reference, final, told[final]))
		}
	}
	return wrong
}

// disagree compares the status at REST with what has to be, and with the bank, where the money must have moved once.
func (m *customers) disagree(ctx context.Context, reference, status string) []string {
	bank, faulty := moneyAt(m.atTheBank(ctx, reference))
	var rest answer
	code := m.call(ctx, http.MethodGet, "/gateway/payments/"+reference, nil, &rest)
	if faulty == "" && bank.State == "done" && code == http.StatusOK && rest.Data.Status == status {
		return nil
	}
	return []string{fmt.Sprintf("%s: REST answers %d and says %s, the bank says %s %s", reference, code, rest.Data.Status, bank.State, faulty)}
}
