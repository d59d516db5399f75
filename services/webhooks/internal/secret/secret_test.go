package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
)

func TestNewSecretsAre32RandomBytes(t *testing.T) {
	t.Parallel()
	a, b := New(), New()
	text, ok := strings.CutPrefix(a, "whsec_")
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) != 32 || a == b {
		t.Errorf("%s, %s", a, b)
	}
}

// What databases hold was sealed under these very names.
func TestTheNameOfTheVaultNeverChanges(t *testing.T) {
	t.Parallel()
	v, err := NewVault(hex.EncodeToString(bytes.Repeat([]byte{1}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	if id := v.Seal("x", "o").KeyID; id != "0fda1483" {
		t.Errorf("the master key's id is %s", id)
	}
	if key := hex.EncodeToString(v.Derive("a")); key != "7292c7dc531988fa391f7c0d9a6f5d48fde7cb62658ceec7665ba0d2eb146ff7" {
		t.Errorf("derived: %s", key)
	}
}
