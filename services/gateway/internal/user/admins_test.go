package user

import (
	"slices"
	"sync"
	"testing"

	"european-pay.eu/eupay/internal/errs"
)

// TestANewDeploymentHasItsFirstAdmin: none could exist outside of the demo, so no merchant could ever take a payment.
func TestANewDeploymentHasItsFirstAdmin(t *testing.T) {
	t.Parallel()
	f := setup(t)
	first := NewAdmin{Email: " First@Example.com ", Password: "correct horse battery"}
	check := first
	check.Check = true
	if n, err := f.Users.CreateAdmin(t.Context(), check); err != nil || n != 0 {
		t.Fatalf("checked: %d, %v", n, err)
	}
	// Two operators at once make one.
	var wg sync.WaitGroup
	failures := make([]error, 4)
	for i := range failures {
		wg.Go(func() { _, failures[i] = f.Users.CreateAdmin(t.Context(), first) })
	}
	wg.Wait()
	if made := slices.IndexFunc(failures, func(err error) bool { return err == nil }); made < 0 {
		t.Fatal(failures)
	}
	var admins, audited int
	if err := f.Pool.QueryRow(t.Context(), `select count(*), (select count(*) from audit_log where action = 'admin.created' and actor = 'operator')
		from users where role = 'admin'`).Scan(&admins, &audited); err != nil || admins != 1 || audited != 1 {
		t.Errorf("%d admins, %d lines in the audit log, %v", admins, audited, err)
	}
	second := NewAdmin{Email: "second@example.com", Password: "correct horse battery"}
	if _, err := f.Users.CreateAdmin(t.Context(), second); !errs.Is(err, errs.InvalidState) {
		t.Errorf("a second one: %v", err)
	}
	second.Another = true
	if n, err := f.Users.CreateAdmin(t.Context(), second); err != nil || n != 1 {
		t.Errorf("another one: %d, %v", n, err)
	}
	if _, err := f.Users.CreateAdmin(t.Context(), NewAdmin{Email: "third@example.com", Password: "short", Another: true}); !errs.Is(err, errs.ValidationError) {
		t.Errorf("a bad password: %v", err)
	}
}
