package operate

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"google.golang.org/grpc"

	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
)

// Anchor is the end of a merchant's archive on a day, as a line of JSON.
type Anchor struct {
	Day      string `json:"day"`
	Position int64  `json:"position"`
	// Hash in hex.
	Hash string `json:"hash"`
}

// maxAnchorFile bounds a file of anchors: those of thirty years take a tenth.
const maxAnchorFile = 10 << 20

// ReadAnchors reads a file of anchors, one on each line.
func ReadAnchors(path string) ([]*einvoicev1.Anchor, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []*einvoicev1.Anchor
	lines := bufio.NewScanner(io.LimitReader(f, maxAnchorFile))
	for n := 1; lines.Scan(); n++ {
		var a Anchor
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			return nil, Invalid(fmt.Sprintf("line %d of %s is not an anchor: use what einvoice anchors -o json printed", n, path))
		}
		list = append(list, &einvoicev1.Anchor{Day: a.Day, Position: a.Position, Hash: a.Hash})
	}
	return list, lines.Err()
}

// Verify verifies the archive of a merchant. Each part may take up to the timeout.
func Verify(ctx context.Context, client einvoicev1.ArchiveServiceClient, req *einvoicev1.VerifyRequest, timeout time.Duration) (*einvoicev1.VerifyResponse, error) {
	return untilDone(ctx, timeout, func(ctx context.Context) (grpc.ServerStreamingClient[einvoicev1.VerifyResponse], error) {
		return client.Verify(ctx, req)
	})
}

// progress is a message of a verification: the last one says that it is done.
type progress[T any] interface {
	*T
	GetDone() bool
}

// untilDone reads the stream of a verification and returns its last message. Each message may take up to the timeout.
func untilDone[T any, P progress[T]](
	ctx context.Context, timeout time.Duration, open func(context.Context) (grpc.ServerStreamingClient[T], error),
) (*T, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(timeout, func() { cancel(fmt.Errorf("nothing came for %s", timeout)) })
	defer silence.Stop()
	stream, err := open(ctx)
	if err != nil {
		return nil, err
	}
	for {
		r, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return nil, errors.New("the verification ended early")
		case context.Cause(ctx) != nil:
			return nil, context.Cause(ctx)
		case err != nil:
			return nil, err
		case P(r).GetDone():
			return r, nil
		}
		silence.Reset(timeout)
	}
}
