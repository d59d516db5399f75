// Package freeport finds loopback ports for servers that listen on them a moment later.
package freeport

import (
	"errors"
	"net"
	"os"
	"strconv"
	"sync/atomic"
)

// The ports that are given away lie below those that Linux gives to outgoing connections (from 32768 on): one of these
// could be taken between finding and listening by any program that only connects somewhere.
const (
	first = 20000
	count = 12000
)

// next is where this process looks next. Processes begin apart, so that several that look at the same time do not find
// the same port.
var next atomic.Int64

func init() { next.Store(int64(os.Getpid()) * 211 % count) }

// Listen returns a listener on a free loopback port. Close it right before the port's server listens.
func Listen() (net.Listener, error) {
	for range count {
		port := first + int(next.Add(1)%count)
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return l, nil
		}
	}
	return nil, errors.New("no free port on this machine")
}

// Find returns a free loopback port.
func Find() (int, error) {
	l, err := Listen()
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
