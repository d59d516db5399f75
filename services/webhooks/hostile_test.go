package webhooks

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// rawServer is a merchant's server below HTTP: it reads a request and answers with whatever bytes it likes.
type rawServer struct {
	listener net.Listener
	answer   func(c net.Conn, done <-chan struct{}) (again bool)
	requests atomic.Int64
	done     chan struct{}
	running  sync.WaitGroup
}

// newRawServer calls answer after each request; true lets the connection live on. done is closed at the end of the test.
func newRawServer(t *testing.T, answer func(c net.Conn, done <-chan struct{}) bool) *rawServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &rawServer{listener: l, answer: answer, done: make(chan struct{})}
	s.running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.running.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		close(s.done)
		l.Close()
		s.running.Wait()
	})
	return s
}

func (s *rawServer) serve(c net.Conn) {
	defer c.Close()
	end := make(chan struct{})
	defer close(end)
	s.running.Go(func() { // lets a read or write end with the test
		select {
		case <-s.done:
			c.Close()
		case <-end:
		}
	})
	in := bufio.NewReader(c)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		s.requests.Add(1)
		if !s.answer(c, s.done) {
			return
		}
	}
}

func (s *rawServer) url(scheme string) string { return scheme + "://" + s.listener.Addr().String() }

// says writes text and closes the connection.
func says(text string) func(net.Conn, <-chan struct{}) bool {
	return func(c net.Conn, _ <-chan struct{}) bool {
		_, err := io.WriteString(c, text)
		return err != nil // only to have looked at it: the connection is closed
	}
}

// stays writes text and then nothing more, for ever.
func stays(text string) func(net.Conn, <-chan struct{}) bool {
	return func(c net.Conn, done <-chan struct{}) bool {
		if _, err := io.WriteString(c, text); err == nil {
			<-done
		}
		return false
	}
}

// floods writes start and then more, until the reader stops.
func floods(start, more string) func(net.Conn, <-chan struct{}) bool {
	return func(c net.Conn, _ <-chan struct{}) bool {
		_, err := io.WriteString(c, start)
		for err == nil {
			_, err = io.WriteString(c, more)
		}
		return false
	}
}

// drips writes start at once and then more, byte after byte, with pauses.
func drips(start, more string) func(net.Conn, <-chan struct{}) bool {
	return func(c net.Conn, done <-chan struct{}) bool {
		if _, err := io.WriteString(c, start); err != nil {
			return false
		}
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-done:
				return false
			case <-tick.C:
			}
			if _, err := c.Write([]byte{more[i%len(more)]}); err != nil {
				return false
			}
		}
	}
}

// bomb is 16 MB of zeros in a gzip of some 16 kB.
func bomb(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	zeros := make([]byte, 1<<20)
	for range 16 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

type hostileCase struct {
	answer func(net.Conn, <-chan struct{}) bool
	scheme string // http if empty
	word   string
	status int
}

const (
	ok200     = "HTTP/1.1 200 OK\r\n"
	kilobyte  = 1 << 10
	localhost = "http://127.0.0.1:1/internal"
)

func hostileCases(t *testing.T) map[string]hostileCase {
	t.Helper()
	return map[string]hostileCase{
		"endless body":                      {answer: floods(ok200+"\r\n", strings.Repeat("x", 16*kilobyte)), status: 200},
		"endless chunked body":              {answer: floods(ok200+"Transfer-Encoding: chunked\r\n\r\n", "4000\r\n"+strings.Repeat("x", 16*kilobyte)+"\r\n"), status: 200},
		"endless chunk extension":           {answer: floods(ok200+"Transfer-Encoding: chunked\r\n\r\n1;", strings.Repeat("x", 16*kilobyte)), status: 200},
		"endless body of a failure":         {answer: floods("HTTP/1.1 500 No\r\n\r\n", strings.Repeat("x", 16*kilobyte)), word: "status", status: 500},
		"endless headers":                   {answer: floods(ok200, "X-Header: "+strings.Repeat("x", 100)+"\r\n"), word: "too_large"},
		"endless header line":               {answer: floods(ok200+"X-Header: ", strings.Repeat("x", 16*kilobyte)), word: "too_large"},
		"endless status line":               {answer: floods("HTTP/1.1 200 ", strings.Repeat("x", 16*kilobyte)), word: "too_large"},
		"endless nonsense":                  {answer: floods("", strings.Repeat("\x00", kilobyte)), word: "too_large"},
		"flood of 1xx":                      {answer: floods("", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), word: "too_large"},
		"flood of 100":                      {answer: floods("", "HTTP/1.1 100 Continue\r\n\r\n"), word: "too_large"},
		"100 and then nothing":              {answer: stays("HTTP/1.1 100 Continue\r\n\r\n"), word: "timeout"},
		"100 and then an answer":            {answer: says("HTTP/1.1 100 Continue\r\n\r\n" + ok200 + "Content-Length: 0\r\n\r\n"), status: 200},
		"silence":                           {answer: stays(""), word: "timeout"},
		"status line and then nothing":      {answer: stays(ok200), word: "timeout"},
		"headers byte by byte":              {answer: drips(ok200, "X-Header: x\r\n"), word: "timeout"},
		"body byte by byte":                 {answer: drips(ok200+"\r\n", "x"), status: 200},
		"body of a failure byte by byte":    {answer: drips("HTTP/1.1 503 Busy\r\n\r\n", "x"), word: "status", status: 503},
		"cut before the answer":             {answer: says(""), word: "reset"},
		"cut after the status line":         {answer: says(ok200), word: "reset"},
		"cut within the headers":            {answer: says(ok200 + "Content-Le"), word: "malformed"},
		"cut within the body":               {answer: says(ok200 + "Content-Length: 100\r\n\r\nx"), status: 200},
		"content length too large":          {answer: stays(ok200 + "Content-Length: 9223372036854775807\r\n\r\nx"), status: 200},
		"content length too small":          {answer: says(ok200 + "Content-Length: 1\r\n\r\nxHTTP/1.1 500 No\r\n\r\n"), status: 200},
		"content length below zero":         {answer: says(ok200 + "Content-Length: -1\r\n\r\n"), word: "malformed"},
		"two content lengths":               {answer: says(ok200 + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"), word: "malformed"},
		"chunks that are none":              {answer: says(ok200 + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"), status: 200},
		"unknown transfer encoding":         {answer: says(ok200 + "Transfer-Encoding: gzip\r\n\r\nzz\r\n"), word: "malformed"},
		"gzip bomb":                         {answer: says(ok200 + "Content-Encoding: gzip\r\n\r\n" + bomb(t)), status: 200},
		"a body that PostgreSQL dislikes":   {answer: says(ok200 + "\r\n\x00\xff\xfe"), status: 200},
		"headers that PostgreSQL dislikes":  {answer: says("HTTP/1.1 500 \xff\r\nX-A: \xff\xfe\xc0\r\nX-\"{}: \\N\r\n\r\n"), word: "malformed"},
		"header values not in UTF-8":        {answer: says("HTTP/1.1 500 \xff\r\nX-A: \xff\xfe\xc0\r\n\r\n"), word: "status", status: 500},
		"header names with spaces":          {answer: says("HTTP/1.1 500 No\r\nX A : b\r\n\r\n"), word: "status", status: 500},
		"status 999":                        {answer: says("HTTP/1.1 999 What\r\n\r\n"), word: "status", status: 999},
		"status 000":                        {answer: says("HTTP/1.1 000 What\r\n\r\n"), word: "status"},
		"status of four digits":             {answer: says("HTTP/1.1 2000 OK\r\n\r\n"), word: "malformed"},
		"status below zero":                 {answer: says("HTTP/1.1 -20 OK\r\n\r\n"), word: "malformed"},
		"HTTP/2 nobody asked for":           {answer: says("HTTP/2.0 200 OK\r\n\r\n"), status: 200},
		"HTTP/1.0":                          {answer: says("HTTP/1.0 200 OK\r\n\r\n"), status: 200},
		"HTTP/0.9":                          {answer: says("<html>"), word: "malformed"},
		"redirect to this machine":          {answer: says("HTTP/1.1 302 Found\r\nLocation: " + localhost + "\r\n\r\n"), word: "redirect", status: 302},
		"redirect that repeats the request": {answer: says("HTTP/1.1 308 Moved\r\nLocation: " + localhost + "\r\n\r\n"), word: "redirect", status: 308},
		"retry after the end of days":       {answer: says("HTTP/1.1 429 Busy\r\nRetry-After: 99999999999999999999\r\n\r\n"), word: "status", status: 429},
		"retry before now":                  {answer: says("HTTP/1.1 503 Busy\r\nRetry-After: -5\r\n\r\n"), word: "status", status: 503},
		"TLS never answered":                {answer: nil, scheme: "https", word: "timeout"},
	}
}

// attemptSeen is an attempt as the database has it.
type attemptSeen struct {
	Merchant, Error  string
	Status           int
	Body, HeaderSize int
}

// attempts returns the first attempt of each merchant.
func (f *fixture) attempts() map[string]attemptSeen {
	f.t.Helper()
	rows, err := f.core.Pool.Query(f.t.Context(), `select d.merchant_id, a.error, a.response_status, length(a.response_body), length(a.response_headers)
		from attempts a join deliveries d on d.id = a.delivery_id where a.number = 1`)
	if err != nil {
		f.t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[attemptSeen])
	if err != nil {
		f.t.Fatal(err)
	}
	seen := make(map[string]attemptSeen, len(list))
	for _, a := range list {
		seen[a.Merchant] = a
	}
	return seen
}

// hold accepts connections and never says a word.
func hold(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() }) // the kernel accepts for us
	return "https://" + l.Addr().String()
}

// TestHostileServersHurtOnlyThemselves: whatever a merchant's server does, the attempt comes to an end, the right word is
// recorded, little of the answer is kept, and other merchants hear of their payments meanwhile.
func TestHostileServersHurtOnlyThemselves(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.stop()
	f.cfg.Timeout = 2 * time.Second
	f.start()
	cases := hostileCases(t)
	names := make(map[string]string, len(cases)) // by merchant
	for name, c := range cases {
		merchant := fmt.Sprintf("h_%d", len(names))
		names[merchant] = name
		url := hold(t)
		if c.answer != nil {
			url = newRawServer(t, c.answer).url("http")
		}
		f.endpointOf(merchant, url)
	}
	healthy := newSink(t, status(http.StatusOK))
	f.endpointOf("m_2", healthy.URL)
	for merchant := range names {
		p := payment()
		p.MerchantId = merchant
		f.publish(f.changed("payment.completed", p))
	}
	p := payment()
	p.MerchantId = "m_2"
	f.publish(f.changed("payment.completed", p))
	healthy.next(t)
	var seen map[string]attemptSeen
	eventually(t, "every attempt comes to an end", func() bool {
		seen = f.attempts()
		return len(seen) == len(cases)+1
	})
	for merchant, name := range names {
		got, want := seen[merchant], cases[name]
		if got.Error != want.word || got.Status != want.status {
			t.Errorf("%s: %q with status %d, want %q with %d", name, got.Error, got.Status, want.word, want.status)
		}
		if got.Body > 4*kilobyte || got.HeaderSize > 2*kilobyte {
			t.Errorf("%s: %d bytes of the body and %d of the headers are kept", name, got.Body, got.HeaderSize)
		}
	}
}

// TestLittleIsReadOfAnEndlessAnswer counts what a server gets rid of before the connection is cut.
func TestLittleIsReadOfAnEndlessAnswer(t *testing.T) {
	t.Parallel()
	f := setup(t)
	written := make(chan int64, 2)
	flood := func(start, more string) func(net.Conn, <-chan struct{}) bool {
		return func(c net.Conn, _ <-chan struct{}) bool {
			tcp, ok := c.(*net.TCPConn)
			if !ok || tcp.SetWriteBuffer(64*kilobyte) != nil {
				return false
			}
			n, err := io.WriteString(c, start)
			total := int64(n)
			for err == nil {
				n, err = io.WriteString(c, more)
				total += int64(n)
			}
			written <- total
			return false
		}
	}
	f.endpointOf("m_1", newRawServer(t, flood(ok200+"\r\n", strings.Repeat("x", 16*kilobyte))).url("http"))
	f.endpointOf("m_1", newRawServer(t, flood(ok200, "X-Header: "+strings.Repeat("x", 16*kilobyte)+"\r\n")).url("http"))
	f.publish(f.changed("payment.completed", payment()))
	for range 2 {
		select {
		case n := <-written:
			if n > 16<<20 { // what the kernel keeps of it on its way is less
				t.Errorf("%d bytes of an answer were taken", n)
			}
		case <-time.After(time.Minute):
			t.Fatal("the answer is still being read")
		}
	}
}

// TestAServerThatClosesEachConnectionGetsEachEventOnce: it promises to keep the connection and closes it, at each
// request, so that the next one may be written into a closed connection.
func TestAServerThatClosesEachConnectionGetsEachEventOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newRawServer(t, says(ok200+"Connection: keep-alive\r\nContent-Length: 0\r\n\r\n"))
	f.endpoint(s.url("http"))
	const n = 300
	for i := range n {
		p := payment()
		p.Reference = fmt.Sprintf("PAY-20260617-%016X", i)
		f.publish(f.changed("payment.completed", p))
	}
	eventually(t, "all delivered", func() bool { return f.delivered() == n })
	var most int
	if err := f.core.Pool.QueryRow(t.Context(), `select max(attempt_count) from deliveries`).Scan(&most); err != nil {
		t.Fatal(err)
	}
	if got := s.requests.Load(); got != n || most != 1 {
		t.Errorf("%d requests for %d events, up to %d attempts", got, n, most)
	}
}
