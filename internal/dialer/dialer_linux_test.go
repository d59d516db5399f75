package dialer

import (
	"net"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// option reads an option of the connection's socket.
func option(t *testing.T, c net.Conn, level, name int) int {
	t.Helper()
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var value int
	var failed error
	if err := raw.Control(func(fd uintptr) { value, failed = syscall.GetsockoptInt(int(fd), level, name) }); err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	return value
}

// TestAConnectionDetectsAVanishedPeer: the kernel's own limits are two hours without traffic and a quarter of an hour with.
func TestAConnectionDetectsAVanishedPeer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := New(time.Second).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for name, want := range map[int]int{syscall.TCP_KEEPIDLE: 3, syscall.TCP_KEEPINTVL: 2, syscall.TCP_KEEPCNT: 2, tcpUserTimeout: 8000} {
		if got := option(t, c, syscall.IPPROTO_TCP, name); got != want {
			t.Errorf("TCP option %d is %d, want %d", name, got, want)
		}
	}
	if option(t, c, syscall.SOL_SOCKET, syscall.SO_KEEPALIVE) == 0 {
		t.Error("no keepalives")
	}
}

func TestAUnixSocketIsDialledToo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := New(time.Second).DialContext(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}
