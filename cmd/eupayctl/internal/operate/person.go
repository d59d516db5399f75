package operate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	privacyv1 "european-pay.eu/eupay/proto/eupay/privacy/v1"
)

// Holder is a service that holds personal data.
type Holder struct {
	Name   string
	Client privacyv1.PrivacyServiceClient
}

// HolderError is the error of one service.
type HolderError struct {
	Holder string
	Err    error
}

func (e *HolderError) Error() string { return e.Holder + ": " + e.Err.Error() }

// Unwrap returns the service's error.
func (e *HolderError) Unwrap() error { return e.Err }

// maxRounds is more than the longest way from one service to another and back.
const maxRounds = 10

// Resolve returns the subject with all that any service knows the same person by.
func Resolve(ctx context.Context, holders []Holder, who *privacyv1.Subject) (*privacyv1.Subject, error) {
	for range maxRounds {
		before := proto.CloneOf(who)
		for _, h := range holders {
			r, err := h.Client.Resolve(ctx, &privacyv1.ResolveRequest{Subject: who})
			if err != nil {
				return nil, &HolderError{h.Name, err}
			}
			who = r.GetSubject()
		}
		if proto.Equal(before, who) {
			return who, nil
		}
	}
	return nil, errors.New("the services still find more about this person: choose by a payment instead")
}

// Held is what one table holds about a person.
type Held struct {
	Purpose string            `json:"purpose"`
	Kept    string            `json:"kept"`
	Rows    []json.RawMessage `json:"rows"`
}

// HeldBy is what the services hold about a person, by service and table.
type HeldBy map[string]map[string]*Held

// Find returns what the services hold about the person. One that does not answer is an error: half of the data is no answer to the person.
func Find(ctx context.Context, holders []Holder, who *privacyv1.Subject) (HeldBy, error) {
	all := HeldBy{}
	for _, h := range holders {
		stream, err := h.Client.Find(ctx, &privacyv1.FindRequest{Subject: who})
		for err == nil {
			var r *privacyv1.FindResponse
			if r, err = stream.Recv(); err == nil {
				all.add(h.Name, r)
			}
		}
		if !errors.Is(err, io.EOF) {
			return nil, &HolderError{h.Name, err}
		}
	}
	return all, nil
}

func (all HeldBy) add(holder string, r *privacyv1.FindResponse) {
	if all[holder] == nil {
		all[holder] = map[string]*Held{}
	}
	held := all[holder][r.GetTable()]
	if held == nil {
		held = &Held{Purpose: r.GetPurpose(), Kept: r.GetKept()}
		all[holder][r.GetTable()] = held
	}
	held.Rows = append(held.Rows, r.GetRow())
}

// hops is how far an event leads: one is announced, read by a service that announces another about it, and that is read.
const hops = 3

// CatchUp returns once everything that was announced before it was called, or because of that, has been read by all services: what is on its way
// would be stored after an erasure. It asks every pause, until the context ends.
func CatchUp(ctx context.Context, holders []Holder, now func() time.Time, pause time.Duration) error {
	for range hops {
		before := timestamppb.New(now())
		for _, h := range holders {
			if err := h.caughtUp(ctx, before, pause); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h Holder) caughtUp(ctx context.Context, before *timestamppb.Timestamp, pause time.Duration) error {
	for {
		r, err := h.Client.CaughtUp(ctx, &privacyv1.CaughtUpRequest{Before: before})
		if err != nil {
			return &HolderError{h.Name, err}
		}
		if len(r.GetBehind()) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s still has %s", h.Name, strings.Join(r.GetBehind(), ", "))
		case <-time.After(pause):
		}
	}
}

// Erased is what one service erased, or would erase.
type Erased struct {
	Holder    string
	Counts    []*privacyv1.Count
	Obstacles []string
}

// Erase erases the person's data in one service after the other, each in its own transaction. If one does not answer, what came before stays
// erased, and all may be asked again. The last services are those by which the others' data is found, so that this finds it again.
func Erase(ctx context.Context, holders []Holder, who *privacyv1.Subject, dryRun bool) (done []Erased, err error) {
	for _, h := range holders {
		r, err := h.Client.Erase(ctx, &privacyv1.EraseRequest{Subject: who, DryRun: dryRun})
		if err != nil {
			return done, &HolderError{h.Name, err}
		}
		done = append(done, Erased{h.Name, r.GetCounts(), r.GetObstacles()})
	}
	return done, nil
}

// Rows are the rows that were erased, by service and table.
func Rows(done []Erased) map[string]int64 {
	all := map[string]int64{}
	for _, d := range done {
		for _, c := range d.Counts {
			if c.GetErased() > 0 {
				all[fmt.Sprintf("%s.%s", d.Holder, c.GetTable())] = c.GetErased()
			}
		}
	}
	return all
}
