// Package identitytest provides identities for tests. All identities of one test program come from one authority, so they trust
// each other.
package identitytest

import (
	"sync"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/localca"
)

var authority = sync.OnceValues(func() (*localca.Authority, error) { return localca.New(time.Now()) })

// Files returns the files of an identity with that name.
func Files(t testing.TB, name string) identity.Files {
	t.Helper()
	a, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := a.Issue(dir, name); err != nil {
		t.Fatal(err)
	}
	return localca.Files(dir, name)
}

// Load returns an identity with that name.
func Load(t testing.TB, name string) *identity.Identity {
	t.Helper()
	return Read(t, Files(t, name))
}

// Stranger returns an identity with that name from an authority that the others do not trust.
func Stranger(t testing.TB, name string) *identity.Identity {
	t.Helper()
	dir := t.TempDir()
	if err := localca.Ensure(dir, time.Now(), name); err != nil {
		t.Fatal(err)
	}
	return Read(t, localca.Files(dir, name))
}

// Read loads the identity in the files.
func Read(t testing.TB, files identity.Files) *identity.Identity {
	t.Helper()
	i, err := identity.Load(files, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// Settings returns the files of an identity as settings of a service.
func Settings(t testing.TB, name string) map[string]string {
	t.Helper()
	return Files(t, name).Settings()
}
