// Package natsserver runs a real NATS server with JetStream inside the process: for the all-in-one and for tests.
package natsserver

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"european-pay.eu/eupay/internal/bus"
	"european-pay.eu/eupay/internal/identity"
)

const (
	startLimit     = 10 * time.Second
	handshakeLimit = 5 * time.Second
	// A client that does not answer three pings in a row is gone.
	pingEvery = 2 * time.Second
	pingsOut  = 2
)

// Options of an embedded server.
type Options struct {
	// Dir keeps the streams: a server started again on the same folder has them all.
	Dir string
	// Port on loopback. 0: any free one.
	Port int
	// Identity of the server. Clients then have to show theirs, and each may do what Users says. Nil: anybody may do anything, for the
	// tests of single packages.
	Identity *identity.Identity
	// MaxBytes that all streams together may reserve on the disk. 0: Room for the platform's own by default.
	MaxBytes int64
}

func (o Options) maxBytes() int64 {
	if o.MaxBytes > 0 {
		return o.MaxBytes
	}
	return Room(bus.DefaultBytes)
}

// Room is what a server needs for the platform's streams: their sum and a tenth.
func Room(b bus.Bytes) int64 { return b.Sum() / 10 * 11 }

// Server is a running embedded server.
type Server struct {
	srv  *server.Server
	addr *net.TCPAddr // kept: a stopped server has none
	url  url.URL
}

// Start runs a server on loopback and returns when it accepts clients. The caller ends it with Stop.
func Start(o Options) (*Server, error) {
	port := server.RANDOM_PORT
	if o.Port != 0 {
		port = o.Port
		if err := isFree(port); err != nil {
			return nil, err
		}
	}
	options := &server.Options{
		ServerName: "eupay-embedded", Host: "127.0.0.1", Port: port,
		JetStream: true, StoreDir: o.Dir, NoSigs: true, NoLog: true, MaxPayload: 1 << 20,
		JetStreamMaxStore: o.maxBytes(), PingInterval: pingEvery, MaxPingsOut: pingsOut,
	}
	if o.Identity != nil {
		Protect(options, o.Identity)
	}
	srv, err := server.NewServer(options)
	if err != nil {
		return nil, fmt.Errorf("make NATS server: %w", err)
	}
	s := &Server{srv: srv}
	go srv.Start() // returns once the server listens; Stop ends what it started
	if !srv.ReadyForConnections(startLimit) {
		s.Stop()
		return nil, errors.New("NATS server was not ready within 10 s")
	}
	s.addr = srv.Addr().(*net.TCPAddr)
	s.url = url.URL{Scheme: "nats", Host: s.addr.String()}
	return s, nil
}

// Protect makes a server show its identity, and let in only those who show theirs, each to what Users says.
func Protect(o *server.Options, who *identity.Identity) {
	o.TLSConfig, o.TLSVerify, o.TLSMap, o.TLSTimeout = who.Server(), true, true, handshakeLimit.Seconds()
	o.Users = serverUsers()
}

// isFree asks beforehand: the server itself would only write a log line and never become ready.
func isFree(port int) error {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("listen for NATS: %w", err)
	}
	return l.Close()
}

// URL is where clients connect.
func (s *Server) URL() string { return s.url.String() }

// Port is the port the server listens on.
func (s *Server) Port() int { return s.addr.Port }

// Stop closes the streams, drops the clients and waits for the end. It may be called more than once.
func (s *Server) Stop() {
	s.srv.Shutdown()
	s.srv.WaitForShutdown()
}
