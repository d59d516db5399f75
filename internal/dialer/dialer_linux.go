package dialer

import "syscall"

// tcpUserTimeout is TCP_USER_TIMEOUT of RFC 5482; package syscall does not define it.
const tcpUserTimeout = 0x12

func limitUnacknowledged(c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(UserTimeout.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return failed
}
