package bus

import (
	"testing"

	"github.com/nats-io/nats.go/jetstream"
)

func TestMostServersAndALeaderAreAQuorum(t *testing.T) {
	on, off := &jetstream.PeerInfo{}, &jetstream.PeerInfo{Offline: true}
	for name, c := range map[string]struct {
		cluster *jetstream.ClusterInfo
		lost    bool
	}{
		"one server, without a cluster": {nil, false},
		"one server":                    {&jetstream.ClusterInfo{Leader: "a"}, false},
		"three":                         {&jetstream.ClusterInfo{Leader: "a", Replicas: []*jetstream.PeerInfo{on, on}}, false},
		"two of three":                  {&jetstream.ClusterInfo{Leader: "a", Replicas: []*jetstream.PeerInfo{on, off}}, false},
		"a leader that is left alone":   {&jetstream.ClusterInfo{Leader: "a", Replicas: []*jetstream.PeerInfo{off, off}}, true},
		"one that follows nobody":       {&jetstream.ClusterInfo{Replicas: []*jetstream.PeerInfo{on, off, off}}, true},
		"nobody leads yet":              {&jetstream.ClusterInfo{Replicas: []*jetstream.PeerInfo{on, on, on}}, true},
	} {
		if err := checkQuorum(c.cluster); (err != nil) != c.lost {
			t.Errorf("%s: %v", name, err)
		}
	}
}
