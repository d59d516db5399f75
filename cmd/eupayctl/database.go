package main

import (
	"strings"

	"european-pay.eu/eupay/cmd/eupayctl/internal/operate"
	"european-pay.eu/eupay/cmd/internal/roles"
	"european-pay.eu/eupay/internal/run/config"
)

type databasePrepareCommand struct {
	Do bool `name:"run" help:"Do it. Without this it is only told what would be made."`
}

// Help is shown under the summary.
func (*databasePrepareCommand) Help() string {
	return "Makes a role and a schema for each service (eupay_gateway, eupay_payments, …): it owns its own and sees no other. What an earlier version made as " +
		"another role is handed over. EUPAY_DATABASE_URL is of the database's owner, who may create roles; the roles' passwords come from " +
		"EUPAY_GATEWAY_DATABASE_PASSWORD, EUPAY_PAYMENTS_DATABASE_PASSWORD and so on, or from the files that these with _FILE name. It may be run again, " +
		"also to change passwords."
}

// Run creates the roles, or lists them.
func (c *databasePrepareCommand) Run(t *tool) error {
	vars, err := config.Environment()
	if err != nil {
		return err
	}
	if vars["EUPAY_DATABASE_URL"] == "" {
		return operate.Invalid("no database: set EUPAY_DATABASE_URL or EUPAY_DATABASE_URL_FILE to the address of its owner")
	}
	var all []roles.Role
	for _, service := range roles.Services() {
		setting := "EUPAY_" + strings.ToUpper(service) + "_DATABASE_PASSWORD"
		if vars[setting] == "" {
			return operate.Invalid("no password for the role of " + service + ": set " + setting + " or " + setting + "_FILE")
		}
		all = append(all, roles.Role{Service: service, Name: "eupay_" + service, Password: vars[setting]})
	}
	if !c.Do {
		for _, r := range all {
			t.say("The role %s would own the schema %s.", r.Name, r.Service)
		}
		t.say("Nothing was changed. To do it, add --run.")
		return nil
	}
	ctx, cancel := t.within()
	defer cancel()
	if err := roles.Prepare(ctx, vars["EUPAY_DATABASE_URL"], all); err != nil {
		return err
	}
	t.say("%d roles own their schemas, and nobody else may use them.", len(all))
	return nil
}
