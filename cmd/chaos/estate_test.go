package chaos

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/cmd/internal/stack"
	"european-pay.eu/eupay/cmd/internal/system"
)

// estate is EU Pay as a cluster has it: two replicas of each service, three brokers, two databases, and a front before each of them, before
// the bank and before the platform.
type estate struct {
	*world
	databases *pair
	brokers   *brokers

	web, bank, platform *front
	calls               map[string]*front          // gRPC, by service
	replicas            [replicaCount]system.Ports // where each replica really listens
	// unanswered counts the requests to the REST API that got no answer, or a server's failure, by what went on.
	unanswered *tally

	bin string
}

const replicaCount = 2

// processOf is the name of the process of a service.
func processOf(service string, i int) string { return fmt.Sprint(service, " ", i+1) }

func newEstate(t *testing.T) *estate {
	t.Helper()
	// What is measured is what is delivered: without the race detector.
	bin, err := compile("european-pay.eu/eupay/cmd/eupayctl", "github.com/nats-io/nats-server/v2")
	if err != nil {
		t.Fatal(err)
	}
	e := &estate{world: newWorld(t, bin, quick), bin: bin, calls: make(map[string]*front), unanswered: newTally()}
	e.observe = e.unanswered.observe
	e.sys.Extra = maps.Clone(quick)
	maps.Copy(e.sys.Extra, map[string]string{"EUPAY_NATS_REPLICAS": strconv.Itoa(brokerCount), "EUPAY_DATABASE_CONNS": "8"})
	real := e.sys.Ports
	e.replicas[0] = real
	for i := 1; i < replicaCount; i++ {
		e.replicas[i] = must(system.Prefer(system.Ports{}, system.Ports{}))
	}
	e.web = e.before(system.Gateway, func(p system.Ports) int { return p.HTTP })
	e.sys.Ports.HTTP = e.web.port()
	e.sys.Ports.GRPC = make(map[string]int)
	for service := range real.GRPC {
		e.calls[service] = e.before(service, func(p system.Ports) int { return p.GRPC[service] })
		e.sys.Ports.GRPC[service] = e.calls[service].port()
	}
	e.bank = newFront(t, nil, system.Loopback(real.Bank))
	e.platform = newFront(t, nil, system.Loopback(real.Invoicing))
	e.sys.Ports.Bank, e.sys.Ports.Invoicing = e.bank.port(), e.platform.port()
	t.Cleanup(e.stop)
	e.start()
	return e
}

func (e *estate) binaries() string { return e.bin }

// before makes the front before the replicas of a service, which sends to those that are ready.
func (e *estate) before(service string, port func(system.Ports) int) *front {
	pages, servers := make(map[string]string), []string{}
	for _, ports := range e.replicas {
		server := system.Loopback(port(ports))
		servers = append(servers, server)
		pages[server] = "http://" + system.Loopback(ports.Management[service]) + "/readyz"
	}
	return newFront(e.t, answers(pages), servers...)
}

// start brings everything up and makes the demo accounts.
func (e *estate) start() {
	t := e.t
	t.Helper()
	e.databases = newPair(t, e.dir)
	e.sys.DatabaseURL = e.databases.now().URL
	if err := e.sys.PrepareDatabase(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.databases.follow()
	e.sys.DatabaseURL = e.databases.url()
	e.brokers = newBrokers(t, e.world)
	e.sys.Ports.NATS = e.brokers.fronts[0].port()
	for i := range brokerCount {
		e.spawnBroker(i)
	}
	e.spawnSandbox()
	for _, service := range system.Names {
		for i := range replicaCount {
			e.spawnReplica(service, i)
		}
	}
	e.settled()
	sys := e.sys
	sys.Ports.GRPC = maps.Clone(sys.Ports.GRPC)
	sys.Extra = maps.Clone(sys.Extra)
	if err := stack.Seed(t.Context(), sys, 1_000_000, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
}

// spawnReplica starts a replica of a service: it reaches everybody else through the fronts.
func (e *estate) spawnReplica(service string, i int) {
	ports := e.replicas[i]
	env := e.sys.Env(service)
	env["EUPAY_NATS_URL"] = e.brokers.url()
	env["EUPAY_MANAGEMENT_ADDR"] = system.Loopback(ports.Management[service])
	switch service {
	case system.Portal:
		env["EUPAY_HTTP_ADDR"] = system.Loopback(ports.Pages)
	case system.Gateway:
		env["EUPAY_HTTP_ADDR"] = system.Loopback(ports.HTTP)
	}
	if service != system.Portal {
		env["EUPAY_GRPC_ADDR"] = system.Loopback(ports.GRPC[service])
	}
	e.launch(processOf(service, i), exec.Command(filepath.Join(e.bin, service)), env)
}

// spawnSandbox starts the bank and the platform.
func (e *estate) spawnSandbox() {
	env := maps.Clone(quickSandbox)
	maps.Copy(env, e.sys.SandboxEnv(e.dir))
	env["EUPAY_SANDBOX_ADDR"] = e.bank.servers[0]
	env["EUPAY_SANDBOX_EINVOICING_ADDR"] = e.platform.servers[0]
	e.launch(sandbox, exec.Command(filepath.Join(e.bin, sandbox)), env)
}

// settledLimit bounds how long everything may take to be up again.
const settledLimit = 90 * time.Second

// settled waits until every replica is ready and the brokers are whole again.
func (e *estate) settled() {
	e.t.Helper()
	limit, cancel := context.WithTimeout(e.t.Context(), settledLimit)
	defer cancel()
	for _, service := range system.Names {
		for i, ports := range e.replicas {
			at := ports.Management[service]
			page := map[string]string{"": "http://" + system.Loopback(at) + "/readyz"}
			ready := answers(page)
			if !until(limit, rest, func() bool { return ready(limit, "") }) {
				e.t.Errorf("%s is not ready\n%s", processOf(service, i), e.log(processOf(service, i)))
			}
		}
	}
	if !until(limit, rest, e.brokersWhole) {
		e.t.Error("the brokers are not whole")
	}
}

// bothReplicas returns the names of the processes of a service.
func bothReplicas(service string) (names []string) {
	for i := range replicaCount {
		names = append(names, processOf(service, i))
	}
	return names
}

// leads returns the number of the replica that does a service's job; false: nobody does.
func (e *estate) leads(service, job string) (int, bool) {
	db, err := e.databases.connect(e.t.Context())
	if err != nil {
		return 0, false
	}
	defer db.Close(e.t.Context())
	var holder string
	if db.QueryRow(e.t.Context(), `select holder from `+service+`.leadership where job = $1 and expires_at > clock_timestamp()`, job).Scan(&holder) != nil {
		return 0, false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, name := range bothReplicas(service) {
		if strings.Contains(holder, fmt.Sprint("/", e.pids[name], "/")) {
			return i, true
		}
	}
	return 0, false
}

// operate runs eupayctl and returns what it says.
func (e *estate) operate(args ...string) (string, error) {
	cmd := exec.CommandContext(e.t.Context(), filepath.Join(e.bin, "eupayctl"), args...)
	for _, kv := range e.sys.Demo() {
		cmd.Env = append(cmd.Env, kv[0]+"="+kv[1])
	}
	u := must(url.Parse(e.databases.now().URL))
	cmd.Env = append(cmd.Env, "PATH=/usr/bin:/bin", "EUPAY_DATABASE_URL="+u.String(), "EUPAY_NATS_URL=nats://"+e.brokers.clients[0], "EUPAY_NATS_REPLICAS=3")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// inner are the fronts between the parts of EU Pay.
func (e *estate) inner() (all []*front) {
	all = append(append(all, e.databases.fronts[:]...), e.brokers.fronts[:]...)
	for _, f := range e.calls {
		all = append(all, f)
	}
	return all
}

// restartPayments kills both replicas and lets their leases end.
func (e *estate) restartPayments() {
	for _, name := range bothReplicas(system.Payments) {
		e.end(name)
	}
	e.passTime()
	for i := range replicaCount {
		e.spawnReplica(system.Payments, i)
	}
}
