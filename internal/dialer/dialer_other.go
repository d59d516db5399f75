//go:build !linux

package dialer

import "syscall"

// limitUnacknowledged does nothing: other systems have no such option, there keepalives alone have to do.
func limitUnacknowledged(syscall.RawConn) error { return nil }
