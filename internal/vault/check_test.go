package vault

import (
	"bytes"
	"encoding/hex"
	"os"
	"testing"

	"european-pay.eu/eupay/internal/kit/pgtest"
)

func withKey(t *testing.T, b byte) *Vault {
	t.Helper()
	v, err := New("test", hex.EncodeToString(bytes.Repeat([]byte{b}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestAWrongMasterKeyIsNoticedAtStart: it started, and every event that met a sealed secret went to the dead letters.
func TestAWrongMasterKeyIsNoticedAtStart(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "keys", os.DirFS("testdata/migrations"))
	const existing = `select key_id from secrets limit 1`
	right, wrong := withKey(t, 1), withKey(t, 2)
	// Before this version secrets were sealed and nothing was checked.
	if _, err := pool.Exec(t.Context(), `insert into secrets values ($1)`, right.Seal("x", "y").KeyID); err != nil {
		t.Fatal(err)
	}
	if err := wrong.Check(t.Context(), pool, existing); err == nil {
		t.Error("the first start with a wrong key succeeds")
	}
	for range 2 {
		if err := right.Check(t.Context(), pool, existing); err != nil {
			t.Errorf("the right key: %v", err)
		}
		if err := wrong.Check(t.Context(), pool, existing); err == nil {
			t.Error("a start with a wrong key succeeds")
		}
	}
}
