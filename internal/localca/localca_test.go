package localca_test

import (
	"os"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/localca"
)

func expires(t *testing.T, dir, name string) time.Time {
	t.Helper()
	i, err := identity.Load(localca.Files(dir, name), func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	if i.Name() != name {
		t.Errorf("%s is called %s", name, i.Name())
	}
	return i.Expires()
}

// TestIdentitiesAreKeptUntilTheyAreOld: a restarted run uses the existing ones.
func TestIdentitiesAreKeptUntilTheyAreOld(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Now()
	ensure := func(at time.Time) time.Time {
		t.Helper()
		if err := localca.Ensure(dir, at, localca.Names()...); err != nil {
			t.Fatal(err)
		}
		return expires(t, dir, identity.Gateway)
	}
	first := ensure(now)
	if again := ensure(now.Add(200 * 24 * time.Hour)); !again.Equal(first) {
		t.Error("identities were made again although they are good")
	}
	if renewed := ensure(now.Add(300 * 24 * time.Hour)); !renewed.After(first) {
		t.Error("old identities were kept")
	}
	if err := os.Remove(localca.Files(dir, identity.QR).Key); err != nil {
		t.Fatal(err)
	}
	ensure(now.Add(300 * 24 * time.Hour))
	expires(t, dir, identity.QR)
	info, err := os.Stat(localca.Files(dir, identity.QR).Key)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode is %v, %v", info.Mode(), err)
	}
}
