package operate

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// maxKept is the number of hashes that one verification compares: the last ones of a longer file, which stand for all before them.
const maxKept = 10_000

// maxKeptLine is the length of a record of the journal at most.
const maxKeptLine = 1 << 20

// ReadKept reads hashes that were kept: records of the journal, or closings, one JSON object per line.
func ReadKept(path string) ([]*qrv1.JournalAnchor, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []*qrv1.JournalAnchor
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxKeptLine)
	for n := 1; lines.Scan(); n++ {
		var a struct {
			Sequence int64  `json:"sequence"`
			Hash     string `json:"hash"`
		}
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil || a.Sequence < 1 || a.Hash == "" {
			return nil, Invalid(fmt.Sprintf("line %d of %s has no sequence and hash: use an exported journal, or closings", n, path))
		}
		if list = append(list, &qrv1.JournalAnchor{Sequence: a.Sequence, Hash: a.Hash}); len(list) > maxKept {
			list = list[1:]
		}
	}
	return list, lines.Err()
}

// VerifyJournal verifies the journal of a merchant. Each part may take up to the timeout.
func VerifyJournal(
	ctx context.Context, client qrv1.JournalArchiveServiceClient, req *qrv1.VerifyJournalRequest, timeout time.Duration,
) (*qrv1.VerifyJournalResponse, error) {
	return untilDone(ctx, timeout, func(ctx context.Context) (grpc.ServerStreamingClient[qrv1.VerifyJournalResponse], error) {
		return client.VerifyJournal(ctx, req)
	})
}
