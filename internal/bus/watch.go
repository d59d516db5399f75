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
)

const (
	// lookEvery is how often streams and consumers are looked for; what is missing is back within twice that.
	lookEvery = 1500 * time.Millisecond
	// answerLimit bounds one answer of the broker.
	answerLimit = 2 * time.Second
	// nearlyFull is the share of its bytes from which a stream is announced as filling up.
	nearlyFull = 0.8
)

// watch is what is known about the streams and consumers.
type watch struct {
	look chan struct{}

	mu       sync.Mutex
	expected map[string]*expectation // by stream and consumer
	problems map[string]Problem      // by what they are about
	// differs and full are what was said in the log, by stream.
	differs map[string]string
	full    map[string]bool
}

// expectation is a durable that this process relies on.
type expectation struct {
	stream, name string
	missing      func()
}

// Problem is something that is wrong with the broker.
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

// Look makes the watch look at once.
func (b *Bus) Look() {
	select {
	case b.watch.look <- struct{}{}:
	default:
	}
}

// Expect makes the watch look for a durable consumer. missing is called each time when it is not there; it must not block. forget
// ends it.
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
		}
	}
}

// Problems says what has been wrong with the broker for at least that long: streams and consumers that are missing and cannot be made,
// or have lost their quorum, or no answer. Nothing is said while there is no connection.
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

// keep looks for streams and consumers until the bus closes.
func (b *Bus) keep() {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if b.NC.IsConnected() {
			b.lookAround(b.open)
		} else {
			b.forgetProblems()
		}
		select {
		case <-b.open.Done():
			return
		case <-tick.C:
		case <-b.watch.look:
		}
	}
}

func (b *Bus) lookAround(ctx context.Context) {
	for _, want := range Streams(b.settings) {
		stream, err := b.lookAt(ctx, want)
		if b.note(want.Name, err); err != nil {
			continue
		}
		b.compare(want, stream.CachedInfo().Config)
		b.measure(want.Name, stream.CachedInfo())
	}
	for _, e := range b.expectations() {
		err := b.lookFor(ctx, e)
		b.note(e.stream+" "+e.name, err)
		if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
			e.missing()
		}
	}
	brokerProblems.WithLabelValues(b.settings.Name).Set(float64(len(b.Problems(0))))
}

func (b *Bus) lookAt(ctx context.Context, want jetstream.StreamConfig) (jetstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	s, err := b.stream(ctx, want)
	if err != nil {
		return nil, err
	}
	if err := quorum(s.CachedInfo().Cluster); err != nil {
		return nil, fmt.Errorf("stream %s: %w", want.Name, err)
	}
	return s, nil
}

var errQuorum = errors.New("JetStream has lost its quorum")

// quorum wants a leader and most of the servers that keep a stream or consumer. What is left without them answers questions as
// before, and takes no message.
func quorum(c *jetstream.ClusterInfo) error {
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

// stream returns the stream, which is made when it is missing and left alone when it is not.
func (b *Bus) stream(ctx context.Context, want jetstream.StreamConfig) (jetstream.Stream, error) {
	s, err := b.JS.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		s, err = b.JS.CreateStream(ctx, want)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another service was faster, with other settings
			s, err = b.JS.Stream(ctx, want.Name)
		} else if err == nil {
			b.log.Info("stream made, since it was not there", "stream", want.Name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("stream %s: %w", want.Name, err)
	}
	return s, nil
}

func (b *Bus) lookFor(ctx context.Context, e *expectation) error {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	c, err := b.JS.Consumer(ctx, e.stream, e.name)
	if err == nil {
		err = quorum(c.CachedInfo().Cluster)
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

// note remembers since when something is wrong, or that it is right again, and says both once.
func (b *Bus) note(about string, err error) {
	b.watch.mu.Lock()
	defer b.watch.mu.Unlock()
	known, was := b.watch.problems[about]
	switch {
	case b.open.Err() != nil: // what failed is that we stop
	case err == nil && was:
		delete(b.watch.problems, about)
		b.log.Info("the broker's trouble is over", "about", about)
	case err != nil:
		if !was {
			known.Since = time.Now()
			b.log.Warn("the broker is in trouble", "about", about, "error", err)
		}
		known.Text = reason(err)
		b.watch.problems[about] = known
	}
}

// reason is for the readiness page.
func reason(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		what, _, _ := strings.Cut(err.Error(), ": ")
		return what + ": JetStream does not answer"
	}
	return err.Error()
}

// forgetProblems: without a connection nothing is known.
func (b *Bus) forgetProblems() {
	b.watch.mu.Lock()
	defer b.watch.mu.Unlock()
	clear(b.watch.problems)
	brokerProblems.WithLabelValues(b.settings.Name).Set(1)
}

// compare says, once for each change, where a stream is not as we would make it. It is an operator's to decide.
func (b *Bus) compare(want, have jetstream.StreamConfig) {
	text := strings.Join(Differences(want, have), "; ")
	if b.watch.differs[want.Name] == text {
		return
	}
	b.watch.differs[want.Name] = text
	if text == "" {
		b.log.Info("stream is as the settings say again", "stream", want.Name)
		return
	}
	b.log.Warn("stream is not as the settings say, and is left as it is", "stream", want.Name, "differences", text)
}

// measure shows how full a stream is, and says so before it is.
func (b *Bus) measure(name string, info *jetstream.StreamInfo) {
	share := 0.0
	if info.Config.MaxBytes > 0 {
		share = float64(info.State.Bytes) / float64(info.Config.MaxBytes)
	}
	streamFill.WithLabelValues(name).Set(share)
	if full := share >= nearlyFull; full != b.watch.full[name] {
		b.watch.full[name] = full
		if full {
			b.log.Error("stream is nearly full", "stream", name, "bytes", info.State.Bytes, "bound", info.Config.MaxBytes)
		}
	}
}
