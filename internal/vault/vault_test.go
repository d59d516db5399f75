package vault

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
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
		"forged key id": func() (string, error) { return other.Open(Sealed{KeyID: other.keyID, Data: s.Data}, "m_1/e_1") },
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
