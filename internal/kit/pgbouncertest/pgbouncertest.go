// Package pgbouncertest starts a real PgBouncer before the PostgreSQL of a test.
package pgbouncertest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/freeport"
)

// Options of a PgBouncer.
type Options struct {
	// Server is the URL of the PostgreSQL.
	Server string
	// Passwords of the roles that may sign in. They also sign in to the server.
	Passwords map[string]string
	// Mode is transaction or session.
	Mode string
	// Ignore are startup parameters that are accepted and dropped.
	Ignore string
	// PoolSize is how many connections of the server a role uses at most.
	PoolSize int
}

// nobody is an identity without rights: PgBouncer refuses to run as root.
const nobody = 65534

// startLimit is how long PgBouncer may need to answer.
const startLimit = 20 * time.Second

// Start starts a PgBouncer and returns its address. It ends with the test.
func Start(t testing.TB, o Options) (address string) {
	t.Helper()
	bin, err := exec.LookPath("pgbouncer")
	if err != nil {
		t.Fatal("pgbouncer is not installed: apt-get install pgbouncer")
	}
	port, err := freeport.Find()
	if err != nil {
		t.Fatal(err)
	}
	address = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	cmd := exec.Command(bin, configure(t, o, port))
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	awaitPort(t, address)
	return address
}

// configure writes the files of PgBouncer into a folder that it may read.
func configure(t testing.TB, o Options, port int) string {
	t.Helper()
	u, err := url.Parse(o.Server)
	if err != nil {
		t.Fatal("the server's URL is none")
	}
	dir, err := os.MkdirTemp("/tmp", "pgbouncer-") //nolint:usetesting // another identity must reach it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	var users strings.Builder
	for name, password := range o.Passwords {
		fmt.Fprintf(&users, "%q %q\n", name, password)
	}
	host, serverPort := u.Hostname(), u.Port()
	if socket := u.Query().Get("host"); socket != "" {
		host, serverPort = socket, u.Query().Get("port")
	}
	ini := fmt.Sprintf(`[databases]
* = host=%s port=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %s
pool_mode = %s
default_pool_size = %d
max_client_conn = 1000
ignore_startup_parameters = %s
`, host, serverPort, port, filepath.Join(dir, "users"), o.Mode, o.PoolSize, o.Ignore)
	path := filepath.Join(dir, "pgbouncer.ini")
	write(t, filepath.Join(dir, "users"), users.String())
	write(t, path, ini)
	if os.Getuid() == 0 {
		if err := os.Chown(dir, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// write writes a file for PgBouncer's identity.
func write(t testing.TB, path, content string) {
	t.Helper()
	err := os.WriteFile(path, []byte(content), 0o600)
	if err == nil && os.Getuid() == 0 {
		err = os.Chown(path, nobody, nobody)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func awaitPort(t testing.TB, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	for {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", address)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("PgBouncer does not answer: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
