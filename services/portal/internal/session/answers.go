package session

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	// keepAnswer is how long a form may be sent again and get its first answer.
	keepAnswer = time.Hour
	// AnswerLimit is how long a request that a form makes may take. After that it is taken for lost.
	AnswerLimit = time.Minute
	// lookAgain is the interval of looking whether the first request has been answered.
	lookAgain = 100 * time.Millisecond
)

// Answer is what a form was answered.
type Answer struct {
	Status int         `json:"status"`
	Header http.Header `json:"header"`
	Body   []byte      `json:"body"`
}

// Once is a form of a session, which has an effect once.
type Once struct {
	store   *Store
	session []byte
	id      []byte
}

// Once is the form with that token and path.
func (s *Store) Once(session *Session, token, path string) Once {
	sum := sha256.Sum256([]byte(path + "\x00" + token))
	return Once{store: s, session: session.id, id: sum[:]}
}

// Claim returns nil if nobody has sent the form before: then the caller does what it asks for, and calls Keep or Release. Otherwise it
// returns the first answer, for which it waits if need be.
func (o Once) Claim(ctx context.Context) (*Answer, error) {
	for {
		mine, err := o.store.claim(ctx, o, o.store.now().UTC())
		if err != nil || mine {
			return nil, err
		}
		sealed, err := o.store.answer(ctx, o)
		if err != nil {
			return nil, err
		}
		if sealed.Data != nil {
			return o.open(sealed)
		}
		again := time.NewTimer(lookAgain)
		select {
		case <-ctx.Done():
			again.Stop()
			return nil, ctx.Err()
		case <-again.C:
		}
	}
}

// Keep stores the answer.
func (o Once) Keep(ctx context.Context, a Answer) error {
	raw, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return o.store.keepAnswer(ctx, o, o.store.vault.Seal(string(raw), o.name()))
}

// Release lets the form be sent again: it has had no effect.
func (o Once) Release(ctx context.Context) error { return o.store.releaseAnswer(ctx, o) }

func (o Once) name() string {
	return "answer " + hex.EncodeToString(o.session) + hex.EncodeToString(o.id)
}
