package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// maxBcrypt is how many bytes bcrypt looks at. Whatever is longer must be refused: two secrets that differ only
// behind it would be the same.
const maxBcrypt = 72

// gatePatience is how long a caller waits for its turn at a bounded resource.
const gatePatience = 2 * time.Second

// hasher is bcrypt with a bounded number of computations at a time, about 50 ms of one core each, fairly between whom they
// are for.
type hasher struct {
	turns *turns
	cost  int
	// decoy is a hash of nothing anyone knows, to compare with when there is no account.
	decoy []byte
}

func newHasher(cost, parallel int) (*hasher, error) {
	h := &hasher{turns: newTurns(parallel, gatePatience), cost: cost}
	var err error
	if h.decoy, err = bcrypt.GenerateFromPassword([]byte(randomText(secretLength)), cost); err != nil {
		return nil, fmt.Errorf("make the decoy hash: %w", err)
	}
	return h, nil
}

// hash returns the bcrypt hash of at most maxBcrypt bytes.
func (h *hasher) hash(ctx context.Context, who turn, secret string) (string, error) {
	if err := h.turns.enter(ctx, who); err != nil {
		return "", err
	}
	defer h.turns.leave(who)
	hash, err := bcrypt.GenerateFromPassword([]byte(secret), h.cost)
	if err != nil {
		return "", fmt.Errorf("hash secret: %w", err)
	}
	return string(hash), nil
}

// matches reports whether secret is what hash was made of, in the same time for yes and no. An empty hash stands for
// an account that does not exist: the answer is no, at the same cost.
func (h *hasher) matches(ctx context.Context, who turn, hash, secret string) (bool, error) {
	if err := h.turns.enter(ctx, who); err != nil {
		return false, err
	}
	defer h.turns.leave(who)
	exists := hash != ""
	if !exists {
		hash = string(h.decoy)
	}
	err := bcrypt.CompareHashAndPassword([]byte(hash), []byte(secret))
	switch {
	case err == nil:
		return exists && len(secret) <= maxBcrypt, nil
	case errors.Is(err, bcrypt.ErrMismatchedHashAndPassword):
		return false, nil
	default:
		return false, fmt.Errorf("compare secret: %w", err)
	}
}
