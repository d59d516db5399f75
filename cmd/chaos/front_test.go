package chaos

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// front is an address before one or more servers, as a load balancer or a stretch of network. It passes connections on to the servers in
// turn, as far as they are healthy, and can close, delay or swallow what is sent.
type front struct {
	listener net.Listener
	servers  []string
	probe    func(ctx context.Context, server string) bool // nil: all are always healthy

	mu      sync.Mutex
	sick    map[string]int // failed probes in a row
	turn    int
	open    map[net.Conn]string // with its server
	trouble trouble
	changed chan struct{} // closed when trouble changes
	running sync.WaitGroup
}

// trouble is what a stretch of network does wrong.
type trouble struct {
	// closed refuses and closes connections; swallow passes nothing on, and tells nobody.
	closed, swallow bool
	delay           time.Duration // of each piece in each direction
}

const (
	probeEvery = 500 * time.Millisecond
	probeLimit = 2 * time.Second
	// sickAfter is the number of failed probes after which a server gets no connections, and loses those it has.
	sickAfter = 2
)

// newFront listens on loopback until the end of the test.
func newFront(t *testing.T, probe func(context.Context, string) bool, servers ...string) *front {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &front{listener: l, servers: servers, probe: probe, sick: make(map[string]int), open: make(map[net.Conn]string), changed: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(func() {
		cancel()
		l.Close()
		f.disturb(trouble{closed: true})
		f.running.Wait()
	})
	f.running.Go(func() { f.accept(ctx) })
	if probe != nil {
		for _, server := range servers {
			f.running.Go(func() { f.watch(ctx, server) })
		}
	}
	return f
}

func (f *front) address() string { return f.listener.Addr().String() }
func (f *front) port() int       { return f.listener.Addr().(*net.TCPAddr).Port }

// disturb begins a trouble, and ends the one before. Connections that were swallowed are closed: nobody knows them any more.
func (f *front) disturb(now trouble) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.closed || f.trouble.swallow {
		f.drop(func(string) bool { return true })
	}
	f.trouble = now
	close(f.changed)
	f.changed = make(chan struct{})
}

// drop closes the connections to some servers. The caller holds mu.
func (f *front) drop(of func(server string) bool) {
	for c, server := range f.open {
		if of(server) {
			c.Close()
		}
	}
}

func (f *front) watch(ctx context.Context, server string) {
	for until(ctx, func() <-chan struct{} { return after(probeEvery) }, func() bool {
		limit, cancel := context.WithTimeout(ctx, probeLimit)
		defer cancel()
		healthy := f.probe(limit, server)
		f.mu.Lock()
		defer f.mu.Unlock()
		if healthy {
			f.sick[server] = 0
		} else if f.sick[server]++; f.sick[server] == sickAfter {
			f.drop(func(s string) bool { return s == server })
		}
		return false
	}) {
	}
}

// next is the server of a new connection. If all are sick, they are asked all the same. not is one that has just refused.
func (f *front) next(not string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.turn++
	able := slices.DeleteFunc(slices.Clone(f.servers), func(s string) bool { return s == not || f.sick[s] >= sickAfter })
	if len(able) == 0 {
		able = f.servers
	}
	return able[f.turn%len(able)]
}

func (f *front) accept(ctx context.Context) {
	for {
		from, err := f.listener.Accept()
		if err != nil {
			return
		}
		f.running.Go(func() { f.pass(ctx, from) })
	}
}

// pass joins a new connection with a server until either side ends it.
func (f *front) pass(ctx context.Context, from net.Conn) {
	defer from.Close()
	if now, _ := f.state(); now.closed {
		return
	}
	var to net.Conn
	var server string
	for range f.servers {
		server = f.next(server)
		var err error
		if to, err = (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", server); err == nil {
			break
		}
	}
	if to == nil {
		return
	}
	defer to.Close()
	f.mu.Lock()
	f.open[from], f.open[to] = server, server
	closed := f.trouble.closed
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.open, from)
		delete(f.open, to)
	}()
	if closed || ctx.Err() != nil {
		return
	}
	ended := make(chan struct{}, 2)
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{to, from}, {from, to}} {
		both.Go(func() { f.copy(way[0], way[1]); ended <- struct{}{} })
	}
	<-ended
	to.Close()
	from.Close()
	both.Wait()
}

func (f *front) state() (trouble, chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.trouble, f.changed
}

func (f *front) copy(to, from net.Conn) {
	piece := make([]byte, 32<<10)
	for {
		n, err := from.Read(piece)
		if n > 0 {
			now, changed := f.state()
			for now.swallow {
				<-changed
				now, changed = f.state()
			}
			if now.delay > 0 {
				<-after(now.delay)
			}
			if _, err := to.Write(piece[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// answers returns a probe of servers with a page that says whether each can work, at urls by server.
func answers(urls map[string]string) func(context.Context, string) bool {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return func(ctx context.Context, server string) bool {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, urls[server], nil)
		if err != nil {
			return false
		}
		resp, err := client.Do(req)
		if err != nil {
			return false
		}
		return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	}
}
