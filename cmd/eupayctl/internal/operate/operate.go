// Package operate has the operators' actions on the event backbone while the system runs: inspect events, send them to a consumer
// again, requeue dead letters, and show the lag of consumers.
//
// It never creates or changes a stream or a durable: those belong to the services.
package operate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Operator works on the streams of one NATS.
type Operator struct {
	js jetstream.JetStream
	// timeout of each answer of the broker.
	timeout time.Duration
}

// New returns an operator that waits up to timeout for each answer of the broker. The caller closes nc.
func New(nc *nats.Conn, timeout time.Duration) (*Operator, error) {
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(timeout))
	if err != nil {
		return nil, fmt.Errorf("open JetStream: %w", err)
	}
	return &Operator{js: js, timeout: timeout}, nil
}

// Invalid is the error for a request that must be changed; its text says how.
type Invalid string

// Error returns the text.
func (i Invalid) Error() string { return string(i) }

func invalid(format string, args ...any) error { return Invalid(fmt.Sprintf(format, args...)) }

// stream opens a stream of the platform.
func (o *Operator) stream(ctx context.Context, name string) (jetstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	s, err := o.js.Stream(ctx, name)
	if err != nil {
		return nil, o.explain(err, "open the stream "+name)
	}
	return s, nil
}

// explain turns errors of an unusable broker into a sentence. what is the verb and object of the attempt.
func (o *Operator) explain(err error, what string) error {
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return fmt.Errorf("%s: it is not there. The services make the streams when they start: check that this is the right NATS and that they have run", what)
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount), errors.Is(err, nats.ErrNoResponders):
		return fmt.Errorf("%s: this NATS offers no JetStream to these credentials: check EUPAY_NATS_URL", what)
	case errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, nats.ErrDisconnected):
		return fmt.Errorf("%s: the connection to NATS was lost: repeat it when NATS is back", what)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return fmt.Errorf("%s: NATS did not answer within %s: check its health and what these credentials may do, or give it longer with --timeout", what, o.timeout)
	default:
		return fmt.Errorf("%s: %w", what, err)
	}
}
