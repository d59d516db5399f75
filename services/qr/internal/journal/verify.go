package journal

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/pg"
)

// Anchor is the hash of a record that was kept elsewhere.
type Anchor struct {
	Sequence int64
	// Hash in hex.
	Hash string
}

// Proof is what a verification has found.
type Proof struct {
	// Records that were verified.
	Records int64
	// Problem is the first break of the chain, at Sequence; empty: there is none.
	Problem  string
	Sequence int64
	// Head is the hash of the last record.
	Head []byte
}

func (p *Proof) stop(sequence int64, format string, args ...any) {
	p.Problem, p.Sequence = fmt.Sprintf(format, args...), sequence
}

// Verify computes a chain anew and compares it with what was recorded, and with anchors that were kept elsewhere. It stops at the first break.
// seen is told each part that is as it was.
func Verify(ctx context.Context, db pg.Reader, who Who, kept []Anchor, seen func([]Record) error) (Proof, error) {
	anchors := make(map[int64]string, len(kept))
	for _, a := range kept {
		anchors[a.Sequence] = a.Hash
	}
	// The end is read first: records that are added meanwhile come after it.
	end, hash, err := Head(ctx, db, who)
	if err != nil {
		return Proof{}, err
	}
	p := Proof{Head: make([]byte, 32)}
	for {
		list, err := rawAfter(ctx, db, who, p.Records)
		if err != nil {
			return Proof{}, err
		}
		good := make([]Record, 0, len(list))
		for i := range list {
			if p.add(who, &list[i], anchors, end, hash); p.Problem != "" {
				return p, nil
			}
			good = append(good, list[i].Record)
		}
		if err := seen(good); err != nil {
			return Proof{}, err
		}
		if len(list) < page {
			break
		}
	}
	p.complete(end, kept)
	return p, nil
}

// add verifies the next record, and reads it.
func (p *Proof) add(who Who, r *raw, anchors map[int64]string, end int64, last []byte) {
	n := p.Records + 1
	switch {
	case r.Sequence != n:
		p.stop(n, "The journal has no record %d.", n)
	case !bytes.Equal(r.Previous, p.Head):
		p.stop(n, "Record %d does not follow the one before it.", n)
	case !bytes.Equal(r.Hash, Hash(who.MerchantID, who.Livemode, n, r.Previous, r.Body)):
		p.stop(n, "The hash of record %d does not follow from what it says.", n)
	case r.read(who) != nil || !r.agrees():
		p.stop(n, "The columns of record %d do not say what was hashed.", n)
	case anchors[n] != "" && anchors[n] != hex.EncodeToString(r.Hash):
		p.stop(n, "The hash of record %d is not the one that was kept.", n)
	case n == end && !bytes.Equal(r.Hash, last):
		p.stop(n, "Record %d is not the last one that was written.", n)
	}
	if p.Problem == "" {
		p.Records, p.Head = n, r.Hash
	}
}

// agrees reports whether the columns repeat the body.
func (r *raw) agrees() bool {
	return r.kind == string(r.Kind) && r.orderID == r.OrderID && r.billID == r.BillID && r.reference == r.Reference && r.method == r.Method &&
		r.at.Equal(r.At) && money.Cents(r.amount) == r.Amount && money.Cents(r.tip) == r.Tip
}

// complete looks for what was removed from the end.
func (p *Proof) complete(end int64, kept []Anchor) {
	if p.Records < end {
		p.stop(p.Records+1, "The journal ends at record %d, but record %d was written.", p.Records, end)
		return
	}
	for _, a := range kept {
		if a.Sequence > p.Records {
			p.stop(p.Records+1, "The journal ends at record %d, but the hash of record %d was kept.", p.Records, a.Sequence)
			return
		}
	}
}
