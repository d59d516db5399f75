package chaos

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"european-pay.eu/eupay/cmd/internal/roles"
	"european-pay.eu/eupay/cmd/internal/stack"
	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/internal/child"
	"european-pay.eu/eupay/internal/pgserver"
)

// The processes that can be killed, beside the services. The sandbox is the bank and the e-invoicing platform.
const (
	nats     = "nats"
	sandbox  = "eupay-sandbox"
	postgres = "postgres"
)

// world is a whole EU Pay, every part a process of its own.
type world struct {
	t   *testing.T
	sys system.System
	dir string
	// programs is the folder of the programs.
	programs string

	mu        sync.Mutex
	processes map[string]*child.Process
	pids      map[string]int
	database  *pgserver.Server

	// observe, if any, sees the requests of all clients; fails, if any, decides how receivers of webhooks fail.
	observe func(http.RoundTripper) http.RoundTripper
	fails   func() receiverFault
}

// quick are settings that shorten what a real platform waits for, so that the test does not.
var quick = map[string]string{
	"EUPAY_POWENS_TEST_CALL_TIMEOUT": "2s", "EUPAY_PAYMENTS_LEASE": "5s", "EUPAY_PAYMENTS_LOOKUP_WINDOW": "8s",
	"EUPAY_PAYMENTS_QUIET_FIRST": "1s", "EUPAY_PAYMENTS_QUIET_MAX": "4s", "EUPAY_CREATE_DEADLINE": "4s",
	"EUPAY_WEBHOOK_TIMEOUT": "2s", "EUPAY_WEBHOOK_SCHEDULE": "0s,1s,1s,2s,2s,4s,4s,8s", "EUPAY_LOG_LEVEL": "info",
	"EUPAY_SEQINO_TEST_CALL_TIMEOUT": "2s", "EUPAY_EINVOICE_LEASE": "5s", "EUPAY_BCRYPT_COST": "4", "EUPAY_PAYMENTS_SETTLEMENT_POLL": "1s",
	"EUPAY_USER_READS": "100000", "EUPAY_USER_WRITES": "100000", "EUPAY_MERCHANT_READS": "100000", "EUPAY_MERCHANT_WRITES": "100000",
}

// quickSandbox does the same for the outside world.
var quickSandbox = map[string]string{
	"EUPAY_SANDBOX_WEBHOOK_RETRY": "500ms", "EUPAY_SANDBOX_EINVOICING_WEBHOOK_RETRY": "500ms", "EUPAY_SANDBOX_EINVOICING_TRANSMIT_AFTER": "200ms",
	"EUPAY_SANDBOX_EINVOICING_RECEIVE_AFTER": "200ms", "EUPAY_SANDBOX_EINVOICING_AVAILABLE_AFTER": "200ms",
}

// programs is the folder with every program, built once for all worlds. The services run with the race detector as well: a killed
// neighbour is when unusual paths are taken.
var programs = sync.OnceValues(func() (string, error) { return compile("-race") })

// compile builds every program with these flags, and returns the folder of them.
func compile(flags ...string) (string, error) {
	dir, err := os.MkdirTemp("", "eupay-chaos-bin-")
	if err != nil {
		return "", err
	}
	built = append(built, dir)
	args := append([]string{"build", "-o", dir + "/"}, flags...)
	args = append(args, "european-pay.eu/eupay/cmd/eupay-dev", "european-pay.eu/eupay/sandbox/cmd/eupay-sandbox")
	for _, service := range roles.Services() {
		args = append(args, "european-pay.eu/eupay/services/"+service+"/cmd/"+service)
	}
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return dir, nil
}

// built are the folders that compile made, to be removed in the end. Tests do not run in parallel here.
var built []string

func TestMain(m *testing.M) {
	status := m.Run()
	for _, dir := range built {
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	}
	os.Exit(status)
}

// build makes a world of this tree's programs.
func build(t *testing.T) *world {
	t.Helper()
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	return newWorld(t, bin, quick)
}

// newWorld describes a world of the programs in a folder; extra are settings of its services. Nothing runs yet.
func newWorld(t *testing.T, bin string, extra map[string]string) *world {
	t.Helper()
	dir, err := pgserver.TempDir("eupay-chaos-") // PostgreSQL's user cannot reach a t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, dir: dir, programs: bin, processes: make(map[string]*child.Process), pids: make(map[string]int)}
	ports, err := system.Prefer(system.Ports{}, system.Ports{})
	if err != nil {
		t.Fatal(err)
	}
	if w.sys, err = system.Load(dir, ports); err != nil {
		t.Fatal(err)
	}
	w.sys.Extra = extra
	return w
}

// start brings everything up and makes the demo accounts.
func (w *world) start() {
	w.t.Helper()
	w.startGround()
	for _, name := range system.Names {
		w.spawn(name)
	}
	w.allReady()
	if err := stack.Seed(w.t.Context(), w.sys, 1_000_000, slog.New(slog.DiscardHandler)); err != nil {
		w.t.Fatal(err)
	}
}

// startGround brings up what the services stand on.
func (w *world) startGround() {
	w.t.Helper()
	w.t.Cleanup(w.stop)
	w.startPostgres()
	w.sys.DatabaseURL = w.database.URL // the same after every restart
	if err := w.sys.PrepareDatabase(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.spawn(nats)
	w.spawn(sandbox)
}

func (w *world) startPostgres() {
	w.t.Helper()
	o := stack.Options{Dir: w.dir, Log: slog.New(slog.DiscardHandler), Say: func(string, ...any) {}}
	srv, err := stack.PrivatePostgres(w.t.Context(), o, w.sys.Ports.Postgres)
	if err != nil {
		w.t.Fatal(err)
	}
	w.database = srv
}

func (w *world) env(name string) map[string]string {
	switch name {
	case nats:
		return w.sys.NATSEnv(w.dir)
	case sandbox:
		env := maps.Clone(quickSandbox)
		maps.Copy(env, w.sys.SandboxEnv(w.dir))
		return env
	default:
		return w.sys.Env(name)
	}
}

func (w *world) spawn(name string) { w.spawnAs(name, exec.Command, name) }

// spawnAs starts a program, by command, under a name of its own.
func (w *world) spawnAs(name string, command func(string, ...string) *exec.Cmd, program string) {
	w.t.Helper()
	cmd := command(filepath.Join(w.programs, program))
	if program == nats {
		cmd = command(filepath.Join(w.programs, "eupay-dev"), nats)
	}
	w.launch(name, cmd, w.env(program))
}

// launch starts a program with these settings and none of our own, and keeps what it says in a log under its name.
func (w *world) launch(name string, cmd *exec.Cmd, env map[string]string) {
	w.t.Helper()
	out, err := os.OpenFile(filepath.Join(w.dir, name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		w.t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "EUPAY_") })
	for k, v := range env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	w.startProcess(name, cmd)
}

// startProcess starts a process that is killed at the end of the test at the latest.
func (w *world) startProcess(name string, cmd *exec.Cmd) {
	w.t.Helper()
	p, err := child.Start(cmd, syscall.SIGKILL)
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	w.processes[name], w.pids[name] = p, cmd.Process.Pid
	w.mu.Unlock()
}

func (w *world) ready(name string) {
	w.t.Helper()
	if err := w.sys.WaitReady(w.t.Context(), name, nil); err != nil {
		w.t.Fatalf("%v\n%s", err, w.log(name))
	}
}

// allReady waits until every service can work and the outside world answers.
func (w *world) allReady() {
	w.t.Helper()
	for _, name := range system.Names {
		w.ready(name)
	}
	limit, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	c := newClient(w.t, w)
	for _, url := range []string{w.sys.BankManagementURL(), w.sys.InvoicingManagementURL()} {
		if !until(limit, pause, func() bool { return c.request(limit, http.MethodGet, url+"/healthz", nil, nil) == http.StatusOK }) {
			w.t.Fatalf("the sandbox does not answer\n%s", w.log(sandbox))
		}
	}
}

// kill ends a process as a crash would, brings it back and waits until it is ready. What is to happen meanwhile happens while it is away.
func (w *world) kill(name string, meanwhile ...func()) {
	w.t.Helper()
	w.t.Logf("kill %s", name)
	if name == postgres {
		w.database.Kill()
		w.startPostgres()
	} else {
		w.end(name)
		for _, do := range meanwhile {
			do()
		}
		w.spawn(name)
	}
	w.allReady()
	w.t.Logf("%s is back", name)
}

// end kills a process and waits until it is gone.
func (w *world) end(name string) {
	w.t.Helper()
	<-w.signal(name, syscall.SIGKILL).Done()
}

func (w *world) signal(name string, sig syscall.Signal) *child.Process {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.processes[name]
	if err := p.Signal(sig); err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.processes {
		if err := p.Signal(syscall.SIGKILL); err != nil {
			w.t.Error(err)
		}
		<-p.Done()
	}
	if w.database != nil {
		w.database.Stop()
	}
	w.noRaces()
}

// broken is what a process says that is wrong in itself.
var broken = regexp.MustCompile(`(?m)^(WARNING: DATA RACE|panic: |fatal error: )|panicked`)

// noRaces reads what the race detector and panics said: whoever is killed has no exit status to say it with.
func (w *world) noRaces() {
	logs, err := filepath.Glob(filepath.Join(w.dir, "*.log"))
	if err != nil {
		w.t.Error(err)
	}
	for _, path := range logs {
		text, err := os.ReadFile(path)
		if err != nil {
			w.t.Error(err)
		}
		if at := broken.FindIndex(text); at != nil {
			w.t.Errorf("%s:\n%s", filepath.Base(path), text[at[0]:min(len(text), at[0]+4000)])
		}
	}
}

// log is the end of a process's log.
func (w *world) log(name string) string {
	content, err := os.ReadFile(filepath.Join(w.dir, name+".log"))
	if err != nil {
		return err.Error()
	}
	return string(content[max(0, len(content)-4000):])
}

// until asks ok again and again until it says yes or ctx ends, and reports whether it said yes.
func until(ctx context.Context, every func() <-chan struct{}, ok func() bool) bool {
	for !ok() {
		select {
		case <-ctx.Done():
			return false
		case <-every():
		}
	}
	return true
}
