package till

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"

	"google.golang.org/grpc"

	"european-pay.eu/eupay/internal/refuse"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/journal"
)

// maxAnchors is how many kept hashes a request may have: one for each closing of thirty years.
const maxAnchors = 12_000

// audit is a verification of a journal and its closings.
type audit struct {
	*Server
	who      journal.Who
	records  int64
	closings int64
	// problem is a closing that is not what the journal says, at sequence.
	problem  string
	sequence int64
	last     map[Period]*content
}

// VerifyJournal implements JournalArchiveService.
func (s *Server) VerifyJournal(req *qrv1.VerifyJournalRequest, stream grpc.ServerStreamingServer[qrv1.VerifyJournalResponse]) error {
	who, kept, err := verification(req)
	if err != nil {
		return err
	}
	ctx := stream.Context()
	a := &audit{Server: s, who: who, last: map[Period]*content{}}
	p, err := journal.Verify(ctx, s.pool, who, kept, func(list []journal.Record) error {
		if err := a.check(ctx, list); err != nil {
			return err
		}
		return stream.Send(&qrv1.VerifyJournalResponse{Records: a.records, Closings: a.closings})
	})
	if err != nil {
		return err
	}
	if p.Problem == "" {
		if err := a.complete(ctx); err != nil {
			return err
		}
		p.Problem, p.Sequence = a.problem, a.sequence
	}
	return stream.Send(&qrv1.VerifyJournalResponse{
		Records: p.Records, Closings: a.closings, Done: true, Problem: p.Problem, Sequence: p.Sequence, Head: hexed(p.Head),
	})
}

func verification(req *qrv1.VerifyJournalRequest) (journal.Who, []journal.Anchor, error) {
	var bad refuse.Problems
	bad.If(!isID(req.GetMerchantId()), "merchant_id", "must be a UUID")
	bad.If(len(req.GetAnchors()) > maxAnchors, "anchors", "must have at most %d entries", maxAnchors)
	kept := make([]journal.Anchor, len(req.GetAnchors()))
	for i, x := range req.GetAnchors() {
		hash, err := hex.DecodeString(x.GetHash())
		bad.If(err != nil || len(hash) != 32 || x.GetSequence() < 1, refuse.At("anchors", i), "must have a sequence and a hash")
		kept[i] = journal.Anchor{Sequence: x.GetSequence(), Hash: hexed(hash)}
	}
	return journal.Who{MerchantID: req.GetMerchantId(), Livemode: req.GetLivemode()}, kept, bad.Err()
}

// check compares the closings among records with the records that they are about, and with the table of closings.
func (a *audit) check(ctx context.Context, list []journal.Record) error {
	for _, r := range list {
		a.records = r.Sequence
		if r.Kind != journal.Closed || a.problem != "" {
			continue
		}
		a.closings++
		if err := a.closing(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

func (a *audit) stop(sequence int64, format string, args ...any) {
	a.problem, a.sequence = fmt.Sprintf(format, args...), sequence
}

func (a *audit) closing(ctx context.Context, r journal.Record) error {
	var c content
	text, _ := r.Detail.(json.RawMessage)
	if err := json.Unmarshal(text, &c); err != nil {
		a.stop(r.Sequence, "The closing in record %d cannot be read.", r.Sequence)
		return nil //nolint:nilerr // it is what the audit has found
	}
	last, grand := a.last[c.Period], Grand{}
	if last != nil {
		grand = last.Grand
	}
	a.last[c.Period] = &c
	totals, err := totalsOf(ctx, a.pool, a.who, c.First, c.Last)
	if err != nil {
		return err
	}
	kept, err := readClosings(ctx, a.pool, closings+` and sequence = $3`, a.who.MerchantID, a.who.Livemode, r.Sequence)
	switch {
	case err != nil:
		return err
	case !follows(last, c):
		a.stop(r.Sequence, "The closing in record %d does not follow the one before it.", r.Sequence)
	case !same(totals, c.Totals) || grand.plus(c.Totals) != c.Grand:
		a.stop(r.Sequence, "The sums of the closing in record %d are not those of its records.", r.Sequence)
	case len(kept) != 1 || !bytes.Equal(kept[0].Hash, r.Hash) || !reflect.DeepEqual(kept[0].content, c):
		a.stop(r.Sequence, "The closing in record %d is not in the list of closings as it was made.", r.Sequence)
	}
	return nil
}

// follows reports whether a closing begins where the last one of its period ended.
func follows(last *content, c content) bool {
	if last == nil {
		return c.Number == 1 && c.First == 1
	}
	return c.Number == last.Number+1 && c.First == last.Last+1
}

// same compares totals as they are written.
func same(a, b Totals) bool {
	x, errX := json.Marshal(a.normal())
	y, errY := json.Marshal(b.normal())
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// normal has no null lists.
func (t Totals) normal() Totals {
	t.Taxes, t.ReceivedTaxes = sum(t.Taxes, nil), sum(t.ReceivedTaxes, nil)
	if t.Methods == nil {
		t.Methods = []Method{}
	}
	return t
}

// complete looks for closings that are in no record.
func (a *audit) complete(ctx context.Context) error {
	if a.problem != "" {
		return nil
	}
	n, err := countClosings(ctx, a.pool, a.who, a.records)
	if err == nil && n != a.closings {
		a.stop(a.records, "The list of closings has %d, the journal %d.", n, a.closings)
	}
	return err
}
