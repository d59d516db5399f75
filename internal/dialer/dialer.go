// Package dialer opens TCP connections that notice within seconds when the other side has vanished: a node that lost its power or its
// network sends no goodbye, and the kernel's own patience is hours.
package dialer

import (
	"net"
	"syscall"
	"time"
)

const (
	// Idle is after how long without traffic the kernel asks whether the other side is still there.
	Idle = 3 * time.Second
	// Interval is how long the kernel waits for an answer before it asks again.
	Interval = 2 * time.Second
	// Count is how many questions may stay unanswered.
	Count = 2
	// UserTimeout is how long sent data may stay unacknowledged before the connection is given up.
	UserTimeout = 8 * time.Second
)

// New returns a dialer that gives up after timeout.
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
