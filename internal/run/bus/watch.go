package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
)

const (
	// checkEvery is how often streams and consumers are checked while nothing is wrong. Who misses one calls Look: a consumer that hears
	// nothing, a relay whose stream is gone, a sender whose command nobody stores.
	checkEvery = 5 * time.Second
	// checkAgain is how often they are checked while there is a problem.
	checkAgain = 1500 * time.Millisecond
	// requestTimeout is the deadline of one request to the broker.
	requestTimeout = 2 * time.Second
	// nearlyFull is the fill ratio from which a warning is logged.
	nearlyFull = 0.8
)

// watch holds the known state of streams and consumers.
type watch struct {
	look chan struct{}

	mu       sync.Mutex
	expected map[string]*expectation // by stream and consumer
	problems map[string]Problem      // by the stream or consumer they concern
	// differs and full hold what has been logged, by stream.
	differs map[string]string
	full    map[string]bool
}

// expectation is a durable consumer that this process depends on.
type expectation struct {
	stream, name string
	missing      func()
}

// Problem is a problem with the broker.
type Problem struct {
	Text  string
	Since time.Time
}

func newWatch() watch {
	return watch{
		look: make(chan struct{}, 1), expected: make(map[string]*expectation), problems: make(map[string]Problem),
		differs: make(map[string]string), full: make(map[string]bool),
	}
}

// Look triggers an immediate check.
func (b *Bus) Look() {
	select {
	case b.watch.look <- struct{}{}:
	default:
	}
}

// Expect watches a durable consumer. Each check that finds it missing calls missing, which must not block. forget ends the watch.
func (b *Bus) Expect(stream, name string, missing func()) (forget func()) {
	key := stream + " " + name
	e := &expectation{stream: stream, name: name, missing: missing}
	b.watch.mu.Lock()
	defer b.watch.mu.Unlock()
	b.watch.expected[key] = e
	return func() {
		b.watch.mu.Lock()
		defer b.watch.mu.Unlock()
		if b.watch.expected[key] == e {
			delete(b.watch.expected, key)
			delete(b.watch.problems, key)
			for _, g := range []*prometheus.GaugeVec{consumerPending, consumerUnacknowledged, consumerRedelivered} {
				g.DeleteLabelValues(stream, name)
			}
		}
	}
}

// Problems lists the broker problems that have lasted at least that long: streams and consumers that are missing and cannot be
// created, have lost their quorum, or do not answer. Without a connection the list is empty.
func (b *Bus) Problems(lasting time.Duration) (list []string) {
	b.watch.mu.Lock()
	defer b.watch.mu.Unlock()
	for _, p := range b.watch.problems {
		if time.Since(p.Since) >= lasting {
			list = append(list, p.Text)
		}
	}
	slices.Sort(list)
	return list
}

// watchUntilClosed checks streams and consumers until the bus closes.
func (b *Bus) watchUntilClosed() {
	for {
		if b.NC.IsConnected() {
			b.checkAll(b.open)
		} else {
			b.forgetProblems()
		}
		next := checkEvery
		if len(b.Problems(0)) > 0 {
			next = checkAgain
		}
		timer := time.NewTimer(next)
		select {
		case <-b.open.Done():
			timer.Stop()
			return
		case <-timer.C:
		case <-b.watch.look:
			timer.Stop()
		}
	}
}

func (b *Bus) checkAll(ctx context.Context) {
	for _, want := range Streams(b.settings) {
		stream, err := b.checkStream(ctx, want)
		if b.note(want.Name, err); err != nil {
			continue
		}
		b.compare(want, stream.CachedInfo().Config)
		b.measure(want.Name, stream.CachedInfo())
	}
	for _, e := range b.expectations() {
		err := b.checkConsumer(ctx, e)
		b.note(e.stream+" "+e.name, err)
		if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
			e.missing()
		}
	}
	brokerProblems.WithLabelValues(b.settings.Name).Set(float64(len(b.Problems(0))))
}

func (b *Bus) checkStream(ctx context.Context, want jetstream.StreamConfig) (jetstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	s, err := b.ensureStream(ctx, want)
	if err != nil {
		return nil, err
	}
	if err := checkQuorum(s.CachedInfo().Cluster); err != nil {
		return nil, fmt.Errorf("stream %s: %w", want.Name, err)
	}
	return s, nil
}

var errQuorum = errors.New("JetStream has lost its quorum")

// checkQuorum requires a leader and a majority of the servers that hold a stream or consumer. Without a quorum the remaining
// servers still answer requests but store no messages.
func checkQuorum(c *jetstream.ClusterInfo) error {
	if c == nil {
		return nil
	}
	there, all := 1, 1+len(c.Replicas)
	for _, r := range c.Replicas {
		if !r.Offline {
			there++
		}
	}
	if c.Leader == "" || 2*there <= all {
		return errQuorum
	}
	return nil
}

// ensureStream returns the stream and creates it if it is missing. An existing stream is not changed.
func (b *Bus) ensureStream(ctx context.Context, want jetstream.StreamConfig) (jetstream.Stream, error) {
	s, err := b.JS.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		s, err = b.JS.CreateStream(ctx, want)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another service created it with other settings
			s, err = b.JS.Stream(ctx, want.Name)
		} else if err == nil {
			b.log.Info("created missing stream", "stream", want.Name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("stream %s: %w", want.Name, err)
	}
	return s, nil
}

func (b *Bus) checkConsumer(ctx context.Context, e *expectation) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	c, err := b.JS.Consumer(ctx, e.stream, e.name)
	if err == nil {
		b.measureConsumer(e, c.CachedInfo())
		err = checkQuorum(c.CachedInfo().Cluster)
	}
	if err != nil {
		return fmt.Errorf("consumer %s on %s: %w", e.name, e.stream, err)
	}
	return nil
}

func (b *Bus) expectations() []*expectation {
	b.watch.mu.Lock()
	defer b.watch.mu.Unlock()
	list := make([]*expectation, 0, len(b.watch.expected))
	for _, e := range b.watch.expected {
		list = append(list, e)
	}
	return list
}

// note records since when a problem exists, or that it is solved, and logs both once.
func (b *Bus) note(about string, err error) {
	b.watch.mu.Lock()
	defer b.watch.mu.Unlock()
	known, was := b.watch.problems[about]
	switch {
	case b.open.Err() != nil: // the check failed because the bus is closing
	case err == nil && was:
		delete(b.watch.problems, about)
		b.log.Info("broker problem solved", "about", about)
	case err != nil:
		if !was {
			known.Since = time.Now()
			b.log.Warn("broker problem", "about", about, "error", err)
		}
		known.Text = reason(err)
		b.watch.problems[about] = known
	}
}

// reason formats a problem for the readiness page.
func reason(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		what, _, _ := strings.Cut(err.Error(), ": ")
		return what + ": JetStream does not answer"
	}
	return err.Error()
}

// forgetProblems clears all problems: without a connection their state is unknown.
func (b *Bus) forgetProblems() {
	b.watch.mu.Lock()
	defer b.watch.mu.Unlock()
	clear(b.watch.problems)
	brokerProblems.WithLabelValues(b.settings.Name).Set(1)
}

// compare logs each difference between a stream and the settings once. Whether to change the stream is the operator's decision.
func (b *Bus) compare(want, have jetstream.StreamConfig) {
	text := strings.Join(Differences(want, have), "; ")
	if b.watch.differs[want.Name] == text {
		return
	}
	b.watch.differs[want.Name] = text
	if text == "" {
		b.log.Info("stream matches the settings again", "stream", want.Name)
		return
	}
	b.log.Warn("stream differs from the settings, not changed", "stream", want.Name, "differences", text)
}

// measureConsumer exports what a consumer has before it, unless it was forgotten meanwhile.
func (b *Bus) measureConsumer(e *expectation, info *jetstream.ConsumerInfo) {
	b.watch.mu.Lock()
	defer b.watch.mu.Unlock()
	if b.watch.expected[e.stream+" "+e.name] != e {
		return
	}
	consumerPending.WithLabelValues(e.stream, e.name).Set(float64(info.NumPending))
	consumerUnacknowledged.WithLabelValues(e.stream, e.name).Set(float64(info.NumAckPending))
	consumerRedelivered.WithLabelValues(e.stream, e.name).Set(float64(info.NumRedelivered))
}

// measure exports how full a stream is and warns before it is full.
func (b *Bus) measure(name string, info *jetstream.StreamInfo) {
	share := 0.0
	if info.Config.MaxBytes > 0 {
		share = float64(info.State.Bytes) / float64(info.Config.MaxBytes)
	}
	streamFill.WithLabelValues(name).Set(share)
	streamMessages.WithLabelValues(name).Set(float64(info.State.Msgs))
	if full := share >= nearlyFull; full != b.watch.full[name] {
		b.watch.full[name] = full
		if full {
			b.log.Error("stream is nearly full", "stream", name, "bytes", info.State.Bytes, "bound", info.Config.MaxBytes)
		}
	}
}
