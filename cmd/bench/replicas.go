package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"european-pay.eu/eupay/cmd/internal/stack"
	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/internal/child"
)

const (
	// pairs is how often two things are measured in turn.
	pairs = 3
	// scaleClients are the connections that create payments, divided among the gateways.
	scaleClients = 32
	// warmUp is how long a load runs before the one that counts: a process that has just started compares secrets, connects and plans.
	warmUp = 2 * time.Second
	// restFor is how long the services are watched at rest.
	restFor = 4 * time.Second
	// scaleTarget is how many times the rate of one replica two should reach when each has a core.
	scaleTarget = 1.6
)

// measureReplicas measures what a second replica of each service adds. The replicas of a set share one core: the first set has core 0, the
// second core 1. PostgreSQL, NATS, the sandbox and the load have no core of their own, because they have none on a machine of two cores
// either: they take from both sets. So beside the rates stands what the sets could do if each had its core to itself, which follows from the
// processor time that the services use at rest and for each payment. It hardly depends on how busy the machine is.
func measureReplicas(ctx context.Context, s settings, dir string, t *table) (err error) {
	if runtime.NumCPU() < 2 {
		return errors.New("two replicas with a core each need two cores")
	}
	t.title("Two replicas of each service", fmt.Sprintf("create payments, %d clients: one set on core 0, then a second on core 1", scaleClients))
	f := &fleet{programs: filepath.Dir(s.Program), dir: dir}
	defer f.stop()
	if err := f.start(ctx); err != nil {
		return err
	}
	var rates, room spread
	for range pairs {
		one, alone := f.measure(ctx, s, t, 1)
		if err := f.join(ctx, 1); err != nil {
			return err
		}
		two, both := f.measure(ctx, s, t, 2)
		f.leave(1)
		if failure := errors.Join(one.failure, two.failure, ctx.Err()); failure != nil {
			return failure
		}
		rates.ratio(one.rate(), two.rate())
		room.ratio(alone.most(1), both.most(2))
	}
	t.row(row{name: "two in terms of one: rate", value: rates.String(), note: "everything on these cores"})
	if len(room) == 0 {
		return errors.New("the processor time of the services is unknown: this needs /proc")
	}
	t.row(row{
		name: "  each with a core", value: room.String(), target: fmt.Sprintf("≥ %.1f", scaleTarget), met: verdict(room.median() >= scaleTarget),
		note: "by the services' processor time",
	})
	return nil
}

// price is what payments cost the services.
type price struct {
	// rest are the cores that they use while nobody calls, each the processor seconds of a payment besides.
	rest, each float64
}

// priceOf separates what a load costs from what is used at rest.
func priceOf(rest, cores, rate float64) price {
	if rate <= 0 {
		return price{}
	}
	return price{rest: rest, each: (cores - rest) / rate}
}

// most returns how many payments per second the services can create with that many cores; 0 if it is unknown.
func (p price) most(cores float64) float64 {
	if p.each <= 0 {
		return 0
	}
	return (cores - p.rest) / p.each
}

// fleet is EU Pay in separate processes: one set of the services, and sometimes a second.
type fleet struct {
	programs, dir string
	sys           system.System
	ports         [2]system.Ports
	endPostgres   func()
	ground        []*child.Process
	sets          [2][]*child.Process
}

// start starts everything with one set.
func (f *fleet) start(ctx context.Context) error {
	var err error
	for i := range f.ports {
		if f.ports[i], err = system.Prefer(system.Ports{}, system.Ports{}); err != nil {
			return err
		}
	}
	if f.sys, err = system.Load(f.dir, f.ports[0]); err != nil {
		return err
	}
	f.sys.Extra = make(map[string]string)
	for _, setting := range benchEnv {
		if name, value, _ := strings.Cut(setting, "="); strings.HasPrefix(name, "EUPAY_PAYMENTS") || name == "EUPAY_TRUSTED_PROXIES" {
			f.sys.Extra[name] = value
		}
	}
	log := slog.New(slog.DiscardHandler)
	postgres, err := stack.PrivatePostgres(ctx, stack.Options{Dir: f.dir, Log: log, Say: func(string, ...any) {}}, f.sys.Ports.Postgres)
	if err != nil {
		return err
	}
	f.endPostgres, f.sys.DatabaseURL = postgres.Stop, postgres.URL
	if err := f.sys.PrepareDatabase(ctx); err != nil {
		return err
	}
	for _, p := range []struct {
		args []string
		env  map[string]string
	}{{[]string{"eupay-dev", "nats"}, f.sys.NATSEnv(f.dir)}, {[]string{"eupay-sandbox"}, f.sys.SandboxEnv(f.dir)}} {
		process, err := f.launch(p.env, exec.Command(filepath.Join(f.programs, p.args[0]), p.args[1:]...))
		if err != nil {
			return err
		}
		f.ground = append(f.ground, process)
	}
	if err := f.join(ctx, 0); err != nil {
		return err
	}
	return stack.Seed(ctx, f.sys, 100_000_000, log)
}

// join starts a set of the services on the core of its number.
func (f *fleet) join(ctx context.Context, set int) error {
	sys := f.sys
	sys.Ports.HTTP, sys.Ports.Pages, sys.Ports.GRPC, sys.Ports.Management = f.ports[set].HTTP, f.ports[set].Pages, f.ports[set].GRPC, f.ports[set].Management
	for _, name := range system.Names {
		// The program takes taskset's place, so that it is our child.
		p, err := f.launch(sys.Env(name), exec.Command("taskset", "-c", fmt.Sprint(set), filepath.Join(f.programs, name)))
		if err != nil {
			return err
		}
		f.sets[set] = append(f.sets[set], p)
	}
	for _, name := range system.Names {
		if err := sys.WaitReady(ctx, name, nil); err != nil {
			said, readErr := os.ReadFile(filepath.Join(f.dir, "fleet.log"))
			return errors.Join(err, readErr, fmt.Errorf("the log ends with %s", said[max(0, len(said)-2000):]))
		}
	}
	return nil
}

func (f *fleet) launch(env map[string]string, cmd *exec.Cmd) (*child.Process, error) {
	out, err := os.OpenFile(filepath.Join(f.dir, "fleet.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the programs' log: %w", err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "EUPAY_") })
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return child.Start(cmd, syscall.SIGTERM)
}

// leave stops a set.
func (f *fleet) leave(set int) {
	end(f.sets[set])
	f.sets[set] = nil
}

func (f *fleet) stop() {
	f.leave(1)
	f.leave(0)
	end(f.ground)
	if f.endPostgres != nil {
		f.endPostgres()
	}
}

// end tells processes to stop, and waits for them.
func end(all []*child.Process) {
	for _, p := range all {
		if err := p.Signal(syscall.SIGTERM); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	for _, p := range all {
		select {
		case <-p.Done():
		case <-time.After(stopLimit):
			if err := p.Signal(syscall.SIGKILL); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
			<-p.Done()
		}
	}
}

// measure creates payments at the gateways of so many sets, and returns what they cost the services too.
func (f *fleet) measure(ctx context.Context, s settings, t *table, sets int) (*result, price) {
	vars := make(map[string]string)
	for _, kv := range f.sys.Demo() {
		vars[kv[0]] = kv[1]
	}
	var hosts []string
	for _, ports := range f.ports[:sets] {
		hosts = append(hosts, system.Loopback(ports.HTTP))
	}
	b := &bench{settings: s, system: &program{host: hosts[0], vars: vars, pid: os.Getpid()}, table: t}
	run := func(duration time.Duration) *result {
		l := b.load(b.create("SCALE", &keeper{}))
		l.also, l.duration = hosts[1:], duration
		return l.closed(ctx, scaleClients)
	}
	run(warmUp)
	r := undisturbed(func() *result { return run(s.each()) })
	if !reach(ctx, time.Now().Add(settled)) {
		return r, price{}
	}
	before := usageOf(os.Getpid())
	reach(ctx, time.Now().Add(restFor))
	p := priceOf(usageOf(os.Getpid()).since(before).services(), r.cpu.services(), r.rate())
	t.figure(figure{
		name: fmt.Sprintf("replicas of each: %d", sets), r: r,
		limit: fmt.Sprintf("the services: %.2f cores at rest, %.2f ms for each payment, so at most %.0f/s", p.rest, 1000*p.each, p.most(float64(sets))),
	})
	return r, p
}

// services returns the cores that the services used.
func (s shares) services() (cores float64) {
	for name := range maps.Keys(s) {
		if slices.Contains(system.Names, name) {
			cores += s[name]
		}
	}
	return cores
}
