package store

import (
	"errors"
	"testing"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/vaulttest"
)

// TestReplaysCauseNoDatabaseErrors: they were found by a violated key, which is a line in PostgreSQL's log, and made every payment that
// shared their commit begin again.
func TestReplaysCauseNoDatabaseErrors(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Store = New(pgtest.WithoutDuplicates(t, b.pool), vaulttest.New(t), b.Store.now, func() {})
	b.grouped(t)
	create := func(n int, key, fingerprint, reference string) (string, Match, error) {
		d := draft(ref("PAY", n))
		d.MerchantReference = reference
		p, match, err := b.Create(t.Context(), d, Idempotency{Key: key, Fingerprint: []byte(fingerprint)}, Meta{})
		return p.Reference, match, err
	}
	for i, c := range []struct {
		n                           int
		key, fingerprint, reference string
		want                        string
		match                       Match
	}{
		{1, "k1", "body", "A", ref("PAY", 1), NoMatch},
		{1, "k1", "body", "A", ref("PAY", 1), NoMatch}, // the command was delivered again
		{2, "k1", "body", "A", ref("PAY", 1), ByKey},
		{3, "k2", "body", "A", ref("PAY", 1), ByReference},
		{4, "", "", "A", ref("PAY", 1), ByReference},
		{5, "k1", "body", "B", ref("PAY", 1), ByKey}, // the reference is not taken
		{6, "k3", "body", "B", ref("PAY", 6), NoMatch},
		{7, "", "", "", ref("PAY", 7), NoMatch},
		{7, "", "", "", ref("PAY", 7), NoMatch},
	} {
		if got, match, err := create(c.n, c.key, c.fingerprint, c.reference); err != nil || got != c.want || match != c.match {
			t.Errorf("%d: got %s %q, %v", i, got, match, err)
		}
	}
	if _, _, err := create(8, "k1", "another", "C"); !errors.Is(err, ErrKeyReused) {
		t.Errorf("another body with the same key: %v", err)
	}
	if got, match, err := create(9, "", "", "C"); err != nil || got != ref("PAY", 9) || match != NoMatch {
		t.Errorf("a reference whose request was refused is not free: %s %q, %v", got, match, err)
	}
}
