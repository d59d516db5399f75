// Package hashing makes the random texts that EU Pay gives out as credentials, and hashes what must not be kept as it is.
package hashing

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/crypto/bcrypt"

	"european-pay.eu/eupay/services/gateway/internal/slots"
)

// MaxBytes is how many bytes bcrypt looks at. Whatever is longer must be refused: two secrets that differ only
// behind it would be the same.
const MaxBytes = 72

// Hasher is bcrypt with a bounded number of computations at a time, about 50 ms of one core each. The
// names of their Turns share it fairly.
type Hasher struct {
	// Turns are those at the computations.
	Turns *slots.Turns
	cost  int
	// decoy is a hash of nothing anyone knows, to compare with when there is no account.
	decoy []byte
}

// NewHasher returns a hasher of that bcrypt cost, 0 for the usual one, with so many computations at a time.
func NewHasher(cost, parallel int) (*Hasher, error) {
	if cost == 0 {
		cost = bcrypt.DefaultCost
	}
	h := &Hasher{Turns: slots.NewTurns(parallel, slots.Patience), cost: cost}
	var err error
	if h.decoy, err = bcrypt.GenerateFromPassword([]byte(Token()), cost); err != nil {
		return nil, fmt.Errorf("make the decoy hash: %w", err)
	}
	return h, nil
}

// Hash returns the bcrypt hash of at most MaxBytes bytes.
func (h *Hasher) Hash(ctx context.Context, who slots.Turn, secret string) (string, error) {
	if err := h.Turns.Enter(ctx, who); err != nil {
		return "", err
	}
	defer h.Turns.Leave(who)
	hash, err := bcrypt.GenerateFromPassword([]byte(secret), h.cost)
	if err != nil {
		return "", fmt.Errorf("hash secret: %w", err)
	}
	return string(hash), nil
}

// Matches reports whether secret is what hash was made of, in the same time for yes and no. An empty hash stands for
// an account that does not exist: the answer is no, at the same cost.
func (h *Hasher) Matches(ctx context.Context, who slots.Turn, hash, secret string) (bool, error) {
	if err := h.Turns.Enter(ctx, who); err != nil {
		return false, err
	}
	defer h.Turns.Leave(who)
	exists := hash != ""
	if !exists {
		hash = string(h.decoy)
	}
	err := bcrypt.CompareHashAndPassword([]byte(hash), []byte(secret))
	switch {
	case err == nil:
		return exists && len(secret) <= MaxBytes, nil
	case errors.Is(err, bcrypt.ErrMismatchedHashAndPassword):
		return false, nil
	default:
		return false, fmt.Errorf("compare secret: %w", err)
	}
}
