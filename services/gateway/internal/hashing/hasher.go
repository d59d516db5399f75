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
	decoy string
}

// NewHasher returns a hasher of that bcrypt cost, 0 for the usual one, with so many computations at a time.
func NewHasher(cost, parallel int) (*Hasher, error) {
	if cost == 0 {
		cost = bcrypt.DefaultCost
	}
	// Random salt and digest in the form of a hash: to compare with it takes as long, and to make it takes no time.
	decoy := fmt.Sprintf("$2a$%02d$%s", cost, Text(saltAndDigest))
	if _, err := bcrypt.Cost([]byte(decoy)); err != nil {
		return nil, fmt.Errorf("make the decoy hash: %w", err)
	}
	return &Hasher{Turns: slots.NewTurns(parallel, slots.Patience), cost: cost, decoy: decoy}, nil
}

// saltAndDigest is how many characters of a bcrypt hash follow its cost: 22 of the salt, 31 of the digest.
const saltAndDigest = 22 + 31

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
		hash = h.decoy
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
