package account

import (
	"slices"
	"testing"
	"time"
)

func TestAccountsThatNobodyVerifiesAreForgotten(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.merchant(t, "kept@example.com")
	f.Users.verification = true
	f.merchant(t, "old@example.com")
	f.clock.Advance(keepUnverified + time.Second)
	f.merchant(t, "new@example.com")
	if err := f.purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"users", "merchants"} {
		if left := f.strings(t, `select email from `+table+` order by email`); !slices.Equal(left, []string{"kept@example.com", "new@example.com"}) {
			t.Errorf("%s left: %v", table, left)
		}
	}
	list, total, err := f.Merchants.List(t.Context(), 1, 10)
	if err != nil || total != 1 || list[0].Email != "kept@example.com" {
		t.Errorf("admins see %v, %v", list, err)
	}
}

// A wrong password costs the same whether somebody waits to be verified or not.
func TestAWrongPasswordIsComparedTwiceForEverybody(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.Users.verification = true
	f.merchant(t, "new@example.com")
	for _, email := range []string{"new@example.com", "nobody@example.com", "nonsense"} {
		if _, ok, err := f.Users.matchUnverified(t.Context(), turn{}, email, "wrong password"); ok || err != nil {
			t.Errorf("%s: %v, %v", email, ok, err)
		}
	}
	fill(f.Users.hasher.turns)
	for _, email := range []string{"new@example.com", "nobody@example.com", "nonsense"} {
		if _, _, err := f.Users.matchUnverified(t.Context(), turn{}, email, "wrong password"); err == nil {
			t.Errorf("%s: answered without a comparison", email)
		}
	}
}
