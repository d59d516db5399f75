//go:build !linux

package dialer

import "syscall"

// limitUnacknowledged does nothing: other systems have no such option and rely on keepalives.
func limitUnacknowledged(syscall.RawConn) error { return nil }
