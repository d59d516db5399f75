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

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/run/bus"
)

const (
	startLimit     = 10 * time.Second
	handshakeLimit = 5 * time.Second
	// A client that does not answer three pings in a row is considered gone.
	pingEvery = 2 * time.Second
	pingsOut  = 2
)

// Options of an embedded server.
type Options struct {
	// Dir stores the streams: a server that is started again on the same folder keeps them.
	Dir string
	// Port on loopback. Default: any free port.
	Port int
	// Identity of the server. Clients then have to present theirs, and Users defines their permissions. With nil every client has
	// all permissions, for tests of single packages.
	Identity *identity.Identity
	// MaxBytes is the disk space that all streams together may reserve. Default: Room for the platform's default sizes.
	MaxBytes int64
}

func (o Options) maxBytes() int64 {
	if o.MaxBytes > 0 {
		return o.MaxBytes
	}
	return Room(bus.DefaultBytes)
}

// Room returns the disk space for the platform's streams: their sum and ten per cent.
func Room(b bus.Bytes) int64 { return b.Sum() / 10 * 11 }

// Server is a running embedded server.
type Server struct {
	srv  *server.Server
	addr *net.TCPAddr // stored, because a stopped server has none
	url  url.URL
}

// Start runs a server on loopback and returns when it accepts clients. The caller must call Stop.
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
	go srv.Start() // returns once the server listens; Stop ends the goroutine
	if !srv.ReadyForConnections(startLimit) {
		s.Stop()
		return nil, errors.New("NATS server was not ready within 10 s")
	}
	s.addr = srv.Addr().(*net.TCPAddr)
	s.url = url.URL{Scheme: "nats", Host: s.addr.String()}
	return s, nil
}

// Protect makes a server present its identity and accept only clients that present theirs, with the permissions in Users.
func Protect(o *server.Options, who *identity.Identity) {
	o.TLSConfig, o.TLSVerify, o.TLSMap, o.TLSTimeout = who.Server(), true, true, handshakeLimit.Seconds()
	o.Users = serverUsers()
}

// isFree checks the port in advance: the server itself would only log the error and never become ready.
func isFree(port int) error {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("listen for NATS: %w", err)
	}
	return l.Close()
}

// URL returns the URL for clients.
func (s *Server) URL() string { return s.url.String() }

// Port is the port the server listens on.
func (s *Server) Port() int { return s.addr.Port }

// Stop closes the streams, disconnects the clients and waits for the shutdown. It may be called more than once.
func (s *Server) Stop() {
	s.srv.Shutdown()
	s.srv.WaitForShutdown()
}
