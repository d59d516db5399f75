// Package freeport finds free loopback ports for servers that will listen on them.
package freeport

import (
	"errors"
	"net"
	"os"
	"strconv"
	"sync/atomic"
)

// The ports are below the range from which Linux assigns ports to outgoing connections (from 32768 on). Otherwise any program
// that opens a connection could take a port between finding it and listening.
const (
	first = 20000
	count = 12000
)

// next is the port that this process tries next. Processes start at different ports, so that concurrent searches do not find the
// same one.
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
