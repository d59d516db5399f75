package eupay

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// FollowParams is what a KitchenStream brings.
type FollowParams struct {
	// Station is an id: only orders with a line there, or at no station. Empty: all.
	Station string
	// After is the Position of a stream that ended: it goes on there, and nothing is missing. Empty: it begins with a snapshot.
	After string
}

// KitchenChange is what happened in a kitchen.
type KitchenChange struct {
	// Snapshot: Orders are all that is to be done, and replace what came before. Otherwise Orders is one order that changed, as it is now.
	Snapshot bool
	Orders   []Order
}

// KitchenStream brings what changes in a kitchen. It is for one goroutine.
type KitchenStream struct{ st *Stream }

// Follow begins a stream. Close it. The server ends a stream after five minutes: follow again, After its Position.
func (s Kitchen) Follow(ctx context.Context, p FollowParams) (*KitchenStream, error) {
	q := query{}
	q.text("station", p.Station)
	op := call{method: http.MethodGet, path: "/kitchen/stream", query: q, header: http.Header{}}
	if p.After != "" {
		op.header.Set("Last-Event-ID", p.After)
	}
	ctx, cut := context.WithCancel(ctx)
	st, err := Listener(s).connect(ctx, &op, cut)
	if err != nil {
		cut()
		return nil, err
	}
	return &KitchenStream{st}, nil
}

// Position is where the stream stands: after the last change that Next returned.
func (k *KitchenStream) Position() string { return k.st.Position() }

// Close ends the stream. A Next that waits returns.
func (k *KitchenStream) Close() error { return k.st.Close() }

// Next waits for the next change. The error is io.EOF when the server ended the stream, and an *Error when it said why.
func (k *KitchenStream) Next() (*KitchenChange, error) {
	for {
		m, err := k.st.take()
		if err != nil {
			return nil, err
		}
		switch m.name {
		case "error":
			return nil, lastError(m.data)
		case "snapshot":
			var v struct {
				Data []Order `json:"data"`
			}
			if err := json.Unmarshal([]byte(m.data), &v); err != nil {
				return nil, fmt.Errorf("read a kitchen: %w", err)
			}
			return &KitchenChange{Snapshot: true, Orders: v.Data}, nil
		case "order":
			var o Order
			if err := json.Unmarshal([]byte(m.data), &o); err != nil {
				return nil, fmt.Errorf("read an order: %w", err)
			}
			return &KitchenChange{Orders: []Order{o}}, nil
		} // others are of a newer server
	}
}
