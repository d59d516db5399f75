// Package dialer opens TCP connections that detect within seconds that the other side has vanished. A node that loses power or
// its network closes no connections, and the kernel's own timeouts take hours.
package dialer

import (
	"net"
	"syscall"
	"time"
)

const (
	// Idle is the time without traffic after which the kernel sends a keepalive probe.
	Idle = 3 * time.Second
	// Interval is the time between keepalive probes.
	Interval = 2 * time.Second
	// Count is the number of probes that may remain unanswered.
	Count = 2
	// UserTimeout is how long sent data may stay unacknowledged before the connection is closed.
	UserTimeout = 8 * time.Second
)

// New returns a dialer with that timeout.
func New(timeout time.Duration) *net.Dialer {
	return &net.Dialer{
		Timeout:         timeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: Idle, Interval: Interval, Count: Count},
		Control: func(network, _ string, c syscall.RawConn) error {
			if network == "unix" {
				return nil
			}
			return limitUnacknowledged(c)
		},
	}
}
