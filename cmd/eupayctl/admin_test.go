package main

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/cmd/internal/roles"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/pgtest"
	gatewayv1 "european-pay.eu/eupay/proto/eupay/gateway/v1"
)

// desk replaces the gateway.
type desk struct {
	gatewayv1.UnimplementedOperatorServiceServer
	asked chan *gatewayv1.CreateAdminRequest
	fails error
}

func (d *desk) CreateAdmin(_ context.Context, r *gatewayv1.CreateAdminRequest) (*gatewayv1.CreateAdminResponse, error) {
	d.asked <- r
	return &gatewayv1.CreateAdminResponse{}, d.fails
}

func atDesk(t *testing.T, d *desk) {
	t.Helper()
	d.asked = make(chan *gatewayv1.CreateAdminRequest, 10)
	serve(t, identity.Gateway, gatewayAddr, &gatewayv1.OperatorService_ServiceDesc, d)
	t.Setenv("EUPAY_ADMIN_PASSWORD", "correct horse battery")
}

func TestTheFirstAdminIsCreatedOnlyWithRun(t *testing.T) {
	d := &desk{}
	atDesk(t, d)
	contains(t, eupayctl(t, "admin", "create", "--email", "admin@example.com").err, "would become an admin", "add --run")
	contains(t, eupayctl(t, "admin", "create", "--email", "admin@example.com", "--run", "--another").err, "is an admin now")
	want := &gatewayv1.CreateAdminRequest{Email: "admin@example.com", Password: "correct horse battery", DryRun: true}
	if got := <-d.asked; !proto.Equal(got, want) {
		t.Errorf("asked %v", got)
	}
	want.DryRun, want.Another = false, true
	if got := <-d.asked; !proto.Equal(got, want) {
		t.Errorf("asked %v", got)
	}
	d.fails = errs.New(errs.InvalidState, "There is an admin already.")
	if got := eupayctl(t, "admin", "create", "--email", "admin@example.com", "--run"); got.code != exitFailed {
		t.Errorf("got %+v", got)
	}
	contains(t, eupayctl(t, "admin", "create", "--email", "admin@example.com", "--run", "--unless-any").err, "There is an admin already. Nothing was changed.")
	d.fails = errs.New(errs.Unavailable, "Not now.")
	if got := eupayctl(t, "admin", "create", "--email", "admin@example.com", "--run", "--unless-any"); got.code != exitFailed {
		t.Errorf("a gateway that does not answer is no admin: %+v", got)
	}
	t.Setenv("EUPAY_ADMIN_PASSWORD", "")
	if got := eupayctl(t, "admin", "create", "--email", "admin@example.com"); got.code != exitUsage {
		t.Errorf("without a password: %+v", got)
	}
}

func TestTheDatabaseIsPreparedForAllServices(t *testing.T) {
	admin := pgtest.Empty(t)
	t.Setenv("EUPAY_DATABASE_URL", admin)
	if got := eupayctl(t, "database", "prepare", "--run"); got.code != exitUsage {
		t.Errorf("without passwords: %+v", got)
	}
	for _, name := range []string{"GATEWAY", "PAYMENTS", "WEBHOOKS", "QR", "EINVOICE", "PORTAL"} {
		t.Setenv("EUPAY_"+name+"_DATABASE_PASSWORD", "secret of "+name)
	}
	contains(t, eupayctl(t, "database", "prepare").err, "eupay_payments would own the schema payments", "add --run")
	contains(t, eupayctl(t, "database", "prepare", "--run").err, "6 roles")
	own, err := roles.Role{Name: "eupay_qr", Password: "secret of QR"}.URL(admin)
	if err != nil {
		t.Fatal(err)
	}
	if err := signIn(t.Context(), own); err != nil {
		t.Error(err)
	}
}

func TestTheMigrationsAreThoseOfTheirOwnRole(t *testing.T) {
	admin := pgtest.Empty(t)
	t.Setenv("EUPAY_DATABASE_URL", "")
	if got := eupayctl(t, "database", "migrate"); got.code != exitUsage {
		t.Errorf("without a database: %+v", got)
	}
	t.Setenv("EUPAY_DATABASE_URL", admin)
	for _, name := range []string{"GATEWAY", "PAYMENTS", "WEBHOOKS", "QR", "EINVOICE", "PORTAL", "MIGRATIONS"} {
		t.Setenv("EUPAY_"+name+"_DATABASE_PASSWORD", "secret of "+name)
	}
	contains(t, eupayctl(t, "database", "prepare").err, "eupay_migrations would own the schema payments", "add --run")
	contains(t, eupayctl(t, "database", "prepare", "--run").err, "eupay_migrations owns all schemas")
	owner, err := roles.Role{Name: "eupay_migrations", Password: "secret of MIGRATIONS"}.URL(admin)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("EUPAY_DATABASE_URL", owner)
	contains(t, eupayctl(t, "database", "migrate").err, "payments lacks 0001_", "add --run")
	contains(t, eupayctl(t, "--timeout", "60s", "database", "migrate", "--run").err, "migrations were applied")
	contains(t, eupayctl(t, "database", "migrate").err, "No schema lacks a migration.")
	own, err := roles.Role{Name: "eupay_qr", Password: "secret of QR"}.URL(admin)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("EUPAY_DATABASE_URL", own)
	if got := eupayctl(t, "database", "migrate", "--run"); got.code != exitFailed {
		t.Errorf("as a service: %+v", got)
	}
}

func signIn(ctx context.Context, url string) error {
	db, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	return db.Close(ctx)
}
