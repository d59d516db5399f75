package freeport

import (
	"net"
	"sync"
	"testing"
)

func TestPortsAreFreeDifferentAndNotForOutgoingConnections(t *testing.T) {
	var mu sync.Mutex
	seen := map[int]bool{}
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			port, err := Find()
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if seen[port] || port < first || port >= first+count {
				t.Errorf("port %d", port)
			}
			seen[port] = true
		})
	}
	wg.Wait()
}

func TestAPortInUseIsSkipped(t *testing.T) {
	taken, err := Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	next.Store(int64(port - first - 1)) // look there again
	if found, err := Find(); err != nil || found == port {
		t.Errorf("found %d, %v", found, err)
	}
}
