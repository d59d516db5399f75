package main

import (
	"errors"

	"european-pay.eu/eupay/cmd/eupayctl/internal/operate"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/run/config"
	gatewayv1 "european-pay.eu/eupay/proto/eupay/gateway/v1"
)

const adminPassword = "EUPAY_ADMIN_PASSWORD"

type adminCreateCommand struct {
	Email   string `required:"" placeholder:"ADDRESS" help:"The admin's email address, which is also the login."`
	Another bool   `xor:"any" help:"Also when there is an admin already."`
	Unless  bool   `name:"unless-any" xor:"any" help:"When there is an admin already, change nothing and end well: for jobs."`
	Do      bool   `name:"run" help:"Do it. Without this it is only checked."`
}

// Help is shown under the summary.
func (*adminCreateCommand) Help() string {
	return "Makes a person who works for the platform: the first one of a new deployment, who then enables merchants. The password comes from " +
		adminPassword + ", or from the file that " + adminPassword + "_FILE names. It is written to the audit log."
}

// Run creates the admin, or checks that it could be created.
func (c *adminCreateCommand) Run(t *tool) error {
	vars, err := config.Environment()
	if err != nil {
		return err
	}
	if vars[adminPassword] == "" {
		return operate.Invalid("no password: set " + adminPassword + " or " + adminPassword + "_FILE")
	}
	conn, done, err := t.service(identity.Gateway, gatewayAddr, usualGateway)
	if err != nil {
		return err
	}
	defer done()
	ctx, cancel := t.within()
	defer cancel()
	_, err = gatewayv1.NewOperatorServiceClient(conn).CreateAdmin(ctx, &gatewayv1.CreateAdminRequest{
		Email: c.Email, Password: vars[adminPassword], Another: c.Another, DryRun: !c.Do,
	})
	switch {
	case c.Unless && errs.Is(err, errs.InvalidState):
		t.say("There is an admin already. Nothing was changed.")
	case err != nil:
		return answered(err, identity.Gateway, gatewayAddr)
	case !c.Do:
		t.say("%s would become an admin. Nothing was changed. To do it, add --run.", c.Email)
	default:
		t.say("%s is an admin now, and can sign in at POST /api/v1/auth/login.", c.Email)
	}
	return nil
}

var errNoIdentity = errors.New("the services answer operators only: name your identity in EUPAY_TLS_CERT, EUPAY_TLS_KEY and EUPAY_TLS_CA")
