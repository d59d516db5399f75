package chaos

import (
	"maps"
	"net/http"
	"strings"
	"sync"
)

// tally counts requests to the REST API, and those that were not served, by what went on meanwhile.
type tally struct {
	mu      sync.Mutex
	during  string
	all     map[string]int
	refused map[string]int
}

func newTally() *tally {
	return &tally{during: calm, all: make(map[string]int), refused: make(map[string]int)}
}

// calm is when nothing is broken.
const calm = "between faults"

// begin says what goes on from now on.
func (n *tally) begin(during string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.during = during
}

func (n *tally) count(during string, served bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all[during]++
	if !served {
		n.refused[during]++
	}
}

// read returns copies of the counts.
func (n *tally) read() (all, refused map[string]int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.all), maps.Clone(n.refused)
}

// observe counts what goes through a transport.
func (n *tally) observe(next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		if !strings.HasPrefix(r.URL.Path, "/api/v1/") {
			return next.RoundTrip(r)
		}
		n.mu.Lock()
		during := n.during
		n.mu.Unlock()
		resp, err := next.RoundTrip(r)
		n.count(during, err == nil && resp.StatusCode < 500)
		return resp, err
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
