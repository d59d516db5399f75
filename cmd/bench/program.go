package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/internal/child"
	eupay "european-pay.eu/eupay/sdk/go"
)

const (
	startLimit = 2 * time.Minute
	stopLimit  = 30 * time.Second
	// settled is how long a started system needs to become idle.
	settled = 2 * time.Second

	startTarget  = 3 * time.Second
	memoryTarget = 150
)

// benchEnv are the settings that differ from a usual run. The demo's key has a limit that no load reaches; payments are not
// polled during the run, because that would be measured too; clients are distinguished by X-Forwarded-For, as behind a proxy,
// because the public status permits 30 calls per minute to each.
var benchEnv = []string{
	"PORT=0", "EUPAY_DEMO_RATE=100000000", "EUPAY_PAYMENTS_QUIET_FIRST=1h", "EUPAY_PAYMENTS_QUIET_MAX=2h", "EUPAY_TRUSTED_PROXIES=127.0.0.1/32",
}

// program is the system under load, in its own processes.
type program struct {
	pid     int
	process *child.Process
	host    string // of the gateway
	vars    map[string]string
}

// started starts the system twice: on an empty folder, which also creates the database, and then on the existing folder.
func started(ctx context.Context, s settings, dir string, t *table) (*program, error) {
	t.title("Start", "command → first answered request")
	var p *program
	for _, name := range []string{"start on an empty folder", "start on an existing one"} {
		if p != nil {
			p.stop()
		}
		begin := time.Now()
		var err error
		if p, err = start(ctx, s.Program, dir); err != nil {
			return nil, err
		}
		took := time.Since(begin)
		t.row(row{name: name, value: millis(took), target: "< 3 s", met: verdict(took < startTarget)})
	}
	select {
	case <-ctx.Done():
		p.stop()
		return nil, context.Cause(ctx)
	case <-time.After(settled):
	}
	mb := p.memory()
	t.row(row{name: "idle memory beside PostgreSQL", value: fmt.Sprintf("%d MB", mb), target: "< 150 MB", met: verdict(mb < memoryTarget)})
	return p, nil
}

// start starts the system on a folder. more are settings besides those of every run.
func start(ctx context.Context, path, dir string, more ...string) (*program, error) {
	out, err := os.OpenFile(filepath.Join(dir, "bench-output.log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the program's output: %w", err)
	}
	defer out.Close()
	cmd := exec.Command(path)
	cmd.Env = append(os.Environ(), slices.Concat([]string{"EUPAY_RUN_DIR=" + dir}, benchEnv, more)...)
	cmd.Stdout, cmd.Stderr = out, out
	process, err := child.Start(cmd, syscall.SIGTERM)
	if err != nil {
		return nil, err
	}
	p := &program{pid: cmd.Process.Pid, process: process}
	if err := p.await(ctx, dir); err != nil {
		p.stop()
		said, readErr := os.ReadFile(out.Name())
		return nil, errors.Join(fmt.Errorf("start %s: %w\n%s", path, err, said), readErr)
	}
	return p, nil
}

// await returns when the first request is answered.
func (p *program) await(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		vars, err := system.ReadDemoEnv(dir)
		if err == nil && vars["EUPAY_DATABASE_URL"] != "" {
			p.vars = vars
			return p.firstRequest()
		}
		select {
		case <-p.process.Done():
			return errors.New("it ended")
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func (p *program) firstRequest() error {
	u, err := url.Parse(p.vars["EUPAY_URL"])
	if err != nil {
		return fmt.Errorf("read EUPAY_URL: %w", err)
	}
	p.host = u.Host
	c := &conn{host: p.host}
	defer c.close()
	return c.expect(p.get("/gateway/payments?limit=1", ""))
}

func (p *program) stop() {
	if err := p.process.Signal(syscall.SIGTERM); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	select {
	case <-p.process.Done():
	case <-time.After(stopLimit):
		fmt.Fprintln(os.Stderr, "the system does not stop; it is killed")
		if err := p.process.Signal(syscall.SIGKILL); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		<-p.process.Done()
	}
}

// client calls the API outside of measurements.
func (p *program) client() *eupay.Client {
	return eupay.New(p.vars["EUPAY_API_KEY"], eupay.Secret(p.vars["EUPAY_API_SECRET"]), eupay.Options{BaseURL: p.vars["EUPAY_URL"]})
}

// signedIn calls the API as the merchant's owner, for what takes a login.
func (p *program) signedIn(ctx context.Context) (*eupay.Client, error) {
	client := p.client()
	in, err := client.Auth.Login(ctx, eupay.Credentials{
		Email: p.vars["EUPAY_MERCHANT_EMAIL"], Password: eupay.Secret(p.vars["EUPAY_MERCHANT_PASSWORD"]),
	})
	if err != nil {
		return nil, err
	}
	return client.WithToken(in.Token), nil
}

// get makes an authenticated GET of the API.
func (p *program) get(path, header string) []byte { return p.request("GET", path, header, "") }

func (p *program) request(method, path, header, body string) []byte {
	return p.plain(method, path, p.key()+header, body)
}

// key are the headers with the demo's key.
func (p *program) key() string {
	return keyHeaders(p.vars["EUPAY_API_KEY"], p.vars["EUPAY_API_SECRET"])
}

func keyHeaders(public, secret string) string {
	return fmt.Sprintf("X-Api-Key: %s\r\nX-Api-Secret: %s\r\n", public, secret)
}

// plain builds a request of the API with only the given headers.
func (p *program) plain(method, path, header, body string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s /api/v1%s HTTP/1.1\r\nHost: %s\r\n%s", method, path, p.host, header)
	if body != "" {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n")
	b.WriteString(body)
	return []byte(b.String())
}
