package user

import (
	"slices"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
	"european-pay.eu/eupay/services/gateway/internal/slots"
)

func TestAccountsThatNobodyVerifiesAreForgotten(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.merchant(t, "kept@example.com")
	f.Users.verification = true
	f.merchant(t, "old@example.com")
	f.Clock.Advance(keepUnverified + time.Second)
	f.merchant(t, "new@example.com")
	if err := f.Users.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"users", "merchants"} {
		if left := f.Strings(t, `select email from `+table+` order by email`); !slices.Equal(left, []string{"kept@example.com", "new@example.com"}) {
			t.Errorf("%s left: %v", table, left)
		}
	}
	list, total, err := f.Merchants.List(t.Context(), 1, 10)
	if err != nil || total != 1 || list[0].Email != "kept@example.com" {
		t.Errorf("admins see %v, %v", list, err)
	}
}

// Whoever is first has the address, and the other is told so.
func TestTwoWhoVerifyOneAddressAtOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.Users.verification = true
	var people []Presence
	var codes []string
	for range 2 {
		_, s := f.merchant(t, "jane@example.com")
		id, err := f.Tokens.Verify(s.Token, Portal)
		if err != nil {
			t.Fatal(err)
		}
		p, err := f.Users.Present(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		code, err := f.Users.newMailToken(t.Context(), f.Pool, p.ID, purposeVerify, verifyLife)
		if err != nil {
			t.Fatal(err)
		}
		people, codes = append(people, p), append(codes, code)
	}
	tx := f.Begin(t) // the first is about to be done
	if err := lockAddress(t.Context(), tx, "jane@example.com"); err != nil {
		t.Fatal(err)
	}
	if err := markVerified(t.Context(), tx, people[0].User); err != nil {
		t.Fatal(err)
	}
	result := make(chan error, 1)
	go func() { result <- f.Users.VerifyEmail(t.Context(), people[1], codes[1]) }()
	f.Blocked(t)
	if err := f.Users.verify(t.Context(), tx, people[0].User, f.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	roomtest.WantCode(t, <-result, errs.Unauthenticated)
	if left := f.Strings(t, `select id::text from users`); !slices.Equal(left, []string{people[0].ID}) {
		t.Errorf("left: %v", left)
	}
}

// A wrong password costs the same whether somebody waits to be verified or not.
func TestAWrongPasswordIsComparedTwiceForEverybody(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.Users.verification = true
	f.merchant(t, "new@example.com")
	for _, email := range []string{"new@example.com", "nobody@example.com", "nonsense"} {
		if _, ok, err := f.Users.matchUnverified(t.Context(), slots.Turn{}, email, "wrong password"); ok || err != nil {
			t.Errorf("%s: %v, %v", email, ok, err)
		}
	}
	f.Users.hasher.Turns.Close()
	for _, email := range []string{"new@example.com", "nobody@example.com", "nonsense"} {
		if _, _, err := f.Users.matchUnverified(t.Context(), slots.Turn{}, email, "wrong password"); err == nil {
			t.Errorf("%s: answered without a comparison", email)
		}
	}
}
