package vault

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/kit/pgtest"
)

var master = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32))

func vault(t *testing.T, key string) *Vault {
	t.Helper()
	v, err := New("test", key)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestASealedSecretOpensOnlyForItsOwner(t *testing.T) {
	t.Parallel()
	v := vault(t, master)
	s := v.Seal("whsec_abc", "m_1/e_1")
	if again := v.Seal("whsec_abc", "m_1/e_1"); bytes.Equal(again.Data, s.Data) {
		t.Error("the same secret is sealed to the same bytes")
	}
	if bytes.Contains(s.Data, []byte("abc")) {
		t.Error("the secret can be read")
	}
	if got, err := v.Open(s, "m_1/e_1"); err != nil || got != "whsec_abc" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := vault(t, hex.EncodeToString(bytes.Repeat([]byte{1}, 32))).Open(s, "m_1/e_1"); err != nil || got != "whsec_abc" {
		t.Errorf("the key in hex: %q, %v", got, err)
	}
	changed := bytes.Clone(s.Data)
	changed[len(changed)-1]++
	other := vault(t, strings.Repeat("02", 32))
	for name, open := range map[string]func() (string, error){
		"another owner": func() (string, error) { return v.Open(s, "m_2/e_1") },
		"changed":       func() (string, error) { return v.Open(Sealed{KeyID: s.KeyID, Data: changed}, "m_1/e_1") },
		"short":         func() (string, error) { return v.Open(Sealed{KeyID: s.KeyID, Data: s.Data[:5]}, "m_1/e_1") },
		"another key":   func() (string, error) { return other.Open(s, "m_1/e_1") },
		"forged key id": func() (string, error) { return other.Open(Sealed{KeyID: other.current().id, Data: s.Data}, "m_1/e_1") },
	} {
		if got, err := open(); err == nil || got != "" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestAMasterKeyHas32Bytes(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", "short", strings.Repeat("a", 32), strings.Repeat("0", 62), base64.StdEncoding.EncodeToString(make([]byte, 31))} {
		if _, err := New("test", key); err == nil {
			t.Errorf("%q was accepted", key)
		}
	}
}

func TestDerivedKeysFollowFromMasterKeyAndLabelAlone(t *testing.T) {
	t.Parallel()
	a := vault(t, master).Derive("a")
	if again := vault(t, hex.EncodeToString(bytes.Repeat([]byte{1}, 32))).Derive("a"); len(a) != 32 || !bytes.Equal(a, again) {
		t.Errorf("%x, %x", a, again)
	}
	if bytes.Equal(a, vault(t, master).Derive("b")) || bytes.Equal(a, vault(t, strings.Repeat("02", 32)).Derive("a")) {
		t.Error("another label or master key gives the same bytes")
	}
}

func TestVaultsOfTwoNamesAreUnrelated(t *testing.T) {
	t.Parallel()
	other, err := New("other", master)
	if err != nil {
		t.Fatal(err)
	}
	v := vault(t, master)
	if _, err := other.Open(v.Seal("whsec_abc", "m_1"), "m_1"); err == nil {
		t.Error("a vault of another name opens what this one sealed")
	}
	if bytes.Equal(other.Derive("a"), v.Derive("a")) {
		t.Error("vaults of two names derive the same key")
	}
}

// TestSecretsAreSealedAnewWhileAnEarlierKeyIsKnown: then that one is not needed any more, and nothing was lost.
func TestSecretsAreSealedAnewWhileAnEarlierKeyIsKnown(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "keys", os.DirFS("testdata/migrations"))
	if _, err := pool.Exec(t.Context(), `create table notes (id int, owner text, key_id text, sealed bytea, hash bytea, primary key (id, owner))`); err != nil {
		t.Fatal(err)
	}
	const existing = `select key_id from notes limit 1`
	owner := func(of []string) string { return of[1] + "\x00" + of[0] }
	column := Column{
		Table: "notes", Key: []string{"id", "owner"}, KeyID: "key_id", Data: "sealed", Owner: owner,
		Hashes: []Hash{{"hash", func(_ []string, plain string) []byte { return []byte("hash of " + plain) }}},
	}
	first, second, third := hexKey(1), hexKey(2), hexKey(3)
	ring := func(current string, earlier ...string) *Vault {
		v, err := New("test", current, earlier...)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	old := ring(first)
	if err := old.Check(t.Context(), pool, existing); err != nil {
		t.Fatal(err)
	}
	for i := range 2*batchSize + 1 {
		s := old.Seal(fmt.Sprint("secret ", i), owner([]string{fmt.Sprint(i), "m"}))
		if _, err := pool.Exec(t.Context(), `insert into notes values ($1, 'm', $2, $3)`, i, s.KeyID, s.Data); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := pool.Exec(t.Context(), `insert into notes values (1, 'without')`); err != nil {
		t.Fatal(err)
	}
	if err := ring(second).Check(t.Context(), pool, existing); err == nil {
		t.Error("the new key alone was taken before anything was sealed with it")
	}
	both := ring(second, third, first)
	if err := both.Check(t.Context(), pool, existing); err != nil {
		t.Errorf("with the earlier key: %v", err)
	}
	if n, err := both.Reseal(t.Context(), pool, column); err != nil || n != 2*batchSize+1 {
		t.Errorf("sealed %d anew, %v", n, err)
	}
	if n, err := both.Reseal(t.Context(), pool, column); err != nil || n != 0 {
		t.Errorf("again: %d, %v", n, err)
	}
	alone := ring(second)
	if err := alone.Check(t.Context(), pool, existing); err != nil {
		t.Errorf("the new key alone: %v", err)
	}
	if err := old.Check(t.Context(), pool, existing); err == nil {
		t.Error("the old key alone is still taken")
	}
	rows, err := pool.Query(t.Context(), `select id::text, key_id, sealed, hash from notes where owner = 'm'`) //nolint:rowserrcheck // ForEachRow does
	if err != nil {
		t.Fatal(err)
	}
	var id string
	var s Sealed
	var hash []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &s.KeyID, &s.Data, &hash}, func() error {
		plain, err := alone.Open(s, owner([]string{id, "m"}))
		if err != nil || plain != "secret "+id || string(hash) != "hash of "+plain {
			t.Errorf("%s opens to %q, %v, with the hash %q", id, plain, err, hash)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// What was derived from an earlier key is still known.
	if !slices.EqualFunc(both.DeriveAll("x"), [][]byte{alone.Derive("x"), ring(third).Derive("x"), old.Derive("x")}, bytes.Equal) {
		t.Error("derived keys differ")
	}
}

func hexKey(b byte) string { return hex.EncodeToString(bytes.Repeat([]byte{b}, 32)) }
