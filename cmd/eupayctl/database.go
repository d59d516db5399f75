package main

import (
	"cmp"
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
	return "Makes a role and a schema for each service (eupay_gateway, eupay_payments, …), which sees no other. What an earlier version made as " +
		"another role is handed over. EUPAY_DATABASE_URL is of the database's owner, who may create roles; the roles' passwords come from " +
		"EUPAY_GATEWAY_DATABASE_PASSWORD, EUPAY_PAYMENTS_DATABASE_PASSWORD and so on, or from the files that these with _FILE name. " +
		"With EUPAY_MIGRATIONS_DATABASE_PASSWORD there is one more role, eupay_migrations: it owns all schemas, and the services may only read and write " +
		"rows (EUPAY_MIGRATIONS=wait, and eupayctl database migrate before each rollout). Without it each service owns its schema and migrates it when it " +
		"starts. It may be run again, also to change passwords or between the two."
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
	for _, r := range serviceRoles() {
		setting := "EUPAY_" + strings.ToUpper(r.Service) + "_DATABASE_PASSWORD"
		if r.Password = vars[setting]; r.Password == "" {
			return operate.Invalid("no password for the role of " + r.Service + ": set " + setting + " or " + setting + "_FILE")
		}
		all = append(all, r)
	}
	var owner roles.Role
	if password := vars["EUPAY_MIGRATIONS_DATABASE_PASSWORD"]; password != "" {
		owner = roles.Role{Name: "eupay_migrations", Password: password}
	}
	if !c.Do {
		for _, r := range all {
			t.say("The role %s would own the schema %s.", cmp.Or(owner.Name, r.Name), r.Service)
		}
		t.say("Nothing was changed. To do it, add --run.")
		return nil
	}
	ctx, cancel := t.within()
	defer cancel()
	if err := roles.Prepare(ctx, vars["EUPAY_DATABASE_URL"], all, owner); err != nil {
		return err
	}
	if owner.Name != "" {
		t.say("%s owns all schemas. %d roles may read and write the rows of their own, and nobody else may.", owner.Name, len(all))
		return nil
	}
	t.say("%d roles own their schemas, and nobody else may use them.", len(all))
	return nil
}

// serviceRoles returns the roles of all services, without their passwords.
func serviceRoles() []roles.Role {
	services := roles.Services()
	all := make([]roles.Role, len(services))
	for i, service := range services {
		all[i] = roles.Role{Service: service, Name: "eupay_" + service}
	}
	return all
}

type databaseMigrateCommand struct {
	Do bool `name:"run" help:"Do it. Without this the missing migrations are only listed."`
}

// Help is shown under the summary.
func (*databaseMigrateCommand) Help() string {
	return "Applies to the schemas of all services the migrations that this version has and they lack. EUPAY_DATABASE_URL is of the role that owns them, " +
		"eupay_migrations, and leads to PostgreSQL itself, not to a pooler. Services of this version that run with EUPAY_MIGRATIONS=wait start when it is done; " +
		"those of the version before work on. A migration that cannot have a lock gives way and is tried again until --timeout."
}

// Run applies what is missing, or lists it.
func (c *databaseMigrateCommand) Run(t *tool) error {
	vars, err := config.Environment()
	if err != nil {
		return err
	}
	url := vars[databaseURL]
	if url == "" {
		return operate.Invalid("no database: set EUPAY_DATABASE_URL or EUPAY_DATABASE_URL_FILE to the address of the role that owns the schemas")
	}
	ctx, cancel := t.within()
	defer cancel()
	missing := 0
	for _, r := range serviceRoles() {
		pending, err := roles.Pending(ctx, url, r.Service)
		if err != nil {
			return err
		}
		missing += len(pending)
		for _, name := range pending {
			t.say("%s lacks %s.", r.Service, name)
		}
		if !c.Do {
			continue
		}
		if err := roles.Migrate(ctx, url, r); err != nil {
			return err
		}
	}
	switch {
	case missing == 0:
		t.say("No schema lacks a migration.")
	case c.Do:
		t.say("%d migrations were applied.", missing)
	default:
		t.say("Nothing was changed. To do it, add --run.")
	}
	return nil
}
